/* An attempt from its offer to the acknowledgement of its result. Each offer gets one result:
 * from the role, or from here when no role can give one. */
#include "actors/worker/capability.h"
#include "actors/worker/room.h"
#include "codec/contract/id.h"
#include "codec/contract/names.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ROLES_OF_TYPE_MAX = 64 };

static void set_timer(cogo_context *ctx, attempt *a, uint64_t delay_ns)
{
    if (a->timer != 0) {
        cogo_timer_cancel(ctx, a->timer);
        a->timer = 0;
    }
    if (delay_ns != 0
        && cogo_timer_start(ctx, delay_ns, 0, (uint64_t)a->lease, &a->timer) != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

static void replace_too_large(cogo_context *ctx, worker *w, attempt *a);

/* Once a full link has refused one, the others wait for the tick, too. */
static void send_result(cogo_context *ctx, worker *w, attempt *a)
{
    if (!w->registered || w->stalled) {
        return;
    }
    cogo_err err = worker_tell(ctx, w, MSG_INSTRUCTION_RESULT, a->result);
    if (err == COGO_EFULL) {
        w->stalled = true;
        worker_on_stalled(ctx, w);
        return;
    }
    a->sent_ns = cogo_now_ns(ctx);
    a->sends++;
    if (err == COGO_ELIMIT) {
        replace_too_large(ctx, w, a);
    }
}

/* The slot is given back when nothing of the attempt runs any more. */
static void free_slot(cogo_context *ctx, worker *w, attempt *a)
{
    if (a->slot) {
        worker_count_busy(ctx, w);
        w->slots_used--;
        a->slot = false;
    }
}

static void remove_if_over(worker *w, attempt *a)
{
    if (a->acknowledged && a->monitor == 0) {
        attempts_remove(&w->attempts, a);
    }
}

static bool keep(cogo_context *ctx, worker *w, attempt *a, const job_outcome *outcome)
{
    cogo_system *system = cogo_context_system(ctx);
    char result_id[ID_SIZE];
    id_make(result_id, "res", cogo_system_wall_ms(system), cogo_system_random(system),
            cogo_system_random(system));
    if (attempt_keep(a, w->id, result_id, cogo_now_ns(ctx), outcome) != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a result");
        return false;
    }
    return true;
}

/* The one place where a result leaves for the first time. */
static void report(cogo_context *ctx, worker *w, attempt *a)
{
    set_timer(ctx, a, 0);
    if (a->held_back) {
        a->held_back = false;
        w->light_used--;
        attempt_stamp(a, cogo_now_ns(ctx));
    }
    if (!a->result->returned) {
        if (a->result->result->status == RESULT_FAILED) {
            w->failed++;
        } else {
            w->completed++;
        }
        w->total_ms += a->result->result->metadata->processing_time;
    }
    send_result(ctx, w, a);
}

/* Without a result of the role. */
static void end(cogo_context *ctx, worker *w, attempt *a, bool retryable, bool returned,
                const char *error)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    job_outcome outcome;
    instruction asked = {.task_id = a->task_id, .instruction_id = a->instruction_id};
    job_fail(&(instruction_offer){.instruction = &asked, .lease = a->lease}, error, retryable,
             &arena, &outcome);
    outcome.returned = returned;
    if (keep(ctx, w, a, &outcome)) {
        report(ctx, w, a);
    }
    cogo_arena_finish(&arena);
}

static void fail(cogo_context *ctx, worker *w, attempt *a, bool retryable, const char *error)
{
    end(ctx, w, a, retryable, false, error);
}

static void give_back(cogo_context *ctx, worker *w, attempt *a)
{
    end(ctx, w, a, true, true, "given back: its worker drains");
}

/* The link takes no message of that size, ever. */
static void replace_too_large(cogo_context *ctx, worker *w, attempt *a)
{
    char error[96];
    cogo_arena arena;
    job_outcome outcome;
    instruction asked = {.task_id = a->task_id, .instruction_id = a->instruction_id};
    (void)snprintf(error, sizeof error, "the result has %zu bytes, too many for one message",
                   cogo_record_flat_size(&instruction_result_record, a->result));
    cogo_arena_init(&arena, 0);
    job_fail(&(instruction_offer){.instruction = &asked, .lease = a->lease}, error, false,
             &arena, &outcome);
    if (keep(ctx, w, a, &outcome)) {
        (void)worker_tell(ctx, w, MSG_INSTRUCTION_RESULT, a->result); // Or with the next tick.
    }
    cogo_arena_finish(&arena);
}

static void fail_timeout(cogo_context *ctx, worker *w, attempt *a)
{
    char error[96];
    (void)snprintf(error, sizeof error, "timeout: no result within %" PRIu64 " ms",
                   a->timeout_ns / NS_PER_MS);
    fail(ctx, w, a, true, error);
}

static void fail_cancelled(cogo_context *ctx, worker *w, attempt *a)
{
    char error[ATTEMPT_REASON_SIZE + 16];
    (void)snprintf(error, sizeof error, "cancelled: %s", a->reason);
    fail(ctx, w, a, false, error);
}

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
    fail(ctx, w, a, false, error);
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
        fail(ctx, w, a, true, cogo_strerror(err));
    } else if (keep(ctx, w, a, &outcome)) {
        uint64_t delay_ns = (uint64_t)outcome.delay_ms * NS_PER_MS;
        if (delay_ns == 0) {
            report(ctx, w, a);
        } else {
            a->held_back = true;
            w->light_used++;
            a->timed_out = delay_ns > a->timeout_ns;
            set_timer(ctx, a, a->timed_out ? a->timeout_ns : delay_ns);
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
        fail(ctx, w, a, true, "no free slot");
        return;
    }
    cogo_err err = spawn_runner(ctx, w, a, offer);
    if (err != COGO_OK) {
        a->monitor = 0;
        fail(ctx, w, a, true, "the worker cannot start a thread for the role");
        return;
    }
    worker_count_busy(ctx, w);
    w->slots_used++;
    a->slot = true;
    tell_started(ctx, w, a);
    set_timer(ctx, a, a->timeout_ns);
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
        give_back(ctx, w, a);
    } else if (w->attempts.count > ATTEMPTS_HELD_MAX) {
        fail(ctx, w, a, true, "no free slot");
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
        fail_cancelled(ctx, w, a);
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

/* What the role said, unless it only failed because it was told to stop. */
static void take_result(cogo_context *ctx, worker *w, attempt *a,
                        const instruction_result *said)
{
    bool failed = said->result->status == RESULT_FAILED;
    if (failed && a->given_back && !a->cancelled) {
        give_back(ctx, w, a);
        return;
    }
    if (failed && a->cancelled) {
        fail_cancelled(ctx, w, a);
        return;
    }
    if (failed && a->timed_out) {
        fail_timeout(ctx, w, a);
        return;
    }
    job_outcome outcome = {.result = *said->result,
                           .metadata = *said->result->metadata,
                           .retryable = said->retryable};
    if (keep(ctx, w, a, &outcome)) {
        report(ctx, w, a);
    }
}

void worker_on_result(cogo_context *ctx, worker *w, cogo_actor_id from,
                      const instruction_result *said)
{
    attempt *a = attempts_by_lease(&w->attempts, said->lease);
    if (a == NULL || a->monitor == 0 || !cogo_actor_id_equal(a->runner, from)) {
        return;
    }
    // The role has returned; what is left of its runner holds nothing that others wait for.
    cogo_demonitor(ctx, a->monitor);
    a->monitor = 0;
    free_slot(ctx, w, a);
    if (a->result == NULL) {
        take_result(ctx, w, a, said);
    }
    remove_if_over(w, a);
}

void worker_on_ack(cogo_context *ctx, worker *w, const instruction_cancel *ack)
{
    (void)ctx;
    attempt *a = attempts_by_lease(&w->attempts, ack->lease);
    if (a == NULL || a->result == NULL || a->held_back) {
        return;
    }
    a->acknowledged = true;
    remove_if_over(w, a);
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
        report(ctx, w, a);
    } else if (a->held_back || (a->timed_out && a->result == NULL)) {
        fail_timeout(ctx, w, a);
    } else if (a->result == NULL) {
        a->timed_out = true;
        attempt_fire(a);
        set_timer(ctx, a, TIMEOUT_GRACE_MS * NS_PER_MS);
    }
}

void worker_on_runner_down(cogo_context *ctx, worker *w, const cogo_down *down)
{
    attempt *a = attempts_by_monitor(&w->attempts, down->monitor);
    if (a == NULL || down->monitor == 0) {
        return;
    }
    a->monitor = 0;
    free_slot(ctx, w, a);
    if (a->result == NULL && a->given_back) {
        give_back(ctx, w, a);
    } else if (a->result == NULL) {
        char error[160];
        (void)snprintf(error, sizeof error, "the role crashed: %.60s",
                       down->reason.text[0] != '\0' ? down->reason.text
                                                    : cogo_strerror(down->reason.err));
        fail(ctx, w, a, true, error);
    }
    remove_if_over(w, a);
}

void worker_give_back(cogo_context *ctx, worker *w)
{
    for (attempt *a = w->attempts.first, *next; a != NULL; a = next) {
        next = a->next;
        if (a->result == NULL) {
            a->given_back = true;
            attempt_fire(a); // What the role says then is its result, or its end is.
        } else if (a->held_back) {
            give_back(ctx, w, a);
        }
    }
}

/* Also what could not be sent while there was no orchestrator. */
void worker_resend(cogo_context *ctx, worker *w)
{
    uint64_t now_ns = cogo_now_ns(ctx);
    for (attempt *a = w->attempts.first, *next; a != NULL && !w->stalled; a = next) {
        next = a->next;
        if (a->result == NULL || a->held_back || a->acknowledged
            || (a->sends > 0 && now_ns - a->sent_ns < w->heartbeat_ms * NS_PER_MS / 2)) {
            continue;
        }
        if (a->sends >= RESULT_SENDS_MAX) {
            a->acknowledged = true; // The lease has long been given up over there.
            remove_if_over(w, a);
        } else {
            send_result(ctx, w, a);
        }
    }
}
