/* What workers say about an attempt. Only the current lease counts. */
#include "actors/orchestrator/artifact.h"
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/follow.h"

#include <inttypes.h>
#include <string.h>

/* Doubled with each attempt; half of it is random, so that tasks that failed together don't
 * come back together. */
static uint64_t backoff_ns(const orc *o, int64_t attempt)
{
    int64_t delay_ms = o->config.retry_min_ms;
    for (int64_t i = 1; i < attempt && delay_ms < o->config.retry_max_ms; i++) {
        delay_ms *= 2;
    }
    if (delay_ms > o->config.retry_max_ms) {
        delay_ms = o->config.retry_max_ms;
    }
    uint64_t half_ns = (uint64_t)delay_ms * NS_PER_MS / 2;
    return half_ns + (half_ns == 0 ? 0 : cogo_system_random(o->system) % half_ns);
}

static void backoff_over(void *room, void *owner)
{
    orc *o = room;
    orc_task *t = owner;
    if (orc_transition(o, t, LIFE_REQUEUE, NULL)) {
        orc_enqueue(o, t, false);
    }
}

void orc_attempt_failed(orc *o, orc_task *t, bool timed_out, bool at_once, const char *error)
{
    const char *used_up = orc_budget_used_up(o, t);
    if (used_up != NULL) {
        o->exhausted++;
        (void)orc_transition(o, t, LIFE_EXHAUST, used_up);
        return;
    }
    if (t->record->attempt >= t->record->max_attempts) {
        (void)orc_transition(o, t, timed_out ? LIFE_EXPIRE : LIFE_EXHAUST, error);
        return;
    }
    if (!orc_transition(o, t, LIFE_RETRY, error)) {
        return;
    }
    o->retries++;
    if (at_once) {
        backoff_over(o, t);
        return;
    }
    t->backoff.fire = backoff_over;
    t->backoff.owner = t;
    orc_deadline_set(&o->deadlines, &t->backoff,
                     cogo_now_ns(o->ctx) + backoff_ns(o, t->record->attempt));
}

/* The run that @p lease names, if the worker speaks of the task that it was given. */
static orc_run *run_of(orc *o, int64_t lease, const char *task_id)
{
    orc_run *run = orc_map_get(&o->runs, &lease, sizeof lease);
    if (run == NULL || task_id == NULL || strcmp(run->task_id, task_id) != 0) {
        return NULL;
    }
    run->worker->seen_ns = cogo_now_ns(o->ctx);
    return run;
}

void orc_on_started(orc *o, cogo_msg *msg)
{
    const instruction_cancel *started = cogo_msg_payload(msg);
    orc_run *run = run_of(o, started->lease, started->task_id);
    if (run == NULL || run->task == NULL) {
        return;
    }
    metric_histogram_observe(&o->dispatch,
                             (double)(cogo_now_ns(o->ctx) - run->offered_ns) / NS_PER_S);
    (void)orc_transition(o, run->task, LIFE_START, NULL);
}

void orc_on_progress(orc *o, cogo_msg *msg)
{
    const instruction_progress *said = cogo_msg_payload(msg);
    orc_run *run =
        run_of(o, said->lease, said->progress == NULL ? NULL : said->progress->task_id);
    if (run == NULL || run->task == NULL
        || cogo_record_check(&task_progress_record, said->progress, NULL) != COGO_OK) {
        return;
    }
    orc_task *t = run->task;
    orc_task_set_progress(t, said->progress);
    if (!orc_followed(o, t->record->task_id)) {
        return;
    }
    task_event event = {.task_id = t->record->task_id,
                        .type = "cogo.task.progress",
                        .time = cogo_system_wall_ms(o->system)};
    if (cogo_record_encode(&task_progress_record, said->progress, &o->scratch, &event.data)
        == COGO_OK) {
        orc_follow_send(o, &event, false);
    }
}

static void acknowledge(orc *o, cogo_actor_id to, const instruction_result *said, bool accepted)
{
    instruction_cancel ack = {.task_id = said->result == NULL ? NULL : said->result->task_id,
                              .lease = said->lease,
                              .reason = accepted ? "accepted" : "fenced"};
    cogo_msg *msg = cogo_msg_create_record(o->system, MSG_RESULT_ACK, &ack);
    if (accepted) {
        orc_outbox_put(o, to, msg, false);
    } else {
        (void)cogo_send(o->ctx, to, msg);
    }
}

static const char *error_of(orc *o, const agent_result *result)
{
    const result_metadata *about = result->metadata;
    if (about == NULL || about->errors.count == 0) {
        return "the role failed and gave no reason";
    }
    if (about->errors.count == 1) {
        return about->errors.items[0];
    }
    return cogo_arena_printf(&o->scratch, "%s (and %zu more)", about->errors.items[0],
                             about->errors.count - 1);
}

/* The result with an id of ours: two results with one id would stop the journal. */
static void keep_result(orc *o, orc_task *t, const agent_result *said)
{
    char id[ID_SIZE];
    orc_id(o, id, "res_");
    agent_result result = *said;
    result.output_artifact = NULL;
    if (orc_artifact_output(t, said->output)) {
        result.output = (cogo_value){0};
    }
    result.result_id = id;
    result.task_id = t->record->task_id;
    result.instruction_id = t->record->instruction_id;
    orc_task_set_result(t, &result);
}

static void record_failure(orc *o, orc_task *t, const instruction_result *said, bool timed_out)
{
    const char *error = error_of(o, said->result);
    if (!said->retryable && !timed_out) {
        (void)orc_transition(o, t, LIFE_FAIL, error);
        return;
    }
    orc_attempt_failed(o, t, timed_out, false, error);
}

static void record_result(orc *o, orc_task *t, const orc_run *run,
                          const instruction_result *said)
{
    cogo_record_error wrong;
    uint64_t took_ns = cogo_now_ns(o->ctx) - run->offered_ns;
    metric_histogram_observe(&t->line->role->duration, (double)took_ns / NS_PER_S);
    if (t->record->started_at == 0) {
        t->record->started_at = run->offered_wall;
    }
    if (cogo_record_check(&agent_result_record, said->result, &wrong) != COGO_OK) {
        (void)orc_transition(o, t, LIFE_FAIL,
                             cogo_arena_printf(&o->scratch,
                                               "the worker sent an invalid result: %s: %s",
                                               wrong.pointer, wrong.detail));
        return;
    }
    orc_budget_charge_run(o, t, run, said->result, (int64_t)(took_ns / NS_PER_MS));
    const char *too_large = orc_value_large(said->result->output)
                                ? orc_artifact_refused(o, t, ARTIFACT_OUTPUT, t->lease,
                                                       (int64_t)said->result->output.size_bytes)
                                : NULL;
    if (too_large != NULL) {
        (void)orc_transition(o, t, LIFE_FAIL, too_large);
        return;
    }
    keep_result(o, t, said->result);
    switch (said->result->status) {
    case RESULT_SUCCESS:
        (void)orc_transition(o, t, LIFE_SUCCEED, NULL);
        break;
    case RESULT_PARTIAL:
        (void)orc_transition(o, t, LIFE_PARTIAL, NULL);
        break;
    default:
        // The worker keeps the time itself; a failure that took all of it is a timeout.
        record_failure(o, t, said,
                       said->retryable && took_ns >= (uint64_t)run->timeout_ms * NS_PER_MS);
        break;
    }
    if (life_ended(t->record->state)) {
        orc_artifact_end(o, t);
    }
}

/* The worker leaves: the task is for another one. One that returns what it is offered, and does
 * not say that it drains, is offered less. */
static void take_back(orc *o, orc_task *t, orc_run *run, const instruction_result *said)
{
    const char *why = error_of(o, said->result);
    orc_worker *w = run->worker;
    orc_run_end(o, run);
    o->returned++;
    t->record->attempt--;
    if (orc_transition(o, t, LIFE_RETURN, why)) {
        orc_enqueue(o, t, true);
    }
    if (!w->draining) {
        orc_worker_pause(o, w);
    }
}

void orc_on_result(orc *o, cogo_msg *msg)
{
    const instruction_result *said = cogo_msg_payload(msg);
    cogo_actor_id from = cogo_msg_reply_to(msg);
    orc_run *run = run_of(o, said->lease, said->result == NULL ? NULL : said->result->task_id);
    if (run == NULL || run->task == NULL) {
        o->fenced++;
        acknowledge(o, from, said, false);
        if (run != NULL) {
            orc_run_end(o, run); // It was abandoned; now its slot is free.
        }
        return;
    }
    orc_task *t = run->task;
    if (said->returned) {
        take_back(o, t, run, said);
    } else {
        record_result(o, t, run, said);
        orc_run_end(o, run);
    }
    acknowledge(o, from, said, true);
}
