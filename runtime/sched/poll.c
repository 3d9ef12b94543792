/* A polled system has one lane and no thread for it: whoever polls is that lane meanwhile.
 *
 * Between two polls the lane sleeps in the sense of park.c: its bit is set, and who makes work
 * takes the bit and wakes it, here by ringing the bell. So a burst from a foreign thread costs
 * one write, and none while the host polls or has been told to come back at once. */
#include "runtime/sched/sched.h"

#include <cogo/poll.h>

static cogo__lane *lane_of(const cogo_system *system)
{
    return &system->sched->lanes[0];
}

static bool polled(const cogo_system *system)
{
    return (system->config.flags & COGO_SYSTEM_POLLED) != 0;
}

/* One address per thread: its identity. A thread only asks whether the last one was itself, so
 * `host` is relaxed. */
static void *this_thread(void)
{
    return (void *)&cogo__here;
}

cogo_err cogo__poll_start(cogo__sched *sched)
{
    cogo__ptr_store_relaxed(&sched->host, this_thread());
    (void)cogo__lane_lie_down(&sched->lanes[0]); // Nothing to do yet.
    return cogo__bell_open(&sched->bell);
}

/* The right to be the lane. acquire, release: its state goes from one polling thread to the
 * next. */
static bool begin(cogo__sched *sched, cogo_context **out_before, bool *out_rang)
{
    uint32_t nobody = 0;
    if ((cogo__here != NULL && cogo__here->system == sched->system)
        || cogo__u32_load_acquire(&sched->halt) != 0
        || !cogo__u32_cas_acq_rel(&sched->polling, &nobody, 1)) {
        return false;
    }
    cogo__ptr_store_relaxed(&sched->host, this_thread());
    *out_before = cogo__here; // Polling inside a callback of another system is allowed.
    cogo__here = &sched->lanes[0].ctx;
    *out_rang = cogo__bell_answer(&sched->bell);
    cogo__lane_rise(&sched->lanes[0]);
    return true;
}

static void end(cogo__sched *sched, cogo_context *before)
{
    cogo__here = before;
    cogo__u32_store_release(&sched->polling, 0);
}

/* True if it ended because nothing is ready: the bit is set, and a ring will come. */
static bool run_until(cogo__lane *lane, uint64_t max_ns)
{
    const cogo__world *world = lane->sched->system->world;
    uint64_t start = cogo__world_now(world);
    for (;;) {
        if (!cogo__lane_step(lane) && cogo__lane_lie_down(lane)) {
            return true;
        }
        if (max_ns != UINT64_MAX && cogo__world_now(world) - start >= max_ns) {
            return false;
        }
    }
}

cogo_err cogo_system_poll(cogo_system *system, uint64_t max_ns, uint64_t *out_timeout_ns)
{
    cogo_context *before = NULL;
    bool rang = false;
    if (!polled(system) || !begin(system->sched, &before, &rang)) {
        return COGO_ESTATE;
    }
    (void)run_until(lane_of(system), max_ns);
    if (out_timeout_ns != NULL) {
        *out_timeout_ns = cogo_system_poll_timeout_ns(system);
    }
    end(system->sched, before);
    return COGO_OK;
}

int cogo_system_poll_fd(const cogo_system *system)
{
    return polled(system) ? system->sched->bell.fd : -1;
}

uint64_t cogo_system_poll_timeout_ns(cogo_system *system)
{
    if (!polled(system)) {
        return UINT64_MAX;
    }
    if (!cogo__lane_sleeps(system->sched, 0)) {
        return 0; // Its time was over before its work, or somebody has claimed the bit.
    }
    uint64_t now = cogo__world_now(system->world);
    uint64_t deadline = cogo__lane_deadline(lane_of(system), now);
    return deadline == COGO__FOREVER ? UINT64_MAX : deadline > now ? deadline - now : 0;
}

void cogo__sched_sleep(cogo_system *system, cogo__parker *parker, uint64_t deadline_ns)
{
    cogo__sched *sched = system->sched;
    cogo_context *before = NULL;
    bool rang = false;
    if (!polled(system) || cogo__ptr_load_relaxed(&sched->host) != this_thread()
        || !begin(sched, &before, &rang)) {
        cogo__world_park(system->world, parker, deadline_ns);
        return;
    }
    uint64_t turns = cogo__u64_load_relaxed(&sched->lanes[0].turns);
    bool idle = run_until(&sched->lanes[0], 0);
    bool moved = cogo__u64_load_relaxed(&sched->lanes[0].turns) != turns;
    uint64_t timeout = idle ? cogo_system_poll_timeout_ns(system) : 0;
    end(sched, before);
    // What the caller waits for may be there after a turn, and behind the ring that we heard.
    if (!moved && !rang && timeout != 0) {
        uint64_t now = cogo__world_now(system->world);
        uint64_t left = deadline_ns == COGO__FOREVER ? UINT64_MAX
                        : deadline_ns > now          ? deadline_ns - now
                                                     : 0;
        cogo__bell_wait(&sched->bell, timeout < left ? timeout : left);
    }
}

void cogo__sched_wake(cogo_system *system, cogo__parker *parker)
{
    cogo__world_wake(system->world, parker);
    if (polled(system)) {
        cogo__bell_ring(&system->sched->bell); // The host sleeps at its bell.
    }
}

void cogo__lane_wake(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    if (polled(sched->system)) {
        cogo__bell_ring(&sched->bell);
    } else {
        cogo__world_wake(sched->system->world, &lane->parker);
        cogo__poller_ring(lane);
    }
}
