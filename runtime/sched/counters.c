/* What others see of the lanes: who runs, and the sums of all counters. */
#include "runtime/sched/sched.h"

bool cogo__sched_runs(cogo_system *system, const cogo__cell *cell, uint32_t *out_type)
{
    cogo__sched *sched = system->sched;
    for (uint32_t i = 0; i < sched->lane_count; i++) {
        const cogo__lane *lane = &sched->lanes[i];
        // Odd: it is in the turn of who runs.
        if (cogo__u64_load_acquire(&lane->turns) % 2 != 0
            && cogo__ptr_load_acquire(&lane->running) == cell) {
            *out_type = cogo__u32_load_relaxed(&lane->ctx.doing);
            return true;
        }
    }
    return cogo__detached_runs(sched, cell, out_type);
}

void cogo__sched_lane_counters(cogo_system *system, uint32_t lane, uint64_t *out)
{
    const cogo__counters *of = lane < system->sched->lane_count
                                   ? &system->sched->lanes[lane].counters
                                   : &system->shared;
    for (size_t which = 0; which < COGO__COUNTERS; which++) {
        out[which] += cogo__u64_load_relaxed(&of->n[which]); // No consistent cut.
    }
}

void cogo__sched_counters(cogo_system *system, uint64_t *out)
{
    // In this order a count that follows from another is read first: ended before spawned.
    static const cogo__counter first[] = {
        COGO__ENDED,          COGO__HANDLED,         COGO__DEAD,          COGO__TIMERS_GONE,
        COGO__STUCK_RETURNED, COGO__OFFLOAD_REFUSED, COGO__OFFLOAD_TAKEN, COGO__OFFLOAD_ENDED};
    bool done[COGO__COUNTERS] = {false};
    cogo__sched *sched = system->sched;
    for (size_t pass = 0; pass < sizeof first / sizeof *first + COGO__COUNTERS; pass++) {
        size_t which = pass < sizeof first / sizeof *first
                           ? (size_t)first[pass]
                           : pass - sizeof first / sizeof *first;
        if (done[which]) {
            continue;
        }
        done[which] = true;
        out[which] = cogo__u64_load_seq_cst(&system->shared.n[which]); // See cogo__count_end().
        for (uint32_t i = 0; i < sched->lane_count; i++) {
            out[which] += cogo__u64_load_seq_cst(&sched->lanes[i].counters.n[which]);
        }
    }
}
