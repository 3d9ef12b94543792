/* An attempt from its offer until its role has returned. Each offer gets one result: from the
 * role, or from here when no role can give one. */
#include "actors/worker/capability.h"
#include "actors/worker/result.h"
#include "codec/contract/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ROLES_OF_TYPE_MAX = 64 };

static void fail_unknown_role(cogo_context *ctx, worker *w, attempt *a, const char *name)
{
    const char *known[ROLES_OF_TYPE_MAX + 2] = {"echo"};
    const char *near = NULL;
    for (size_t i = 0; w->type->roles[i] != NULL && i < ROLES_OF_TYPE_MAX; i++) {
        known[i + 1] = w->type->roles[i];
    }
    bool hint = names_nearest(name, known, &near, 1) == 1;
    char error[256];
    (void)snprintf(error, sizeof error, "Unknown role: %.80s%s%s%s", name,
                   hint ? " (did you mean " : "", hint ? near : "", hint ? "?)" : "");
    result_fail(ctx, w, a, false, error);
}

static void tell_started(cogo_context *ctx, worker *w, const attempt *a)
{
    (void)worker_tell(ctx, w, MSG_INSTRUCTION_STARTED,
                      &(instruction_cancel){.task_id = a->task_id, .lease = a->lease});
}

static void no_progress(role_job *job, double percent, const char *phase, const char *message)
{
    (void)job;
    (void)percent;
    (void)phase;
    (void)message;
}

/* A role that returns at once runs here, in the lane; it may ask for its result to be held
 * back. */
static void run_light(cogo_context *ctx, worker *w, attempt *a, const instruction_offer *offer)
{
    cogo_arena arena;
    cogo_arena_init(&arena, JOB_ARENA_MAX);
    job_order order = {.role = a->role,
                       .offer = offer,
                       .deadline_ns = a->started_ns + a->timeout_ns,
                       .cancel_fd = -1,
                       .progress = no_progress};
    job_outcome outcome;
    cogo_err err = job_run(&order, &arena, &outcome);
    if (err != COGO_OK) {
        result_fail(ctx, w, a, true, cogo_strerror(err));
    } else if (result_keep(ctx, w, a, &outcome)) {
        uint64_t delay_ns = (uint64_t)outcome.delay_ms * NS_PER_MS;
        if (delay_ns == 0) {
            result_report(ctx, w, a);
        } else {
            a->held_back = true;
            w->light_used++;
            a->timed_out = delay_ns > a->timeout_ns;
            attempt_arm(ctx, a, a->timed_out ? a->timeout_ns : delay_ns);
        }
    }
    cogo_arena_finish(&arena);
}

static cogo_err spawn_runner(cogo_context *ctx, const worker *w, attempt *a,
                             const instruction_offer *offer)
{
    a->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    // The runner has a descriptor of its own, so neither has to outlive the other.
    int runner_fd = a->cancel_fd < 0 ? -1 : fcntl(a->cancel_fd, F_DUPFD_CLOEXEC, 3);
    if (runner_fd < 0) {
        return COGO_EIO;
    }
    runner_args args = {
        .role = a->role, .deadline_ns = a->started_ns + a->timeout_ns, .cancel_fd = runner_fd};
    memcpy(args.worker_id, w->id, sizeof args.worker_id);
    memcpy(args.state_dir, w->state_dir, sizeof args.state_dir);
    cogo_err err = runner_spawn(ctx, &args, offer, &a->runner, &a->monitor);
    if (err != COGO_OK) {
        (void)close(runner_fd);
    }
    return err;
}

static void run_blocking(cogo_context *ctx, worker *w, attempt *a,
                         const instruction_offer *offer)
{
    if (w->slots_used >= w->slots) {
        result_fail(ctx, w, a, true, "no free slot");
        return;
    }
    cogo_err err = spawn_runner(ctx, w, a, offer);
    if (err != COGO_OK) {
        a->monitor = 0;
        result_fail(ctx, w, a, true, "the worker cannot start a thread for the role");
        return;
    }
    worker_count_busy(ctx, w);
    w->slots_used++;
    a->slot = true;
    tell_started(ctx, w, a);
    attempt_arm(ctx, a, a->timeout_ns);
}

static uint64_t timeout_of(const role *r, const instruction_offer *offer)
{
    int64_t timeout_ms = offer->timeout > 0 ? offer->timeout : r->default_timeout_ms;
    return (uint64_t)(timeout_ms > 0 ? timeout_ms : 1) * NS_PER_MS;
}

void worker_on_offer(cogo_context *ctx, worker *w, const instruction_offer *offer)
{
    const instruction *asked = offer->instruction;
    if (asked == NULL || asked->task_id == NULL || asked->role == NULL
        || strlen(asked->task_id) >= ATTEMPT_ID_SIZE
        || attempts_by_lease(&w->attempts, offer->lease) != NULL) {
        return; // Nobody could be told of it, or it has been told twice.
    }
    attempt *a = attempts_add(&w->attempts, offer);
    if (a == NULL) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for an attempt");
        return;
    }
    a->started_ns = cogo_now_ns(ctx);
    const role *r = capability_role(w->type, asked->role);
    if (r == NULL) {
        fail_unknown_role(ctx, w, a, asked->role);
        return;
    }
    a->timeout_ns = timeout_of(r, offer);
    if (w->draining) {
        result_give_back(ctx, w, a);
    } else if (w->attempts.count > ATTEMPTS_HELD_MAX) {
        result_fail(ctx, w, a, true, "no free slot");
    } else {
        a->role = r;
        if (r->blocking) {
            run_blocking(ctx, w, a, offer);
        } else {
            tell_started(ctx, w, a);
            run_light(ctx, w, a, offer);
        }
    }
}

void worker_on_cancel(cogo_context *ctx, worker *w, const instruction_cancel *cancel)
{
    attempt *a = attempts_by_lease(&w->attempts, cancel->lease);
    if (a == NULL || (a->result != NULL && !a->held_back)) {
        return; // It is over; its result says how.
    }
    a->cancelled = true;
    (void)snprintf(a->reason, sizeof a->reason, "%s",
                   cancel->reason == NULL ? "no reason given" : cancel->reason);
    attempt_fire(a);
    if (a->held_back) {
        result_cancelled(ctx, w, a);
    }
}

void worker_on_budget_ask(cogo_context *ctx, worker *w, cogo_msg *msg)
{
    if (!w->registered) {
        (void)cogo_refuse(ctx, cogo_msg_reply_to(msg), COGO_EGONE); // Asked again in a moment.
        return;
    }
    cogo_msg_take(ctx, msg);
    (void)cogo_send(ctx, w->orchestrator, msg); // The answer goes straight to the runner.
}

void worker_on_progress(cogo_context *ctx, worker *w, const instruction_progress *said)
{
    const attempt *a = attempts_by_lease(&w->attempts, said->lease);
    if (a != NULL && a->result == NULL) {
        (void)worker_tell(ctx, w, MSG_INSTRUCTION_PROGRESS, said);
    }
}

/* Its delay is over, or its deadline, or the grace after its deadline. */
void worker_on_attempt_timer(cogo_context *ctx, worker *w, int64_t lease)
{
    attempt *a = attempts_by_lease(&w->attempts, lease);
    if (a == NULL || a->timer == 0) {
        return;
    }
    a->timer = 0;
    if (a->held_back && !a->timed_out) {
        result_report(ctx, w, a);
    } else if (a->held_back || (a->timed_out && a->result == NULL)) {
        result_time_out(ctx, w, a);
    } else if (a->result == NULL) {
        a->timed_out = true;
        attempt_fire(a);
        attempt_arm(ctx, a, TIMEOUT_GRACE_MS * NS_PER_MS);
    }
}

void worker_on_runner_down(cogo_context *ctx, worker *w, const cogo_down *down)
{
    attempt *a = attempts_by_monitor(&w->attempts, down->monitor);
    if (a == NULL || down->monitor == 0) {
        return;
    }
    a->monitor = 0;
    attempt_free_slot(ctx, w, a);
    if (a->result == NULL && a->given_back) {
        result_give_back(ctx, w, a);
    } else if (a->result == NULL) {
        char error[160];
        (void)snprintf(error, sizeof error, "the role crashed: %.60s",
                       down->reason.text[0] != '\0' ? down->reason.text
                                                    : cogo_strerror(down->reason.err));
        result_fail(ctx, w, a, true, error);
    }
    attempt_remove_if_over(w, a);
}

void worker_give_back(cogo_context *ctx, worker *w)
{
    for (attempt *a = w->attempts.first, *next; a != NULL; a = next) {
        next = a->next;
        if (a->result == NULL) {
            a->given_back = true;
            attempt_fire(a); // What the role says then is its result, or its end is.
        } else if (a->held_back) {
            result_give_back(ctx, w, a);
        }
    }
}
