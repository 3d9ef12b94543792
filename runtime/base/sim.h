/* A simulated world: virtual time, and all threads as fibers that take turns by a seed.
 * Used by tests/sim in variant=sim only; the runtime sees nothing but its cogo__world.
 * Never lets two runs of one seed differ: no clock, no address and no thread of the machine
 * decides anything.
 *
 * One simulation runs at a time. It sees every atomic operation of the runtime (see
 * atomic_checked.h) and every call of the world, and may let another thread go on at each. All
 * accesses are sequentially consistent here: stale reads are the explorer's matter. */
#ifndef COGO_BASE_SIM_H
#define COGO_BASE_SIM_H

#include "runtime/base/world.h"

#include <stdio.h>

enum {
    COGO__SIM_THREADS_MAX = 512, /**< Of one run, ended ones too. */
    COGO__SIM_NAME_SIZE = 16,
    COGO__SIM_FAILURE_SIZE = 256,
};

/** What a seed may do besides choosing who runs. Each is a chance in 65536; 0: never. */
typedef struct cogo__sim_chances {
    uint32_t early;  /**< Per sleep: it returns at once. */
    uint32_t thread; /**< Per start of a thread: it fails. */
    uint32_t jump;   /**< Per switch: the clock jumps forward by up to COGO__SIM_JUMP_NS_MAX. */
} cogo__sim_chances;

#define COGO__SIM_JUMP_NS_MAX UINT64_C(20000000000)

typedef struct cogo__sim_config {
    uint64_t seed;
    uint64_t step_limit; /**< Atomic operations; more are taken for a livelock. */
    void **local;        /**< The runtime's thread-local word: each thread keeps its own. */
    FILE *trace;         /**< Every switch as a line; NULL: none. */
    bool trace_all;      /**< And every operation. */
    FILE *report;        /**< After a failure: who waits where; NULL: none. */
    bool calm;           /**< The machine has time: it takes the CPU away for moments only. */
    const char *plant;   /**< Read-modify-writes of this function are two steps; NULL: none. */
    cogo__sim_chances chances;
    /** All threads sleep, before the clock moves. May call cogo__sim_fail(). May be NULL. */
    void (*on_idle)(void *ctx);
    void *ctx;
} cogo__sim_config;

typedef struct cogo__sim_result {
    bool failed;
    char failure[COGO__SIM_FAILURE_SIZE];
    uint64_t hash; /**< Of all that was done, in its order: equal for equal seeds. */
    uint64_t steps, switches;
    uint64_t time_ns; /**< Virtual time that went by. */
    uint64_t plants;  /**< Planted splits in which another thread ran. */
} cogo__sim_result;

/** Runs @p run(@p arg) as the first thread until all threads have ended or one failed. What a
 * failed run leaves behind is not freed. */
cogo__sim_result cogo__sim_run(const cogo__sim_config *config, void (*run)(void *arg),
                               void *arg);

/* The rest is for threads of a simulation that runs. */

/** Its world. Nodes of their own may get worlds of their own later: networks belong behind the
 * same table, as sleeps with a deadline. */
const cogo__world *cogo__sim_world(void);
/** Ends the run as failed. Does not return. The first failure counts. */
_Noreturn void cogo__sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** The thread is busy (not asleep) for so long: others run, nobody can wake it. */
void cogo__sim_busy(uint64_t duration_ns);
/** Lets others run now, if the seed says so. */
void cogo__sim_yield(void);
/** From the scenario's own sequence, so that its choices do not follow from the schedule. */
uint64_t cogo__sim_random(void);
/** True while @p parker's owner sleeps and has no token. */
bool cogo__sim_sleeps(const cogo__parker *parker);
/** True inside of a thread of a run. */
bool cogo__sim_active(void);

#endif
