/* Stopping a system: ask everyone to end, wait, end them. */
#include "runtime/actor/signals.h"
#include "runtime/sched/sched.h"

enum {
    KILL_NS_MIN = 100000000, // Least time for callbacks to return after KILLED.
    TELL_TRIES = 100,        // To tell one actor while there is no memory,
    TELL_PAUSE_NS = 1000000, // so long after each other.
};

static bool actors_ended(cogo_system *system)
{
    uint64_t n[COGO__COUNTERS];
    cogo__sched_counters(system, n);
    return n[COGO__SPAWNED] == n[COGO__ENDED];
}

static bool offloads_ended(cogo_system *system)
{
    return cogo__offload_threads(&system->sched->offload) == 0;
}

/* Memory may be short just now; what is not told would be waited for in vain. */
static void tell(cogo_system *system, cogo_actor_id id, cogo_exit_kind kind)
{
    cogo__signal signal = {.reason = {.kind = kind, .text = "the system stops"}};
    cogo__parker nap = {0};
    for (int i = 0; i < TELL_TRIES; i++) {
        if (cogo__signal_send(system, NULL, id, COGO__SIG_EXIT, &signal) != COGO_ENOMEM) {
            return;
        }
        cogo__world_park(system->world, &nap, cogo__world_now(system->world) + TELL_PAUSE_NS);
    }
    cogo__log(system, COGO_LOG_ERROR, "out of memory: an actor is not told to end");
}

/* SHUTDOWN goes to the roots: a supervisor ends its children itself, in its order. */
static void signal_all(cogo_system *system, cogo_exit_kind kind, uint32_t except_phase)
{
    uint32_t end = cogo__u32_load_seq_cst(&system->cells.fresh);
    for (uint32_t slot = 1; slot < end; slot++) {
        cogo__cell *cell = cogo__table_at(&system->cells, slot);
        // Who spawned it stored the phase, then took its mailbox or pushed START, then read
        // `stopping` (seq_cst): if that came before us, these two let us see the phase.
        (void)cogo__ptr_load_seq_cst(&cell->box.head);
        (void)cogo__ptr_load_seq_cst(&cell->signals);
        uint32_t phase = cogo__u32_load_acquire(&cell->phase);
        if ((phase & COGO__CELL_USED) != 0 && (phase & except_phase) == 0) {
            cogo_actor_id id =
                cogo__id(system, slot, cogo__u32_load_acquire(&cell->generation));
            tell(system, id, kind);
        }
    }
}

static bool wait_until(cogo_system *system, bool (*ended)(cogo_system *), uint64_t duration_ns)
{
    uint64_t now = cogo__world_now(system->world);
    uint64_t deadline = duration_ns < UINT64_MAX - now ? now + duration_ns : UINT64_MAX;
    while (!ended(system)) {
        if (cogo__world_now(system->world) >= deadline) {
            return false;
        }
        cogo__sched_sleep(system, &system->stopper, deadline);
    }
    return true;
}

void cogo__lanes_join(cogo__sched *sched)
{
    const cogo__world *world = sched->system->world;
    for (uint32_t i = 0; sched->lanes != NULL && i < sched->lane_count; i++) {
        cogo__lane *lane = &sched->lanes[i];
        if (lane->thread != NULL) {
            cogo__lane_wake(lane);
            world->thread_join(world->ctx, lane->thread);
            lane->thread = NULL;
        }
    }
}

/* Caller holds the lock. */
static cogo_err stop(cogo_system *system, uint64_t deadline_ns)
{
    cogo__sched *sched = system->sched;
    (void)cogo__u32_swap_seq_cst(&system->stopping, 1);
    signal_all(system, COGO_EXIT_SHUTDOWN, COGO__CELL_SUPERVISED);
    cogo_err result = COGO_OK;
    uint64_t patience_ns = deadline_ns > KILL_NS_MIN ? deadline_ns : KILL_NS_MIN;
    if (!wait_until(system, actors_ended, deadline_ns)) {
        result = COGO_ETIMEOUT;
        signal_all(system, COGO_EXIT_KILLED, 0);
        if (!wait_until(system, actors_ended, patience_ns)) {
            cogo__log(system, COGO_LOG_ERROR,
                      "a callback did not return: the system is left behind");
            return COGO_EFAULT;
        }
    }
    cogo__offload_close(&sched->offload); // Nobody waits for their results any more.
    if (!wait_until(system, offloads_ended, patience_ns)) {
        cogo__log(system, COGO_LOG_ERROR,
                  "an offloaded function did not return: the system is left behind");
        return COGO_EFAULT;
    }
    cogo__detached_reap(sched, true);
    (void)cogo__u32_swap_seq_cst(&sched->halt, 1);
    cogo__watch_finish(sched); // First: it reads the threads of the lanes.
    cogo__lanes_join(sched);
    return result;
}

cogo_err cogo_system_stop(cogo_system *system, uint64_t deadline_ns)
{
    if (cogo__here != NULL && cogo__here->system == system) {
        return COGO_ESTATE;
    }
    cogo__sched *sched = system->sched;
    cogo__lock_take(&sched->stop_lock);
    if (!sched->stopped) {
        sched->stop_result = stop(system, deadline_ns);
        sched->stopped = true;
    }
    cogo_err result = sched->stop_result;
    cogo__lock_give(&sched->stop_lock);
    return result;
}
