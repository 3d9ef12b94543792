/* The way from one state to the next: the life table decides, everything that hangs on a state
 * follows here: times, event, journal, queue, waiting clients, dependants. */
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/follow.h"
#include "actors/orchestrator/log.h"
#include "actors/orchestrator/share.h"
#include "actors/orchestrator/spans.h"

#include <string.h>

/* What an event tells besides its type. */
typedef struct transition {
    const char *state;
    int64_t attempt;
    const char *worker_id;
    const char *error;
} transition;

#define F(member, wire, kind_)                       \
    {                                                \
        .name = (wire), .kind = COGO_FIELD_##kind_,  \
        .offset_bytes = offsetof(transition, member) \
    }
static const cogo_field transition_fields[] = {
    F(state, "state", STRING),
    {.name = "attempt",
     .kind = COGO_FIELD_INT,
     .offset_bytes = offsetof(transition, attempt),
     .max = INT64_MAX},
    F(worker_id, "workerId", STRING),
    F(error, "error", STRING),
};
#undef F

static const cogo_record transition_record = {
    .name = "Transition",
    .version = 1,
    .size_bytes = sizeof(transition),
    .fields = transition_fields,
    .field_count = sizeof transition_fields / sizeof *transition_fields,
    .doc = "What happened to a task.",
};

#define X(name, text) "cogo.task." text,
static const char *const event_types[] = {TASK_STATE_MAP(X)};
#undef X

const char *orc_event_type(int32_t state)
{
    return event_types[state];
}

void orc_event_add(orc *o, orc_task *t)
{
    const task *r = t->record;
    transition what = {.state = task_state_names[r->state],
                       .attempt = r->attempt,
                       .worker_id = r->attempt > 0 ? r->worker_id : NULL,
                       .error = r->error};
    cogo_value data = {0};
    if (cogo_record_encode(&transition_record, &what, &o->scratch, &data) != COGO_OK) {
        data = (cogo_value){0}; // Only memory can be short; the type says what happened.
    }
    orc_event *event = orc_alloc(sizeof *event + data.size_bytes);
    event->sequence = ++t->event_sequence;
    event->time = r->updated_at;
    event->state = r->state;
    if (data.size_bytes > 0) {
        memcpy(event + 1, data.data, data.size_bytes);
        event->data =
            (cogo_value){.data = (const uint8_t *)(event + 1), .size_bytes = data.size_bytes};
    }
    if (t->last_event != NULL) {
        t->last_event->next = event;
    } else {
        t->first_event = event;
    }
    t->last_event = event;
    orc_journal_touch(o, t);
    if (orc_followed(o, r->task_id)) {
        task_event told = {.task_id = r->task_id,
                           .sequence = event->sequence,
                           .type = event_types[r->state],
                           .time = event->time,
                           .data = event->data};
        orc_follow_send(o, &told, true);
    }
}

/* Its dependants and waiting clients are served when the handler is over: a chain of tasks must
 * not become a chain of calls. */
static void ended(orc *o, orc_task *t)
{
    t->record->finished_at = t->record->updated_at;
    t->end_unsaved = true;
    o->unfinished_count--;
    orc_deadline_clear(&o->deadlines, &t->backoff);
    t->next_ended = NULL;
    t->ended_listed = true;
    if (o->last_ended != NULL) {
        o->last_ended->next_ended = t;
    } else {
        o->first_ended = t;
    }
    o->last_ended = t;
    if (t->workflow != NULL) {
        t->workflow->ended_count++;
        t->workflow->finished_at =
            t->workflow->ended_count == t->workflow->task_count ? t->record->finished_at : 0;
    }
}

static void renewed(orc *o, orc_task *t, int32_t before)
{
    task *r = t->record;
    o->unfinished_count++;
    o->dead_count -= before == TASK_DEADLETTERED ? 1 : 0;
    r->finished_at = 0;
    r->started_at = 0;
    r->attempt = 0;
    orc_task_set_result(t, NULL);
    orc_task_set_progress(t, NULL);
    orc_task_set_text(&t->worker_block, &r->worker_id, NULL);
    if (t->workflow != NULL) {
        t->workflow->ended_count--;
        t->workflow->finished_at = 0;
    }
}

bool orc_transition(orc *o, orc_task *t, life_event event, const char *reason)
{
    task *r = t->record;
    int32_t before = r->state;
    int64_t since_ms = r->updated_at;
    if (!life_apply(&r->state, event)) {
        return false;
    }
    r->updated_at = cogo_system_wall_ms(o->system);
    orc_task_set_text(&t->error_block, &r->error, reason);
    if (before == TASK_QUEUED) {
        orc_dequeue(o, t);
    }
    if (life_ended(before)) {
        renewed(o, t, before);
    }
    if (r->state == TASK_QUEUED) {
        r->queued_at = r->updated_at;
    } else if (r->state == TASK_RUNNING) {
        r->started_at = r->updated_at;
    }
    if (life_ended(r->state)) {
        ended(o, t);
    }
    orc_spans_moved(o, t, before, since_ms);
    orc_log_task(o, t);
    orc_due_arm(o, t);
    orc_event_add(o, t);
    return true;
}

void orc_cancel(orc *o, orc_task *t, const char *reason)
{
    if (!orc_transition(o, t, LIFE_CANCEL, reason)) {
        return;
    }
    if (t->run != NULL) {
        orc_run_abandon(o, t->run, "cancelled");
    }
}

void orc_unblock(orc *o, orc_task *t)
{
    if (t->unfinished_count > 0 && --t->unfinished_count == 0
        && orc_transition(o, t, LIFE_UNBLOCK, NULL)) {
        orc_enqueue(o, t, false);
    }
}

static void settle_one(orc *o, orc_task *t)
{
    bool succeeded = life_succeeded(t->record->state);
    for (orc_edge *edge = t->dependants; edge != NULL;) {
        // Neither call frees an edge: that happens when the dependant is settled itself.
        orc_task *dependant = edge->dependant;
        edge = edge->next;
        if (succeeded) {
            orc_unblock(o, dependant);
        } else if (!life_ended(dependant->record->state)) {
            orc_cancel(o, dependant,
                       cogo_arena_printf(&o->scratch, "dependency %s is %s", t->record->task_id,
                                         task_state_names[t->record->state]));
        }
    }
    orc_waiter *waiters = t->waiters;
    t->waiters = NULL;
    orc_wait_over(o, waiters);
    orc_workflow *w = t->workflow;
    if (w != NULL && w->ended_count == w->task_count) {
        waiters = w->waiters;
        w->waiters = NULL;
        orc_wait_over(o, waiters);
    }
    orc_budget_end(o, t);
    orc_task_undepend(o, t);
}

void orc_settle(orc *o)
{
    while (o->first_ended != NULL) {
        orc_task *t = o->first_ended;
        o->first_ended = t->next_ended;
        if (o->first_ended == NULL) {
            o->last_ended = NULL;
        }
        t->ended_listed = false;
        settle_one(o, t);
    }
    orc_dispatch(o);
}
