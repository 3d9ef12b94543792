/* The result of an attempt, from the role or from here, until it is acknowledged. */
#include "actors/worker/result.h"

#include "codec/contract/id.h"

#include <inttypes.h>
#include <stdio.h>

static void replace_too_large(cogo_context *ctx, worker *w, attempt *a);

void attempt_arm(cogo_context *ctx, attempt *a, uint64_t delay_ns)
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

void attempt_free_slot(cogo_context *ctx, worker *w, attempt *a)
{
    if (a->slot) {
        worker_count_busy(ctx, w);
        w->slots_used--;
        a->slot = false;
    }
}

void attempt_remove_if_over(worker *w, attempt *a)
{
    if (a->acknowledged && a->monitor == 0) {
        attempts_remove(&w->attempts, a);
    }
}

bool result_keep(cogo_context *ctx, worker *w, attempt *a, const job_outcome *outcome)
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

/* A result that no role has given. */
static bool keep_failure(cogo_context *ctx, worker *w, attempt *a, bool retryable,
                         bool returned, const char *error)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    job_outcome outcome;
    instruction asked = {.task_id = a->task_id, .instruction_id = a->instruction_id};
    job_fail(&(instruction_offer){.instruction = &asked, .lease = a->lease}, error, retryable,
             &arena, &outcome);
    outcome.returned = returned;
    bool kept = result_keep(ctx, w, a, &outcome);
    cogo_arena_finish(&arena);
    return kept;
}

/* The link takes no message of that size, ever. */
static void replace_too_large(cogo_context *ctx, worker *w, attempt *a)
{
    char error[96];
    (void)snprintf(error, sizeof error, "the result has %zu bytes, too many for one message",
                   cogo_record_flat_size(&instruction_result_record, a->result));
    if (keep_failure(ctx, w, a, false, false, error)) {
        (void)worker_tell(ctx, w, MSG_INSTRUCTION_RESULT, a->result); // Or with the next tick.
    }
}

void result_report(cogo_context *ctx, worker *w, attempt *a)
{
    attempt_arm(ctx, a, 0);
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

void result_fail(cogo_context *ctx, worker *w, attempt *a, bool retryable, const char *error)
{
    if (keep_failure(ctx, w, a, retryable, false, error)) {
        result_report(ctx, w, a);
    }
}

void result_give_back(cogo_context *ctx, worker *w, attempt *a)
{
    if (keep_failure(ctx, w, a, true, true, "given back: its worker drains")) {
        result_report(ctx, w, a);
    }
}

void result_time_out(cogo_context *ctx, worker *w, attempt *a)
{
    char error[96];
    (void)snprintf(error, sizeof error, "timeout: no result within %" PRIu64 " ms",
                   a->timeout_ns / NS_PER_MS);
    result_fail(ctx, w, a, true, error);
}

void result_cancelled(cogo_context *ctx, worker *w, attempt *a)
{
    char error[ATTEMPT_REASON_SIZE + 16];
    (void)snprintf(error, sizeof error, "cancelled: %s", a->reason);
    result_fail(ctx, w, a, false, error);
}

/* What the role said, unless it only failed because it was told to stop. */
static void take_result(cogo_context *ctx, worker *w, attempt *a,
                        const instruction_result *said)
{
    bool failed = said->result->status == RESULT_FAILED;
    if (failed && a->given_back && !a->cancelled) {
        result_give_back(ctx, w, a);
        return;
    }
    if (failed && a->cancelled) {
        result_cancelled(ctx, w, a);
        return;
    }
    if (failed && a->timed_out) {
        result_time_out(ctx, w, a);
        return;
    }
    job_outcome outcome = {.result = *said->result,
                           .metadata = *said->result->metadata,
                           .retryable = said->retryable};
    if (result_keep(ctx, w, a, &outcome)) {
        result_report(ctx, w, a);
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
    attempt_free_slot(ctx, w, a);
    if (a->result == NULL) {
        take_result(ctx, w, a, said);
    }
    attempt_remove_if_over(w, a);
}

void worker_on_ack(cogo_context *ctx, worker *w, const instruction_cancel *ack)
{
    (void)ctx;
    attempt *a = attempts_by_lease(&w->attempts, ack->lease);
    if (a == NULL || a->result == NULL || a->held_back) {
        return;
    }
    a->acknowledged = true;
    attempt_remove_if_over(w, a);
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
            attempt_remove_if_over(w, a);
        } else {
            send_result(ctx, w, a);
        }
    }
}
