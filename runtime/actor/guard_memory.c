/* The bytes of actors with a limit, and of all below them: messages that wait, and what is
 * noted. */
#include "runtime/actor/guard_parts.h"
#include "runtime/actor/send.h"

enum { CALM_SHARE = 8 }; // An alarm is over when this share of the limit is free again.

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
        .actor = cogo__word_id(system, cogo__u64_load_relaxed(&guard->owner)),
        .bytes = bytes,
        .limit_bytes = cogo__u64_load_relaxed(&guard->bytes_limit),
    };
    cogo_memory_policy policy = cogo__guard_policy(guard);
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

cogo_err cogo__guard_charge(cogo_system *system, cogo_context *here, cogo__guard *guard,
                            uint64_t bytes, bool may_refuse)
{
    for (cogo__guard *at = guard; at != NULL; at = above_of(system, at)) {
        uint64_t limit = cogo__u64_load_relaxed(&at->bytes_limit);
        uint64_t sum = cogo__u64_add_relaxed(&at->bytes, bytes) + bytes;
        if (limit == 0 || sum <= limit) {
            continue;
        }
        alarm_of(system, here, at, sum);
        if (may_refuse && cogo__guard_policy(at) != COGO_MEMORY_WARN) {
            for (cogo__guard *undo = guard; undo != at; undo = above_of(system, undo)) {
                (void)cogo__u64_add_relaxed(&undo->bytes, UINT64_MAX - bytes + 1);
            }
            (void)cogo__u64_add_relaxed(&at->bytes, UINT64_MAX - bytes + 1);
            return COGO_EFULL;
        }
    }
    return COGO_OK;
}

void cogo__guard_discharge(cogo_system *system, cogo__guard *guard, uint64_t bytes)
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
    cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    if (guard == NULL || !cogo__guard_metered(guard)) {
        return;
    }
    if (bytes >= 0) {
        guard->own += (uint64_t)bytes;
        (void)cogo__guard_charge(system, here, guard, (uint64_t)bytes, false);
    } else {
        uint64_t less = (uint64_t)-bytes < guard->own ? (uint64_t)-bytes : guard->own;
        guard->own -= less;
        cogo__guard_discharge(system, guard, less);
    }
}

void cogo__guard_forget(cogo_system *system, cogo_context *here, cogo__cell *cell)
{
    cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    if (guard != NULL && guard->own != 0) {
        cogo__guard_note(system, here, cell, -(int64_t)guard->own);
    }
}

bool cogo__guard_memory(cogo_system *system, const cogo__cell *cell, cogo_actor_id id,
                        uint64_t *out_bytes, uint64_t *out_limit)
{
    const cogo__guard *guard = cogo__guard_named(system, &cell->guard);
    if (guard == NULL || !cogo__guard_metered(guard)
        || cogo__u64_load_relaxed(&guard->owner) != cogo__id_word(id)) {
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
