/* Clients that wait for an end. */
#include "actors/orchestrator/room.h"

static void answer(orc *o, const orc_waiter *waiter)
{
    cogo_msg *msg =
        waiter->task != NULL
            ? cogo_msg_create_record(o->system, MSG_TASK, waiter->task->record)
            : cogo_msg_create_record(o->system, MSG_WORKFLOW,
                                     orc_workflow_record(o, waiter->workflow, true));
    orc_outbox_put(o, waiter->reply_to, msg, true);
}

static void over(orc *o, orc_waiter *waiter)
{
    orc_deadline_clear(&o->deadlines, &waiter->deadline);
    o->waiter_count--;
    orc_free(waiter);
}

void orc_wait_over(orc *o, orc_waiter *first)
{
    while (first != NULL) {
        orc_waiter *next = first->next;
        answer(o, first);
        over(o, first);
        first = next;
    }
}

/* It is told how things are now. */
static void timed_out(void *room, void *owner)
{
    orc *o = room;
    orc_waiter *waiter = owner;
    orc_waiter **list =
        waiter->task != NULL ? &waiter->task->waiters : &waiter->workflow->waiters;
    if (!orc_unavailable(o, waiter->reply_to)) {
        answer(o, waiter);
    }
    if (waiter->previous != NULL) {
        waiter->previous->next = waiter->next;
    } else {
        *list = waiter->next;
    }
    if (waiter->next != NULL) {
        waiter->next->previous = waiter->previous;
    }
    over(o, waiter);
}

bool orc_wait(orc *o, cogo_actor_id reply_to, orc_task *t, orc_workflow *w, int64_t wait_ms)
{
    if (o->waiter_count >= WAITERS_MAX) {
        return false;
    }
    orc_waiter **list = t != NULL ? &t->waiters : &w->waiters;
    int64_t limited_ms = wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
    orc_waiter *waiter = orc_alloc(sizeof *waiter);
    *waiter = (orc_waiter){.reply_to = reply_to,
                           .task = t,
                           .workflow = w,
                           .next = *list,
                           .deadline = {.fire = timed_out, .owner = waiter}};
    if (*list != NULL) {
        (*list)->previous = waiter;
    }
    *list = waiter;
    o->waiter_count++;
    orc_deadline_set(&o->deadlines, &waiter->deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)limited_ms * NS_PER_MS);
    return true;
}

void orc_wait_fail(orc *o)
{
    size_t cursor = 0;
    for (orc_task *t; (t = orc_map_next(&o->tasks, &cursor)) != NULL;) {
        orc_waiter *waiters = t->waiters;
        t->waiters = NULL;
        orc_wait_over(o, waiters);
    }
    cursor = 0;
    for (orc_workflow *w; (w = orc_map_next(&o->workflows, &cursor)) != NULL;) {
        orc_waiter *waiters = w->waiters;
        w->waiters = NULL;
        orc_wait_over(o, waiters);
    }
}
