/* The signal lane of a cell: start, exit, link, monitor. Overtakes the mailbox, keeps its own
 * order. Used by life.c, spawn.c, relation.c, link.c and monitor.c. Never bounded and never
 * refused.
 *
 * A stack in one word. NULL: none. SUSPENDED: none, and nobody holds the cell although its
 * mailbox may have messages: the actor ended and its supervisor decides; only a signal wakes
 * it. A signal that is pushed must be seen: either the holder sees the signal after it went
 * idle (it looks again), or the pusher sees the idle mark (it looks after its push). All four
 * accesses are seq_cst, so one of the two must be the case. */
#ifndef COGO_ACTOR_SIGNALS_H
#define COGO_ACTOR_SIGNALS_H

#include "runtime/actor/core.h"

#define COGO__SIGNALS_SUSPENDED ((void *)(uintptr_t)1)

enum { COGO__OVER_LINK = 1 }; // `number` of an exit signal that came over a link.

/** Payload of all signals but START. */
typedef struct cogo__signal {
    cogo_actor_id from; /**< Who sent it, or is linked, or watches. */
    uint64_t number;    /**< Link, unlink or monitor; 0: an exit that came over no link. */
    cogo_reason reason; /**< EXIT. */
} cogo__signal;

/* Signals whose block becomes a message and back: nothing is allocated when an actor ends. */
_Static_assert(sizeof(cogo__signal) == sizeof(cogo_down), "one block serves as both");

/** Takes @p msg (a signal for @p cell) to it and wakes it. Any thread. */
void cogo__signal_push(cogo_system *system, cogo_context *here, cogo__cell *cell,
                       cogo_msg *msg);
/** Sends a signal with @p signal as its payload. COGO_OK, COGO_EGONE, COGO_ENOMEM. */
cogo_err cogo__signal_send(cogo_system *system, cogo_context *here, cogo_actor_id to,
                           cogo_msg_type type, const cogo__signal *signal);
/** As cogo__signal_send(), but @p msg is the block to use: nothing is allocated. On COGO_EGONE
 * it is freed. */
cogo_err cogo__signal_send_in(cogo_system *system, cogo_context *here, cogo_msg *msg,
                              cogo_actor_id to, cogo_msg_type type, const cogo__signal *signal);
/** A block for a signal, not sent yet. NULL when out of memory. */
cogo_msg *cogo__signal_alloc(cogo_system *system, cogo_context *here, cogo_msg_type type,
                             const cogo__signal *signal);
/** Holder: all signals, oldest first. */
cogo_msg *cogo__signals_take(cogo__cell *cell);
/** Holder: gives the cell up with its mailbox closed. False: a signal came in between. */
bool cogo__signals_suspend(cogo__cell *cell);

static inline bool cogo__signals_waiting(const cogo__cell *cell)
{
    return cogo__ptr_load_relaxed(&cell->signals) != NULL;
}

/* After mailbox_idle(): true if a signal came and the caller holds the cell again. */
static inline bool cogo__signals_recheck(cogo__cell *cell)
{
    return cogo__ptr_load_seq_cst(&cell->signals) != NULL && cogo__mailbox_hold(&cell->box);
}

#endif
