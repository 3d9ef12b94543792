#include "runtime/sched/company.h"

#include "runtime/sched/sched.h"

bool cogo__company_doubts(const cogo__company *company, uint64_t now_ns, cogo__pace own,
                          uint64_t others)
{
    bool strange = company->moved * COGO__COMPANY_MOVED >= company->samples;
    bool quick = own.ns < own.handled * COGO__STEAL_WORTH_NS;
    // Others that do not move now would not do our work either.
    bool company_works = others * COGO__COMPANY_MOVED >= own.handled;
    return strange && quick && company_works && now_ns >= company->not_before_ns;
}

void cogo__company_learn(cogo__company *company, uint64_t now_ns, cogo__pace before,
                         cogo__pace without)
{
    uint64_t out = company->out_ns != 0 ? company->out_ns : COGO__DOZE_NS;
    // Both are of few milliseconds: no product of the two comes near the limit.
    if (without.handled * before.ns >= before.handled * without.ns) {
        company->out_ns = out * 2 < COGO__DOZE_MOST_NS ? out * 2 : COGO__DOZE_MOST_NS;
        company->misses = 0;
        return;
    }
    uint64_t stay = (uint64_t)COGO__COMPANY_RETRY * COGO__DOZE_NS;
    company->not_before_ns = now_ns + (stay << company->misses);
    company->misses += company->misses < COGO__COMPANY_RETRY_MOST;
    company->out_ns = 0;
}

static uint64_t handled_by(const cogo__lane *lane)
{
    return cogo__u64_load_relaxed(&lane->counters.n[COGO__HANDLED]);
}

static uint64_t handled_by_all(const cogo__sched *sched)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < sched->lane_count; i++) {
        sum += handled_by(&sched->lanes[i]);
    }
    return sum;
}

static void begin_again(cogo__lane *lane, uint64_t now)
{
    cogo__company *company = &lane->company;
    company->samples = company->moved = 0;
    company->since_ns = now;
    company->own = handled_by(lane);
    company->all = handled_by_all(lane->sched);
}

/* Behind all others, in the order in which it would have run them. */
static void give_away(cogo__lane *lane)
{
    cogo__cell *cell = cogo__lane_take_slot(lane);
    for (; cell != NULL; cell = cogo__lane_take_newest(lane)) {
        cogo__injector_push(&lane->sched->spent, cell);
    }
    cogo__wake_one(lane->sched, &lane->ctx);
}

void cogo__company_look(cogo__lane *lane)
{
    cogo__sched *sched = lane->sched;
    cogo__company *company = &lane->company;
    uint64_t now = cogo__world_now(sched->system->world);
    cogo__pace own = {handled_by(lane) - company->own, now - company->since_ns};
    cogo__pace before = {handled_by_all(sched) - company->all, own.ns};
    uint32_t nobody = 0;
    if (company->since_ns != 0
        && cogo__company_doubts(company, now, own, before.handled - own.handled)
        && cogo__u32_load_relaxed(&sched->halt) == 0
        && cogo__u32_cas_acq_rel(&sched->out, &nobody, 1)) {
        give_away(lane);
        uint64_t all = handled_by_all(sched);
        bool out =
            cogo__lane_doze(lane, company->out_ns != 0 ? company->out_ns : COGO__DOZE_NS);
        uint64_t back = cogo__world_now(sched->system->world);
        cogo__pace without = {handled_by_all(sched) - all, back - now};
        cogo__u32_store_release(&sched->out, 0);
        if (out) {
            cogo__company_learn(company, back, before, without);
        }
        now = back;
    }
    begin_again(lane, now);
}
