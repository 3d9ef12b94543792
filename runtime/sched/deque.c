#include "runtime/sched/deque.h"

static cogo__ring *make_ring(const cogo_allocator *from, uint64_t entries)
{
    cogo__ring *ring =
        cogo__alloc_zeroed(from, 1, sizeof *ring + (size_t)entries * sizeof ring->slots[0]);
    if (ring != NULL) {
        ring->mask = entries - 1;
    }
    return ring;
}

bool cogo__deque_init(cogo__deque *d, const cogo_allocator *from, uint64_t entries)
{
    cogo__ring *ring = make_ring(from, entries);
    cogo__u64_store_relaxed(&d->top, 0);
    cogo__u64_store_relaxed(&d->bottom, 0);
    cogo__ptr_store_relaxed(&d->ring, ring);
    return ring != NULL;
}

void cogo__deque_finish(cogo__deque *d)
{
    cogo__ring *ring = cogo__ptr_load_relaxed(&d->ring);
    while (ring != NULL) {
        cogo__ring *before = ring->before;
        cogo__free(ring);
        ring = before;
    }
}

bool cogo__deque_grow(cogo__deque *d, const cogo_allocator *from)
{
    cogo__ring *old = cogo__ptr_load_relaxed(&d->ring);
    uint64_t entries = (old->mask + 1) * 2;
    cogo__ring *ring = entries <= COGO__DEQUE_MOST ? make_ring(from, entries) : NULL;
    if (ring == NULL) {
        return false;
    }
    ring->before = old;
    uint64_t bottom = cogo__u64_load_relaxed(&d->bottom);
    // relaxed: what is stolen meanwhile is copied in vain.
    for (uint64_t at = cogo__u64_load_relaxed(&d->top); at != bottom; at++) {
        cogo__ptr_store_relaxed(cogo__ring_slot(ring, at),
                                cogo__ptr_load_relaxed(cogo__ring_slot(old, at)));
    }
    // release: a thief that sees the ring sees what was copied.
    cogo__ptr_store_release(&d->ring, ring);
    return true;
}
