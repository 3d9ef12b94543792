/* Timers and asks of actors, as lanes have them: each in the heap of the lane that it was armed
 * on, or among its young ones. */
#include "runtime/sched/sched.h"

uint64_t cogo__lane_fire_timers(cogo__lane *lane)
{
    cogo__timers *timers = &lane->timers;
    cogo_system *system = lane->sched->system;
    if (cogo__young_any(timers)) {
        (void)cogo__young_look(timers, system, 0, false);
    }
    if (cogo__u64_load_relaxed(&timers->first_ns) == 0) {
        return 0;
    }
    uint64_t now = cogo__world_now(system->world);
    cogo__timers_fire(timers, system, &lane->ctx, now);
    return now;
}

cogo_err cogo__sched_timer_arm(cogo_system *system, cogo_context *here, cogo__ref *ref)
{
    bool on_lane = here != NULL && here->is_lane;
    cogo__sched *sched = system->sched;
    // A thread of its own has no heap: its timers are spread over the lanes.
    cogo__lane *lane =
        on_lane ? cogo__lane_of(here) : &sched->lanes[ref->index % sched->regular_count];
    bool first = false;
    ref->lane = lane->index;
    cogo__count(system, here, COGO__TIMERS_ARMED, 1); // Another thread may fire it at once.
    cogo_err err = cogo__timers_add(&lane->timers, ref, &first);
    if (err != COGO_OK) {
        cogo__count(system, here, COGO__TIMERS_GONE, 1);
    } else if (first && !on_lane) {
        cogo__lane_wake(lane); // It sleeps for another deadline.
    }
    return err;
}

cogo_err cogo__sched_ask_arm(cogo_system *system, cogo_context *here, cogo__ref *ref,
                             uint64_t timeout_ns)
{
    if (!here->is_lane || timeout_ns < COGO__YOUNG_LEAST_NS) {
        uint64_t now = cogo__world_now(system->world);
        ref->deadline_ns = timeout_ns < UINT64_MAX - now ? now + timeout_ns : UINT64_MAX;
        return cogo__sched_timer_arm(system, here, ref);
    }
    cogo__lane *lane = cogo__lane_of(here);
    ref->lane = lane->index;
    ref->deadline_ns = timeout_ns;
    cogo__count(system, here, COGO__TIMERS_ARMED, 1); // The watcher may find it at once.
    cogo_err err = cogo__young_add(&lane->timers, system, ref);
    if (err != COGO_OK) {
        cogo__count(system, here, COGO__TIMERS_GONE, 1);
    }
    return err;
}

void cogo__sched_timer_disarm(cogo_system *system, cogo_context *here, cogo__ref *ref)
{
    // acquire: whoever gave it a timer holds the lock since before that.
    uint64_t state = cogo__u64_load_acquire(&ref->state);
    uint64_t generation = cogo__ref_generation(state);
    if (cogo__ref_phase(state) == COGO__REF_YOUNG
        && cogo__u64_cas_acq_rel(&ref->state, &state,
                                 cogo__ref_state(generation, COGO__REF_USED_YOUNG))) {
        state = cogo__ref_state(generation, COGO__REF_USED_YOUNG);
    }
    if (cogo__ref_phase(state) == COGO__REF_USED_YOUNG
        || cogo__timers_remove(&system->sched->lanes[ref->lane].timers, ref)) {
        cogo__count(system, here, COGO__TIMERS_GONE, 1);
    }
}
