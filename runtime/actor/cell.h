/* The cell: everything of one actor, in two cache lines.
 * Used by send (first line) and by whoever runs the actor (second line).
 * Never freed while its system lives: a racing sender always finds a mailbox (see README, I2).
 */
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
    COGO__CELL_NAMED = 1 << 3, /**< Has names to take away; any thread sets it. */
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
};

struct cogo__extra;
struct cogo__ref;

typedef struct cogo__cell {
    // Senders.
    _Alignas(64) cogo__mailbox box;
    cogo__aptr signals;            /**< Newest first; see signals.h. */
    struct cogo__cell *queue_next; /**< In the injector; its holder's. */
    cogo__au32 generation;         /**< Of the living, or of the next. */
    cogo__au32 guard;              /**< Its limits, see guard.h; 0: none. */
    cogo__au32 depth;              /**< Messages waiting; approximate while senders race. */
    cogo__au32 phase;
    uint32_t slot;
    // The holder.
    _Alignas(64) cogo__link *tail;
    cogo__aptr behavior;
    void *state;
    cogo__au64 handled;
    struct cogo__ref *refs;    /**< Its timers, asks and monitors. */
    struct cogo__extra *extra; /**< Links, watchers: rare; made when needed. */
    cogo_msg *start;           /**< How to start; kept for restarts when supervised. */
    uint32_t flags;
    uint32_t next_free;
} cogo__cell;

_Static_assert(sizeof(cogo__cell) == 128, "two cache lines");

/* Set in `slot` of an id: an alias (one ask), not an actor. */
#define COGO__SLOT_ALIAS (UINT32_C(1) << 31)

#endif
