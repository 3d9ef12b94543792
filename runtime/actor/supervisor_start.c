/* The public calls of supervisors: they make one, or send it an order. */
#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/order.h"
#include "runtime/actor/send.h"

#include <stdlib.h>
#include <string.h>

const cogo_behavior *cogo_supervisor_behavior(void)
{
    return &cogo__supervisor_behavior;
}

/* All that can fail comes first: no child runs if another can't. The supervisor begins before
 * its children, so that it is there when the first of them ends. */
static cogo_err start(cogo_system *system, cogo_context *here, cogo_context *parent,
                      const cogo_supervisor_spec *in, cogo_actor_id *out_id)
{
    if (cogo__supervisor_spec_check(in) != COGO_OK) {
        return COGO_EINVAL;
    }
    const cogo_supervisor_spec spec = cogo__supervisor_spec_read(in);
    cogo__supervisor *sup = cogo__supervisor_make(system, &spec);
    cogo__birth *births = sup != NULL ? cogo__alloc_zeroed(system->config.allocator,
                                                           sup->place_count + 1, sizeof *births)
                                      : NULL;
    size_t count = sup != NULL ? sup->place_count : 0;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &cogo__supervisor_root_behavior,
        .args = &sup,
        .args_size_bytes = sizeof(cogo__supervisor *),
        .name = spec.name,
        .flags = COGO_SPAWN_TRAP_EXIT,
        .memory_limit_bytes = spec.memory_limit_bytes,
        .memory_policy = spec.memory_policy,
    };
    cogo_err err = births == NULL ? COGO_ENOMEM : COGO_OK;
    cogo__birth birth = {0};
    if (err == COGO_OK) {
        err = cogo__birth_prepare(system, here, &options, false, &birth);
    }
    if (err == COGO_OK) {
        err = parent != NULL ? cogo__birth_link(parent, &birth) : COGO_OK;
        if (err == COGO_OK && parent != NULL) {
            err = cogo__guard_join(system, birth.cell, parent->self);
        }
        if (err == COGO_OK) {
            err = cogo__children_prepare(system, here, birth.id, sup, births);
        }
        if (err != COGO_OK) {
            cogo__tie *tie = parent != NULL ? cogo__tie_find(parent->cell, birth.id) : NULL;
            if (tie != NULL) {
                cogo__tie_remove(parent->cell, tie);
            }
            cogo__birth_undo(system, here, &birth);
        }
    }
    if (err == COGO_OK) {
        if (out_id != NULL) {
            *out_id = birth.id;
        }
        cogo__birth_commit(system, here, &birth); // From here on `sup` is the supervisor's.
        for (size_t i = 0; i < count; i++) {
            cogo__birth_commit(system, here, &births[i]);
        }
    } else {
        cogo__supervisor_free(sup);
    }
    cogo__free(births);
    return err;
}

cogo_err cogo_supervisor_start(cogo_system *system, const cogo_supervisor_spec *spec,
                               cogo_actor_id *out_id)
{
    return start(system, cogo__here_in(system), NULL, spec, out_id);
}

cogo_err cogo_supervisor_start_link(cogo_context *ctx, const cogo_supervisor_spec *spec,
                                    cogo_actor_id *out_id)
{
    return start(ctx->system, ctx, ctx, spec, out_id);
}

static bool is_supervisor(cogo_system *system, cogo_actor_id id)
{
    cogo__cell *cell = cogo__cell_find(system, id);
    return cell != NULL && cogo__is_supervisor(cogo__ptr_load_relaxed(&cell->behavior));
}

static cogo_msg *make_order(cogo_system *system, uint32_t action, const cogo_child_order *o)
{
    size_t size = o->spec != NULL   ? cogo__child_spec_size(o->spec)
                  : o->id != NULL   ? strlen(o->id) + 1
                  : o->args != NULL ? o->args_size_bytes
                                    : 0;
    cogo_msg *msg = cogo_msg_create(system, COGO__MSG_ORDER, sizeof(cogo__order) + size + 1);
    if (msg == NULL) {
        return NULL;
    }
    msg->flags |= COGO__MSG_INSIDE;
    cogo__order *order = cogo__msg_body(msg);
    memset(order, 0, sizeof *order + size + 1);
    order->action = action;
    order->actor = o->actor;
    order->has_spec = o->spec != NULL;
    if (o->spec != NULL) {
        cogo__child_spec_copy(o->spec, order->bytes);
    } else if (o->id != NULL) {
        memcpy(order->bytes, o->id, size);
    } else if (o->args != NULL) {
        memcpy(order->bytes, o->args, size);
        order->args_size_bytes = size;
    }
    return msg;
}

cogo_err cogo_supervisor_add(cogo_system *system, cogo_actor_id supervisor,
                             const cogo_child_spec *child)
{
    if (cogo__child_spec_check(child, false) != COGO_OK) {
        return COGO_EINVAL;
    }
    if (!is_supervisor(system, supervisor)) {
        return COGO_EGONE;
    }
    cogo_child_order order = {.spec = child};
    cogo_msg *msg = make_order(system, COGO_CHILD_START, &order);
    return msg != NULL ? cogo__deliver(system, cogo__here_in(system), supervisor, msg, false)
                       : COGO_ENOMEM;
}

cogo_err cogo_supervisor_remove(cogo_system *system, cogo_actor_id supervisor, const char *id)
{
    if (id == NULL) {
        return COGO_EINVAL;
    }
    if (!is_supervisor(system, supervisor)) {
        return COGO_EGONE;
    }
    cogo_child_order order = {.id = id};
    cogo_msg *msg = make_order(system, COGO__CHILD_REMOVE, &order);
    return msg != NULL ? cogo__deliver(system, cogo__here_in(system), supervisor, msg, false)
                       : COGO_ENOMEM;
}

cogo_actor_id cogo_supervisor_child(cogo_system *system, cogo_actor_id supervisor,
                                    const char *id)
{
    uint64_t scope = cogo__id_word(supervisor);
    bool local = supervisor.node == 0 && supervisor.incarnation == system->incarnation;
    return id != NULL && local ? cogo__names_find(&system->children, scope, id) : COGO_NO_ACTOR;
}

/* The message for @p order, or why there is none. */
static cogo_err prepare(cogo_system *system, cogo_actor_id supervisor,
                        const cogo_child_order *order, cogo_msg **out_msg)
{
    if (order == NULL || order->struct_size < sizeof *order
        || (order->args_size_bytes != 0 && order->args == NULL)
        || (order->spec != NULL && cogo__child_spec_check(order->spec, false) != COGO_OK)) {
        return COGO_EINVAL;
    }
    bool starts = order->action == COGO_CHILD_START;
    bool one = order->action == COGO_CHILD_TERMINATE || order->action == COGO_CHILD_RESTART
               || order->action == COGO_CHILD_DELETE;
    bool other = order->action == COGO_CHILD_COUNT || order->action == COGO_CHILD_LIST;
    bool named = order->id != NULL || cogo_actor_id_is_set(order->actor);
    if (!(starts || one || other) || one != named
        || (!starts && (order->spec != NULL || order->args != NULL))) {
        return COGO_EINVAL;
    }
    if (!is_supervisor(system, supervisor)) {
        return COGO_EGONE;
    }
    *out_msg = make_order(system, order->action, order);
    return *out_msg != NULL ? COGO_OK : COGO_ENOMEM;
}

cogo_err cogo_supervisor_order(cogo_context *ctx, cogo_actor_id supervisor,
                               const cogo_child_order *order, uint64_t timeout_ns,
                               uint64_t *out_ask)
{
    cogo_msg *msg = NULL;
    cogo_err err = prepare(ctx->system, supervisor, order, &msg);
    return err == COGO_OK ? cogo_ask(ctx, supervisor, msg, timeout_ns, out_ask) : err;
}

cogo_err cogo_system_supervisor_order(cogo_system *system, cogo_actor_id supervisor,
                                      const cogo_child_order *order, uint64_t timeout_ns,
                                      cogo_child_answer *out_answer, cogo_child_info *out_list,
                                      size_t capacity)
{
    cogo_msg *msg = NULL, *reply = NULL;
    cogo_err err = prepare(system, supervisor, order, &msg);
    if (err == COGO_OK) {
        err = cogo_system_ask(system, supervisor, msg, timeout_ns, &reply);
    }
    if (err != COGO_OK) {
        return err;
    }
    const cogo_child_answer answer = *(const cogo_child_answer *)cogo__msg_body(reply);
    size_t listed = out_list != NULL && capacity < answer.listed ? capacity : answer.listed;
    if (out_list != NULL && listed != 0) {
        memcpy(out_list, (const char *)cogo__msg_body(reply) + sizeof answer,
               listed * sizeof *out_list);
    }
    if (out_answer != NULL) {
        *out_answer = answer;
    }
    cogo_msg_destroy(reply);
    return answer.err;
}
