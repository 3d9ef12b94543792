/* Guards from birth to end, and who holds them. */
#include "runtime/actor/guard_parts.h"

/* acq_rel: pairs with the store that made it: owner and limits are those of its actor.
 * seq_cst load: a sender that has queued itself must not read that it is full from before the
 * receiver gave the place back; see cogo__guard_await(). */
cogo__guard_hold_result cogo__guard_hold(cogo__guard *guard, uint64_t places, uint64_t most)
{
    uint64_t seen = cogo__u64_load_seq_cst(&guard->word);
    do {
        if (seen < COGO__GUARD_REFERENCE) {
            return COGO__GUARD_FREE;
        }
        if ((uint32_t)seen + places > most) {
            return COGO__GUARD_FULL;
        }
    } while (
        !cogo__u64_cas_acq_rel(&guard->word, &seen, seen + COGO__GUARD_REFERENCE + places));
    return COGO__GUARD_HELD;
}

void cogo__guard_drop(cogo_system *system, cogo__guard *guard, uint64_t places)
{
    while (guard != NULL) {
        uint64_t by = COGO__GUARD_REFERENCE + places;
        if (cogo__u64_add_seq_cst(&guard->word, UINT64_MAX - by + 1) - by
            >= COGO__GUARD_REFERENCE) {
            return;
        }
        cogo__guard *above = cogo__guard_named(system, &guard->above);
        cogo__table_give(&system->guards, NULL, guard->index);
        guard = above; // Each has a reference to the one above.
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
    cogo__u64_store_relaxed(&guard->owner, cogo__id_word(owner));
    cogo__u32_store_relaxed(&guard->limit, UINT32_MAX);
    cogo__u32_store_relaxed(&guard->options, 0);
    cogo__u64_store_relaxed(&guard->divert, 0);
    cogo__u64_store_relaxed(&guard->wait_ns, COGO__BLOCK_NS);
    cogo__u64_store_relaxed(&guard->bytes, 0);
    cogo__u64_store_relaxed(&guard->bytes_limit, 0);
    cogo__u32_store_relaxed(&guard->above, 0);
    cogo__u32_store_relaxed(&guard->alarmed, 0);
    cogo__u64_store_release(&guard->word, COGO__GUARD_REFERENCE);
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
    uint32_t options =
        (uint32_t)o->pressure | (uint32_t)o->memory_policy << COGO__GUARD_POLICY_SHIFT;
    options |= o->memory_limit_bytes != 0 ? COGO__GUARD_METERED : 0;
    cogo__u32_store_relaxed(&guard->options, options);
    cogo__u32_store_relaxed(&guard->limit,
                            o->mailbox_limit != 0 ? o->mailbox_limit : UINT32_MAX);
    cogo__u64_store_relaxed(&guard->divert, cogo__id_word(o->divert_to));
    cogo__u64_store_relaxed(&guard->wait_ns, o->wait_ns != 0 ? o->wait_ns : COGO__BLOCK_NS);
    cogo__u64_store_relaxed(&guard->bytes_limit, o->memory_limit_bytes);
    *out_index = guard->index;
    return COGO_OK;
}

cogo_err cogo__guard_join(cogo_system *system, cogo__cell *cell, cogo_actor_id above_id)
{
    const cogo__cell *above = cogo__cell_find(system, above_id);
    cogo__guard *upper = above != NULL ? cogo__guard_named(system, &above->guard) : NULL;
    if (upper == NULL || !cogo__guard_metered(upper)
        || cogo__guard_hold(upper, 0, UINT64_MAX) != COGO__GUARD_HELD) {
        return COGO_OK;
    }
    if (cogo__u64_load_relaxed(&upper->owner) != cogo__id_word(above_id)) {
        cogo__guard_drop(system, upper, 0);
        return COGO_OK;
    }
    cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    guard = guard != NULL ? guard : make(system, cogo__cell_id(system, cell));
    if (guard == NULL) {
        cogo__guard_drop(system, upper, 0);
        return COGO_ELIMIT;
    }
    uint32_t options = cogo__u32_load_relaxed(&guard->options);
    cogo__u32_store_relaxed(&guard->options, options | COGO__GUARD_METERED);
    cogo__u32_store_relaxed(&guard->above, upper->index);
    cogo__u32_store_relaxed(&cell->guard, guard->index);
    return COGO_OK;
}

void cogo__guard_leave(cogo_system *system, cogo_context *here, cogo__cell *cell)
{
    cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    if (guard == NULL) {
        return;
    }
    cogo__guard_forget(system, here, cell);
    cogo__u32_store_relaxed(&cell->guard, 0);
    if (cogo__u32_load_seq_cst(&guard->waiter_count) != 0) {
        cogo__guard_wake(system, guard, true);
    }
    cogo__guard_drop(system, guard, 0);
}

bool cogo__guard_room(cogo_system *system, const cogo__cell *cell)
{
    const cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    return guard == NULL
           || (uint32_t)cogo__u64_load_relaxed(&guard->word)
                  < cogo__u32_load_relaxed(&guard->limit);
}
