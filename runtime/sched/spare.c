/* Spare lanes: who takes the place of a lane whose callback is stuck.
 *
 * What waits behind a stuck callback is open to other lanes: its deque to thieves, its LIFO
 * slot and its timers by the watcher. But each stuck lane leaves one less to do the work, and
 * when all are stuck none. So while n callbacks are stuck (as the watcher told), n spare lanes
 * work, as far as there are: lanes like others, with a thread of their own that is started at
 * the first call and stays. A callback that gets stuck on a spare lane counts as well.
 *
 * A spare lane that is sent to rest takes part in nothing: it is not idle in the sense of
 * park.c, so that nobody spends a wake on it, and not awake, so that nobody relies on it. What
 * it has goes to the injector; its timers stay, and it wakes for them, to hand on what they
 * made ready. Before that it leaves the searchers as every lane does (cogo__search_end()). */
#include "runtime/sched/sched.h"

#include <stdio.h>

enum { SPARE_NAME_SIZE = 16 };

static bool works(const cogo__lane *lane)
{
    return cogo__u32_load_relaxed(&lane->duty) != 0
           || cogo__u32_load_acquire(&lane->sched->halt) != 0;
}

static void hand_on(cogo__lane *lane)
{
    bool any = false;
    for (;;) {
        cogo__cell *cell = cogo__lane_take_slot(lane);
        cell = cell != NULL ? cell : cogo__lane_take_newest(lane);
        if (cell == NULL) {
            break;
        }
        cogo__injector_push(&lane->sched->fresh, cell);
        any = true;
    }
    if (any) {
        cogo__wake_one(lane->sched, &lane->ctx);
    }
}

bool cogo__spare_rest(cogo__lane *lane)
{
    const cogo__world *world = lane->sched->system->world;
    if (works(lane)) {
        return false;
    }
    cogo__search_end(lane);
    lane->doze.tired = false;
    hand_on(lane);
    cogo__u32_store_relaxed(&lane->rests, 1);
    while (!works(lane)) {
        (void)cogo__lane_fire_timers(lane);
        hand_on(lane);
        cogo__heap_collect(&lane->heap);
        cogo__heap_flush(&lane->heap);
        uint64_t now = cogo__world_now(world);
        uint64_t deadline = cogo__lane_deadline(lane, now);
        if (deadline == COGO__FOREVER || deadline > now) {
            cogo__world_park(world, &lane->parker, deadline);
        }
    }
    cogo__u32_store_relaxed(&lane->rests, 0);
    return true;
}

/* False: there is no thread for it. */
static bool start(cogo__lane *lane)
{
    cogo_system *system = lane->sched->system;
    char name[SPARE_NAME_SIZE];
    (void)snprintf(name, sizeof name, "cogo-spare-%u", lane->index % COGO__LANES_MAX);
    if (cogo__lanes_used(lane->sched) <= lane->index) { // Only the watcher writes it.
        (void)cogo__u32_swap_seq_cst(&lane->sched->used, lane->index + 1);
    }
    cogo__u32_store_relaxed(&lane->rests, 0);
    cogo_err err = system->world->thread_start(system->world->ctx, system->config.allocator,
                                               cogo__lane_main, lane, name, &lane->thread);
    if (err != COGO_OK) {
        cogo__u32_store_relaxed(&lane->rests, 1);
        cogo__log(system, COGO_LOG_ERROR, "no thread for a spare lane: %s", cogo_strerror(err));
    }
    return err == COGO_OK;
}

static void call(cogo__lane *lane, bool on)
{
    cogo_system *system = lane->sched->system;
    if ((cogo__u32_load_relaxed(&lane->duty) != 0) == on) {
        return;
    }
    cogo__u32_store_relaxed(&lane->duty, on);
    if (on && lane->thread == NULL && !start(lane)) {
        cogo__u32_store_relaxed(&lane->duty, 0); // The next look tries again.
        return;
    }
    cogo__count(system, NULL, on ? COGO__SPARES_CALLED : COGO__SPARES_RELEASED, 1);
    cogo__lane_wake(lane);
}

void cogo__spares_call(cogo__sched *sched, uint32_t stuck)
{
    for (uint32_t i = sched->regular_count; i < sched->lane_count; i++) {
        call(&sched->lanes[i], i - sched->regular_count < stuck);
    }
}
