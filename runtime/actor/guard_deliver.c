/* A message comes to an actor with limits, and leaves its mailbox. */
#include "runtime/actor/guard_parts.h"
#include "runtime/actor/send.h"

#define UNGUARDED ((UINT32_C(1) << COGO__MSG_GUARD_SHIFT) - 1) // Flags that name no guard.

static cogo_err refuse(cogo_system *system, cogo_context *here, cogo_msg *msg, cogo_actor_id to,
                       cogo_dead_reason why)
{
    cogo__dead_letter(system, here, msg, to, why);
    cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    return why == COGO_DEAD_NEW ? COGO_OK : cogo__dead_err(why);
}

static uint64_t most_of(const cogo__guard *guard)
{
    uint64_t limit = cogo__u32_load_relaxed(&guard->limit);
    if (cogo__guard_pressure(guard) != COGO_PRESSURE_DROP_OLD || limit == UINT32_MAX) {
        return limit;
    }
    uint64_t slack = limit > COGO__DROP_OLD_SLACK_MIN ? limit : COGO__DROP_OLD_SLACK_MIN;
    return limit + slack < UINT32_MAX ? limit + slack : UINT32_MAX;
}

/* With one reference, and a place if @p places, taken. */
static cogo_err put(cogo_system *system, cogo_context *here, cogo__guard *guard,
                    cogo__cell *cell, cogo_actor_id to, cogo_msg *msg, uint64_t places,
                    bool bounded)
{
    msg->flags &= UNGUARDED;
    if (cogo__guard_metered(guard)
        && cogo__guard_charge(system, here, guard, cogo__msg_bytes(msg), bounded) != COGO_OK) {
        cogo__guard_drop(system, guard, places);
        return refuse(system, here, msg, to, COGO_DEAD_MEMORY);
    }
    msg->flags |= guard->index << COGO__MSG_GUARD_SHIFT;
    msg->flags |= places != 0 ? COGO__MSG_CREDIT : 0;
    msg->flags |= cogo__guard_metered(guard) ? COGO__MSG_METERED : 0;
    msg->target = to.generation;
    cogo__put(system, here, cell, msg);
    return COGO_OK;
}

static cogo_err deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                        cogo_actor_id to, cogo_msg *msg, bool bounded, uint32_t hops);

static cogo_err divert(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                       cogo_actor_id other, uint32_t hops)
{
    cogo__cell *cell = cogo__cell_find(system, other);
    if (hops == COGO__DIVERT_HOPS_MAX || cell == NULL) {
        return refuse(system, here, msg, to, COGO_DEAD_FULL);
    }
    cogo__count(system, here, COGO__DIVERTED, 1);
    return deliver(system, here, cell, other, msg, true, hops + 1);
}

static bool may_wait(void)
{
    return cogo__here == NULL || !cogo__here->is_lane;
}

static cogo_err put_in_time(cogo_system *system, cogo_context *here, cogo__guard *guard,
                            cogo__cell *cell, cogo_actor_id to, cogo_msg *msg)
{
    cogo__guard_hold_result result =
        cogo__guard_await(system, guard, msg, cogo__id_word(to), most_of(guard));
    cogo__guard_drop(system, guard, 0);
    if (result == COGO__GUARD_HELD) {
        return put(system, here, guard, cell, to, msg, 1, true);
    }
    return refuse(system, here, msg, to,
                  result == COGO__GUARD_FREE ? COGO_DEAD_GONE : COGO_DEAD_TIMEOUT);
}

static cogo_err on_full(cogo_system *system, cogo_context *here, cogo__guard *guard,
                        cogo__cell *cell, cogo_actor_id to, cogo_msg *msg, uint32_t hops)
{
    cogo_pressure pressure = cogo__guard_pressure(guard);
    if (pressure == COGO_PRESSURE_BLOCK && may_wait()) {
        return put_in_time(system, here, guard, cell, to, msg);
    }
    uint64_t other = cogo__u64_load_relaxed(&guard->divert);
    cogo__guard_drop(system, guard, 0);
    if (pressure == COGO_PRESSURE_DIVERT) {
        return divert(system, here, to, msg, cogo__word_id(system, other), hops);
    }
    bool drops = pressure == COGO_PRESSURE_DROP_NEW || pressure == COGO_PRESSURE_DROP_OLD;
    return refuse(system, here, msg, to, drops ? COGO_DEAD_NEW : COGO_DEAD_FULL);
}

static cogo_err deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                        cogo_actor_id to, cogo_msg *msg, bool bounded, uint32_t hops)
{
    cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    if (guard == NULL) { // A diverted message; or the actor ended just now.
        msg->target = to.generation;
        cogo__put(system, here, cell, msg);
        return COGO_OK;
    }
    // What an actor sends to itself is its own business: refused, it could not go on.
    bounded = bounded && !(here != NULL && cogo_actor_id_equal(here->self, to));
    bool limited = cogo__u32_load_relaxed(&guard->limit) != UINT32_MAX;
    uint64_t places = bounded && limited;
    cogo__guard_hold_result result =
        cogo__guard_hold(guard, places, places != 0 ? most_of(guard) : UINT64_MAX);
    bool full = result == COGO__GUARD_FULL;
    if (full) {
        places = 0;
        result = cogo__guard_hold(guard, 0, UINT64_MAX); // To see whose it is.
    }
    if (result == COGO__GUARD_HELD
        && cogo__u64_load_relaxed(&guard->owner) == cogo__id_word(to)) {
        return full ? on_full(system, here, guard, cell, to, msg, hops)
                    : put(system, here, guard, cell, to, msg, places, bounded);
    }
    if (result == COGO__GUARD_HELD) {
        cogo__guard_drop(system, guard, places);
    }
    return refuse(system, here, msg, to, COGO_DEAD_GONE); // Ours was given up: its actor ended.
}

cogo_err cogo__guard_deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                             cogo_actor_id to, cogo_msg *msg, bool bounded)
{
    return deliver(system, here, cell, to, msg, bounded, 0);
}

/* Is @p msg to be dropped instead of handled, and for which reason? */
static bool is_dropped(const cogo__guard *guard, const cogo_msg *msg, cogo_dead_reason *out_why)
{
    if ((msg->flags & COGO__MSG_METERED) != 0) {
        uint64_t limit = cogo__u64_load_relaxed(&guard->bytes_limit);
        // What a killed actor left behind must not kill its next incarnation.
        if (limit != 0 && cogo__guard_policy(guard) == COGO_MEMORY_KILL
            && (msg->flags & (COGO__MSG_RUNTIME | COGO__MSG_ANSWER)) == 0
            && cogo__u64_load_relaxed(&guard->bytes) > limit) {
            *out_why = COGO_DEAD_MEMORY;
            return true;
        }
    }
    uint32_t waiting = (uint32_t)cogo__u64_load_relaxed(&guard->word);
    if ((msg->flags & COGO__MSG_CREDIT) != 0
        && cogo__guard_pressure(guard) == COGO_PRESSURE_DROP_OLD
        && waiting > cogo__u32_load_relaxed(&guard->limit)) {
        *out_why = COGO_DEAD_OLD;
        return true;
    }
    return false;
}

bool cogo__guard_release(cogo_system *system, cogo_msg *msg, cogo_dead_reason *out_why)
{
    cogo__guard *guard = cogo__guard_at(system, msg->flags >> COGO__MSG_GUARD_SHIFT);
    uint64_t places = (msg->flags & COGO__MSG_CREDIT) != 0;
    bool keep = !is_dropped(guard, msg, out_why);
    if ((msg->flags & COGO__MSG_METERED) != 0) {
        cogo__guard_discharge(system, guard, cogo__msg_bytes(msg));
    }
    msg->flags &= UNGUARDED & ~(uint32_t)(COGO__MSG_CREDIT | COGO__MSG_METERED);
    // seq_cst in cogo__guard_drop(), then the load: see cogo__guard_await(). We name the guard
    // no more, but guards are type-stable and a needless wake is harmless.
    cogo__guard_drop(system, guard, places);
    if (places != 0 && cogo__u32_load_seq_cst(&guard->waiter_count) != 0) {
        cogo__guard_wake(system, guard, false);
    }
    return keep;
}
