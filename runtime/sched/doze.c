#include "runtime/sched/doze.h"

#include "runtime/sched/sched.h"

static void get_tired(cogo__doze *doze)
{
    uint64_t longer = doze->last_ns != 0 ? doze->last_ns * 2 : COGO__DOZE_NS;
    doze->last_ns = longer < COGO__DOZE_MOST_NS ? longer : COGO__DOZE_MOST_NS;
    doze->tired = true;
}

void cogo__doze_stole(cogo__doze *doze, uint64_t now_ns)
{
    const uint64_t worth = (uint64_t)COGO__STEALS_TRIED * COGO__STEAL_WORTH_NS;
    if (doze->steals_ns != 0 && now_ns - doze->steals_ns < worth) {
        get_tired(doze);
    } else if (doze->steals_ns != 0) {
        doze->last_ns = 0;
    }
    doze->steals = 0;
    doze->steals_ns = now_ns;
}

void cogo__doze_visited(cogo__doze *doze, uint64_t worked_ns, uint64_t worth_ns)
{
    if (worked_ns >= worth_ns) {
        doze->visits = 0;
        doze->last_ns = 0;
    } else if (++doze->visits >= COGO__VISITS_TRIED) {
        doze->visits = COGO__VISITS_TRIED - COGO__VISITS_AGAIN;
        get_tired(doze);
    }
}

void cogo__lane_stole(cogo__lane *lane)
{
    if (++lane->doze.steals >= COGO__STEALS_TRIED || lane->doze.steals_ns == 0) {
        cogo__doze_stole(&lane->doze, cogo__world_now(lane->sched->system->world));
    }
}

/* A lane that is inside a turn: if it still is when the visit ends, then help was needed. */
static void note_stander(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    lane->doze.stander = 0;
    for (uint32_t i = 0; i < sched->lane_count && lane->doze.stander == 0; i++) {
        uint64_t turns = cogo__u64_load_relaxed(&sched->lanes[i].turns);
        if (i != lane->index && turns % 2 != 0) {
            lane->doze.stander = i + 1;
            lane->doze.stand = turns;
        }
    }
}

static bool somebody_stood(const cogo__lane *lane)
{
    uint32_t place = lane->doze.stander;
    return place != 0
           && cogo__u64_load_relaxed(&lane->sched->lanes[place - 1].turns) == lane->doze.stand;
}

static void begin(cogo__lane *lane, uint64_t now)
{
    lane->doze.began_ns = now;
    lane->doze.found_ns = 0;
    lane->doze.worked_ns = 0;
    note_stander(lane);
}

void cogo__visit_begin(cogo__lane *lane)
{
    lane->doze.visiting = lane->sched->regular_count > 1;
    if (lane->doze.visiting) {
        begin(lane, cogo__world_now(lane->sched->system->world));
    }
}

void cogo__visit_work(cogo__lane *lane)
{
    if (lane->doze.visiting) {
        lane->doze.found_ns = cogo__world_now(lane->sched->system->world);
    }
}

void cogo__visit_pause(cogo__lane *lane, bool sleeps)
{
    cogo__doze *doze = &lane->doze;
    if (!doze->visiting) {
        return;
    }
    uint64_t now = cogo__world_now(lane->sched->system->world);
    doze->worked_ns += doze->found_ns != 0 ? now - doze->found_ns : 0;
    doze->found_ns = 0;
    uint64_t lasted = now - doze->began_ns;
    if (sleeps || lasted >= COGO__VISIT_MOST_NS) {
        uint64_t worth = sleeps ? COGO__VISIT_WORTH_NS : lasted / 2;
        cogo__doze_visited(doze, somebody_stood(lane) ? worth : doze->worked_ns, worth);
        begin(lane, now);
    }
    doze->visiting = !sleeps;
}

/* One lane at least does not doze: it is idle, and can be woken, or looks at everything before
 * it is. One word decides. */
static bool others_remain(cogo__sched *sched)
{
    uint32_t dozing = cogo__u32_load_relaxed(&sched->dozing);
    do {
        if (dozing + 1 >= sched->regular_count) {
            return false;
        }
    } while (!cogo__u32_cas_acq_rel(&sched->dozing, &dozing, dozing + 1));
    return true;
}

bool cogo__lane_doze(cogo__lane *lane, uint64_t ns)
{
    cogo__sched *sched = lane->sched;
    if (!others_remain(sched)) {
        return false;
    }
    cogo__heap_flush(&lane->heap);
    cogo__u32_store_relaxed(&lane->rests, 1);
    cogo__search_end(lane); // Who relied on this lane is seen now; later ones wake another.
    cogo__count(sched->system, &lane->ctx, COGO__PARKS, 1);
    cogo__lane_park_until(lane, ns);
    cogo__u32_store_relaxed(&lane->rests, 0);
    (void)cogo__u32_add_relaxed(&sched->dozing, UINT32_MAX); // Minus one.
    cogo__watch_arm(sched->system, &sched->watch);           // Awake: see watch.c.
    return true;
}

static bool another_is_awake(const cogo__lane *lane)
{
    for (uint32_t i = 0; i < lane->sched->lane_count; i++) {
        if (i != lane->index && !cogo__lane_is_quiet(lane->sched, i)) {
            return true;
        }
    }
    return false;
}

bool cogo__lane_rest(cogo__lane *lane)
{
    lane->doze.tired = false;
    lane->doze.steals_ns = 0;
    return another_is_awake(lane) && cogo__lane_doze(lane, lane->doze.last_ns);
}
