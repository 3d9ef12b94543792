/* The guard of an actor with limits: how much waits, what happens when it is too much, and how
 * much memory it has. Used by send (when a cell names a guard), by the turn and at birth and
 * end. Actors without limits have none: their cell says 0, in a word that a send reads anyway.
 *
 * Guards are type-stable like cells. A message that took a place names its guard by index and
 * keeps it alive, so what was taken is given back to the same guard, whoever has the cell then.
 * `word` = references << 32 | messages that took a place. References: one of the actor, one per
 * message, one per guard below, one per sender that waits. At 0 the guard is free. */
#ifndef COGO_ACTOR_GUARD_H
#define COGO_ACTOR_GUARD_H

#include "runtime/actor/core.h"

enum {
    COGO__GUARDS_MAX = (1 << 20) - 1, /**< Actors with limits in one system, a count. */
    COGO__DIVERT_HOPS_MAX = 4,        /**< Full actors in a row that a message may pass. */
    COGO__DROP_OLD_SLACK_MIN = 1024,  /**< Messages above the limit that DROP_OLD lets wait. */
};

#define COGO__BLOCK_NS UINT64_C(1000000000) // What BLOCK waits if nothing else is said.

typedef struct cogo__guard_waiter {
    struct cogo__guard_waiter *next;
    cogo__parker parker;
    bool queued;
} cogo__guard_waiter;

typedef struct cogo__guard {
    cogo__au64 word;
    cogo__au64 owner;   /**< cogo__id_word(). */
    cogo__au32 limit;   /**< Of waiting messages; UINT32_MAX: none. */
    cogo__au32 options; /**< Pressure | memory policy << 8 | metered << 16. */
    cogo__au64 divert;  /**< DIVERT: to whom, as `owner`. */
    cogo__au64 wait_ns; /**< BLOCK. */
    uint32_t index, next_free;
    // Memory; `bytes` of a guard contains those of the guards below it.
    cogo__au64 bytes, bytes_limit; /**< 0: no limit of its own. */
    cogo__au32 above;              /**< Guard of the supervisor; 0: none. */
    cogo__au32 alarmed;            /**< The policy was applied; until it is well below. */
    uint64_t own;                  /**< Holder: state, timers and what it noted. */
    // Senders that wait; guarded by the system's guard_lock.
    cogo__au32 waiter_count;
    cogo__guard_waiter *first, *last;
} cogo__guard;

static inline cogo__guard *cogo__guard_at(cogo_system *system, uint32_t index)
{
    return cogo__table_at(&system->guards, index);
}

/** What @p options ask for, 0 in @p out_index if for nothing. */
cogo_err cogo__guard_create(cogo_system *system, const cogo_spawn_options *options,
                            cogo_actor_id owner, uint32_t *out_index);
/** Puts the actor to be under the memory limits of @p above's actor, if it has some. */
cogo_err cogo__guard_join(cogo_system *system, cogo__cell *cell, cogo_actor_id above);
/** The actor of @p cell is gone, or never came to be. */
void cogo__guard_leave(cogo_system *system, cogo_context *here, cogo__cell *cell);

/** Takes @p msg for @p to, whose cell names a guard: puts it into the mailbox, or does what the
 * policies say. @p bounded false: it is only accounted, never refused. */
cogo_err cogo__guard_deliver(cogo_system *system, cogo_context *here, cogo__cell *cell,
                             cogo_actor_id to, cogo_msg *msg, bool bounded);
/** Holder: @p msg, which took a place, leaves the mailbox. False: it is to be dropped, with
 * @p *out_why. */
bool cogo__guard_release(cogo_system *system, cogo_msg *msg, cogo_dead_reason *out_why);
/** Holder: the actor has so many bytes more, or less, besides its mailbox. */
void cogo__guard_note(cogo_system *system, cogo_context *here, cogo__cell *cell, int64_t bytes);

/** False: its mailbox is at its limit. Any thread. */
bool cogo__guard_room(cogo_system *system, const cogo__cell *cell);
/** Holder: its incarnation ends, and all that it noted. */
void cogo__guard_forget(cogo_system *system, cogo_context *here, cogo__cell *cell);
/** Bytes and limit of the actor @p id, if they are counted. Any thread. */
bool cogo__guard_memory(cogo_system *system, const cogo__cell *cell, cogo_actor_id id,
                        uint64_t *out_bytes, uint64_t *out_limit);

static inline bool cogo__guarded(const cogo__cell *cell)
{
    return __builtin_expect(cogo__u32_load_relaxed(&cell->guard) != 0, 0);
}

static inline bool cogo__msg_guarded(const cogo_msg *msg)
{
    return msg->flags >> COGO__MSG_GUARD_SHIFT != 0;
}

#endif
