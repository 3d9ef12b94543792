/* A person has to agree before a task runs. Until then it is blocked, as by a dependency; what
 * was decided is in its record, and so in the journal. */
#include "actors/orchestrator/room.h"

#include <string.h>

static void set(orc_task *t, const approval *now)
{
    void *block = orc_copy(&approval_record, now);
    orc_free(t->approval_block);
    t->approval_block = block;
    t->record->approval = block;
}

bool orc_approval_waits(const task *r)
{
    return r->approval != NULL && r->approval->state != APPROVAL_APPROVED;
}

/* A task that was rejected and is retried is asked about again. */
void orc_approval_begin(orc *o, orc_task *t)
{
    (void)o;
    if (!orc_approval_waits(t->record)) {
        return;
    }
    approval asked = {.prompt = t->record->approval->prompt,
                      .timeout = t->record->approval->timeout,
                      .state = APPROVAL_WAITING};
    set(t, &asked);
    t->unfinished_count++;
}

static void answer(orc *o, cogo_actor_id to, const orc_task *t)
{
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_TASK, t->record), true);
}

static void reject(orc *o, orc_task *t, const approval *now)
{
    const char *by = now->by == NULL ? "" : " by ";
    o->rejected++;
    orc_cancel(o, t,
               cogo_arena_printf(&o->scratch, "rejected%s%s%s%s", by,
                                 now->by == NULL ? "" : now->by, now->note == NULL ? "" : ": ",
                                 now->note == NULL ? "" : now->note));
}

static void decide(orc *o, orc_task *t, const task_decision *said)
{
    approval now = *t->record->approval;
    now.state = said->approve ? APPROVAL_APPROVED : APPROVAL_REJECTED;
    now.by = said->by;
    now.note = said->note;
    now.decided_at = cogo_system_wall_ms(o->system);
    set(t, &now);
    if (!said->approve) {
        reject(o, t, t->record->approval);
        return;
    }
    o->approved++;
    orc_journal_touch(o, t);
    orc_unblock(o, t);
}

/* The same decision twice is one; another one than the first comes too late. */
static void refuse(orc *o, cogo_actor_id to, const orc_task *t, bool approve)
{
    const approval *asked = t->record->approval;
    if (asked == NULL) {
        orc_refuse(o, to, 409, "NO_APPROVAL", "The task %s asks for no approval.",
                   t->record->task_id);
    } else if (asked->state == (approve ? APPROVAL_APPROVED : APPROVAL_REJECTED)) {
        answer(o, to, t);
    } else {
        orc_refuse(o, to, 409, "ALREADY_DECIDED", "The task %s is %s (%s).", t->record->task_id,
                   task_state_names[t->record->state], approval_names[asked->state]);
    }
}

static void resume(orc *o, orc_ask *ask)
{
    const task_decision *said = cogo_msg_payload(ask->request);
    const char *id = said->task_id;
    if (id != NULL && !orc_load_ids(o, ask, (cogo_strings){.items = &id, .count = 1})) {
        return;
    }
    orc_task *t = orc_task_find(o, id);
    if (t == NULL) {
        orc_task_unknown(o, ask->reply_to, id);
    } else if (t->record->state != TASK_BLOCKED || !orc_approval_waits(t->record)) {
        refuse(o, ask->reply_to, t, said->approve);
    } else {
        decide(o, t, said);
        answer(o, ask->reply_to, t);
    }
}

void orc_on_decide(orc *o, cogo_msg *msg)
{
    cogo_actor_id to = cogo_msg_reply_to(msg);
    cogo_record_error error;
    if (orc_unavailable(o, to)) {
        return;
    }
    if (cogo_record_check(&task_decision_record, cogo_msg_payload(msg), &error) != COGO_OK) {
        orc_refuse(o, to, 422, "VALIDATION", "%s: %s", error.pointer, error.detail);
        return;
    }
    orc_ask *ask = orc_ask_create(o, to, msg);
    cogo_msg_take(o->ctx, msg);
    ask->resume = resume;
    ask->fail = orc_lookup_failed;
    resume(o, ask);
    orc_ask_leave(o, ask);
}
