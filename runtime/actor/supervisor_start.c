/* The public calls of supervisors: they make one, or send it a request. */
#include "runtime/actor/child.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"

#include <stdlib.h>
#include <string.h>

enum { INTENSITY_DEFAULT = 5, INTENSITY_MAX = 1000000 };
#define PERIOD_DEFAULT_NS UINT64_C(5000000000)

static cogo_err check(const cogo_supervisor_spec *spec)
{
    if (spec == NULL || spec->struct_size < sizeof *spec || spec->intensity > INTENSITY_MAX
        || (spec->child_count != 0 && spec->children == NULL)) {
        return COGO_EINVAL;
    }
    for (size_t i = 0; i < spec->child_count; i++) {
        if (cogo__child_spec_check(&spec->children[i]) != NULL) {
            return COGO_EINVAL;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(spec->children[i].id, spec->children[j].id) == 0) {
                return COGO_EINVAL;
            }
        }
    }
    return COGO_OK;
}

static cogo__supervisor *make(const cogo_supervisor_spec *spec)
{
    cogo__supervisor *sup = calloc(1, sizeof *sup);
    if (sup == NULL) {
        return NULL;
    }
    sup->strategy = spec->strategy;
    sup->intensity = spec->intensity != 0 ? spec->intensity : INTENSITY_DEFAULT;
    sup->period_ns = spec->period_ns != 0 ? spec->period_ns : PERIOD_DEFAULT_NS;
    sup->group_from = SIZE_MAX;
    sup->restarts = calloc(sup->intensity, sizeof *sup->restarts);
    bool ok = sup->restarts != NULL;
    for (size_t i = 0; ok && i < spec->child_count; i++) {
        ok = cogo__supervisor_append(sup, &spec->children[i]) != NULL;
    }
    if (!ok) {
        cogo__supervisor_free(sup);
        return NULL;
    }
    return sup;
}

/* All that can fail comes first: no child runs if another can't. The supervisor begins before
 * its children, so that it is there when the first of them ends. */
static cogo_err start(cogo_system *system, cogo_context *here, cogo_context *parent,
                      const cogo_supervisor_spec *spec, cogo_actor_id *out_id)
{
    cogo_err err = check(spec);
    if (err != COGO_OK) {
        return err;
    }
    cogo__supervisor *sup = make(spec);
    cogo__birth *births = calloc(spec->child_count + 1, sizeof *births);
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &cogo__supervisor_behavior,
        .args = &sup,
        .args_size_bytes = sizeof(cogo__supervisor *),
        .name = spec->name,
        .flags = COGO_SPAWN_TRAP_EXIT,
        .memory_limit_bytes = spec->memory_limit_bytes,
        .memory_policy = spec->memory_policy,
    };
    err = sup == NULL || births == NULL ? COGO_ENOMEM : COGO_OK;
    size_t made = 0;
    if (err == COGO_OK) {
        err = cogo__birth_prepare(system, here, &options, false, &births[0]);
        made = err == COGO_OK;
    }
    if (err == COGO_OK && parent != NULL) {
        err = cogo__guard_join(system, births[0].cell, parent->self);
    }
    for (size_t i = 0; err == COGO_OK && i < spec->child_count; i++) {
        err = cogo__child_prepare(system, here, births[0].id, sup->children[i], &births[i + 1]);
        made += err == COGO_OK;
    }
    if (err == COGO_OK && parent != NULL) {
        cogo__start *args = cogo__birth_args(&births[0]);
        args->spawner = parent->self;
        args->link = cogo__u64_add_relaxed(&system->ties, 1) + 1;
        err = cogo__tie_add(parent->cell, args->link, births[0].id);
    }
    if (err == COGO_OK && out_id != NULL) {
        *out_id = births[0].id;
    }
    for (size_t i = 0; i < made; i++) {
        if (err == COGO_OK) {
            cogo__birth_commit(system, here, &births[i]);
        } else {
            cogo__names_remove_actor(&system->children, births[i].id);
            cogo__birth_undo(system, here, &births[i]);
        }
    }
    if (err != COGO_OK) {
        cogo__supervisor_free(sup);
    }
    free(births);
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
    return cell != NULL
           && cogo__ptr_load_relaxed(&cell->behavior) == &cogo__supervisor_behavior;
}

static cogo_err request(cogo_system *system, cogo_actor_id supervisor, cogo_msg *msg)
{
    if (msg == NULL) {
        return COGO_ENOMEM;
    }
    msg->flags |= COGO__MSG_RUNTIME; // A user's message can't look like this one.
    return cogo__deliver(system, cogo__here_in(system), supervisor, msg, false);
}

cogo_err cogo_supervisor_add(cogo_system *system, cogo_actor_id supervisor,
                             const cogo_child_spec *child)
{
    if (child == NULL || cogo__child_spec_check(child) != NULL) {
        return COGO_EINVAL;
    }
    if (!is_supervisor(system, supervisor)) {
        return COGO_EGONE;
    }
    cogo_msg *msg = cogo_msg_create(system, COGO__MSG_ADD, cogo__child_spec_size(child));
    if (msg != NULL) {
        cogo__child_spec_copy(child, cogo__msg_body(msg));
    }
    return request(system, supervisor, msg);
}

cogo_err cogo_supervisor_remove(cogo_system *system, cogo_actor_id supervisor, const char *id)
{
    if (id == NULL) {
        return COGO_EINVAL;
    }
    if (!is_supervisor(system, supervisor)) {
        return COGO_EGONE;
    }
    cogo_msg *msg = cogo_msg_create(system, COGO__MSG_REMOVE, strlen(id) + 1);
    if (msg != NULL) {
        memcpy(cogo__msg_body(msg), id, strlen(id) + 1);
    }
    return request(system, supervisor, msg);
}

cogo_actor_id cogo_supervisor_child(cogo_system *system, cogo_actor_id supervisor,
                                    const char *id)
{
    uint64_t scope = (uint64_t)supervisor.slot << 32 | supervisor.generation;
    bool local = supervisor.node == 0 && supervisor.incarnation == system->incarnation;
    return id != NULL && local ? cogo__names_find(&system->children, scope, id) : COGO_NO_ACTOR;
}
