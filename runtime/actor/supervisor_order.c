/* Orders to supervisors: what users ask for while it runs. */
#include "runtime/actor/order.h"
#include "runtime/actor/send.h"

#include <stdio.h>
#include <string.h>

static cogo_child_answer answer_now(const cogo__supervisor *sup, cogo_err err,
                                    const cogo__child *child)
{
    cogo_child_answer answer = {
        .err = err,
        .specs = sup->model != NULL ? 1 : (uint32_t)sup->known,
        .active = (uint32_t)sup->active,
    };
    if (child != NULL) {
        answer.actor = child->actor;
    }
    const cogo_child_spec *model = sup->model;
    if (model != NULL) {
        bool supervisors = cogo__is_supervisor(model->options.behavior);
        answer.supervisors = supervisors ? (uint32_t)sup->known : 0;
        answer.workers = supervisors ? 0 : (uint32_t)sup->known;
        return answer;
    }
    for (size_t i = 0; i < sup->place_count; i++) {
        const cogo__child *other = sup->places[i].child;
        if (other != NULL && cogo__is_supervisor(other->spec->options.behavior)) {
            answer.supervisors++;
        }
    }
    answer.workers = answer.specs - answer.supervisors;
    return answer;
}

void cogo__supervisor_answer(cogo_context *ctx, cogo__supervisor *sup, cogo_actor_id asker,
                             cogo_err err, const cogo__child *child)
{
    if (!cogo_actor_id_is_set(asker)) {
        return;
    }
    cogo_child_answer answer = answer_now(sup, err, child);
    cogo_msg *msg = cogo_msg_create(ctx->system, COGO_MSG_CHILDREN, sizeof answer);
    if (msg != NULL) { // Else the asker's time-out has to do.
        memcpy(cogo__msg_body(msg), &answer, sizeof answer);
    }
    (void)cogo_send(ctx, asker, msg);
}

static void answer_list(cogo_context *ctx, cogo__supervisor *sup, cogo_actor_id asker)
{
    cogo_child_answer answer = answer_now(sup, COGO_OK, NULL);
    answer.listed = (uint32_t)sup->known;
    size_t size = sizeof answer + sup->known * sizeof(cogo_child_info);
    cogo_msg *msg = cogo_msg_create(ctx->system, COGO_MSG_CHILDREN, size);
    if (msg == NULL) {
        cogo__supervisor_answer(ctx, sup, asker, COGO_ENOMEM, NULL);
        return;
    }
    memcpy(cogo__msg_body(msg), &answer, sizeof answer);
    cogo_child_info *info =
        (cogo_child_info *)(void *)((char *)cogo__msg_body(msg) + sizeof answer);
    for (size_t i = 0; i < sup->place_count; i++) {
        const cogo__child *child = sup->places[i].child;
        if (child == NULL) {
            continue;
        }
        *info = (cogo_child_info){
            .actor = child->actor,
            .restarting =
                child->state == COGO__CHILD_WAITING || child->state == COGO__CHILD_DOWN,
            .supervisor = cogo__is_supervisor(child->spec->options.behavior),
            .failures = child->failures,
        };
        (void)snprintf(info->id, sizeof info->id, "%s",
                       child->spec->id != NULL ? child->spec->id : "");
        info++;
    }
    (void)cogo_send(ctx, asker, msg);
}

/* START. @p out_child only on success. */
static cogo_err add(cogo_context *ctx, cogo__supervisor *sup, const cogo__order *order,
                    cogo__child **out_child)
{
    const cogo_child_spec *spec = order->has_spec ? cogo__order_spec(order) : NULL;
    bool simple = sup->model != NULL;
    if (simple == order->has_spec || (!simple && spec == NULL)) {
        return COGO_EINVAL;
    }
    if (!simple && (spec->flags & COGO_CHILD_SIGNIFICANT) != 0
        && sup->auto_shutdown == COGO_AUTO_SHUTDOWN_NEVER) {
        return COGO_EINVAL;
    }
    if (!simple && cogo__child_by_id(sup, spec->id) != NULL) {
        return COGO_EEXIST;
    }
    cogo__child *child = cogo__child_append(sup, spec);
    if (child == NULL) {
        return COGO_ENOMEM;
    }
    const void *args = order->args_size_bytes != 0 ? order->bytes : NULL;
    cogo_err err = cogo__child_spawn(ctx, sup, child, args, order->args_size_bytes);
    if (err != COGO_OK) {
        cogo__child_forget(ctx, sup, child);
        return err;
    }
    *out_child = child;
    return COGO_OK;
}

static bool is_up(const cogo__child *child)
{
    return child->state == COGO__CHILD_RUNNING || child->state == COGO__CHILD_STOPPING;
}

/* Down and kept, or waiting for its backoff: nothing has to be waited for. */
static void terminate_down(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child,
                           bool forget)
{
    forget = forget || child->spec->restart == COGO_RESTART_TEMPORARY || sup->model != NULL;
    (forget ? cogo__child_forget : cogo__child_bury)(ctx, sup, child);
}

static void terminate(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child, bool forget,
                      cogo_actor_id asker)
{
    if (!is_up(child)) {
        terminate_down(ctx, sup, child, forget);
        cogo__supervisor_answer(ctx, sup, asker, COGO_OK, NULL);
        return;
    }
    child->forget = child->forget || forget;
    if (cogo_actor_id_is_set(child->asker)) {
        cogo__supervisor_answer(ctx, sup, asker, COGO_ESTATE, child);
        return;
    }
    child->asker = asker;
    if (child->state == COGO__CHILD_RUNNING) {
        cogo__child_stop(ctx, sup, child, false);
    }
}

/* RESTART and DELETE. True: @p child is still there. */
static cogo_err change(cogo_context *ctx, cogo__supervisor *sup, cogo__child **child,
                       uint32_t action)
{
    if ((*child)->state != COGO__CHILD_GONE) {
        return COGO_ESTATE;
    }
    if (action == COGO_CHILD_RESTART) {
        return cogo__child_spawn(ctx, sup, *child, NULL, 0);
    }
    cogo__child_forget(ctx, sup, *child);
    *child = NULL;
    return COGO_OK;
}

void cogo__supervisor_on_order(cogo_context *ctx, cogo__supervisor *sup, cogo_msg *msg)
{
    const cogo__order *order = cogo__msg_body(msg);
    cogo_actor_id asker = cogo_msg_reply_to(msg);
    asker = (msg->flags & COGO__MSG_REQUEST) != 0 ? asker : COGO_NO_ACTOR;
    if (order->action == COGO_CHILD_COUNT) {
        cogo__supervisor_answer(ctx, sup, asker, COGO_OK, NULL);
        return;
    }
    if (order->action == COGO_CHILD_LIST) {
        answer_list(ctx, sup, asker);
        return;
    }
    cogo__child *child = NULL;
    cogo_err err = sup->ending ? COGO_ESTATE : COGO_OK;
    if (err == COGO_OK && order->action == COGO_CHILD_START) {
        err = add(ctx, sup, order, &child);
    } else if (err == COGO_OK) {
        child = cogo_actor_id_is_set(order->actor)
                    ? cogo__child_by_actor(sup, order->actor)
                    : cogo__child_by_id(sup, (const char *)order->bytes);
        err = child == NULL ? COGO_ENOTFOUND : COGO_OK;
        bool forget = order->action == COGO__CHILD_REMOVE;
        if (err == COGO_OK && (forget || order->action == COGO_CHILD_TERMINATE)) {
            terminate(ctx, sup, child, forget, asker);
            return;
        }
        if (err == COGO_OK) {
            err = change(ctx, sup, &child, order->action);
        }
    }
    cogo__supervisor_answer(ctx, sup, asker, err, child);
}
