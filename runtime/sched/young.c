#include "runtime/sched/young.h"

static uint64_t later(uint64_t from_ns, uint64_t by_ns)
{
    return by_ns < UINT64_MAX - from_ns ? from_ns + by_ns : UINT64_MAX;
}

/* The phase of the ask of this number; FREE if it is no more. */
static uint32_t phase_of(cogo_system *system, uint64_t number, cogo__ref **out_ref)
{
    *out_ref = cogo__ref_find(&system->refs, number);
    uint64_t state = *out_ref != NULL ? cogo__u64_load_relaxed(&(*out_ref)->state) : 0;
    return cogo__ref_generation(state) == number >> 32 ? cogo__ref_phase(state)
                                                       : COGO__REF_FREE;
}

/* Caller holds the lock, so that who sees the new state finds the timer. False: no memory. */
static bool grow_up(cogo__timers *t, cogo_system *system, uint64_t number, uint64_t now_ns)
{
    cogo__ref *ref = NULL;
    if (phase_of(system, number, &ref) != COGO__REF_YOUNG) {
        return true;
    }
    if (!cogo__timers_room(t)) {
        return false;
    }
    // acquire: the deadline is that of this number. release: who frees it takes the lock then.
    uint64_t seen = cogo__ref_state(number >> 32, COGO__REF_YOUNG);
    if (cogo__u64_cas_acq_rel(&ref->state, &seen,
                              cogo__ref_state(number >> 32, COGO__REF_ARMED))) {
        ref->deadline_ns = later(now_ns, ref->deadline_ns);
        cogo__timers_put(t, ref);
    }
    return true;
}

bool cogo__young_look(cogo__timers *t, cogo_system *system, uint64_t now_ns, bool all)
{
    uint32_t count = cogo__u32_load_relaxed(&t->young_count), kept = 0;
    bool ok = true, locked = false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = cogo__u64_load_relaxed(&t->young[i]);
        cogo__ref *ref = NULL;
        uint32_t phase = phase_of(system, number, &ref);
        // ARMED: a rescuer has it in hand. Who has taken the lock after that sees its timer.
        if (phase != COGO__REF_YOUNG && phase != COGO__REF_ARMED) {
            continue;
        }
        if (i < t->young_seen || all || phase == COGO__REF_ARMED) {
            if (!locked) {
                now_ns = now_ns != 0 ? now_ns : cogo__world_now(system->world);
                cogo__lock_take(&t->lock);
                locked = true;
            }
            if (grow_up(t, system, number, now_ns)) {
                continue;
            }
            ok = false;
        }
        cogo__u64_store_relaxed(&t->young[kept++], number);
    }
    if (locked) {
        cogo__lock_give(&t->lock);
    }
    cogo__u32_store_relaxed(&t->young_count, kept);
    t->young_seen = kept;
    return ok;
}

cogo_err cogo__young_add(cogo__timers *t, cogo_system *system, cogo__ref *ref)
{
    uint32_t count = cogo__u32_load_relaxed(&t->young_count);
    if (count == COGO__YOUNG_MAX) {
        uint64_t now = cogo__world_now(system->world);
        (void)cogo__young_look(t, system, now, false);
        count = cogo__u32_load_relaxed(&t->young_count);
        if (count > COGO__YOUNG_MAX / 2) { // Looking again soon would find the same ones.
            (void)cogo__young_look(t, system, now, true);
            count = cogo__u32_load_relaxed(&t->young_count);
        }
        if (count == COGO__YOUNG_MAX) {
            return COGO_ENOMEM;
        }
    }
    uint64_t generation = cogo__ref_generation(cogo__u64_load_relaxed(&ref->state));
    // release: as in cogo__ref_create().
    cogo__u64_store_release(&ref->state, cogo__ref_state(generation, COGO__REF_YOUNG));
    cogo__u64_store_relaxed(&t->young[count], cogo__ref_number(generation, ref->index));
    cogo__u32_store_relaxed(&t->young_count, count + 1);
    return COGO_OK;
}

/* The lane may move again and change what we read: a number that we miss is the lane's then. */
void cogo__young_rescue(cogo__timers *t, cogo_system *system, uint64_t now_ns)
{
    uint32_t count = cogo__u32_load_relaxed(&t->young_count);
    if (count == 0) {
        return;
    }
    cogo__lock_take(&t->lock);
    for (uint32_t i = 0; i < count; i++) {
        (void)grow_up(t, system, cogo__u64_load_relaxed(&t->young[i]), now_ns);
    }
    cogo__lock_give(&t->lock);
}
