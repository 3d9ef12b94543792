/* The supervisor, an actor like any other. A restarted child keeps its id and its mailbox; its
 * state is new. Whoever monitored it has got DOWN, because what it knew is lost. */
#include "runtime/actor/child.h"
#include "runtime/actor/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void proceed(cogo_context *ctx, cogo__supervisor *sup);

/* More than `intensity` restarts within `period_ns`: it gives up. */
static bool may_restart(cogo_context *ctx, cogo__supervisor *sup)
{
    if (sup->intensity == 0) {
        return false;
    }
    uint64_t now = cogo_now_ns(ctx);
    uint64_t *oldest = &sup->restarts[sup->restart_count % sup->intensity];
    if (sup->restart_count >= sup->intensity && now - *oldest <= sup->period_ns) {
        return false;
    }
    *oldest = now;
    sup->restart_count++;
    return true;
}

static void end_all(cogo_context *ctx, cogo__supervisor *sup, const cogo_reason *reason)
{
    if (!sup->ending) {
        sup->ending = true;
        sup->swept = false;
        sup->group_from = 0;
        sup->reason = *reason;
    }
    if (reason->kind == COGO_EXIT_KILLED && !sup->kill) {
        sup->kill = true;
        sup->swept = false;
        sup->reason = *reason;
    }
    proceed(ctx, sup);
}

static bool wants_restart(const cogo__child *child, const cogo_reason *reason)
{
    bool well = reason->kind == COGO_EXIT_NORMAL || reason->kind == COGO_EXIT_SHUTDOWN;
    return child->spec->restart == COGO_RESTART_PERMANENT
           || (child->spec->restart == COGO_RESTART_TRANSIENT && !well);
}

/* Is it over for the supervisor, now that the significant child @p ended is gone for good? */
static bool shuts_down(const cogo__supervisor *sup, const cogo__child *ended)
{
    if ((ended->spec->flags & COGO_CHILD_SIGNIFICANT) == 0
        || sup->auto_shutdown == COGO_AUTO_SHUTDOWN_NEVER) {
        return false;
    }
    for (size_t i = 0; sup->auto_shutdown == COGO_AUTO_SHUTDOWN_ALL && i < sup->place_count;
         i++) {
        const cogo__child *child = sup->places[i].child;
        if (child != NULL && child != ended && child->state != COGO__CHILD_GONE
            && (child->spec->flags & COGO_CHILD_SIGNIFICANT) != 0) {
            return false;
        }
    }
    return true;
}

/* It ended for good, as it may. */
static void leave_down(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    bool over = shuts_down(sup, child);
    if (child->spec->restart == COGO_RESTART_TEMPORARY || sup->model != NULL) {
        cogo__child_forget(ctx, sup, child);
    } else {
        cogo__child_bury(ctx, sup, child);
    }
    if (over) {
        const cogo_reason reason = {.kind = COGO_EXIT_SHUTDOWN,
                                    .text = "a significant child ended"};
        end_all(ctx, sup, &reason);
    } else {
        proceed(ctx, sup);
    }
}

/* It ended although nobody asked it to. */
static void on_failure(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child,
                       const cogo_reason *reason)
{
    if (!wants_restart(child, reason)) {
        leave_down(ctx, sup, child);
    } else if (sup->ending) {
        proceed(ctx, sup);
    } else if (!may_restart(ctx, sup)) {
        cogo_reason over = {.kind = COGO_EXIT_ERROR, .err = COGO_ELIMIT};
        (void)snprintf(over.text, sizeof over.text, "child %.16s failed too often",
                       child->spec->id != NULL ? child->spec->id : "");
        end_all(ctx, sup, &over);
    } else if (sup->strategy == COGO_ONE_FOR_ALL || sup->strategy == COGO_REST_FOR_ONE) {
        uint64_t from = sup->strategy == COGO_ONE_FOR_ALL ? 0 : child->number;
        sup->group_from = from < sup->group_from ? from : sup->group_from;
        proceed(ctx, sup);
    } else {
        cogo__child_restart(ctx, sup, child);
    }
}

/* All of the group are down: they go up again, in order. */
static void restart_group(cogo_context *ctx, cogo__supervisor *sup)
{
    uint64_t from = sup->group_from;
    sup->group_from = COGO__NO_GROUP;
    uint64_t last = sup->last_number;
    for (size_t i = 0; i < sup->place_count; i++) {
        cogo__child *child = sup->places[i].child;
        if (child == NULL || child->number < from || child->number > last
            || child->state != COGO__CHILD_DOWN) {
            continue;
        }
        if (child->spec->restart != COGO_RESTART_TEMPORARY) {
            cogo__child_restart(ctx, sup, child);
            continue;
        }
        cogo__child_bury(ctx, sup, child); // Forgotten below: the places stay as they are here.
        child->forget = true;
    }
    for (size_t i = sup->place_count; i-- > 0;) {
        cogo__child *child = i < sup->place_count ? sup->places[i].child : NULL;
        if (child != NULL && child->forget && child->state == COGO__CHILD_GONE) {
            cogo__child_remove(sup, child);
        }
    }
}

/* Tells the members of the group to end: from the last to the first, one after the other; or
 * all at a time. True while one of them is still up. */
static bool stop_members(cogo_context *ctx, cogo__supervisor *sup)
{
    bool together = sup->kill || sup->model != NULL;
    if (together && sup->swept) {
        return sup->active != 0;
    }
    sup->swept = true;
    bool up = false;
    for (size_t i = sup->place_count; i-- > 0 && sup->places[i].number >= sup->group_from;) {
        cogo__child *child = sup->places[i].child;
        cogo__child_state state = child != NULL ? child->state : COGO__CHILD_GONE;
        if (state == COGO__CHILD_RUNNING || (state == COGO__CHILD_STOPPING && sup->kill)) {
            cogo__child_stop(ctx, sup, child, sup->kill);
            up = true;
        } else if (state == COGO__CHILD_STOPPING) {
            up = true;
        } else if (state == COGO__CHILD_WAITING) {
            cogo_timer_cancel(ctx, child->timer);
            cogo__child_set(sup, child, COGO__CHILD_DOWN);
        }
        if (up && !together) {
            return true;
        }
    }
    return up;
}

/* Called whenever a child is down: goes on stopping the group; then the group restarts, or the
 * supervisor ends. */
static void proceed(cogo_context *ctx, cogo__supervisor *sup)
{
    if (sup->group_from == COGO__NO_GROUP || stop_members(ctx, sup)) {
        return;
    }
    if (!sup->ending) {
        restart_group(ctx, sup);
        return;
    }
    for (size_t i = sup->place_count; i-- > 0;) {
        if (sup->places[i].child != NULL) {
            cogo__child_bury(ctx, sup, sup->places[i].child);
        }
    }
    cogo__context_end(ctx, sup->reason.kind, sup->reason.err, sup->reason.text);
}

static void on_child_down(cogo_context *ctx, cogo__supervisor *sup, cogo_msg *msg)
{
    const cogo_down down = *(const cogo_down *)cogo__msg_body(msg);
    cogo__child *child = cogo__child_by_number(sup, down.monitor);
    cogo_msg_take(ctx, msg); // RESTART or BURY will go back in it.
    if (child == NULL || !cogo_actor_id_equal(child->actor, down.actor)) {
        cogo__signal bury = {.reason = down.reason};
        (void)cogo__signal_send_in(ctx->system, ctx, msg, down.actor, COGO__SIG_BURY, &bury);
        return;
    }
    bool asked = child->state == COGO__CHILD_STOPPING;
    cogo_actor_id asker = child->asker;
    child->asker = COGO_NO_ACTOR;
    child->token = msg;
    cogo_timer_cancel(ctx, child->timer);
    child->timer = 0;
    cogo__child_set(sup, child, COGO__CHILD_DOWN);
    if (asked && cogo_actor_id_is_set(asker)) {
        bool forget = child->forget || child->spec->restart == COGO_RESTART_TEMPORARY
                      || sup->model != NULL;
        (forget ? cogo__child_forget : cogo__child_bury)(ctx, sup, child);
        cogo__supervisor_answer(ctx, sup, asker, COGO_OK, NULL);
        proceed(ctx, sup);
    } else if (child->forget) {
        cogo__child_forget(ctx, sup, child);
        proceed(ctx, sup);
    } else if (asked) {
        proceed(ctx, sup);
    } else {
        on_failure(ctx, sup, child, &down.reason);
    }
}

/* Children prepared in the spec's way, by the supervisor itself. */
static cogo_err supervisor_start(cogo_context *ctx, void *state, const void *args)
{
    cogo__supervisor *sup = args != NULL ? cogo__supervisor_make(ctx->system, args) : NULL;
    cogo__birth *births = sup != NULL ? cogo__alloc_zeroed(ctx->system->config.allocator,
                                                           sup->place_count + 1, sizeof *births)
                                      : NULL;
    cogo_err err = COGO_ENOMEM;
    if (births != NULL) {
        err = cogo__children_prepare(ctx->system, ctx, ctx->self, sup, births);
    }
    for (size_t i = 0; err == COGO_OK && i < sup->place_count; i++) {
        cogo__birth_commit(ctx->system, ctx, &births[i]);
    }
    cogo__free(births);
    if (err != COGO_OK) {
        cogo__supervisor_free(sup);
        return err;
    }
    memcpy(state, &sup, sizeof(cogo__supervisor *));
    return COGO_OK;
}

/* Children begin with the supervisor: see supervisor_start.c. */
static cogo_err root_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(cogo__supervisor *));
    return COGO_OK;
}

static cogo_err supervisor_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo__supervisor *sup = *(cogo__supervisor **)state;
    if ((msg->flags & COGO__MSG_INSIDE) != 0 && msg->type == COGO__MSG_ORDER) {
        cogo__supervisor_on_order(ctx, sup, msg);
    }
    if ((msg->flags & COGO__MSG_RUNTIME) == 0) {
        return COGO_OK; // Users' messages mean nothing to it.
    }
    const void *body = cogo__msg_body(msg);
    if (msg->type == COGO__MSG_CHILD) {
        on_child_down(ctx, sup, msg);
    } else if (msg->type == COGO_MSG_TIMER) {
        const cogo_timer_fired *fired = body;
        cogo__child *child = cogo__child_by_number(sup, fired->cookie);
        if (child != NULL) {
            cogo__child_on_timer(ctx, sup, child);
        }
    } else if (msg->type == COGO_MSG_EXIT) {
        const cogo_down *down = body;
        end_all(ctx, sup, &down->reason);
    }
    return COGO_OK;
}

static void supervisor_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    cogo__supervisor_free(*(cogo__supervisor **)state);
}

const cogo_behavior cogo__supervisor_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "supervisor",
    .state_size_bytes = sizeof(cogo__supervisor *),
    .start = supervisor_start,
    .receive = supervisor_receive,
    .stop = supervisor_stop,
};

const cogo_behavior cogo__supervisor_root_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "supervisor",
    .state_size_bytes = sizeof(cogo__supervisor *),
    .start = root_start,
    .receive = supervisor_receive,
    .stop = supervisor_stop,
};

bool cogo__is_supervisor(const cogo_behavior *behavior)
{
    return behavior == &cogo__supervisor_behavior
           || behavior == &cogo__supervisor_root_behavior;
}

/* A root that found no memory to begin with: its children run, but nobody is there for them.
 * Their last word will be a dead letter, and end them (see cogo__dead_letter()). */
void cogo__supervisor_abandon(cogo_context *ctx, const cogo_behavior *behavior,
                              const void *args)
{
    if (behavior != &cogo__supervisor_root_behavior) {
        return;
    }
    cogo__supervisor *sup = *(cogo__supervisor *const *)args;
    for (size_t i = 0; i < sup->place_count; i++) {
        cogo_exit_actor(ctx->system, sup->places[i].child->actor, COGO_EXIT_KILLED,
                        "its supervisor could not start");
    }
    cogo__supervisor_free(sup);
}
