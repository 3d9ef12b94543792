/* The system, as far as actors know it, and what they need of the scheduler.
 * Used by every file of this room; `sched` makes and ends it.
 * Never knows lanes: the functions at the end are declared here and defined in sched. */
#ifndef COGO_ACTOR_CORE_H
#define COGO_ACTOR_CORE_H

#include "runtime/actor/context.h"
#include "runtime/actor/dead.h"
#include "runtime/actor/groups.h"
#include "runtime/actor/names.h"
#include "runtime/actor/offers.h"
#include "runtime/actor/types.h"
#include "runtime/base/world.h"

#include <cogo/system.h>

enum { COGO__BEHAVIORS_MAX = 256 }; /**< With meters of their own, a count. */

struct cogo_system {
    const cogo__world *world;
    cogo_system_config config; /**< With defaults filled in. */
    uint32_t incarnation;      /**< See cogo__incarnation_begin(). */
    uint64_t born_s;           /**< When it was created, wall clock. */
    cogo__au32 sample_mask; /**< A message is stamped when its tick has none of these bits. */
    cogo__au32 tracing;     /**< Events are kept. */
    cogo__table cells, refs, guards;
    cogo__lock guard_lock; /**< Of senders that wait for a place. */
    cogo__dead dead;
    cogo__groups groups;
    cogo__names names;    /**< Actors by name. */
    cogo__names children; /**< Children by supervisor and id. */
    cogo__types types;
    cogo__offers offers;   /**< What peers may spawn here. */
    cogo__counters shared; /**< Of threads without counters of their own. */
    cogo__au64 random;
    cogo__au64 ties;      /**< Number of the latest link. */
    cogo__au32 stopping;  /**< No spawns any more. */
    cogo__parker stopper; /**< Woken by each end while stopping. */
    struct cogo__sched *sched;
    struct cogo__meter *meters; /**< One per lane, then that of all other threads. */
    cogo__aptr event_rings;     /**< NULL before the first trace. */
    cogo__lock observe_lock;    /**< Guards the last meter and ring, and the trace's switch. */
    cogo__aptr behaviors[COGO__BEHAVIORS_MAX]; /**< By hash of their address; see meter.c. */
    cogo__aptr remote; /**< See remote.h; NULL: there are no other nodes. */
};

/** What the first release had: callers may be built with a smaller one than ours. */
#define COGO__BEHAVIOR_SIZE_MIN offsetof(cogo_behavior, undelivered)

static inline void (*cogo__undelivered_of(const cogo_behavior *behavior))(
    cogo_context *ctx, const cogo_reason *reason, cogo_msg *msg)
{
    return behavior->struct_size >= sizeof *behavior ? behavior->undelivered : NULL;
}

static inline void cogo__count(cogo_system *system, cogo_context *here, cogo__counter which,
                               uint64_t by)
{
    if (here != NULL && here->counters != NULL) {
        cogo__u64_bump(&here->counters->n[which], by);
    } else {
        (void)cogo__u64_add_relaxed(&system->shared.n[which], by);
    }
}

/* An actor ended, or was not born after all. Counted by an exchange, then `stopping` is read;
 * stop() sets that by one, then counts (all seq_cst): either it counts this end, or we see that
 * it waits. A plain store would still be in the store buffer when `stopping` is read. */
static inline void cogo__count_end(cogo_system *system, cogo_context *here)
{
    if (here != NULL && here->counters != NULL) {
        cogo__au64 *ended = &here->counters->n[COGO__ENDED];
        (void)cogo__u64_swap_seq_cst(ended, cogo__u64_load_relaxed(ended) + 1);
    } else {
        (void)cogo__u64_add_seq_cst(&system->shared.n[COGO__ENDED], 1);
    }
    if (cogo__u32_load_seq_cst(&system->stopping) != 0) {
        cogo__world_wake(system->world, &system->stopper);
    }
}

static inline cogo_actor_id cogo__id(const cogo_system *system, uint32_t slot,
                                     uint32_t generation)
{
    return (cogo_actor_id){0, system->incarnation, slot, generation};
}

/** An actor of this node in one word: slot << 32 | generation. */
static inline uint64_t cogo__id_word(cogo_actor_id id)
{
    return (uint64_t)id.slot << 32 | id.generation;
}

static inline cogo_actor_id cogo__word_id(const cogo_system *system, uint64_t word)
{
    return cogo__id(system, (uint32_t)(word >> 32), (uint32_t)word);
}

/** Sets and clears bits of `phase`. Any thread. */
static inline void cogo__phase_change(cogo__cell *cell, uint32_t set, uint32_t clear)
{
    uint32_t seen = cogo__u32_load_relaxed(&cell->phase);
    while (!cogo__u32_cas_seq_cst(&cell->phase, &seen, (seen & ~clear) | set)) {
    }
}

static inline cogo_actor_id cogo__cell_id(const cogo_system *system, const cogo__cell *cell)
{
    return cogo__id(system, cell->slot, cogo__u32_load_relaxed(&cell->generation));
}

/** The cell that @p id names now, or NULL. It may end at any moment after. */
static inline cogo__cell *cogo__cell_find(const cogo_system *system, cogo_actor_id id)
{
    if (id.node != 0 || id.incarnation != system->incarnation
        || (id.slot & COGO__SLOT_ALIAS) != 0) {
        return NULL;
    }
    cogo__cell *cell = cogo__table_find_sized(&system->cells, id.slot, sizeof *cell);
    // Generation 0 is that of a cell that was never used.
    return cell != NULL && id.generation != 0
                   && cogo__u32_load_acquire(&cell->generation) == id.generation
               ? cell
               : NULL;
}

/** Gives @p id the name @p name. COGO_OK, COGO_EEXIST, COGO_EINVAL, COGO_ENOMEM. */
cogo_err cogo__name_take(cogo_system *system, const char *name, cogo_actor_id id, bool shown);

/** Of a system that is being created. Its upper bits are the millisecond of the second, so that
 * with the second before it a node's later start has the greater number; the rest is chance,
 * so that no id of another start is taken for one of this. Never 0. */
void cogo__incarnation_begin(cogo_system *system);

void cogo__log(cogo_system *system, cogo_log_level level, const char *format, ...)
    COGO_PRINTF(3, 4);

/** Where other threads than lanes count: behind all lanes, spare ones too. */
static inline uint32_t cogo__place_of_others(const cogo_system *system)
{
    return system->config.lane_count + system->config.spare_lanes;
}

/* --- What sched provides. --------------------------------------------------------------- */

/** The caller holds @p cell and gives it to a lane, or to its own thread. */
void cogo__sched_ready(cogo_system *system, cogo_context *here, cogo__cell *cell);
/** The callback that runs on this lane has sent very much: others run in between. */
void cogo__sched_relieve(cogo_context *here);
/** Puts the timer of @p ref into a lane's heap, by its deadline_ns. COGO_OK or COGO_ENOMEM. */
cogo_err cogo__sched_timer_arm(cogo_system *system, cogo_context *here, cogo__ref *ref);
/** As cogo__sched_timer_arm() for an ask that has @p timeout_ns from now on, and whose number
 * nobody knows yet: see sched/young.h. */
cogo_err cogo__sched_ask_arm(cogo_system *system, cogo_context *here, cogo__ref *ref,
                             uint64_t timeout_ns);
/** Takes it out if it is there; a young ask is decided. Owner, who frees @p ref next. */
void cogo__sched_timer_disarm(cogo_system *system, cogo_context *here, cogo__ref *ref);
/** A thread for a detached actor, asleep; later it is given a cell, or NULL to end it. */
cogo_err cogo__sched_thread_create(cogo_system *system, const char *name, void **out_thread);
void cogo__sched_thread_give(cogo_system *system, void *thread, cogo__cell *cell);
/** A message for the foreign thread that waits on @p ref, which the caller has claimed. */
void cogo__sched_waiter_give(cogo_system *system, cogo__ref *ref, cogo_msg *msg);
/** A thread that is no lane sleeps until @p parker is woken by cogo__sched_wake(), or until
 * @p deadline_ns; may return early. The host of a polled system runs it meanwhile. */
void cogo__sched_sleep(cogo_system *system, cogo__parker *parker, uint64_t deadline_ns);
void cogo__sched_wake(cogo_system *system, cogo__parker *parker);
/** The owner of a reference of kind IO has ended. */
void cogo__sched_io_forget(cogo_system *system, cogo__ref *ref);
/** All lanes' counters and the shared ones. @p out has COGO__COUNTERS places. */
void cogo__sched_counters(cogo_system *system, uint64_t *out);
/** True if a lane or a thread of its own runs @p cell now. @p out_type: of the message in its
 * receive(), or 0. */
bool cogo__sched_runs(cogo_system *system, const cogo__cell *cell, uint32_t *out_type);
/** Adds those of one lane, or of all other threads when @p lane is the number of lanes. */
void cogo__sched_lane_counters(cogo_system *system, uint32_t lane, uint64_t *out);

#endif
