/* The supervisor, an actor like any other. A restarted child keeps its id and its mailbox; its
 * state is new. Whoever monitored it has got DOWN, because what it knew is lost. */
#include "runtime/actor/child.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHUTDOWN_DEFAULT_NS UINT64_C(5000000000)

static void proceed(cogo_context *ctx, cogo__supervisor *sup);

static void signal_child(cogo_context *ctx, cogo__child *child, cogo_msg_type type,
                         cogo_exit_kind kind)
{
    cogo__signal signal = {.from = ctx->self, .reason = {.kind = kind}};
    (void)cogo__signal_send(ctx->system, ctx, child->actor, type, &signal);
}

static void start_timer(cogo_context *ctx, cogo__child *child, uint64_t delay_ns)
{
    cogo_timer_cancel(ctx, child->timer);
    if (cogo_timer_start(ctx, delay_ns, 0, child->number, &child->timer) != COGO_OK) {
        cogo__log(ctx->system, COGO_LOG_ERROR, "supervisor: no memory for a timer");
    }
}

static void stop_timer(cogo_context *ctx, cogo__child *child)
{
    cogo_timer_cancel(ctx, child->timer);
    child->timer = 0;
}

/* The link is one-sided: when the supervisor is gone its children hear of it (see relation.c).
 */
static cogo_err adopt(cogo_context *ctx, cogo__child *child)
{
    return cogo__tie_add(ctx->cell, child->number, child->actor);
}

static void bury(cogo_context *ctx, cogo__child *child)
{
    cogo__tie *tie = cogo__tie_find(ctx->cell, child->actor);
    if (tie != NULL) {
        cogo__tie_remove(ctx->cell, tie);
    }
    stop_timer(ctx, child);
    if (child->state != COGO__CHILD_GONE) {
        signal_child(ctx, child, COGO__SIG_BURY, COGO_EXIT_SHUTDOWN);
    }
    child->state = COGO__CHILD_GONE;
    child->actor = COGO_NO_ACTOR;
}

static void forget(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    bury(ctx, child);
    size_t at = 0;
    while (sup->children[at] != child) {
        at++;
    }
    sup->child_count--;
    memmove(&sup->children[at], &sup->children[at + 1],
            (sup->child_count - at) * sizeof *sup->children);
    if (sup->group_from != SIZE_MAX && at < sup->group_from) {
        sup->group_from--;
    }
    free(child);
}

static void spawn_child(cogo_context *ctx, cogo__child *child)
{
    cogo__birth birth;
    cogo_err err = cogo__child_prepare(ctx->system, ctx, ctx->self, child, &birth);
    if (err == COGO_OK) {
        err = adopt(ctx, child);
        cogo__birth_commit(ctx->system, ctx, &birth);
    }
    if (err != COGO_OK) {
        cogo__log(ctx->system, COGO_LOG_WARN, "supervisor: child %s does not start: %s",
                  child->spec->id, cogo_strerror(err));
    }
}

static void restart(cogo_context *ctx, cogo__child *child)
{
    stop_timer(ctx, child);
    cogo__count(ctx->system, ctx, COGO__RESTARTS, 1);
    cogo__signal signal = {.from = ctx->self};
    child->state = COGO__CHILD_RUNNING;
    child->started_ns = cogo_now_ns(ctx);
    cogo_err err =
        cogo__signal_send(ctx->system, ctx, child->actor, COGO__SIG_RESTART, &signal);
    if (err != COGO_OK) { // Somebody killed it while it was down: a new one, with a new id.
        bury(ctx, child);
        spawn_child(ctx, child);
    }
}

/* Now, or after the backoff. */
static void restart_later(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    const cogo_child_spec *spec = child->spec;
    uint64_t lived = cogo_now_ns(ctx) - child->started_ns;
    child->failures = lived > sup->period_ns ? 0 : child->failures;
    uint64_t delay = spec->backoff_min_ns;
    uint64_t most = spec->backoff_max_ns > delay ? spec->backoff_max_ns : delay;
    for (uint32_t i = 0; i < child->failures && delay < most; i++) {
        delay = delay > most / 2 ? most : delay * 2;
    }
    child->failures++;
    if (delay == 0) {
        restart(ctx, child);
    } else {
        child->state = COGO__CHILD_WAITING;
        start_timer(ctx, child, delay);
    }
}

/* More than `intensity` restarts within `period_ns`: it gives up. */
static bool may_restart(cogo_context *ctx, cogo__supervisor *sup)
{
    uint64_t now = cogo_now_ns(ctx);
    uint64_t *oldest = &sup->restarts[sup->restart_count % sup->intensity];
    if (sup->restart_count >= sup->intensity && now - *oldest <= sup->period_ns) {
        return false;
    }
    *oldest = now;
    sup->restart_count++;
    return true;
}

static void end_all(cogo_context *ctx, cogo__supervisor *sup, cogo_exit_kind kind, cogo_err err,
                    const char *text)
{
    if (!sup->ending) {
        sup->ending = true;
        sup->group_from = 0;
        sup->reason = (cogo_reason){.kind = kind, .err = err};
        (void)snprintf(sup->reason.text, sizeof sup->reason.text, "%s", text);
    }
    proceed(ctx, sup);
}

static bool wants_restart(const cogo__child *child, const cogo_reason *reason)
{
    bool well = reason->kind == COGO_EXIT_NORMAL || reason->kind == COGO_EXIT_SHUTDOWN;
    return child->spec->restart == COGO_RESTART_PERMANENT
           || (child->spec->restart == COGO_RESTART_TRANSIENT && !well);
}

static size_t index_of(const cogo__supervisor *sup, const cogo__child *child)
{
    size_t at = 0;
    while (sup->children[at] != child) {
        at++;
    }
    return at;
}

/* It ended although nobody asked it to. */
static void on_failure(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child,
                       const cogo_reason *reason)
{
    if (!wants_restart(child, reason)) {
        if (child->spec->restart == COGO_RESTART_TEMPORARY) {
            forget(ctx, sup, child);
        } else {
            bury(ctx, child);
        }
        proceed(ctx, sup);
        return;
    }
    if (sup->ending) {
        proceed(ctx, sup);
        return;
    }
    if (!may_restart(ctx, sup)) {
        char text[sizeof reason->text];
        (void)snprintf(text, sizeof text, "child %.16s failed too often", child->spec->id);
        end_all(ctx, sup, COGO_EXIT_ERROR, COGO_ELIMIT, text);
        return;
    }
    size_t from = sup->strategy == COGO_ONE_FOR_ALL ? 0 : index_of(sup, child);
    if (sup->strategy == COGO_ONE_FOR_ONE) {
        restart_later(ctx, sup, child);
        return;
    }
    sup->group_from = from < sup->group_from ? from : sup->group_from;
    proceed(ctx, sup);
}

/* All of the group are down: they go up again, in order. */
static void restart_group(cogo_context *ctx, cogo__supervisor *sup)
{
    size_t at = sup->group_from;
    sup->group_from = SIZE_MAX;
    while (at < sup->child_count) {
        cogo__child *child = sup->children[at];
        if (child->state == COGO__CHILD_DOWN
            && child->spec->restart == COGO_RESTART_TEMPORARY) {
            forget(ctx, sup, child);
            continue;
        }
        if (child->state == COGO__CHILD_DOWN) {
            restart_later(ctx, sup, child);
        }
        at++;
    }
}

/* Stops the group from its last child to its first, one after the other; called again whenever
 * one is down. Then the group restarts, or the supervisor ends. */
static void proceed(cogo_context *ctx, cogo__supervisor *sup)
{
    for (size_t at = sup->child_count; sup->group_from != SIZE_MAX && at-- > sup->group_from;) {
        cogo__child *child = sup->children[at];
        if (child->state == COGO__CHILD_STOPPING) {
            return;
        }
        if (child->state == COGO__CHILD_RUNNING) {
            uint64_t patience = child->spec->shutdown_ns;
            child->state = COGO__CHILD_STOPPING;
            start_timer(ctx, child, patience != 0 ? patience : SHUTDOWN_DEFAULT_NS);
            signal_child(ctx, child, COGO__SIG_EXIT, COGO_EXIT_SHUTDOWN);
            return;
        }
        if (child->state == COGO__CHILD_WAITING) {
            stop_timer(ctx, child);
            child->state = COGO__CHILD_DOWN;
        }
    }
    if (sup->ending) {
        for (size_t at = sup->child_count; at-- > 0;) {
            bury(ctx, sup->children[at]);
        }
        cogo__context_end(ctx, sup->reason.kind, sup->reason.err, sup->reason.text);
    } else if (sup->group_from != SIZE_MAX) {
        restart_group(ctx, sup);
    }
}

static cogo__child *by_number(cogo__supervisor *sup, uint64_t number)
{
    for (size_t i = 0; i < sup->child_count; i++) {
        if (sup->children[i]->number == number) {
            return sup->children[i];
        }
    }
    return NULL;
}

static void on_child_down(cogo_context *ctx, cogo__supervisor *sup, const cogo_down *down)
{
    cogo__child *child = by_number(sup, down->monitor);
    if (child == NULL || !cogo_actor_id_equal(child->actor, down->actor)) {
        return;
    }
    bool asked = child->state == COGO__CHILD_STOPPING;
    child->state = COGO__CHILD_DOWN;
    stop_timer(ctx, child);
    if (child->forget) {
        forget(ctx, sup, child);
        proceed(ctx, sup);
    } else if (asked) {
        proceed(ctx, sup);
    } else {
        on_failure(ctx, sup, child, &down->reason);
    }
}

static void on_timer(cogo_context *ctx, cogo__supervisor *sup, const cogo_timer_fired *fired)
{
    cogo__child *child = by_number(sup, fired->cookie);
    if (child != NULL && child->state == COGO__CHILD_STOPPING) {
        signal_child(ctx, child, COGO__SIG_EXIT, COGO_EXIT_KILLED);
    } else if (child != NULL && child->state == COGO__CHILD_WAITING) {
        restart(ctx, child);
    }
}

static void on_add(cogo_context *ctx, cogo__supervisor *sup, const cogo_child_spec *spec)
{
    cogo__child *child = sup->ending ? NULL : cogo__supervisor_append(sup, spec);
    if (child != NULL) {
        spawn_child(ctx, child);
        if (child->state == COGO__CHILD_GONE) { // Its id or name is taken, or there is no room.
            forget(ctx, sup, child);
        }
    }
}

static void on_remove(cogo_context *ctx, cogo__supervisor *sup, const char *id)
{
    for (size_t i = 0; i < sup->child_count; i++) {
        cogo__child *child = sup->children[i];
        if (strcmp(child->spec->id, id) != 0) {
            continue;
        }
        if (child->state == COGO__CHILD_RUNNING) {
            uint64_t patience = child->spec->shutdown_ns;
            child->forget = true;
            child->state = COGO__CHILD_STOPPING;
            start_timer(ctx, child, patience != 0 ? patience : SHUTDOWN_DEFAULT_NS);
            signal_child(ctx, child, COGO__SIG_EXIT, COGO_EXIT_SHUTDOWN);
        } else if (child->state == COGO__CHILD_STOPPING) {
            child->forget = true;
        } else {
            forget(ctx, sup, child);
        }
        return;
    }
}

static cogo_err supervisor_start(cogo_context *ctx, void *state, const void *args)
{
    cogo__supervisor *sup = NULL;
    memcpy(&sup, args, sizeof(cogo__supervisor *));
    memcpy(state, args, sizeof(cogo__supervisor *));
    for (size_t i = 0; i < sup->child_count; i++) {
        if (adopt(ctx, sup->children[i]) != COGO_OK) {
            end_all(ctx, sup, COGO_EXIT_ERROR, COGO_ENOMEM, "no memory for its children");
        }
    }
    return COGO_OK;
}

static cogo_err supervisor_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo__supervisor *sup = *(cogo__supervisor **)state;
    if ((msg->flags & COGO__MSG_RUNTIME) == 0) {
        return COGO_OK; // Users' messages mean nothing to it.
    }
    const void *body = cogo__msg_body(msg);
    if (msg->type == COGO__MSG_CHILD) {
        on_child_down(ctx, sup, body);
    } else if (msg->type == COGO__MSG_ADD) {
        on_add(ctx, sup, body);
    } else if (msg->type == COGO__MSG_REMOVE) {
        on_remove(ctx, sup, body);
    } else if (msg->type == COGO_MSG_TIMER) {
        on_timer(ctx, sup, body);
    } else if (msg->type == COGO_MSG_EXIT) {
        const cogo_down *down = body;
        end_all(ctx, sup, down->reason.kind, down->reason.err, down->reason.text);
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
