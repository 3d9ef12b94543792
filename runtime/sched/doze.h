/* Dozing: a lane whose help was not worth it leaves the work to the others for a while.
 * Used by the lane between turns, and by company.h.
 * Never all lanes at once, and never for longer than COGO__DOZE_MOST_NS.
 *
 * An actor that goes to another lane takes its cache lines along, and who wakes a lane pays for
 * a system call, while what is there to do may take less than that. Two things are judged:
 *   steals  sixteen at a time: did each bring COGO__STEAL_WORTH_NS of work?
 *   visits  what a lane does from being woken by somebody to its next sleep: was it
 *           COGO__VISIT_WORTH_NS of work? A visit that lasts is judged every
 *           COGO__VISIT_MOST_NS: did it work for half of that, or look around? It was worth it
 *           in any case if another lane stood in one callback all the time: what that one
 *           could not do, nobody else would have done.
 * Who dozes is not idle, so nobody spends a wake on it. When the time is over it looks once and
 * becomes idle like all others: no lane looks around by the clock. */
#ifndef COGO_SCHED_DOZE_H
#define COGO_SCHED_DOZE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    COGO__STEALS_TRIED = 16,      /**< So many steals are judged together: */
    COGO__STEAL_WORTH_NS = 1000,  /**< one that brings less work than this was not worth it. */
    COGO__VISITS_TRIED = 16,      /**< So many visits in a row that were not worth it, */
    COGO__VISITS_AGAIN = 1,       /**< or so many after a doze, make a lane tired. */
    COGO__VISIT_WORTH_NS = 20000, /**< A visit with less work was not worth the wake. */
    COGO__VISIT_MOST_NS = 100000, /**< Those that are longer are judged in parts. */
    COGO__DOZE_NS = 50000,        /**< A tired lane leaves the others alone for so long, */
    COGO__DOZE_MOST_NS = 1000000, /**< twice as long each time, up to this. */
};

struct cogo__lane;

/* One lane's own. */
typedef struct cogo__doze {
    bool tired;         /**< Wants to doze, not to steal or to look around. */
    bool visiting;      /**< Somebody woke it, and it has not slept since. */
    uint32_t steals;    /**< Since `steals_ns`. */
    uint32_t visits;    /**< In a row that were not worth it. */
    uint64_t steals_ns; /**< 0: not judging. */
    uint64_t last_ns;   /**< How long the last doze was; 0: the last help was worth it. */
    uint64_t began_ns;  /**< The visit, or this part of it. */
    uint64_t found_ns;  /**< When it last found work. */
    uint64_t worked_ns; /**< In this visit, up to then. */
    uint32_t stander;   /**< 1 + another lane that was inside a turn when the visit began; */
    uint64_t stand;     /**< that turn. */
} cogo__doze;

/** The last of some steals that are judged together, at @p now_ns. */
void cogo__doze_stole(cogo__doze *doze, uint64_t now_ns);
/** A visit that brought @p worked_ns of work and had to bring @p worth_ns. */
void cogo__doze_visited(cogo__doze *doze, uint64_t worked_ns, uint64_t worth_ns);

/** Lane: it took an actor from another one. */
void cogo__lane_stole(struct cogo__lane *lane);
/** Lane: somebody woke it; it found work; it found no more. The last time before a sleep:
 * @p sleeps. */
void cogo__visit_begin(struct cogo__lane *lane);
void cogo__visit_work(struct cogo__lane *lane);
void cogo__visit_pause(struct cogo__lane *lane, bool sleeps);

/** Sleeps for at most @p ns without being idle: nobody wakes it for work. False, at once: it is
 * the last one that could be relied on. */
bool cogo__lane_doze(struct cogo__lane *lane, uint64_t ns);
/** A tired lane, with no work: dozes if another one is awake. False: it is to sleep as
 * usual. */
bool cogo__lane_rest(struct cogo__lane *lane);

#endif
