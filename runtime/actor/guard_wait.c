/* Senders that wait for a place at an actor whose pressure is BLOCK. */
#include "runtime/actor/guard_parts.h"
#include "runtime/actor/send.h"

static void queue_waiter(cogo_system *system, cogo__guard *guard, cogo__guard_waiter *waiter)
{
    cogo__lock_take(&system->guard_lock);
    if (!waiter->queued) {
        waiter->queued = true;
        waiter->next = NULL;
        if (guard->last != NULL) {
            guard->last->next = waiter;
        } else {
            guard->first = waiter;
        }
        guard->last = waiter;
        (void)cogo__u32_add_seq_cst(&guard->waiter_count, 1);
    }
    cogo__lock_give(&system->guard_lock);
}

void cogo__guard_wake(cogo_system *system, cogo__guard *guard, bool all)
{
    cogo__lock_take(&system->guard_lock);
    cogo__guard_waiter *waiter = guard->first;
    while (waiter != NULL) {
        guard->first = waiter->next;
        guard->last = guard->first != NULL ? guard->last : NULL;
        cogo__u32_store_relaxed(&guard->waiter_count,
                                cogo__u32_load_relaxed(&guard->waiter_count) - 1);
        waiter->queued = false;
        cogo__sched_wake(system, &waiter->parker); // Under the lock: it is still there.
        waiter = all ? guard->first : NULL;
    }
    cogo__lock_give(&system->guard_lock);
}

static void unqueue_waiter(cogo_system *system, cogo__guard *guard, cogo__guard_waiter *waiter)
{
    cogo__lock_take(&system->guard_lock);
    cogo__guard_waiter *before = NULL;
    for (cogo__guard_waiter *at = guard->first; waiter->queued && at != NULL; at = at->next) {
        if (at == waiter) {
            guard->first = before == NULL ? at->next : guard->first;
            if (before != NULL) {
                before->next = at->next;
            }
            guard->last = guard->last == at ? before : guard->last;
            cogo__u32_store_relaxed(&guard->waiter_count,
                                    cogo__u32_load_relaxed(&guard->waiter_count) - 1);
            break;
        }
        before = at;
    }
    bool woken = !waiter->queued;
    cogo__lock_give(&system->guard_lock);
    if (woken) { // The wake may have been meant for a place that we do not take.
        cogo__guard_wake(system, guard, false);
    }
}

static uint64_t patience(cogo_system *system, const cogo__guard *guard, const cogo_msg *msg)
{
    uint64_t now = cogo__world_now(system->world);
    uint64_t wait = cogo__u64_load_relaxed(&guard->wait_ns);
    uint64_t deadline = wait < UINT64_MAX - now ? now + wait : UINT64_MAX;
    if ((msg->flags & COGO__MSG_REQUEST) != 0) { // Its asker does not wait for longer.
        cogo__ref *ref = cogo__ref_find(&system->refs, msg->ask);
        // One that is passed on is left alone: a lane may have its deadline in hand just now.
        bool own = ref != NULL
                   && (cogo__u32_load_relaxed(&ref->kind) == COGO__REF_WAITER
                       || cogo_actor_id_equal(cogo__ref_owner(system, ref), msg->sender));
        if (own && ref->deadline_ns != 0 && ref->deadline_ns < deadline) {
            deadline = ref->deadline_ns;
        }
    }
    return deadline;
}

/* The waiter queues, then looks again; the receiver gives a place back, then looks for
 * waiters (all seq_cst): one sees the other. Whoever is woken and finds the place taken
 * queues again. */
cogo__guard_hold_result cogo__guard_await(cogo_system *system, cogo__guard *guard,
                                          const cogo_msg *msg, uint64_t owner, uint64_t most)
{
    cogo__guard_waiter waiter = {0};
    uint64_t deadline = patience(system, guard, msg);
    cogo__guard_hold_result result = COGO__GUARD_FULL;
    for (;;) {
        queue_waiter(system, guard, &waiter);
        if (cogo__cell_find(system, cogo__word_id(system, owner)) == NULL) {
            result = COGO__GUARD_FREE;
            break;
        }
        result = cogo__guard_hold(guard, 1, most);
        if (result != COGO__GUARD_FULL || cogo__world_now(system->world) >= deadline) {
            break;
        }
        cogo__sched_sleep(system, &waiter.parker, deadline);
    }
    unqueue_waiter(system, guard, &waiter);
    return result;
}
