/* What waits for file descriptors in place of a lane's futex.
 * Defined by io/, which sched must not know; used by park.c, by busy lanes and by the watcher.
 * Never has two threads inside poll(): the right decides. */
#ifndef COGO_SCHED_POLLER_H
#define COGO_SCHED_POLLER_H

#include "runtime/actor/core.h"

#define COGO__POLLER_LOOKS UINT32_MAX

typedef struct cogo__poller {
    cogo__au32 right;     /**< 0: nobody is inside poll(); 1 + the lane that sleeps there, or
                             is about to; COGO__POLLER_LOOKS: a busy one that only looks. */
    cogo__au64 polled_ns; /**< When it was last asked. */
    /** With the right. Waits until @p deadline_ns (COGO__FOREVER: for ever; @p now_ns: not at
     * all), and posts to the actors whose descriptors are ready. May return early. An actor
     * that is the caller's to run or schedule, or NULL. */
    cogo__cell *(*poll)(struct cogo__poller *poller, cogo_context *here, uint64_t now_ns,
                        uint64_t deadline_ns);
    /** Any thread: poll() returns soon. */
    void (*ring)(struct cogo__poller *poller);
    /** The owner of @p ref has ended. */
    void (*forget)(struct cogo__poller *poller, const cogo__ref *ref);
    /** The system is destroyed; no lane runs. */
    void (*finish)(struct cogo__poller *poller);
} cogo__poller;

struct cogo__lane;
struct cogo__sched;

/** Of the system; NULL while nobody watches anything. */
cogo__poller *cogo__poller_of(const cogo_system *system);
/** Gives the system its poller. The one that it had already, else @p poller. */
cogo__poller *cogo__poller_set(cogo_system *system, cogo__poller *poller);
/** Something is to be waited for. A thread that is no lane wakes one if nobody waits; a lane
 * will see to it when it sleeps itself. */
void cogo__poller_needed(cogo_system *system, cogo_context *here);

/** A lane whose bit is set waits here instead of parking. False: it has to park. @p out_ready:
 * is to run now, if it is not NULL: in no queue meanwhile, since no callback comes between. */
bool cogo__poller_rest(struct cogo__lane *lane, uint64_t now, uint64_t deadline_ns,
                       cogo__cell **out_ready);
/** After a wake of @p lane: it may sleep in the poller. */
void cogo__poller_ring(struct cogo__lane *lane);
/** Some lane works; if nobody waits for descriptors a sleeping lane begins to. */
void cogo__poller_keep(struct cogo__sched *sched);
/** A busy lane looks once in a while, when nobody waits. @p now: just read, or 0. */
void cogo__poller_look(struct cogo__lane *lane, uint64_t now);

#endif
