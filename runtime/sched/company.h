/* Company: whether a lane is of use to the others. Used by the lane between turns.
 * Never leaves work undone: who leaves for a while gives what it has to the others.
 *
 * Actors that talk to each other by chance draw each other to and fro between lanes, and each
 * move takes some cache lines along: two lanes may then do less than one. Nobody can know that
 * beforehand, so it is tried. A lane looks at the actor of every 16th turn: has another lane
 * run it at its last such look? If a quarter of them came from elsewhere and messages take
 * less than COGO__STEAL_WORTH_NS each, one lane at a time gives its actors away and stays out
 * for COGO__DOZE_NS. If the others handled as many messages alone, it stays out again, twice as
 * long, up to COGO__DOZE_MOST_NS at a time; if not, it does not try again for a while. */
#ifndef COGO_SCHED_COMPANY_H
#define COGO_SCHED_COMPANY_H

#include "runtime/actor/cell.h"

enum {
    COGO__COMPANY_SAMPLES = 32, /**< So many samples are judged together, */
    COGO__COMPANY_AGAIN = 2,    /**< or so many, if it was right to stay out the last time. */
    COGO__COMPANY_MOVED = 4,    /**< This part of them must have come from elsewhere. */
    COGO__COMPANY_RETRY = 100,  /**< Who was missed stays for so many times its absence, */
    COGO__COMPANY_RETRY_MOST = 10, /**< doubled each time, so often at most. */
};

/* One lane's own. */
typedef struct cogo__company {
    uint32_t samples, moved;
    uint64_t since_ns;      /**< When these samples began; */
    uint64_t own, all;      /**< handled messages then, of this lane and of all. */
    uint64_t out_ns;        /**< How long to stay out; 0: it was not right the last time. */
    uint64_t not_before_ns; /**< Then it tries again. */
    uint32_t misses;        /**< In a row: it was not right. */
} cogo__company;

/* What was done in some time. */
typedef struct cogo__pace {
    uint64_t handled, ns;
} cogo__pace;

struct cogo__lane;

/** Lane, which holds @p cell and is number @p lane: before its turn, once in a while. */
static inline void cogo__company_note(cogo__company *company, cogo__cell *cell, uint32_t lane)
{
    uint32_t last = cell->flags >> COGO__ACTOR_LANE_SHIFT;
    company->samples++;
    company->moved += last != 0 && last != lane + 1;
    cell->flags = (cell->flags & ((1u << COGO__ACTOR_LANE_SHIFT) - 1))
                  | (lane + 1) << COGO__ACTOR_LANE_SHIFT;
}

/** Enough samples for a judgement? */
static inline bool cogo__company_ripe(const cogo__company *company)
{
    return company->samples
           >= (uint32_t)(company->out_ns != 0 ? COGO__COMPANY_AGAIN : COGO__COMPANY_SAMPLES);
}

/** Would the others perhaps do better alone? @p own and @p others since the samples began. */
bool cogo__company_doubts(const cogo__company *company, uint64_t now_ns, cogo__pace own,
                          uint64_t others);
/** After it was out: @p before with it, @p without. */
void cogo__company_learn(cogo__company *company, uint64_t now_ns, cogo__pace before,
                         cogo__pace without);
/** Between turns, when ripe(): judges, and perhaps stays out for a while. */
void cogo__company_look(struct cogo__lane *lane);

#endif
