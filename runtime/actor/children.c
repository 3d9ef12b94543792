/* What a supervisor does to one child: starts, stops, restarts and buries it. */
#include "runtime/actor/child.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/signals.h"

#include <cogo/placement.h>

enum { JITTER_SHARE = 4 }; // Up to this part of a backoff is left off.
#define SHUTDOWN_DEFAULT_NS UINT64_C(5000000000)
#define RETRY_NS            UINT64_C(10000000) // When there was no memory for an exit signal.

static cogo_err start_timer(cogo_context *ctx, cogo__child *child, uint64_t delay_ns)
{
    cogo_timer_cancel(ctx, child->timer);
    return cogo_timer_start(ctx, delay_ns, 0, child->number, &child->timer);
}

static void stop_timer(cogo_context *ctx, cogo__child *child)
{
    cogo_timer_cancel(ctx, child->timer);
    child->timer = 0;
}

cogo_err cogo__child_spawn(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child,
                           const void *args, size_t args_size_bytes)
{
    cogo__birth birth;
    cogo_err err = cogo__child_prepare(ctx->system, ctx, ctx->self, sup, child, args,
                                       args_size_bytes, &birth);
    if (err == COGO_OK) {
        cogo__birth_commit(ctx->system, ctx, &birth);
    } else {
        cogo__log(ctx->system, COGO_LOG_WARN, "supervisor: child %s does not start: %s",
                  child->spec->id != NULL ? child->spec->id : "of a template",
                  cogo_strerror(err));
    }
    return err;
}

static void restart_now(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    stop_timer(ctx, child);
    cogo__count(ctx->system, ctx, COGO__RESTARTS, 1);
    cogo__child_set(sup, child, COGO__CHILD_RUNNING);
    child->started_ns = cogo_now_ns(ctx);
    cogo__signal signal = {.from = ctx->self};
    cogo_msg *token = child->token;
    child->token = NULL;
    (void)cogo__signal_send_in(ctx->system, ctx, token, child->actor, COGO__SIG_RESTART,
                               &signal);
}

/* What keeps a child from its node lasts longer than what makes an actor fail. */
static bool is_away(const cogo__child *child)
{
    const cogo_down *down = cogo__msg_body(child->token); // As it was told.
    return child->spec->options.placement != NULL && child->spec->backoff_min_ns == 0
           && down->reason.kind == COGO_EXIT_NOCONNECTION;
}

static uint64_t backoff(cogo_context *ctx, const cogo__child *child, uint32_t failures)
{
    bool away = is_away(child);
    uint64_t delay = away ? COGO_PLACEMENT_BACKOFF_MIN_NS : child->spec->backoff_min_ns;
    uint64_t most = away ? COGO_PLACEMENT_BACKOFF_MAX_NS : child->spec->backoff_max_ns;
    most = most > delay ? most : delay;
    for (uint32_t i = 0; i < failures && delay < most; i++) {
        delay = delay > most / 2 ? most : delay * 2;
    }
    uint64_t spread = delay / JITTER_SHARE;
    return spread != 0 ? delay - cogo_system_random(ctx->system) % spread : delay;
}

void cogo__child_restart(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    uint64_t lived = cogo_now_ns(ctx) - child->started_ns;
    child->failures = lived > sup->period_ns ? 0 : child->failures;
    uint64_t delay = backoff(ctx, child, child->failures);
    child->failures++;
    if (delay == 0 || start_timer(ctx, child, delay) != COGO_OK) {
        restart_now(ctx, sup, child); // Without memory for a timer: at once.
    } else {
        cogo__child_set(sup, child, COGO__CHILD_WAITING);
    }
}

static uint64_t patience_of(const cogo_child_spec *spec)
{
    if (spec->shutdown_ns != 0) {
        return spec->shutdown_ns;
    }
    return spec->options.behavior == &cogo__supervisor_behavior ? COGO_SHUTDOWN_FOREVER
                                                                : SHUTDOWN_DEFAULT_NS;
}

/* Without memory for the signal: again soon, by the timer. */
static void send_exit(cogo_context *ctx, cogo__child *child, cogo_exit_kind kind)
{
    cogo__signal signal = {.from = ctx->self, .reason = {.kind = kind}};
    cogo_err err = cogo__signal_send(ctx->system, ctx, child->actor, COGO__SIG_EXIT, &signal);
    if (err == COGO_ENOMEM && start_timer(ctx, child, RETRY_NS) != COGO_OK) {
        cogo__log(ctx->system, COGO_LOG_ERROR, "supervisor: no memory to stop a child");
    }
}

void cogo__child_stop(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child, bool kill)
{
    uint64_t patience = patience_of(child->spec);
    kill = kill || patience == COGO_SHUTDOWN_KILL;
    cogo__child_set(sup, child, COGO__CHILD_STOPPING);
    stop_timer(ctx, child);
    if (!kill && patience != COGO_SHUTDOWN_FOREVER) {
        kill = start_timer(ctx, child, patience) != COGO_OK;
    }
    send_exit(ctx, child, kill ? COGO_EXIT_KILLED : COGO_EXIT_SHUTDOWN);
}

/* Now, not when a lane comes to bury it: a supervisor that is restarted starts children with
 * the same names. */
static void free_names(cogo_system *system, const cogo__child *child)
{
    cogo__cell *cell = cogo__cell_find(system, child->actor);
    if (child->spec->id != NULL) {
        cogo__names_remove_actor(&system->children, child->actor);
    }
    if (cell != NULL && (cogo__u32_load_acquire(&cell->phase) & COGO__CELL_NAMED) != 0) {
        cogo__names_remove_actor(&system->names, child->actor);
    }
}

void cogo__child_bury(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    stop_timer(ctx, child);
    if (child->token != NULL) {
        free_names(ctx->system, child);
        const cogo_down *down = cogo__msg_body(child->token); // As it was told.
        cogo__signal signal = {.reason = down->reason};
        (void)cogo__signal_send_in(ctx->system, ctx, child->token, child->actor, COGO__SIG_BURY,
                                   &signal);
        child->token = NULL;
    }
    cogo__child_set(sup, child, COGO__CHILD_GONE);
    child->actor = COGO_NO_ACTOR;
}

void cogo__child_forget(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    cogo__child_bury(ctx, sup, child);
    cogo__child_remove(sup, child);
}

void cogo__child_on_timer(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child)
{
    child->timer = 0;
    if (child->state == COGO__CHILD_STOPPING) {
        send_exit(ctx, child, COGO_EXIT_KILLED);
    } else if (child->state == COGO__CHILD_WAITING) {
        restart_now(ctx, sup, child);
    }
}
