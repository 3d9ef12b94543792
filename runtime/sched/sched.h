/* The scheduler of one system: lanes, injector, sleepers, detached threads.
 * Used by the files of this room only.
 * Never known to actor/: that room sees the functions at the end of actor/core.h. */
#ifndef COGO_SCHED_SCHED_H
#define COGO_SCHED_SCHED_H

#include "runtime/base/bell.h"
#include "runtime/base/lock.h"
#include "runtime/sched/company.h"
#include "runtime/sched/deque.h"
#include "runtime/sched/doze.h"
#include "runtime/sched/injector.h"
#include "runtime/sched/offload.h"
#include "runtime/sched/poller.h"
#include "runtime/sched/spin.h"
#include "runtime/sched/timers.h"
#include "runtime/sched/watch.h"
#include "runtime/sched/young.h"

enum {
    COGO__LANES_MAX = 256,
    COGO__IDLE_WORDS = COGO__LANES_MAX / 64,
    COGO__LIFO_RUNS_MAX = 64,  /**< Turns in a row from the LIFO slot. */
    COGO__FRESH_TURNS = 8,     /**< Every so many turns one that came from outside is taken. */
    COGO__FAIR_TURNS = 128,    /**< And every so many one old entry; a multiple of that. */
    COGO__TIMER_TURNS = 16,    /**< A busy lane looks at its timers every so many turns. */
    COGO__TRIM_TURNS = 65536,  /**< A busy lane gives unused memory back every so many turns. */
    COGO__LIFO_AGE_NS = 50000, /**< What waits in a LIFO slot for less is its lane's alone. */
    COGO__SLACK_SHARE = 8,     /**< A timer is late by at most this part of its delay. */
    COGO__POLL_EVERY_NS = 50000, /**< A busy lane looks at descriptors so often. */
};

typedef struct cogo__lane {
    cogo_context ctx;
    struct cogo__sched *sched;
    uint32_t index;
    uint32_t tick;
    uint32_t lifo_runs;
    bool searching; /**< Counted in sched->searching. */
    bool spare;     /**< Works only while another one is stuck: see spare.c. */
    cogo__spin spin;
    uint64_t random;
    bool lying;       /**< Polled: its bit was set by itself. */
    bool patient;     /**< It has looked at the LIFO slots since it ran something. */
    bool relieving;   /**< Runs others inside a callback: see relief.c. */
    uint64_t floor;   /**< Where the deque ended when this turn began. */
    uint64_t trim_ns; /**< When the heap wants to be looked at; 0: never. */
    cogo__doze doze;
    cogo__table_cache cell_cache, ref_cache;
    cogo__parker parker;
    cogo__thread *thread;
    cogo__timers timers;
    _Alignas(64) cogo__counters counters;
    _Alignas(64) cogo__heap heap;
    _Alignas(64) cogo__aptr lifo; /**< Runs next; its owner puts, anybody may take. */
    cogo__au64 turns;             /**< Odd: inside a turn. Twice the number of turns. */
    cogo__aptr running;           /**< Whose turn it is, or was. */
    cogo__au32 duty;              /**< Spare: 1: works. The watcher's to write. */
    cogo__au32 rests;             /**< 1: takes part in nothing: see spare.c, doze.h. */
    cogo__deque deque;
    cogo__company company;
} cogo__lane;

typedef struct cogo__detached cogo__detached;

typedef struct cogo__sched {
    cogo_system *system;
    cogo__lane *lanes;
    cogo__heap **heaps;
    uint32_t lane_count;    /**< With spare ones, which come last. */
    uint32_t regular_count; /**< Without. */
    uint32_t spins;         /**< What the configuration and the CPUs allow: see spin.h. */
    cogo__au32 spins_now;   /**< That, or 0 while CPUs are lost to others. */
    cogo__injector fresh;   /**< From foreign threads. */
    cogo__injector spent;   /**< Used up their turn, or no deque had room: behind all. */
    _Alignas(64)
        cogo__au64 idle[COGO__IDLE_WORDS]; /**< A bit per lane that sleeps or is about to. */
    cogo__au32 searching; /**< Lanes that look for work: nobody else need be woken. */
    cogo__au32 used;      /**< Lanes that ever worked: spare ones from their first call on. */
    cogo__au32 halt;      /**< Lanes end when they find nothing. */
    cogo__au32 out;       /**< 1: some lane gave its actors away and stays out for a while. */
    cogo__au32 dozing;    /**< Lanes that doze: see doze.h. */
    cogo__aptr poller;    /**< A cogo__poller; NULL while nobody watches a descriptor. */
    cogo__watch watch;
    cogo__offload offload;
    cogo__bell bell;    /**< Polled systems: what the host waits for. */
    cogo__aptr host;    /**< Polled systems: the thread that polls; see poll.c. */
    cogo__au32 polling; /**< 1: some thread is the lane right now. */
    cogo__lock detached_lock;
    cogo__detached *detached;      /**< All threads of detached actors. */
    cogo__detached *detached_free; /**< Memory of those that ended. */
    cogo__lock stop_lock;
    bool stopped;
    cogo_err stop_result;
} cogo__sched;

/** Work was made visible: wakes a sleeping lane unless one is looking already. */
void cogo__wake_one(cogo__sched *sched, cogo_context *here);
/** Wakes a sleeping lane if there is one, whatever the others do. */
void cogo__wake_any(cogo__sched *sched, cogo_context *here);
/** The lane found work: if it was the last one looking, another one starts (the wake chain). */
void cogo__search_end(cogo__lane *lane);
void cogo__search_begin(cogo__lane *lane);
/** Sleeps until there may be work. @p now: just read, or 0. What waited too long in another
 * lane's LIFO slot, or NULL. */
cogo__cell *cogo__lane_park(cogo__lane *lane, uint64_t now);

/** Parks for @p ns, or until its first timer. */
void cogo__lane_park_until(cogo__lane *lane, uint64_t ns);
/** Any thread: it will look for work, and at its timers. */
void cogo__lane_wake(cogo__lane *lane);
/** When it wants to be awake again: a timer or empty memory; COGO__FOREVER: for nothing.
 * Owner. */
uint64_t cogo__lane_deadline(cogo__lane *lane, uint64_t now);
/** The same when nothing was freed since: only a timer may have come. */
uint64_t cogo__lane_deadline_again(cogo__lane *lane, uint64_t now);
/** Runs due timers and one turn. False: nothing was ready. */
bool cogo__lane_step(cogo__lane *lane);
/** Sets its bit. False, and not set: there is work. */
bool cogo__lane_lie_down(cogo__lane *lane);
/** After lie_down(), or nothing. */
void cogo__lane_rise(cogo__lane *lane);

cogo_err cogo__poll_start(cogo__sched *sched);

/** What is in the LIFO slot, or NULL. */
cogo__cell *cogo__lane_take_slot(cogo__lane *lane);
/** The newest of the lane's own deque, or NULL. */
cogo__cell *cogo__lane_take_newest(cogo__lane *lane);
/** What any lane may run: from outside, or, if there is none, who used up a turn. */
cogo__cell *cogo__lane_take_injected(cogo__lane *lane);
/** Work for this lane, or NULL. */
cogo__cell *cogo__lane_next(cogo__lane *lane);
void cogo__lane_main(void *lane);
/** Runs the timers that are due. Owner. What time it is, or 0: there was no need to know. */
uint64_t cogo__lane_fire_timers(cogo__lane *lane);
/** Waits for the end of all that were started, after `halt`. */
void cogo__lanes_join(cogo__sched *sched);

/** The watcher: so many callbacks are stuck; as many spare lanes work, as far as there are. */
void cogo__spares_call(cogo__sched *sched, uint32_t stuck);
/** The spare lane itself: gives back what it has and waits for work. False: it is to work. */
bool cogo__spare_rest(cogo__lane *lane);

/** Joins threads that ended; all of them if @p all (then waits for them). */
void cogo__detached_reap(cogo__sched *sched, bool all);
/** Nobody sends any more. */
void cogo__detached_finish(cogo__sched *sched);

/** True if one of them runs @p cell; see cogo__sched_runs(). */
bool cogo__detached_runs(cogo__sched *sched, const cogo__cell *cell, uint32_t *out_type);

/* Its bit is set: it sleeps or is about to, and nobody has claimed it. */
static inline bool cogo__lane_sleeps(const cogo__sched *sched, uint32_t index)
{
    return (cogo__u64_load_seq_cst(&sched->idle[index / 64]) >> index % 64 & 1) != 0;
}

/* Those from here on have never had anything. seq_cst: as the bits; see park.c. */
static inline uint32_t cogo__lanes_used(const cogo__sched *sched)
{
    return cogo__u32_load_seq_cst(&sched->used);
}

/* As cogo__lane_sleeps(), or it takes part in nothing: dozes, or is a spare one. */
static inline bool cogo__lane_is_quiet(const cogo__sched *sched, uint32_t index)
{
    return cogo__lane_sleeps(sched, index)
           || cogo__u32_load_relaxed(&sched->lanes[index].rests) != 0;
}

static inline cogo__lane *cogo__lane_of(cogo_context *here)
{
    return (cogo__lane *)(void *)here; // The context is its first member.
}

#endif
