/* A lane's run queue: its owner takes the newest, thieves take the oldest.
 * Used by lanes. A Chase-Lev deque of fixed size; what does not fit goes to the injector.
 * Never blocks; never gives one actor to two lanes.
 *
 * top and bottom only grow (top) or move by one (bottom); 64 bits never wrap, so there is no
 * ABA. All accesses that decide who gets an entry are seq_cst, as in the published proof, and
 * the owner's take writes bottom with an exchange where that proof has a store and a fence. */
#ifndef COGO_SCHED_DEQUE_H
#define COGO_SCHED_DEQUE_H

#include "runtime/base/atomic.h"

#include <stddef.h>

enum { COGO__DEQUE_SIZE = 4096 }; /**< Entries; a power of two. */

typedef struct cogo__deque {
    _Alignas(64) cogo__au64 top;
    _Alignas(64) cogo__au64 bottom;
    cogo__aptr slots[COGO__DEQUE_SIZE];
} cogo__deque;

static inline bool cogo__deque_empty(const cogo__deque *d)
{
    return (int64_t)(cogo__u64_load_seq_cst(&d->bottom) - cogo__u64_load_seq_cst(&d->top)) <= 0;
}

/* Owner. False: full. */
static inline bool cogo__deque_push(cogo__deque *d, void *item)
{
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    if (bottom - cogo__u64_load_acquire(&d->top) >= COGO__DEQUE_SIZE) {
        return false;
    }
    cogo__ptr_store_relaxed(&d->slots[bottom % COGO__DEQUE_SIZE], item);
    // An exchange, not a store: the caller looks for sleeping lanes next (see park.h).
    (void)cogo__u64_swap_seq_cst(&d->bottom, bottom + 1);
    return true;
}

/* Owner: the newest entry, or NULL. */
static inline void *cogo__deque_take(cogo__deque *d)
{
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    if (bottom == cogo__u64_load_relaxed(&d->top)) {
        return NULL; // Only the owner adds, so it stays empty.
    }
    bottom--;
    (void)cogo__u64_swap_seq_cst(&d->bottom, bottom); // From now on thieves leave it to us...
    uint64_t top = cogo__u64_load_seq_cst(&d->top);
    if ((int64_t)(bottom - top) > 0) {
        return cogo__ptr_load_relaxed(&d->slots[bottom % COGO__DEQUE_SIZE]);
    }
    void *item = NULL;
    if (bottom == top) { // ...but for the last one everybody competes.
        item = cogo__ptr_load_relaxed(&d->slots[bottom % COGO__DEQUE_SIZE]);
        if (!cogo__u64_cas_seq_cst(&d->top, &top, top + 1)) {
            item = NULL;
        }
    }
    cogo__u64_store_release(&d->bottom, bottom + 1);
    return item;
}

/* Any lane: the oldest entry, or NULL if there is none or another was faster. */
static inline void *cogo__deque_steal(cogo__deque *d)
{
    uint64_t top = cogo__u64_load_seq_cst(&d->top);
    uint64_t bottom = cogo__u64_load_seq_cst(&d->bottom);
    if ((int64_t)(bottom - top) <= 0) {
        return NULL;
    }
    // The owner can't reuse this slot before top moves, and then our exchange fails.
    void *item = cogo__ptr_load_relaxed(&d->slots[top % COGO__DEQUE_SIZE]);
    return cogo__u64_cas_seq_cst(&d->top, &top, top + 1) ? item : NULL;
}

/* --- The only lane of a system has no thieves: plain stores do. --------------------------
 * Others only ask whether it is empty; a host's threads that poll hand the lane over by a word
 * of their own (see poll.c). */

static inline bool cogo__deque_push_alone(cogo__deque *d, void *item)
{
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    if (bottom - cogo__u64_load_relaxed(&d->top) >= COGO__DEQUE_SIZE) {
        return false;
    }
    cogo__ptr_store_relaxed(&d->slots[bottom % COGO__DEQUE_SIZE], item);
    cogo__u64_store_relaxed(&d->bottom, bottom + 1);
    return true;
}

static inline void *cogo__deque_take_alone(cogo__deque *d)
{
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    if (bottom == cogo__u64_load_relaxed(&d->top)) {
        return NULL;
    }
    cogo__u64_store_relaxed(&d->bottom, bottom - 1);
    return cogo__ptr_load_relaxed(&d->slots[(bottom - 1) % COGO__DEQUE_SIZE]);
}

#endif
