/* The cell: everything of one actor, in two cache lines.
 * Used by send (first line) and by whoever runs the actor (second line).
 * Never freed while its system lives: a racing sender always finds a mailbox (README, I2). */
#ifndef COGO_ACTOR_CELL_H
#define COGO_ACTOR_CELL_H

#include "runtime/actor/mailbox.h"
#include "runtime/actor/table.h"

#include <cogo/actor.h>

/* Bits of `phase`: facts that any thread may read. Written by the spawner before the id is
 * known to anyone, and cleared by the holder at the end. */
enum {
    COGO__CELL_USED = 1 << 0,
    COGO__CELL_SUPERVISED = 1 << 1,
    COGO__CELL_ON_THREAD = 1 << 2,
    COGO__CELL_NAMED = 1 << 3,  /**< Has names to take away; any thread sets it. */
    COGO__CELL_WAITS = 1 << 4,  /**< Ended, and its supervisor decides. For readers only. */
    COGO__CELL_FAR = 1 << 6,    /**< Is linked with, or watched by, an actor of another node, or
                                     is about to hear so; any thread sets it. */
    COGO__CELL_BONDED = 1 << 5, /**< Is in groups or topics, or watches; any thread sets it. */
    COGO__CELL_CHILD = 1 << 7,  /**< Has an id under its supervisor. */
};

/* Bits of `flags`: the holder's own. */
enum {
    COGO__ACTOR_ALIVE = 1 << 0,     /**< Between START and its end. */
    COGO__ACTOR_STARTING = 1 << 1,  /**< start() has to run yet. */
    COGO__ACTOR_STARTED = 1 << 2,   /**< start() was well: stop() is owed. */
    COGO__ACTOR_TRAPS = 1 << 3,     /**< Exit signals become messages. */
    COGO__ACTOR_DETACHED = 1 << 4,  /**< Runs on its own thread. */
    COGO__ACTOR_SUSPENDED = 1 << 5, /**< Ended, and its supervisor decides. */
    COGO__ACTOR_UNDRAINED = 1 << 6, /**< drained() is owed. */
    COGO__ACTOR_STATE_SLAB = 1 << 7,
    COGO__ACTOR_REPLAY = 1 << 8, /**< Messages of the stash come before the mailbox. */
    COGO__ACTOR_LANE_SHIFT = 16, /**< Above: 1 + the lane that ran it last; see company.h. */
};

struct cogo__extra;
struct cogo__ref;

/* Nothing in the first line is written by a lane that only handles messages, and nothing in the
 * second is read by one that only sends: else each message of a flood between two lanes would
 * cost both a cache miss more. */
typedef struct cogo__cell {
    // Senders.
    _Alignas(64) cogo__mailbox box;
    cogo__au32 generation; /**< Of the living, or of the next. */
    cogo__au32 guard;      /**< Its limits, see guard.h; 0: none. */
    cogo__au32 pushed;     /**< Messages so far; approximate while senders race. */
    cogo__au32 phase;
    uint32_t slot;
    uint32_t next_free;
    struct cogo__cell *queue_next; /**< In the injector; its holder's. */
    cogo_msg *start;               /**< How to start; kept for restarts when supervised. */
    cogo__au32 restarts;           /**< For readers from outside. */
    cogo__au32 relations;          /**< Links, and watchers << 16; for readers too. */
    // The holder, and whoever sends a signal.
    _Alignas(64) cogo__link *tail;
    cogo__aptr signals; /**< Newest first; see signals.h. */
    cogo__aptr behavior;
    void *state;
    cogo__au64 handled;
    struct cogo__ref *refs;    /**< Its timers, asks and monitors. */
    struct cogo__extra *extra; /**< Links, watchers: rare; made when needed. */
    uint32_t flags;
    cogo__au32 passed; /**< Messages that left the queue but are not in `handled`. */
} cogo__cell;

_Static_assert(sizeof(cogo__cell) == 128, "two cache lines");

/* Holder: @p count messages left the queue without being handled. */
static inline void cogo__cell_pass(cogo__cell *cell, uint32_t count)
{
    cogo__u32_store_relaxed(&cell->passed, cogo__u32_load_relaxed(&cell->passed) + count);
}

/* Messages that left the queue, of all that were pushed. */
static inline uint32_t cogo__cell_gone(const cogo__cell *cell)
{
    return (uint32_t)cogo__u64_load_relaxed(&cell->handled)
           + cogo__u32_load_relaxed(&cell->passed);
}

/* Messages that wait: any thread; exact with one sender at a time, else approximate until the
 * queue has been empty once. */
static inline uint32_t cogo__cell_depth(const cogo__cell *cell)
{
    if (((uintptr_t)cogo__ptr_load_relaxed(&cell->box.head) & COGO__IDLE_MARK) != 0) {
        return 0;
    }
    uint32_t depth = cogo__u32_load_relaxed(&cell->pushed) - cogo__cell_gone(cell);
    return depth <= INT32_MAX ? depth : 0;
}

/* Set in `slot` of an id: an alias (one ask), not an actor. */
#define COGO__SLOT_ALIAS (UINT32_C(1) << 31)

#endif
