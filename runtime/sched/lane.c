/* A lane: one thread that runs actors. */
#include "runtime/actor/events.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/life.h"
#include "runtime/sched/sched.h"

static bool push_newest(cogo__lane *lane, cogo__cell *cell)
{
    return lane->sched->lane_count == 1 ? cogo__deque_push_alone(&lane->deque, cell)
                                        : cogo__deque_push(&lane->deque, cell);
}

/* Where there is no room it is behind all others: as what came from outside, it would be taken
 * every few turns, and a tree of actors that are depth first here would become one that is
 * breadth first. */
static void push_local(cogo__lane *lane, cogo__cell *cell)
{
    cogo__sched *sched = lane->sched;
    if (__builtin_expect(!push_newest(lane, cell), 0)
        && (!cogo__deque_grow(&lane->deque, sched->system->config.allocator)
            || !push_newest(lane, cell))) {
        cogo__injector_push(&sched->spent, cell);
    }
    cogo__wake_one(sched, &lane->ctx);
}

/* The newest goes into the LIFO slot: an answer runs next, on this lane, with a warm cache.
 * What was there goes to the deque, for everybody. Only the owner puts, so NULL stays NULL.
 * Nobody is woken for the slot: it is this lane's own until it has waited for an age, and then
 * a lane that looks for work or the watcher takes it (see park.c, watch.c). */
static void put_lifo(cogo__lane *lane, cogo__cell *cell)
{
    cogo__cell *before = NULL;
    if (cogo__ptr_load_relaxed(&lane->lifo) == NULL) {
        cogo__ptr_store_release(&lane->lifo, cell);
    } else {
        before = cogo__ptr_swap_acq_rel(&lane->lifo, cell);
    }
    if (before != NULL) {
        push_local(lane, before);
    }
}

void cogo__sched_ready(cogo_system *system, cogo_context *here, cogo__cell *cell)
{
    // The phase first: the flags are in the line of another lane, maybe.
    if (__builtin_expect((cogo__u32_load_relaxed(&cell->phase) & COGO__CELL_ON_THREAD) != 0, 0)
        && (cell->flags & COGO__ACTOR_DETACHED) != 0) {
        cogo__sched_thread_give(system, cell->extra->thread, cell);
    } else if (here != NULL && here->is_lane) {
        put_lifo(cogo__lane_of(here), cell);
    } else {
        cogo__injector_push(&system->sched->fresh, cell);
        cogo__wake_one(system->sched, here);
    }
}

static cogo__cell *steal(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    lane->random = lane->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t used = cogo__lanes_used(sched), at = (uint32_t)(lane->random >> 33) % used;
    for (uint32_t i = 0; i < used; i++, at = at + 1 < used ? at + 1 : 0) {
        cogo__lane *victim = &sched->lanes[at];
        bool may = victim != lane && !cogo__lane_sleeps(sched, at);
        cogo__cell *cell = may ? cogo__deque_steal(&victim->deque) : NULL;
        if (cell != NULL) {
            cogo__count(sched->system, &lane->ctx, COGO__STEALS, 1);
            COGO__SAW(sched->system, &lane->ctx, STEAL, steal,
                      cogo__cell_id(sched->system, cell), cell->slot, victim->index, 0);
            cogo__lane_stole(lane);
            return cell;
        }
    }
    return NULL;
}

/* What waits gets its turn even if newer work never ends. Arrivals from outside often: a look
 * is two loads, and somebody may be waiting for them. Who used up a turn and what lies at the
 * bottom of the deque: rarely, since these turns may be long. */
static cogo__cell *take_old(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    if (lane->tick % COGO__FAIR_TURNS != 0) {
        return cogo__injector_take(&sched->fresh);
    }
    bool deque_first = lane->tick / COGO__FAIR_TURNS % 2 != 0;
    cogo__cell *cell = deque_first ? cogo__deque_steal(&lane->deque) : NULL;
    cell = cell != NULL ? cell : cogo__injector_take(&sched->spent);
    cell = cell != NULL ? cell : cogo__injector_take(&sched->fresh);
    return cell != NULL ? cell : cogo__deque_steal(&lane->deque);
}

cogo__cell *cogo__lane_take_injected(cogo__lane *lane)
{
    cogo__cell *cell = cogo__injector_take(&lane->sched->fresh);
    return cell != NULL ? cell : cogo__injector_take(&lane->sched->spent);
}

cogo__cell *cogo__lane_take_newest(cogo__lane *lane)
{
    return lane->sched->lane_count == 1 ? cogo__deque_take_alone(&lane->deque)
                                        : cogo__deque_take(&lane->deque);
}

cogo__cell *cogo__lane_take_slot(cogo__lane *lane)
{
    cogo__cell *cell = cogo__ptr_load_relaxed(&lane->lifo);
    if (cell != NULL && lane->sched->lane_count == 1) {
        cogo__ptr_store_relaxed(&lane->lifo, NULL); // Only lanes rescue, and there is no other.
        return cell;
    }
    // A rescuer may have been faster.
    return cell != NULL ? cogo__ptr_swap_acq_rel(&lane->lifo, NULL) : NULL;
}

cogo__cell *cogo__lane_next(cogo__lane *lane)
{
    cogo__cell *cell = NULL;
    if (++lane->tick % COGO__FRESH_TURNS == 0 && (cell = take_old(lane)) != NULL) {
        return cell;
    }
    cell = cogo__lane_take_slot(lane);
    if (cell != NULL) {
        if (++lane->lifo_runs < COGO__LIFO_RUNS_MAX) {
            return cell;
        }
        lane->lifo_runs = 0; // Two that only talk to each other let others in.
        cogo__cell *other = cogo__lane_take_newest(lane);
        other = other != NULL ? other : cogo__lane_take_injected(lane);
        if (other == NULL) {
            return cell;
        }
        push_local(lane, cell);
        return other;
    }
    lane->lifo_runs = 0;
    cell = cogo__lane_take_newest(lane);
    cell = cell != NULL ? cell : cogo__lane_take_injected(lane);
    return cell != NULL || lane->doze.tired ? cell : steal(lane);
}

static void run(cogo__lane *lane, cogo__cell *cell)
{
    cogo__search_end(lane);
    lane->patient = false;
    if (lane->tick % COGO__TIMER_TURNS == 0) {
        cogo__company_note(&lane->company, cell, lane->index);
    }
    lane->floor = cogo__u64_load_relaxed(&lane->deque.bottom);
    cogo__ptr_store_release(&lane->running, cell);
    cogo__u64_bump(&lane->turns, 1);
    cogo__turn_result result = cogo__turn(&lane->ctx, cell);
    cogo__u64_bump(&lane->turns, 1);
    if (result == COGO__TURN_AGAIN) { // Behind all others.
        cogo__injector_push(&lane->sched->spent, cell);
        cogo__wake_one(lane->sched, &lane->ctx);
    }
}

bool cogo__lane_step(cogo__lane *lane)
{
    if (lane->tick % COGO__TIMER_TURNS == 0) {
        (void)cogo__lane_fire_timers(lane);
    }
    cogo__cell *cell = cogo__lane_next(lane);
    if (cell == NULL) {
        (void)cogo__lane_fire_timers(lane);
        cell = cogo__lane_next(lane);
    }
    if (cell != NULL) {
        run(lane, cell);
    }
    return cell != NULL;
}

/* Looks a little longer before the sleep, if that is likely to help: see spin.h. */
static cogo__cell *look_around(cogo__lane *lane, uint64_t *now)
{
    cogo__sched *sched = lane->sched;
    uint32_t most = cogo__u32_load_relaxed(&sched->spins_now);
    uint32_t half = sched->regular_count > 2 ? sched->regular_count / 2 : 1;
    if (most == 0 || cogo__u32_load_relaxed(&sched->searching) > half) {
        return NULL;
    }
    cogo__cell *cell = NULL;
    uint32_t budget = cogo__spin_budget(&lane->spin, most);
    uint32_t used = 0;
    *now = 0; // It is later when this is over.
    while (cell == NULL && used < budget) {
        cogo__cpu_relax();
        cell = cogo__lane_next(lane);
        used++;
    }
    cogo__spin_learn(&lane->spin, used, cell != NULL, most);
    return cell;
}

void cogo__lane_main(void *arg)
{
    cogo__lane *lane = arg;
    cogo__sched *sched = lane->sched;
    cogo__here = &lane->ctx;
    if (sched->system->config.stuck_signal != 0) {
        cogo__stack_listen(sched->system->config.stuck_signal);
    }
    for (;;) {
        if (lane->tick % COGO__TIMER_TURNS == 0) {
            if (lane->spare) {
                (void)cogo__spare_rest(lane);
            }
            cogo__poller_look(lane, cogo__lane_fire_timers(lane));
            if (sched->lane_count > 1 && cogo__company_ripe(&lane->company)) {
                cogo__company_look(lane);
            }
            if (lane->tick % COGO__TRIM_TURNS == 0) {
                (void)cogo__heap_trim(&lane->heap, cogo__world_now(sched->system->world));
            }
        }
        uint64_t now = 0;
        cogo__cell *cell = cogo__lane_next(lane);
        if (cell == NULL) {
            now = cogo__lane_fire_timers(lane);
            cogo__search_begin(lane);
            cell = cogo__lane_next(lane);
            cell = cell != NULL || lane->doze.tired ? cell : look_around(lane, &now);
        }
        if (cell == NULL) {
            // acquire: what was sent before stop() is seen after this, if not by the look
            // before.
            bool halt = cogo__u32_load_acquire(&sched->halt) != 0;
            cell = halt ? cogo__lane_next(lane) : cogo__lane_park(lane, now);
            if (halt && cell == NULL) {
                break;
            }
        }
        if (cell != NULL) {
            run(lane, cell);
        }
    }
    cogo__heap_flush(&lane->heap);
    cogo__here = NULL;
}
