/* A lane's run queue: its owner takes the newest, thieves take the oldest.
 * Used by lanes. A Chase-Lev deque whose ring is replaced by one of twice the size when it is
 * full, up to a limit. Never blocks; never gives one actor to two lanes.
 *
 * top and bottom only grow (top) or move by one (bottom); 64 bits never wrap, so there is no
 * ABA. All accesses that decide who gets an entry are seq_cst, as in the published proof, and
 * the owner's take writes bottom with an exchange where that proof has a store and a fence.
 *
 * A ring that was replaced is written no more, and stays until the end: a thief may still read
 * it. What it finds there at `top` is right as long as nobody has taken that entry, and then
 * its exchange fails. An entry that only the new ring has was announced by a `bottom` that is
 * written after `ring`: who has seen it sees the new ring, too. */
#ifndef COGO_SCHED_DEQUE_H
#define COGO_SCHED_DEQUE_H

#include "runtime/base/alloc.h"
#include "runtime/base/atomic.h"

#include <stdbool.h>
#include <stddef.h>

/* Entries, powers of two. What a lane has no room for goes to the injector. */
enum { COGO__DEQUE_FIRST = 64, COGO__DEQUE_MOST = 1048576 };

typedef struct cogo__ring {
    struct cogo__ring *before; /**< Half as large, and replaced. */
    uint64_t mask;
    cogo__aptr slots[];
} cogo__ring;

typedef struct cogo__deque {
    _Alignas(64) cogo__au64 top;
    _Alignas(64) cogo__au64 bottom;
    cogo__aptr ring; /**< Written by the owner. */
} cogo__deque;

/** An empty one with room for @p entries, a power of two. False: no memory. */
bool cogo__deque_init(cogo__deque *d, const cogo_allocator *from, uint64_t entries);
/** Nobody uses it any more. */
void cogo__deque_finish(cogo__deque *d);
/** Owner: room for twice as many. False: no memory, or COGO__DEQUE_MOST is reached. */
bool cogo__deque_grow(cogo__deque *d, const cogo_allocator *from);

static inline cogo__aptr *cogo__ring_slot(cogo__ring *ring, uint64_t at)
{
    return &ring->slots[at & ring->mask];
}

static inline bool cogo__deque_empty(const cogo__deque *d)
{
    return (int64_t)(cogo__u64_load_seq_cst(&d->bottom) - cogo__u64_load_seq_cst(&d->top)) <= 0;
}

/* Owner. False: full. */
static inline bool cogo__deque_push(cogo__deque *d, void *item)
{
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    cogo__ring *ring = cogo__ptr_load_relaxed(&d->ring);
    if (bottom - cogo__u64_load_acquire(&d->top) > ring->mask) {
        return false;
    }
    cogo__ptr_store_relaxed(cogo__ring_slot(ring, bottom), item);
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
    cogo__aptr *slot = cogo__ring_slot(cogo__ptr_load_relaxed(&d->ring), bottom);
    if ((int64_t)(bottom - top) > 0) {
        return cogo__ptr_load_relaxed(slot);
    }
    void *item = NULL;
    if (bottom == top) { // ...but for the last one everybody competes.
        item = cogo__ptr_load_relaxed(slot);
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
    // acquire: what was copied to the ring, if it is newer than the bottom that we know.
    cogo__ring *ring = cogo__ptr_load_acquire(&d->ring);
    // The owner can't reuse this slot before top moves, and then our exchange fails.
    void *item = cogo__ptr_load_relaxed(cogo__ring_slot(ring, top));
    return cogo__u64_cas_seq_cst(&d->top, &top, top + 1) ? item : NULL;
}

/* --- The only lane of a system has no thieves: plain stores do. --------------------------
 * Others only ask whether it is empty; a host's threads that poll hand the lane over by a word
 * of their own (see poll.c). */

static inline bool cogo__deque_push_alone(cogo__deque *d, void *item)
{
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    cogo__ring *ring = cogo__ptr_load_relaxed(&d->ring);
    if (bottom - cogo__u64_load_relaxed(&d->top) > ring->mask) {
        return false;
    }
    cogo__ptr_store_relaxed(cogo__ring_slot(ring, bottom), item);
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
    return cogo__ptr_load_relaxed(
        cogo__ring_slot(cogo__ptr_load_relaxed(&d->ring), bottom - 1));
}

#endif
