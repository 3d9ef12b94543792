/* A queue of actors that every thread may push on and every lane may take from.
 * Used by lanes and whoever makes an actor ready from outside; first in, first out.
 * Never makes a pusher wait: one compare-and-swap on `newest`.
 *
 * Pushers stack cells up; takers, among themselves under a lock, turn the whole stack around
 * when they have used up the last one. Stacks are only ever taken whole, so there is no ABA.
 * A taker sets `more` before it empties the stack, and clears it when it has taken the last
 * cell: who sees the emptied stack (acquire) sees that too. So a look at `newest`, then at
 * `more`, misses nothing that is not yet in somebody's hands (I6, see park.c). */
#ifndef COGO_SCHED_INJECTOR_H
#define COGO_SCHED_INJECTOR_H

#include "runtime/actor/cell.h"
#include "runtime/base/lock.h"

typedef struct cogo__injector {
    _Alignas(64) cogo__aptr newest; /**< Pushed since the last turning around. */
    cogo__au32 more;                /**< 0: `first` is NULL. Written under the lock. */
    _Alignas(64) cogo__lock lock;
    cogo__cell *first; /**< Oldest first; under the lock. */
} cogo__injector;

/** Any thread that holds @p cell. seq_cst: it looks for sleeping lanes next. */
static inline void cogo__injector_push(cogo__injector *in, cogo__cell *cell)
{
    void *seen = cogo__ptr_load_relaxed(&in->newest);
    do {
        cell->queue_next = seen;
    } while (!cogo__ptr_cas_seq_cst(&in->newest, &seen, cell));
}

/** False: nothing waits. seq_cst: the last look before a sleep. */
static inline bool cogo__injector_waits(const cogo__injector *in)
{
    return cogo__ptr_load_seq_cst(&in->newest) != NULL
           || cogo__u32_load_seq_cst(&in->more) != 0;
}

/** Any lane: the oldest, or NULL. */
cogo__cell *cogo__injector_take(cogo__injector *in);

#endif
