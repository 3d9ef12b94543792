/* What the parts of the simulated world share.
 * Used by sim.c (who runs next), sim_run.c (a run, its threads) and world_sim.c (what threads
 * ask of the world, and their atomic operations).
 * Never seen by anybody else. */
#ifndef COGO_BASE_SIM_THREAD_H
#define COGO_BASE_SIM_THREAD_H

#include "runtime/base/fiber.h"
#include "runtime/base/sim.h"

typedef enum cogo__sim_state {
    COGO__SIM_READY,
    COGO__SIM_PAUSED, /**< Waits for another thread to write something; may look again. */
    COGO__SIM_PARKED, /**< Until `parker` gets its token, or the deadline. */
    COGO__SIM_BUSY,   /**< Until the deadline. */
    COGO__SIM_JOINS,  /**< Until `joined` has ended. */
    COGO__SIM_ENDED,
} cogo__sim_state;

struct cogo__atomic_site;

struct cogo__thread {
    cogo__fiber *fiber;
    uint32_t index;
    char name[COGO__SIM_NAME_SIZE];
    void (*run)(void *arg);
    void *arg;
    cogo__sim_state state;
    uint64_t deadline_ns; /**< PARKED, BUSY. */
    cogo__parker *parker;
    cogo__thread *joined;
    bool was_joined;
    void *local;          /**< The runtime's thread-local word while another runs. */
    uint64_t steps;       /**< Its operations. */
    uint64_t paused_step; /**< Of `steps`: when it looked in vain last; 0: never. */
    uint64_t paused_at;   /**< sim.writes when it began to wait. */
    uint64_t held_until;  /**< sim.steps; the machine took the CPU away. */
    uint64_t priority;
    const struct cogo__atomic_site *site; /**< Of its last operation. */
};

/* How the seed chooses. */
typedef enum cogo__sim_mode {
    COGO__SIM_WALK,     /**< Every now and then anybody. */
    COGO__SIM_PRIORITY, /**< The highest priority runs; now and then it becomes the lowest. */
    COGO__SIM_MODES,
} cogo__sim_mode;

typedef struct cogo__sim {
    cogo__sim_config config;
    cogo__sim_result result;
    cogo__world world;
    cogo__fiber *runner;                         /**< Outside of the simulation. */
    cogo__thread threads[COGO__SIM_THREADS_MAX]; /**< Ended ones stay to the end. */
    cogo__thread *runnable[COGO__SIM_THREADS_MAX];
    uint32_t thread_count, ended_count;
    bool quiet; /**< Nobody may be switched to: the simulation itself is at work. */
    cogo__thread *now_running;
    uint64_t random, scenario_random;
    cogo__sim_mode mode;
    uint32_t switch_mean;  /**< Operations between choices. */
    uint64_t until_choice; /**< Operations left. */
    uint64_t lowest;       /**< Priorities count down from the middle. */
    bool holds;            /**< Threads lose the CPU for long. */
    uint64_t hot_at;       /**< The operation of this step becomes `hot`. */
    const struct cogo__atomic_site
        *hot;        /**< Every thread that does it may lose the CPU there. */
    uint64_t writes; /**< Operations that changed a word. */
    uint64_t looks;  /**< At words, in vain, since a thread did anything else. */
    uint32_t jumps;
    uint64_t ns_per_step, now_ns, began_ns;
    uint64_t read_ns, read_step; /**< How far the last read of the clock moved it, and when. */
} cogo__sim;

/** The simulation that runs; NULL outside. */
extern cogo__sim *cogo__sim_now;

/** From the schedule's sequence: below @p end. */
uint64_t cogo__sim_choose(cogo__sim *sim, uint64_t end);
/** Between 1 and @p max; small ones as likely as large ones. */
uint64_t cogo__sim_choose_log(cogo__sim *sim, uint64_t max);
bool cogo__sim_chance(cogo__sim *sim, uint32_t of_65536);

/** A thread that is READY, at the end of the list. NULL when out of memory or room. */
cogo__thread *cogo__sim_thread_add(cogo__sim *sim, const char *name, void (*run)(void *arg),
                                   void *arg);
/** Chooses how this seed chooses. */
void cogo__sim_schedule_init(cogo__sim *sim);
/** The running thread's state has changed, or it is another's turn: runs whoever is next. */
void cogo__sim_switch(cogo__sim *sim);
/** A point where the machine might take the CPU away. */
void cogo__sim_point(cogo__sim *sim);
void cogo__sim_world_init(cogo__sim *sim);

#endif
