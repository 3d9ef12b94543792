/* Times that end a task whatever it is doing: its own deadline, and how long it may wait
 * for a worker each time. The time of an attempt is kept by dispatch.c. */
#include "actors/orchestrator/room.h"

static void is_due(void *room, void *owner);

/* Wall clock in ms; 0: none. */
static int64_t due_at(const orc_task *t, bool *out_waits)
{
    const task *r = t->record;
    int64_t at = r->deadline;
    bool asks = r->state == TASK_BLOCKED && orc_approval_waits(r) && r->approval->timeout > 0;
    if (asks && (at == 0 || r->created_at + r->approval->timeout < at)) {
        at = r->created_at + r->approval->timeout;
    }
    bool waits = r->state == TASK_QUEUED && r->schedule_timeout > 0 && r->queued_at > 0;
    *out_waits = false;
    if (waits && (at == 0 || r->queued_at + r->schedule_timeout < at)) {
        *out_waits = true;
        at = r->queued_at + r->schedule_timeout;
    }
    return at;
}

void orc_due_arm(orc *o, orc_task *t)
{
    bool waits;
    int64_t at = life_ended(t->record->state) ? 0 : due_at(t, &waits);
    if (at == 0) {
        orc_deadline_clear(&o->deadlines, &t->due);
        return;
    }
    // The wall clock may be set; so it is looked at again before long.
    int64_t left_ms = at - cogo_system_wall_ms(o->system);
    left_ms = left_ms < 0 ? 0 : left_ms > DUE_LOOK_MS ? DUE_LOOK_MS : left_ms;
    t->due.fire = is_due;
    t->due.owner = t;
    orc_deadline_set(&o->deadlines, &t->due,
                     cogo_now_ns(o->ctx) + (uint64_t)left_ms * NS_PER_MS);
}

static void is_due(void *room, void *owner)
{
    orc *o = room;
    orc_task *t = owner;
    bool waits;
    int64_t at = due_at(t, &waits);
    if (at == 0 || cogo_system_wall_ms(o->system) < at) {
        orc_due_arm(o, t);
        return;
    }
    orc_run *run = t->run;
    const char *why = waits ? cogo_arena_printf(&o->scratch, "no worker took it within %lld ms",
                                                (long long)t->record->schedule_timeout)
                      : at == t->record->deadline ? "its deadline has passed"
                                                  : "nobody approved it in time";
    if (orc_transition(o, t, LIFE_EXPIRE, why) && run != NULL) {
        orc_run_abandon(o, run, "timeout");
    }
}
