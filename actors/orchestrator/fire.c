/* The slots of schedules become tasks. Each is submitted like any other request, with the
 * schedule and the slot as its idempotency key, before the schedule is moved on: whoever leads
 * after a crash submits the same slot again, and gets the task that is there. */
#include "actors/orchestrator/schedule.h"
#include "codec/contract/failpoint.h"

#include <inttypes.h>
#include <string.h>

enum { SUBMIT_MS = 30000, WINDOW_COUNT = 4 };

static void slot_is_due(void *room, void *owner);

static void wait_until(orc *o, orc_schedule *s, int64_t wall_ms)
{
    // The wall clock may be set; so it is looked at again before long.
    int64_t left_ms = wall_ms - cogo_system_wall_ms(o->system);
    left_ms = left_ms < 0 ? 0 : left_ms > SCHEDULE_LOOK_MS ? SCHEDULE_LOOK_MS : left_ms;
    s->deadline.fire = slot_is_due;
    s->deadline.owner = s;
    orc_deadline_set(&o->deadlines, &s->deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)left_ms * NS_PER_MS);
}

void orc_schedule_arm(orc *o, orc_schedule *s, int64_t after_ms)
{
    orc_deadline_clear(&o->deadlines, &s->deadline);
    s->record->next_slot = s->record->paused ? 0 : cron_next(&s->cron, s->zone, after_ms);
    if (s->record->next_slot != 0) {
        wait_until(o, s, s->record->next_slot);
    }
}

/* @p slot is dealt with; the next one follows. */
static void move_on(orc *o, orc_schedule *s, int64_t slot)
{
    s->record->last_slot = slot;
    orc_schedule_arm(o, s, slot);
    orc_schedule_save(o, s);
}

static void again(orc *o, orc_schedule *s)
{
    s->record->next_slot = s->slot;
    s->deadline.fire = slot_is_due;
    s->deadline.owner = s;
    orc_deadline_set(&o->deadlines, &s->deadline,
                     cogo_now_ns(o->ctx) + SCHEDULE_AGAIN_MS * NS_PER_MS);
}

static void submit(orc *o, orc_schedule *s, int64_t slot)
{
    // No client can send such a key: theirs are plain ASCII.
    task_submit request = {
        .instructions = {.items = s->record->instruction, .count = 1},
        .atomic = true,
        .tenant = s->record->tenant,
        .idempotency_key =
            cogo_arena_printf(&o->scratch, "\xc2\xa7%s:%" PRId64, s->record->schedule_id, slot),
        .request_hash = SCHEDULE_KIND};
    s->slot = slot;
    failpoint("orchestrator.slot.before");
    if (cogo_ask(o->ctx, cogo_self(o->ctx),
                 cogo_msg_create_record(o->system, MSG_TASK_SUBMIT, &request),
                 SUBMIT_MS * NS_PER_MS, &s->ask)
        != COGO_OK) {
        s->ask = 0;
        again(o, s);
        return;
    }
    orc_map_put(&o->fires, &s->ask, sizeof s->ask, s);
}

/* The task of an earlier slot is still at work: what does the schedule say? */
static void deal_with(orc *o, orc_schedule *s, int64_t slot)
{
    orc_task *earlier =
        s->record->last_task_id == NULL ? NULL : orc_task_find(o, s->record->last_task_id);
    bool busy = earlier != NULL && !life_ended(earlier->record->state);
    if (busy && s->record->overlap == OVERLAP_SKIP) {
        s->record->skipped++;
        o->slots_skipped++;
        move_on(o, s, slot);
        return;
    }
    if (busy && s->record->overlap == OVERLAP_CANCEL) {
        orc_cancel(o, earlier, "the next slot of its schedule is due");
    }
    submit(o, s, slot);
}

/* The latest slot that is not after @p now; from @p slot on there is one. */
static int64_t latest(const orc_schedule *s, int64_t slot, int64_t now)
{
    static const int64_t windows_ms[WINDOW_COUNT] = {INT64_C(3600000), INT64_C(86400000),
                                                     INT64_C(2764800000), INT64_C(31708800000)};
    int64_t from = slot;
    for (size_t i = 0; i < WINDOW_COUNT; i++) {
        int64_t first = cron_next(&s->cron, s->zone, now - windows_ms[i]);
        if (now - windows_ms[i] > slot && first != 0 && first <= now) {
            from = first;
            break;
        }
    }
    for (int64_t next = from; next != 0 && next <= now;
         next = cron_next(&s->cron, s->zone, next)) {
        from = next;
    }
    return from;
}

/* How many slots from @p slot on are not after @p now; at most SCHEDULE_MISSED_MAX + 1. */
static int64_t count_to(const orc_schedule *s, int64_t slot, int64_t now)
{
    int64_t count = 0;
    while (slot != 0 && slot <= now && count <= SCHEDULE_MISSED_MAX) {
        count++;
        slot = cron_next(&s->cron, s->zone, slot);
    }
    return count;
}

static void miss(orc *o, orc_schedule *s, int64_t count)
{
    s->record->missed_count += count;
    o->slots_missed += (uint64_t)count;
}

/* The slot is long past: nobody led, or nobody could write. */
static void catch_up(orc *o, orc_schedule *s, int64_t now)
{
    int64_t slot = s->record->next_slot;
    int64_t count = count_to(s, slot, now);
    if (s->record->missed == MISSED_SKIP) {
        miss(o, s, count);
        move_on(o, s, latest(s, slot, now));
    } else if (s->record->missed == MISSED_ONCE || count > SCHEDULE_MISSED_MAX) {
        miss(o, s, count - 1);
        deal_with(o, s, latest(s, slot, now));
    } else {
        deal_with(o, s, slot);
    }
}

static void slot_is_due(void *room, void *owner)
{
    orc *o = room;
    orc_schedule *s = owner;
    int64_t now = cogo_system_wall_ms(o->system);
    if (now < s->record->next_slot) {
        wait_until(o, s, s->record->next_slot);
    } else if (o->phase != ORC_READY) {
        s->slot = s->record->next_slot;
        again(o, s);
    } else if (now - s->record->next_slot > SCHEDULE_LATE_MS) {
        catch_up(o, s, now);
    } else {
        deal_with(o, s, s->record->next_slot);
    }
}

static void submitted(orc *o, orc_schedule *s, const task_submitted *answer)
{
    const submit_item *items = answer->items.items;
    const char *id =
        answer->items.count == 0 || items[0].task == NULL ? NULL : items[0].task->task_id;
    orc_task_set_text(&s->task_block, &s->record->last_task_id, id);
    orc_task_set_text(&s->error_block, &s->record->last_error, NULL);
    s->record->submitted++;
    o->slots_submitted++;
    failpoint("orchestrator.slot.submitted");
    move_on(o, s, s->slot);
    failpoint("orchestrator.slot.after");
}

bool orc_fire_answered(orc *o, cogo_msg *msg)
{
    uint64_t number = cogo_msg_ask(msg);
    orc_schedule *s = number == 0 || cogo_msg_type_of(msg) == MSG_TASK_SUBMIT
                          ? NULL
                          : orc_map_take(&o->fires, &number, sizeof number);
    if (s == NULL) {
        return false;
    }
    const problem *why = cogo_msg_type_of(msg) == MSG_PROBLEM ? cogo_msg_payload(msg) : NULL;
    s->ask = 0;
    if (s->gone) {
        orc_schedule_free(o, s);
    } else if (cogo_msg_type_of(msg) == MSG_TASK_SUBMITTED) {
        submitted(o, s, cogo_msg_payload(msg));
    } else if (why == NULL || why->status >= 500) {
        again(o, s); // It may have been done: the key tells.
    } else {
        orc_task_set_text(&s->error_block, &s->record->last_error, why->detail);
        s->record->refused++;
        o->slots_refused++;
        move_on(o, s, s->slot);
    }
    return true;
}
