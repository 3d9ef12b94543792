#include "runtime/actor/guard.h"

#include "runtime/actor/send.h"

#define REFERENCE (UINT64_C(1) << 32)

enum { METERED = 1 << 16, POLICY_SHIFT = 8, BYTE = 0xff, CALM_SHARE = 8 };

static uint64_t name_of(cogo_actor_id id)
{
    return (uint64_t)id.slot << 32 | id.generation;
}

static cogo_actor_id id_of(const cogo_system *system, uint64_t name)
{
    return cogo__id(system, (uint32_t)(name >> 32), (uint32_t)name);
}

static cogo_pressure pressure_of(const cogo__guard *guard)
{
    return (cogo_pressure)(cogo__u32_load_relaxed(&guard->options) & BYTE);
}

static cogo_memory_policy memory_policy_of(const cogo__guard *guard)
{
    return (cogo_memory_policy)(cogo__u32_load_relaxed(&guard->options) >> POLICY_SHIFT & BYTE);
}

static bool metered(const cogo__guard *guard)
{
    return (cogo__u32_load_relaxed(&guard->options) & METERED) != 0;
}

/* --- References. -------------------------------------------------------------------------- */

/* One more reference, unless it is free. `places`: so many of the waiting too, if the limit
 * allows. acq_rel: pairs with the store that made it: owner and limits are those of its actor.
 * seq_cst load: a sender that has queued itself must not read that it is full from before the
 * receiver gave the place back; see wait_for_place(). */
typedef enum hold_result { HELD, FREE, FULL } hold_result;

static hold_result hold(cogo__guard *guard, uint64_t places, uint64_t most)
{
    uint64_t seen = cogo__u64_load_seq_cst(&guard->word);
    do {
        if (seen < REFERENCE) {
            return FREE;
        }
        if ((uint32_t)seen + places > most) {
            return FULL;
        }
    } while (!cogo__u64_cas_acq_rel(&guard->word, &seen, seen + REFERENCE + places));
    return HELD;
}

static void drop(cogo_system *system, cogo__guard *guard, uint64_t places)
{
    while (guard != NULL) {
        uint64_t by = REFERENCE + places;
        if (cogo__u64_add_seq_cst(&guard->word, UINT64_MAX - by + 1) - by >= REFERENCE) {
            return;
        }
        uint32_t above = cogo__u32_load_relaxed(&guard->above);
        cogo__table_give(&system->guards, NULL, guard->index);
        guard = above != 0 ? cogo__guard_at(system, above) : NULL;
        places = 0;
    }
}

static cogo__guard *make(cogo_system *system, cogo_actor_id owner)
{
    uint32_t index = cogo__table_take(&system->guards, NULL);
    if (index == 0) {
        return NULL;
    }
    cogo__guard *guard = cogo__guard_at(system, index);
    guard->index = index;
    guard->own = 0;
    // No waiter is left from before, each had a reference; who released the last place may just
    // be looking for one, under the lock.
    cogo__u64_store_relaxed(&guard->owner, name_of(owner));
    cogo__u32_store_relaxed(&guard->limit, UINT32_MAX);
    cogo__u32_store_relaxed(&guard->options, 0);
    cogo__u64_store_relaxed(&guard->divert, 0);
    cogo__u64_store_relaxed(&guard->wait_ns, COGO__BLOCK_NS);
    cogo__u64_store_relaxed(&guard->bytes, 0);
    cogo__u64_store_relaxed(&guard->bytes_limit, 0);
    cogo__u32_store_relaxed(&guard->above, 0);
    cogo__u32_store_relaxed(&guard->alarmed, 0);
    cogo__u64_store_release(&guard->word, REFERENCE);
    return guard;
}

cogo_err cogo__guard_create(cogo_system *system, const cogo_spawn_options *o,
                            cogo_actor_id owner, uint32_t *out_index)
{
    *out_index = 0;
    if (o->mailbox_limit == 0 && o->memory_limit_bytes == 0) {
        return COGO_OK;
    }
    cogo__guard *guard = make(system, owner);
    if (guard == NULL) {
        return COGO_ELIMIT;
    }
    uint32_t options = (uint32_t)o->pressure | (uint32_t)o->memory_policy << POLICY_SHIFT;
    options |= o->memory_limit_bytes != 0 ? METERED : 0;
    cogo__u32_store_relaxed(&guard->options, options);
    cogo__u32_store_relaxed(&guard->limit,
                            o->mailbox_limit != 0 ? o->mailbox_limit : UINT32_MAX);
    cogo__u64_store_relaxed(&guard->divert, name_of(o->divert_to));
    cogo__u64_store_relaxed(&guard->wait_ns, o->wait_ns != 0 ? o->wait_ns : COGO__BLOCK_NS);
    cogo__u64_store_relaxed(&guard->bytes_limit, o->memory_limit_bytes);
    *out_index = guard->index;
    return COGO_OK;
}

cogo_err cogo__guard_join(cogo_system *system, cogo__cell *cell, cogo_actor_id above_id)
{
    cogo__cell *above_cell = cogo__cell_find(system, above_id);
    uint32_t above = above_cell != NULL ? cogo__u32_load_relaxed(&above_cell->guard) : 0;
    cogo__guard *upper = above != 0 ? cogo__guard_at(system, above) : NULL;
    if (upper == NULL || !metered(upper) || hold(upper, 0, UINT64_MAX) != HELD) {
        return COGO_OK;
    }
    cogo__guard *guard = NULL;
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    if (cogo__u64_load_relaxed(&upper->owner) != name_of(above_id)) {
        drop(system, upper, 0);
        return COGO_OK;
    }
    guard =
        index != 0 ? cogo__guard_at(system, index) : make(system, cogo__cell_id(system, cell));
    if (guard == NULL) {
        drop(system, upper, 0);
        return COGO_ELIMIT;
    }
    uint32_t options = cogo__u32_load_relaxed(&guard->options);
    cogo__u32_store_relaxed(&guard->options, options | METERED);
    cogo__u32_store_relaxed(&guard->above, above);
    cogo__u32_store_relaxed(&cell->guard, guard->index);
    return COGO_OK;
}

/* --- Memory. ------------------------------------------------------------------------------ */

static cogo__guard *above_of(cogo_system *system, const cogo__guard *guard)
{
    uint32_t above = cogo__u32_load_relaxed(&guard->above);
    return above != 0 ? cogo__guard_at(system, above) : NULL;
}

/* Once per crossing: the actor that the limit is of is told, or ended. */
static void alarm_of(cogo_system *system, cogo_context *here, cogo__guard *guard,
                     uint64_t bytes)
{
    if (cogo__u32_load_relaxed(&guard->alarmed) != 0
        || cogo__u32_swap_acq_rel(&guard->alarmed, 1) != 0) {
        return;
    }
    cogo_memory_alarm alarm = {
        .actor = id_of(system, cogo__u64_load_relaxed(&guard->owner)),
        .bytes = bytes,
        .limit_bytes = cogo__u64_load_relaxed(&guard->bytes_limit),
    };
    cogo_memory_policy policy = memory_policy_of(guard);
    cogo__count(system, here, COGO__MEMORY_ALARMS, 1);
    cogo__log(system, COGO_LOG_WARN, "actor %u.%u has %llu bytes, its limit is %llu",
              alarm.actor.slot, alarm.actor.generation, (unsigned long long)bytes,
              (unsigned long long)alarm.limit_bytes);
    if (policy == COGO_MEMORY_KILL) {
        cogo_exit_actor(system, alarm.actor, COGO_EXIT_KILLED, "memory");
    } else if (policy == COGO_MEMORY_WARN) {
        cogo__post(system, here, alarm.actor, COGO_MSG_MEMORY, 0,
                   here != NULL ? here->trace : 0, &alarm, sizeof alarm);
    }
}

/* Adds up the whole way. Not OK, with nothing added: a limit that refuses does not allow it. */
static cogo_err charge(cogo_system *system, cogo_context *here, cogo__guard *guard,
                       uint64_t bytes, bool may_refuse)
{
    for (cogo__guard *at = guard; at != NULL; at = above_of(system, at)) {
        uint64_t limit = cogo__u64_load_relaxed(&at->bytes_limit);
        uint64_t sum = cogo__u64_add_relaxed(&at->bytes, bytes) + bytes;
        if (limit == 0 || sum <= limit) {
            continue;
        }
        alarm_of(system, here, at, sum);
        if (may_refuse && memory_policy_of(at) != COGO_MEMORY_WARN) {
            for (cogo__guard *undo = guard; undo != at; undo = above_of(system, undo)) {
                (void)cogo__u64_add_relaxed(&undo->bytes, UINT64_MAX - bytes + 1);
            }
            (void)cogo__u64_add_relaxed(&at->bytes, UINT64_MAX - bytes + 1);
            return COGO_EFULL;
        }
    }
    return COGO_OK;
}

static void discharge(cogo_system *system, cogo__guard *guard, uint64_t bytes)
{
    for (cogo__guard *at = guard; at != NULL; at = above_of(system, at)) {
        uint64_t limit = cogo__u64_load_relaxed(&at->bytes_limit);
        uint64_t sum = cogo__u64_add_relaxed(&at->bytes, UINT64_MAX - bytes + 1) - bytes;
        if (cogo__u32_load_relaxed(&at->alarmed) != 0 && sum <= limit - limit / CALM_SHARE) {
            cogo__u32_store_relaxed(&at->alarmed, 0);
        }
    }
}

void cogo__guard_note(cogo_system *system, cogo_context *here, cogo__cell *cell, int64_t bytes)
{
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    cogo__guard *guard = index != 0 ? cogo__guard_at(system, index) : NULL;
    if (guard == NULL || !metered(guard)) {
        return;
    }
    if (bytes >= 0) {
        guard->own += (uint64_t)bytes;
        (void)charge(system, here, guard, (uint64_t)bytes, false);
    } else {
        uint64_t less = (uint64_t)-bytes < guard->own ? (uint64_t)-bytes : guard->own;
        guard->own -= less;
        discharge(system, guard, less);
    }
}

/* --- Senders that wait (BLOCK). ----------------------------------------------------------- */

static void wake_waiters(cogo_system *system, cogo__guard *guard, bool all)
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
        wake_waiters(system, guard, false);
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

/* The caller's thread is no lane and holds a reference. The waiter queues, then looks again;
 * the receiver gives a place back, then looks for waiters (all seq_cst): one sees the other.
 * Whoever is woken and finds the place taken queues again. */
static hold_result wait_for_place(cogo_system *system, cogo__guard *guard, const cogo_msg *msg,
                                  uint64_t owner, uint64_t most)
{
    cogo__guard_waiter waiter = {0};
    uint64_t deadline = patience(system, guard, msg);
    hold_result result = FULL;
    for (;;) {
        queue_waiter(system, guard, &waiter);
        if (cogo__cell_find(system, id_of(system, owner)) == NULL) {
            result = FREE;
            break;
        }
        result = hold(guard, 1, most);
        if (result != FULL || cogo__world_now(system->world) >= deadline) {
            break;
        }
        cogo__sched_sleep(system, &waiter.parker, deadline);
    }
    unqueue_waiter(system, guard, &waiter);
    return result;
}

static bool may_wait(void)
{
    return cogo__here == NULL || !cogo__here->is_lane;
}

/* --- A message comes. --------------------------------------------------------------------- */

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
    if (pressure_of(guard) != COGO_PRESSURE_DROP_OLD || limit == UINT32_MAX) {
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
    msg->flags &= (UINT32_C(1) << COGO__MSG_GUARD_SHIFT) - 1;
    if (metered(guard)
        && charge(system, here, guard, cogo__msg_bytes(msg), bounded) != COGO_OK) {
        drop(system, guard, places);
        return refuse(system, here, msg, to, COGO_DEAD_MEMORY);
    }
    msg->flags |= guard->index << COGO__MSG_GUARD_SHIFT;
    msg->flags |= places != 0 ? COGO__MSG_CREDIT : 0;
    msg->flags |= metered(guard) ? COGO__MSG_METERED : 0;
    msg->target = to.generation;
    cogo__put(system, here, cell, msg);
    return COGO_OK;
}

static cogo_err deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                        cogo_actor_id to, cogo_msg *msg, bool bounded, uint32_t hops);

static cogo_err divert(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                       uint64_t next, uint32_t hops)
{
    cogo_actor_id other = id_of(system, next);
    cogo__cell *cell = cogo__cell_find(system, other);
    if (hops == COGO__DIVERT_HOPS_MAX || cell == NULL) {
        return refuse(system, here, msg, to, COGO_DEAD_FULL);
    }
    cogo__count(system, here, COGO__DIVERTED, 1);
    return deliver(system, here, cell, other, msg, true, hops + 1);
}

static cogo_err on_full(cogo_system *system, cogo_context *here, cogo__guard *guard,
                        cogo__cell *cell, cogo_actor_id to, cogo_msg *msg, uint32_t hops)
{
    uint64_t most = most_of(guard);
    uint64_t next = cogo__u64_load_relaxed(&guard->divert);
    cogo_dead_reason why = COGO_DEAD_FULL;
    switch (pressure_of(guard)) {
    case COGO_PRESSURE_DROP_NEW:
    case COGO_PRESSURE_DROP_OLD:
        why = COGO_DEAD_NEW;
        break;
    case COGO_PRESSURE_DIVERT:
        drop(system, guard, 0);
        return divert(system, here, to, msg, next, hops);
    case COGO_PRESSURE_BLOCK:
        if (may_wait()) {
            hold_result result = wait_for_place(system, guard, msg, name_of(to), most);
            drop(system, guard, 0);
            if (result == HELD) {
                return put(system, here, guard, cell, to, msg, 1, true);
            }
            return refuse(system, here, msg, to,
                          result == FREE ? COGO_DEAD_GONE : COGO_DEAD_TIMEOUT);
        }
        break;
    case COGO_PRESSURE_FAIL:
        break;
    }
    drop(system, guard, 0);
    return refuse(system, here, msg, to, why);
}

static cogo_err deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                        cogo_actor_id to, cogo_msg *msg, bool bounded, uint32_t hops)
{
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    // What an actor sends to itself is its own business: refused, it could not go on.
    bool self = here != NULL && cogo_actor_id_equal(here->self, to);
    uint64_t places = bounded && !self;
    if (index == 0) { // A diverted message; or the actor ended just now.
        msg->target = to.generation;
        cogo__put(system, here, cell, msg);
        return COGO_OK;
    }
    cogo__guard *guard = cogo__guard_at(system, index);
    bool limited = cogo__u32_load_relaxed(&guard->limit) != UINT32_MAX;
    places = limited ? places : 0;
    hold_result result = hold(guard, places, places != 0 ? most_of(guard) : UINT64_MAX);
    if (result == FULL && hold(guard, 0, UINT64_MAX) == HELD) {
        if (cogo__u64_load_relaxed(&guard->owner) == name_of(to)) {
            return on_full(system, here, guard, cell, to, msg, hops);
        }
        drop(system, guard, 0);
        result = FREE;
    }
    if (result == HELD && cogo__u64_load_relaxed(&guard->owner) != name_of(to)) {
        drop(system, guard, places);
        result = FREE;
    }
    if (result != HELD) { // It was another actor's guard: ours has ended.
        return refuse(system, here, msg, to, COGO_DEAD_GONE);
    }
    return put(system, here, guard, cell, to, msg, places, bounded && !self);
}

cogo_err cogo__guard_deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                             cogo_actor_id to, cogo_msg *msg, bool bounded)
{
    return deliver(system, here, cell, to, msg, bounded, 0);
}

/* --- A message leaves. -------------------------------------------------------------------- */

bool cogo__guard_release(cogo_system *system, cogo_msg *msg, cogo_dead_reason *out_why)
{
    cogo__guard *guard = cogo__guard_at(system, msg->flags >> COGO__MSG_GUARD_SHIFT);
    uint64_t places = (msg->flags & COGO__MSG_CREDIT) != 0;
    uint64_t waiting = (uint32_t)cogo__u64_load_relaxed(&guard->word);
    bool keep = true;
    if (places != 0 && pressure_of(guard) == COGO_PRESSURE_DROP_OLD
        && waiting > cogo__u32_load_relaxed(&guard->limit)) {
        *out_why = COGO_DEAD_OLD;
        keep = false;
    }
    if ((msg->flags & COGO__MSG_METERED) != 0) {
        uint64_t limit = cogo__u64_load_relaxed(&guard->bytes_limit);
        // What a killed actor left behind must not kill its next incarnation.
        if (limit != 0 && memory_policy_of(guard) == COGO_MEMORY_KILL
            && (msg->flags & (COGO__MSG_RUNTIME | COGO__MSG_ANSWER)) == 0
            && cogo__u64_load_relaxed(&guard->bytes) > limit) {
            *out_why = COGO_DEAD_MEMORY;
            keep = false;
        }
        discharge(system, guard, cogo__msg_bytes(msg));
    }
    msg->flags &= (UINT32_C(1) << COGO__MSG_GUARD_SHIFT) - 1;
    msg->flags &= ~(uint32_t)(COGO__MSG_CREDIT | COGO__MSG_METERED);
    // seq_cst in drop(), then the load: see wait_for_place(). We name the guard no more, but
    // guards are type-stable and a needless wake is harmless.
    drop(system, guard, places);
    if (places != 0 && cogo__u32_load_seq_cst(&guard->waiter_count) != 0) {
        wake_waiters(system, guard, false);
    }
    return keep;
}

void cogo__guard_forget(cogo_system *system, cogo_context *here, cogo__cell *cell)
{
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    cogo__guard *guard = index != 0 ? cogo__guard_at(system, index) : NULL;
    if (guard != NULL && guard->own != 0) {
        cogo__guard_note(system, here, cell, -(int64_t)guard->own);
    }
}

bool cogo__guard_room(cogo_system *system, const cogo__cell *cell)
{
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    const cogo__guard *guard = index != 0 ? cogo__guard_at(system, index) : NULL;
    return guard == NULL
           || (uint32_t)cogo__u64_load_relaxed(&guard->word)
                  < cogo__u32_load_relaxed(&guard->limit);
}

bool cogo__guard_memory(cogo_system *system, const cogo__cell *cell, cogo_actor_id id,
                        uint64_t *out_bytes, uint64_t *out_limit)
{
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    const cogo__guard *guard = index != 0 ? cogo__guard_at(system, index) : NULL;
    if (guard == NULL || !metered(guard)
        || cogo__u64_load_relaxed(&guard->owner) != name_of(id)) {
        return false;
    }
    *out_bytes = cogo__u64_load_relaxed(&guard->bytes);
    *out_limit = cogo__u64_load_relaxed(&guard->bytes_limit);
    return true;
}

void cogo_memory_note(cogo_context *ctx, int64_t bytes)
{
    cogo__guard_note(ctx->system, ctx, ctx->cell, bytes);
}

void cogo__guard_leave(cogo_system *system, cogo_context *here, cogo__cell *cell)
{
    uint32_t index = cogo__u32_load_relaxed(&cell->guard);
    if (index == 0) {
        return;
    }
    cogo__guard *guard = cogo__guard_at(system, index);
    cogo__guard_forget(system, here, cell);
    cogo__u32_store_relaxed(&cell->guard, 0);
    if (cogo__u32_load_seq_cst(&guard->waiter_count) != 0) {
        wake_waiters(system, guard, true);
    }
    drop(system, guard, 0);
}
