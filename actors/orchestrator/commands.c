/* What people ask for about one task: cancel and retry. */
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/room.h"

#include <string.h>

static void answer_task(orc *o, cogo_actor_id to, const orc_task *t)
{
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_TASK, t->record), true);
}

void orc_lookup_failed(orc *o, orc_ask *ask, const char *error)
{
    orc_refuse(o, ask->reply_to, 503, "STORE_UNAVAILABLE", "The store does not answer: %s.",
               error);
}

void orc_task_unknown(orc *o, cogo_actor_id to, const char *id)
{
    orc_refuse(o, to, 404, "TASK_NOT_FOUND", "No such task: %.80s.",
               id == NULL ? "(no id)" : id);
}

static void finished(orc *o, cogo_actor_id to, const task *t)
{
    orc_refuse(o, to, 409, "TASK_FINISHED", "The task %s is %s already.", t->task_id,
               task_state_names[t->state]);
}

/* Cancelling twice is the same as once. */
static void cancel(orc *o, orc_ask *ask)
{
    const task_command *command = cogo_msg_payload(ask->request);
    const char *id = command->task_id;
    if (id != NULL && !orc_load_ids(o, ask, (cogo_strings){.items = &id, .count = 1})) {
        return;
    }
    orc_task *t = orc_task_find(o, id);
    if (t == NULL) {
        orc_task_unknown(o, ask->reply_to, id);
    } else if (t->record->state == TASK_CANCELLED) {
        answer_task(o, ask->reply_to, t);
    } else if (life_ended(t->record->state)) {
        finished(o, ask->reply_to, t->record);
    } else {
        const char *reason =
            command->reason == NULL || command->reason[0] == '\0'
                ? "cancelled on request"
                : cogo_arena_printf(&o->scratch, "cancelled on request: %s", command->reason);
        orc_cancel(o, t, reason);
        answer_task(o, ask->reply_to, t);
    }
}

const char *orc_retry_refused(orc *o, const orc_task *t, const char **out_detail)
{
    const task *r = t->record;
    const char *state = task_state_names[r->state];
    if (!life_ended(r->state)) {
        *out_detail = cogo_arena_printf(&o->scratch, "The task %s is %s.", r->task_id, state);
        return "TASK_NOT_FINISHED";
    }
    if (life_succeeded(r->state)) {
        *out_detail = cogo_arena_printf(
            &o->scratch, "The task %s is %s; only others are retried.", r->task_id, state);
        return "TASK_SUCCEEDED";
    }
    for (size_t i = 0; i < r->dependencies.count; i++) {
        const orc_task *on = orc_task_find(o, r->dependencies.items[i]);
        if (on == NULL
            || (life_ended(on->record->state) && !life_succeeded(on->record->state))) {
            *out_detail = cogo_arena_printf(
                &o->scratch, "The task %s depends on %s, which is %s; retry that one first.",
                r->task_id, r->dependencies.items[i],
                on == NULL ? "unknown" : task_state_names[on->record->state]);
            return "DEPENDENCY_FAILED";
        }
    }
    return NULL;
}

void orc_relink(orc *o, orc_task *t)
{
    const cogo_strings *ids = &t->record->dependencies;
    if (ids->count == 0) {
        return;
    }
    orc_task **on = orc_alloc(ids->count * sizeof *on);
    size_t count = 0;
    o->stamp++;
    for (size_t i = 0; i < ids->count; i++) {
        orc_task *other = orc_task_find(o, ids->items[i]);
        if (other != NULL && other->stamp != o->stamp) {
            other->stamp = o->stamp;
            on[count++] = other;
        }
    }
    orc_task_depend(t, on, count);
    orc_free(on);
}

bool orc_retry_load(orc *o, orc_ask *ask, const orc_task *t)
{
    return orc_load_ids(o, ask, t->record->dependencies)
           && (t->record->workflow_id == NULL
               || orc_load_workflow(o, ask, t->record->workflow_id));
}

void orc_retry_begin(orc *o, orc_task *t)
{
    orc_relink(o, t);
    orc_approval_begin(o, t);
    orc_budget_begin(o, t, false);
    (void)orc_transition(o, t, t->unfinished_count > 0 ? LIFE_RENEW_BLOCKED : LIFE_RENEW, NULL);
    if (t->record->state == TASK_QUEUED) {
        orc_enqueue(o, t, false);
    }
}

static void retry(orc *o, orc_ask *ask)
{
    const task_command *command = cogo_msg_payload(ask->request);
    const char *id = command->task_id;
    if (id != NULL && !orc_load_ids(o, ask, (cogo_strings){.items = &id, .count = 1})) {
        return;
    }
    orc_task *t = orc_task_find(o, id);
    if (t == NULL) {
        orc_task_unknown(o, ask->reply_to, id);
        return;
    }
    if (!orc_retry_load(o, ask, t) || orc_unavailable(o, ask->reply_to)) {
        return;
    }
    const char *detail = NULL;
    const char *code = orc_retry_refused(o, t, &detail);
    if (code != NULL) {
        orc_refuse(o, ask->reply_to, 409, code, "%s", detail);
        return;
    }
    orc_journal_flush_all(o);
    orc_retry_begin(o, t);
    orc_journal_flush_all(o);
    answer_task(o, ask->reply_to, t);
}

static void begin(orc *o, cogo_msg *msg, void (*resume)(orc *o, orc_ask *ask))
{
    if (orc_unavailable(o, cogo_msg_reply_to(msg))) {
        return;
    }
    orc_ask *ask = orc_ask_create(o, cogo_msg_reply_to(msg), msg);
    cogo_msg_take(o->ctx, msg);
    ask->resume = resume;
    ask->fail = orc_lookup_failed;
    resume(o, ask);
    orc_ask_leave(o, ask);
}

void orc_on_cancel(orc *o, cogo_msg *msg)
{
    begin(o, msg, cancel);
}

void orc_on_retry(orc *o, cogo_msg *msg)
{
    begin(o, msg, retry);
}
