/* Dispatch: waiting tasks and free slots find each other, in memory. An offer does not wait for
 * the store: after a crash the task is simply tried again, and the leases of the next term are
 * greater than any of this one, so a result from before is refused. */
#include "actors/orchestrator/artifact.h"
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/share.h"
#include "actors/orchestrator/spans.h"
#include "actors/orchestrator/sticky.h"

#include <string.h>

static void run_is_due(void *room, void *owner)
{
    orc *o = room;
    orc_run *run = owner;
    if (run->task == NULL) {
        orc_run_end(o, run); // The worker never said that it stopped.
        return;
    }
    orc_task *t = run->task;
    orc_budget_charge(o, t, &(spending){.time = run->timeout_ms});
    orc_run_abandon(o, run, "timeout");
    orc_attempt_failed(
        o, t, true, false,
        cogo_arena_printf(&o->scratch, "no result within %lld ms", (long long)run->timeout_ms));
}

static void link_run(orc_run *run, orc_worker *w, orc_offer *offer)
{
    run->worker = w;
    run->offer = offer;
    run->previous = NULL;
    run->next = w->running;
    if (run->next != NULL) {
        run->next->previous = run;
    }
    w->running = run;
    w->running_count++;
    w->used += offer->own_slots ? 0 : run->slot_cost;
    offer->used += run->slot_cost;
}

static void unlink_run(orc_run *run)
{
    orc_worker *w = run->worker;
    if (run->previous != NULL) {
        run->previous->next = run->next;
    } else {
        w->running = run->next;
    }
    if (run->next != NULL) {
        run->next->previous = run->previous;
    }
    w->running_count--;
    w->used -= run->offer->own_slots ? 0 : run->slot_cost;
    run->offer->used -= run->slot_cost;
}

/* How long the attempt may take, from its offer on. */
static void set_time(orc *o, orc_run *run, uint64_t at_least_until_ns)
{
    const orc_task *t = run->task;
    run->timeout_ms = t->record->timeout > 0            ? t->record->timeout
                      : run->offer->default_timeout > 0 ? run->offer->default_timeout
                                                        : TIMEOUT_DEFAULT_MS;
    int64_t left_ms = orc_budget_time_left(t);
    run->timeout_ms = left_ms > 0 && left_ms < run->timeout_ms ? left_ms : run->timeout_ms;
    uint64_t end_ns =
        run->offered_ns + (uint64_t)(run->timeout_ms + o->config.grace_ms) * NS_PER_MS;
    orc_deadline_set(&o->deadlines, &run->deadline,
                     end_ns > at_least_until_ns ? end_ns : at_least_until_ns);
}

void orc_run_move(orc *o, orc_run *run, orc_worker *w)
{
    orc_offer *offer = orc_worker_offer(w, run->offer->role);
    if (offer == NULL) {
        return;
    }
    bool adrift = run->worker->adrift;
    unlink_run(run);
    link_run(run, w, offer);
    if (adrift && run->task != NULL) { // Only now the role's own timeout is known.
        set_time(o, run, cogo_now_ns(o->ctx) + (uint64_t)o->config.grace_ms * NS_PER_MS);
    }
}

static orc_run *run_create(orc *o, orc_worker *w, orc_offer *offer, orc_task *t, int64_t lease)
{
    orc_run *run = orc_alloc(sizeof *run);
    *run = (orc_run){.lease = lease,
                     .task = t,
                     .deadline = {.fire = run_is_due, .owner = run},
                     .slot_cost = t->line->slot_cost,
                     .offered_ns = cogo_now_ns(o->ctx),
                     .offered_wall = cogo_system_wall_ms(o->system)};
    memcpy(run->task_id, t->record->task_id, strlen(t->record->task_id) + 1);
    link_run(run, w, offer);
    orc_map_put(&o->runs, &run->lease, sizeof run->lease, run);
    return run;
}

void orc_run_resume(orc *o, orc_worker *w, orc_offer *offer, orc_task *t)
{
    orc_run *run = run_create(o, w, offer, t, t->lease);
    int64_t since = t->record->started_at > 0 ? t->record->started_at : t->record->updated_at;
    int64_t past_ms = since > 0 && since < run->offered_wall ? run->offered_wall - since : 0;
    uint64_t past_ns = (uint64_t)past_ms * NS_PER_MS;
    run->offered_wall -= past_ms;
    run->offered_ns = run->offered_ns > past_ns ? run->offered_ns - past_ns : 1;
    t->run = run;
    orc_gates_hold(o, run);
    set_time(o, run, cogo_now_ns(o->ctx) + (uint64_t)o->config.reattach_ms * NS_PER_MS);
}

void orc_run_end(orc *o, orc_run *run)
{
    orc_worker *w = run->worker;
    orc_deadline_clear(&o->deadlines, &run->deadline);
    (void)orc_map_take(&o->runs, &run->lease, sizeof run->lease);
    unlink_run(run);
    if (run->task != NULL) {
        run->task->run = NULL;
    }
    orc_gates_give(o, run);
    orc_free(run);
    orc_worker_hungry(o, w);
}

void orc_run_abandon(orc *o, orc_run *run, const char *reason)
{
    instruction_cancel cancel = {
        .task_id = run->task_id, .lease = run->lease, .reason = reason};
    orc_answer(o, run->worker->actor, MSG_INSTRUCTION_CANCEL, &cancel);
    run->task->run = NULL;
    run->task = NULL;
    orc_deadline_set(&o->deadlines, &run->deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)ABANDONED_MS * NS_PER_MS);
}

/* A full link may have swallowed the first time. */
void orc_run_stop_again(orc *o, const orc_run *run)
{
    if (run->task == NULL) {
        instruction_cancel cancel = {
            .task_id = run->task_id, .lease = run->lease, .reason = "cancelled"};
        orc_answer(o, run->worker->actor, MSG_INSTRUCTION_CANCEL, &cancel);
    }
}

static cogo_records previous_results(orc *o, const orc_task *t)
{
    dependency_result *results =
        cogo_arena_alloc(&o->scratch, (t->edge_count + 1) * sizeof *results);
    size_t count = 0;
    for (size_t i = 0; i < t->edge_count && results != NULL; i++) {
        const task *r = t->edges[i].dependency->record;
        bool missing;
        results[count++] = (dependency_result){
            .task_id = r->task_id,
            .ref = r->ref,
            .role = r->role,
            .status = r->result == NULL ? RESULT_SUCCESS : r->result->status,
            .output = orc_output_of(t->edges[i].dependency, &missing)};
    }
    return (cogo_records){.items = results, .count = count};
}

static cogo_err send_offer(orc *o, const orc_task *t, const orc_run *run)
{
    const task *r = t->record;
    bool missing;
    instruction asked = {.instruction_id = r->instruction_id,
                         .task_id = r->task_id,
                         .role = r->role,
                         .priority = r->priority,
                         .timeout = run->timeout_ms,
                         .dependencies = r->dependencies,
                         .expected_output = r->expected_output,
                         .ref = r->ref,
                         .max_attempts = r->max_attempts,
                         .labels = r->labels,
                         .slot_cost = r->slot_cost};
    role_context context = {.task_id = r->task_id,
                            .input = orc_context_of(t, &missing),
                            .attempt = r->attempt,
                            .deadline = run->offered_wall + run->timeout_ms,
                            .previous_results = previous_results(o, t),
                            .budget = orc_budget_left(o, t),
                            .traceparent = orc_spans_traceparent(o, t, run->lease)};
    instruction_offer offer = {.instruction = &asked,
                               .lease = run->lease,
                               .context = &context,
                               .timeout = run->timeout_ms};
    return cogo_send(o->ctx, run->worker->actor,
                     cogo_msg_create_record(o->system, MSG_INSTRUCTION_OFFER, &offer));
}

/* What was not sent was not offered: the task keeps its place in the line. */
static void take_offer_back(orc *o, orc_run *run, cogo_err err)
{
    orc_worker *w = run->worker;
    run->task->record->attempt--;
    orc_run_end(o, run);
    if (err == COGO_EFULL || err == COGO_ENOMEM || w->actor.node != 0) {
        orc_worker_pause(o, w); // When the link is gone, that will be told in a moment.
    } else {
        orc_worker_lost(o, w, NULL); // Its end is on the way to us.
    }
}

static void offer_task(orc *o, orc_worker *w, orc_task *t)
{
    uint64_t now_ns = cogo_now_ns(o->ctx);
    uint64_t since_ns = t->waiting.since_ns;
    const char *used_up = orc_budget_used_up(o, t);
    if (used_up != NULL) {
        o->exhausted++;
        (void)orc_transition(o, t, LIFE_EXHAUST, used_up);
        return;
    }
    if (orc_artifact_fetch(o, t)) {
        return;
    }
    orc_run *run = run_create(o, w, orc_worker_offer(w, t->line->role), t, o->next_lease++);
    set_time(o, run, 0);
    t->record->attempt++;
    cogo_err err = send_offer(o, t, run);
    if (err != COGO_OK && err != COGO_ELIMIT) {
        take_offer_back(o, run, err);
        return;
    }
    t->run = run;
    orc_gates_take(o, run, t->waiting.group);
    t->lease = run->lease;
    t->record->started_at = 0;
    orc_task_set_text(&t->worker_block, &t->record->worker_id, w->registered->worker_id);
    orc_sticky_placed(o, t->line, w);
    orc_task_set_progress(t, NULL);
    (void)orc_transition(o, t, LIFE_OFFER, NULL);
    metric_histogram_observe(&o->queue_wait, (double)(now_ns - since_ns) / NS_PER_S);
    if (err == COGO_ELIMIT) {
        orc_run_end(o, run);
        (void)orc_transition(o, t, LIFE_FAIL,
                             "context and results of dependencies are too large for one "
                             "message to a worker of another node");
    }
}

/* A group whose limit is used up stands aside, so it is passed once, not each time. */
static orc_task *first_of(orc *o, const orc_line *line, uint64_t now_ns, uint64_t *out_rank)
{
    for (;;) {
        orc_waiting *first = orc_queue_peek(&line->queue, now_ns, out_rank);
        if (first == NULL || orc_group_open(o, first->group)) {
            return (orc_task *)(void *)first;
        }
    }
}

/* Among all that the worker may take, the task that has most right to go first. */
static orc_task *best_for(orc *o, const orc_worker *w, uint64_t now_ns)
{
    orc_task *best = NULL;
    uint64_t best_rank = 0;
    for (size_t i = 0; i < w->offer_count; i++) {
        const orc_role *role = w->offers[i].role;
        for (const orc_line *line = role->lines; line != NULL; line = line->next) {
            uint64_t rank = 0;
            orc_task *t = first_of(o, line, now_ns, &rank);
            if (t != NULL && (best == NULL || rank > best_rank)
                && orc_worker_refuses(w, line, NULL) == REFUSAL_NONE
                && orc_sticky_lets(o, line, t, w)) {
                best = t;
                best_rank = rank;
            }
        }
    }
    return best;
}

/* A slot is free: the task is chosen for it, but another worker may be even less loaded. */
static void feed_worker(orc *o, orc_worker *w)
{
    uint64_t now_ns = cogo_now_ns(o->ctx);
    for (orc_task *t; (t = best_for(o, w, now_ns)) != NULL;) {
        orc_line *line = t->line; // The task may be gone after its offer.
        bool sticky = line->sticky != NULL;
        offer_task(o, orc_place(o, line, t), t);
        if (sticky) { // Its next task may have to wait less long.
            orc_line_hungry(o, line);
        }
    }
}

/* Of all lines with new tasks, the one whose first has most right to go first; NULL: all empty.
 */
static orc_line *hungriest(orc *o, uint64_t now_ns)
{
    orc_line *best = NULL;
    uint64_t best_rank = 0;
    for (orc_line *line = o->hungry; line != NULL; line = line->next_hungry) {
        uint64_t rank = 0;
        if (first_of(o, line, now_ns, &rank) != NULL && (best == NULL || rank > best_rank)) {
            best = line;
            best_rank = rank;
        }
    }
    return best;
}

void orc_worker_hungry(orc *o, orc_worker *w)
{
    if (!w->hungry) {
        w->hungry = true;
        w->next_hungry = o->hungry_workers;
        o->hungry_workers = w;
    }
}

void orc_dispatch(orc *o)
{
    if (o->phase != ORC_READY) {
        return;
    }
    for (orc_worker *w; (w = o->hungry_workers) != NULL;) {
        o->hungry_workers = w->next_hungry;
        w->hungry = false;
        feed_worker(o, w);
    }
    uint64_t now_ns = cogo_now_ns(o->ctx);
    for (orc_line *line; (line = hungriest(o, now_ns)) != NULL;) {
        orc_task *t = first_of(o, line, now_ns, NULL);
        orc_worker *w = t == NULL ? NULL : orc_place(o, line, t);
        if (w == NULL) {
            orc_sticky_arm(o, line, t);
            orc_group_yield(o, t == NULL ? NULL : t->waiting.group);
            orc_line_fed(o, line);
        } else {
            offer_task(o, w, t);
        }
    }
    while (o->hungry != NULL) {
        orc_line_fed(o, o->hungry);
    }
}
