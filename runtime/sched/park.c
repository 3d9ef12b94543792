/* Sleeping and waking of lanes. An idle system takes no CPU at all: no lane looks around by the
 * clock.
 *
 * Nobody sleeps while there is work (I6):
 *   producer: makes work visible (seq_cst), then reads `searching` and `idle` (seq_cst);
 *   sleeper:  sets its idle bit, then leaves `searching` (both seq_cst), then looks at all
 * queues. In the one order of all seq_cst accesses either the producer sees the bit and no
 * searcher, and wakes; or it sees a searcher, whose leaving comes later and whose last look
 * finds the work; or the sleeper's last look comes after the work was visible.
 * Lanes whose bit is set are left out of that look: such a lane has nothing in its deque. It
 * found that empty before it set the bit, and the bit is cleared (by its waker or itself)
 * before it pushes; who sees the bit looks before that push, whose lane then looks for
 * sleepers. Only what a lane finds in the poller is pushed under its bit: so it looks for
 * sleepers once more when that is cleared. The same holds for spare lanes behind `used`, which
 * is raised before their thread starts. Who is counted in `searching` without taking anything
 * answers for those who relied on it: a waker that found nobody looks again, and a sleeper
 * whose last look found work is a searcher again. tests/model/sleep.pml checks all this for two
 * lanes, and that each part is needed. */
#include "runtime/actor/events.h"
#include "runtime/sched/sched.h"

static uint32_t idle_words(const cogo__sched *sched)
{
    return (sched->lane_count + 63) / 64;
}

/* Takes one idle bit; -1 if there is none. */
static int claim_idle(cogo__sched *sched)
{
    for (uint32_t word = 0; word < idle_words(sched); word++) {
        uint64_t seen = cogo__u64_load_seq_cst(&sched->idle[word]);
        while (seen != 0) {
            uint64_t bit = seen & (~seen + 1);
            if ((cogo__u64_clear_seq_cst(&sched->idle[word], bit) & bit) != 0) {
                return (int)(word * 64) + __builtin_ctzll(bit);
            }
            seen = cogo__u64_load_seq_cst(&sched->idle[word]);
        }
    }
    return -1;
}

static bool any_idle(const cogo__sched *sched)
{
    for (uint32_t word = 0; word < idle_words(sched); word++) {
        if (cogo__u64_load_seq_cst(&sched->idle[word]) != 0) {
            return true;
        }
    }
    return false;
}

static bool work_visible(const cogo__sched *sched)
{
    if (cogo__u32_load_seq_cst(&sched->halt) != 0 || cogo__injector_waits(&sched->fresh)
        || cogo__injector_waits(&sched->spent)) {
        return true;
    }
    for (uint32_t i = 0, used = cogo__lanes_used(sched); i < used; i++) {
        if (!cogo__lane_sleeps(sched, i) && !cogo__deque_empty(&sched->lanes[i].deque)) {
            return true;
        }
    }
    return false;
}

/* While we count a lane as searching and then find none to wake, others make work visible and
 * rely on it: so who takes the last count back looks once more. False: there is such work. */
static bool wake_idle(cogo__sched *sched, cogo_context *here)
{
    (void)cogo__u32_add_seq_cst(&sched->searching, 1); // For the lane that we wake.
    int index = claim_idle(sched);
    if (index < 0) {
        return cogo__u32_add_seq_cst(&sched->searching, UINT32_MAX) != 1 // Minus one.
               || !work_visible(sched);
    }
    cogo__count(sched->system, here, COGO__WAKES, 1);
    COGO__SAW(sched->system, here, WAKE, wake, COGO_NO_ACTOR, 0, (uint32_t)index, 0);
    cogo__lane_wake(&sched->lanes[index]);
    return true;
}

void cogo__wake_one(cogo__sched *sched, cogo_context *here)
{
    bool done = false;
    while (!done && cogo__u32_load_seq_cst(&sched->searching) == 0 && any_idle(sched)) {
        done = wake_idle(sched, here);
    }
}

void cogo__wake_any(cogo__sched *sched, cogo_context *here)
{
    if (!wake_idle(sched, here)) {
        cogo__wake_one(sched, here);
    }
}

void cogo__search_begin(cogo__lane *lane)
{
    if (!lane->searching) {
        lane->searching = true;
        (void)cogo__u32_add_seq_cst(&lane->sched->searching, 1);
        cogo__visit_pause(lane, false);
    }
}

/* Who pushed while we were counted as looking woke nobody: its push comes before our leaving
 * (both seq_cst), so a look after it finds what it left, and only then is somebody woken. */
void cogo__search_end(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    if (!lane->searching) {
        return;
    }
    lane->searching = false;
    if (cogo__u32_add_seq_cst(&sched->searching, UINT32_MAX) == 1 && any_idle(sched)
        && work_visible(sched)) {
        cogo__wake_one(sched, &lane->ctx);
    }
    cogo__visit_work(lane);
}

/* A lane whose LIFO slot holds something while it works, or NULL. */
static cogo__lane *waiting_slot(const cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    for (uint32_t i = 0, used = cogo__lanes_used(sched); i < used; i++) {
        cogo__lane *other = &sched->lanes[i];
        if (i != lane->index && !cogo__lane_sleeps(sched, i)
            && cogo__ptr_load_relaxed(&other->lifo) != NULL) {
            return other;
        }
    }
    return NULL;
}

/* When the lane's first timer wants to fire, a little late so that others may join it. Before
 * a sleep: no ask stays without a timer. */
static uint64_t timer_deadline(cogo__lane *lane, uint64_t now)
{
    cogo__timers *timers = &lane->timers;
    bool all =
        !cogo__young_any(timers) || cogo__young_look(timers, lane->sched->system, now, true);
    uint64_t first = cogo__u64_load_acquire(&timers->first_ns);
    if (!all && (first == 0 || first > now + COGO__YOUNG_RETRY_NS)) {
        return now + COGO__YOUNG_RETRY_NS;
    }
    if (first == 0 || first <= now) {
        return first == 0 ? COGO__FOREVER : now;
    }
    uint64_t slack = (first - now) / COGO__SLACK_SHARE;
    uint64_t most = lane->sched->system->config.timer_slack_ns;
    slack = slack < most ? slack : most;
    return first < UINT64_MAX - slack ? first + slack : first;
}

/* The bit is ours to clear, or a waker has cleared it: then we are counted as searching. */
static void leave_idle(cogo__lane *lane)
{
    uint64_t bit = UINT64_C(1) << lane->index % 64;
    if ((cogo__u64_clear_seq_cst(&lane->sched->idle[lane->index / 64], bit) & bit) == 0) {
        lane->searching = true;
    }
}

/* The bit is set and nothing is to do. What waits in a LIFO slot is its lane's for
 * COGO__LIFO_AGE_NS, so that request and reply stay on one lane; then it is ours. We wait for
 * that age once: if the slot's lane has moved meanwhile it is well, and if it stops moving
 * later the watcher takes over. */
static cogo__cell *sleep_till(cogo__lane *lane, uint64_t now, uint64_t deadline)
{
    const cogo__world *world = lane->sched->system->world;
    cogo__lane *other = lane->patient ? NULL : waiting_slot(lane);
    uint64_t turns = other != NULL ? cogo__u64_load_relaxed(&other->turns) : 0;
    uint64_t age = now + COGO__LIFO_AGE_NS;
    if (other != NULL && (deadline == COGO__FOREVER || deadline > age)) {
        deadline = age;
    }
    lane->patient = true;
    cogo__count(lane->sched->system, &lane->ctx, COGO__PARKS, 1);
    COGO__SAW(lane->sched->system, &lane->ctx, PARK, park, COGO_NO_ACTOR, lane->index, 0, 0);
    cogo__cell *found = NULL;
    if (!cogo__poller_rest(lane, now, deadline, &found)) {
        cogo__world_park(world, &lane->parker, deadline);
    }
    COGO__SAW(lane->sched->system, &lane->ctx, UNPARK, unpark, COGO_NO_ACTOR, lane->index, 0,
              0);
    leave_idle(lane);
    if (lane->searching) {
        cogo__visit_begin(lane); // Somebody woke it.
    } else if (!cogo__deque_empty(&lane->deque)) {
        cogo__wake_one(lane->sched, &lane->ctx); // Who fell asleep meanwhile left it out.
    }
    if (found != NULL || other == NULL || cogo__u64_load_relaxed(&other->turns) != turns
        || cogo__world_now(world) < age || cogo__ptr_load_relaxed(&other->lifo) == NULL) {
        return found;
    }
    found = cogo__ptr_swap_acq_rel(&other->lifo, NULL);
    cogo__count(lane->sched->system, &lane->ctx, COGO__RESCUES, found != NULL);
    return found;
}

/* First half of going to sleep; the caller looks for work after it. */
static void enter_idle(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    cogo__heap_collect(&lane->heap);
    cogo__heap_flush(&lane->heap);
    (void)cogo__u64_or_seq_cst(&sched->idle[lane->index / 64], UINT64_C(1) << lane->index % 64);
    if (lane->searching) {
        lane->searching = false;
        (void)cogo__u32_add_seq_cst(&sched->searching, UINT32_MAX);
    }
}

uint64_t cogo__lane_deadline(cogo__lane *lane, uint64_t now)
{
    lane->trim_ns = cogo__heap_trim(&lane->heap, now); // One wake-up, some time after a flood.
    return cogo__lane_deadline_again(lane, now);
}

uint64_t cogo__lane_deadline_again(cogo__lane *lane, uint64_t now)
{
    uint64_t deadline = timer_deadline(lane, now), trim = lane->trim_ns;
    return trim != 0 && (deadline == COGO__FOREVER || deadline > trim) ? trim : deadline;
}

bool cogo__lane_lie_down(cogo__lane *lane)
{
    enter_idle(lane);
    if (work_visible(lane->sched)) {
        leave_idle(lane);
        return false;
    }
    lane->lying = true;
    return true;
}

void cogo__lane_rise(cogo__lane *lane)
{
    if (lane->lying) {
        lane->lying = false;
        leave_idle(lane);
    }
}

void cogo__lane_park_until(cogo__lane *lane, uint64_t ns)
{
    const cogo__world *world = lane->sched->system->world;
    uint64_t now = cogo__world_now(world);
    uint64_t first = timer_deadline(lane, now);
    uint64_t end = now + ns;
    cogo__world_park(world, &lane->parker, first != COGO__FOREVER && first < end ? first : end);
}

cogo__cell *cogo__lane_park(cogo__lane *lane, uint64_t now)
{
    cogo__sched *sched = lane->sched;
    cogo__cell *found = NULL;
    now = lane->spare || lane->doze.tired ? 0 : now; // These rest first.
    if (lane->spare && cogo__spare_rest(lane)) {
        return NULL;
    }
    cogo__visit_pause(lane, true);
    if (lane->doze.tired && cogo__lane_rest(lane)) {
        return NULL;
    }
    enter_idle(lane);
    now = now != 0 ? now : cogo__world_now(sched->system->world);
    uint64_t deadline = cogo__lane_deadline(lane, now);
    if (!work_visible(sched) && (deadline == COGO__FOREVER || deadline > now)) {
        found = sleep_till(lane, now, deadline);
    } else {
        // Others relied on our search: it goes on, so that finding one thing wakes the next.
        leave_idle(lane);
        cogo__search_begin(lane);
    }
    cogo__watch_arm(sched->system, &sched->watch); // Awake: see watch.c.
    return found;
}
