/* How long a lane looks for work before it sleeps.
 * Used by lanes; the watcher turns it off while the process loses its CPUs to others.
 * Never waits for anybody: each round is a look at the queues.
 *
 * A sleep costs the sender a system call and the message several microseconds, so looking a
 * little longer pays when work comes soon, and only then: the budget doubles when it helped and
 * shrinks by a quarter when not. Looking burns what others could use, so there is none with
 * more lanes than CPUs, little under a cgroup quota (the time comes off the quota), none while
 * the process is throttled or loses CPUs against its will, and never more than half of the
 * lanes look at a time. */
#ifndef COGO_SCHED_SPIN_H
#define COGO_SCHED_SPIN_H

#include "runtime/base/atomic.h"

enum {
    COGO__SPIN_MOST = 1024, /**< Rounds; default of spin_rounds. Some 50 ns each. */
    COGO__SPIN_QUOTA = 16,  /**< At most, under a cgroup quota. */
    COGO__SPIN_LEAST = 8,   /**< Rounds that are always tried, so that success is seen. */
    COGO__SPIN_PROBE =
        64, /**< One search of so many gets all rounds: the pace may have changed. */
    COGO__PRESSURE_NS = 100000000, /**< How often the watcher looks for pressure. */
    COGO__PRESSURE_LANE = 10,      /**< CPUs lost per lane in that time: more is pressure. */
    COGO__PRESSURE_FLOOR =
        20, /**< And so many whatever the lanes: the watcher itself interrupts. */
    COGO__PRESSURE_CALM = 10, /**< So many looks without it, and lanes may spin again. */
};

/* One lane's own. */
typedef struct cogo__spin {
    uint32_t rounds; /**< What it allows itself now. */
    uint32_t searches;
} cogo__spin;

/** Rounds of the coming search, at most @p most. */
static inline uint32_t cogo__spin_budget(cogo__spin *spin, uint32_t most)
{
    if (++spin->searches % COGO__SPIN_PROBE == 0) {
        return most;
    }
    uint32_t rounds = spin->rounds > COGO__SPIN_LEAST ? spin->rounds : COGO__SPIN_LEAST;
    return rounds < most ? rounds : most;
}

/** What came of it: @p used rounds, and whether work was found. */
static inline void cogo__spin_learn(cogo__spin *spin, uint32_t used, bool found, uint32_t most)
{
    if (!found) {
        spin->rounds -= spin->rounds / 4;
    } else {
        uint32_t wanted = used * 2;
        spin->rounds = wanted > spin->rounds ? wanted : spin->rounds;
        spin->rounds = spin->rounds < most ? spin->rounds : most;
    }
}

#endif
