#include "runtime/base/heap.h"

#include <string.h>

static const uint16_t class_sizes[COGO__HEAP_CLASSES] = {64,  96,   128,  192,  256, 384,
                                                         512, 1024, 1536, 2048, 4096};

/* Filled by hand, so that there is nothing to initialise. */
#define TIMES_4(x)  x, x, x, x
#define TIMES_16(x) TIMES_4(x), TIMES_4(x), TIMES_4(x), TIMES_4(x)
const uint8_t cogo__heap_class_of[] = {
    0,
    0,
    0,
    1,
    2,
    3,
    3,
    4,
    4,
    TIMES_4(5),
    TIMES_4(6),
    TIMES_16(7),
    TIMES_16(8),
    TIMES_16(9),
    TIMES_16(10),
    TIMES_16(10),
    TIMES_16(10),
    TIMES_16(10),
};

enum { SPAN_HEADER = 128 };

_Static_assert(sizeof(cogo__span) <= SPAN_HEADER, "the header fits before the first block");
_Static_assert(sizeof cogo__heap_class_of == COGO__HEAP_BLOCK_MAX / COGO__HEAP_STEP + 1,
               "one entry per step");

bool cogo__heap_init(cogo__heap *heap, const cogo_allocator *from, cogo__heap **peers,
                     uint32_t peer_count, uint32_t index)
{
    memset(heap, 0, sizeof *heap);
    heap->regions.from = from;
    heap->outboxes = cogo__alloc_zeroed(from, peer_count, sizeof *heap->outboxes);
    heap->peers = peers;
    heap->peer_count = peer_count;
    heap->index = index;
    // The first region now: the first actors of a lane should not wait for a mapping.
    cogo__region *region = NULL;
    void *span = heap->outboxes != NULL ? cogo__regions_take(&heap->regions, &region) : NULL;
    if (span == NULL) {
        cogo__free(heap->outboxes);
        heap->outboxes = NULL;
        return false;
    }
    cogo__regions_give(&heap->regions, region, span);
    return true;
}

static void span_destroy(cogo__heap *heap, cogo__span *span)
{
    if (span->all_prev != NULL) {
        span->all_prev->all_next = span->all_next;
    } else {
        heap->all = span->all_next;
    }
    if (span->all_next != NULL) {
        span->all_next->all_prev = span->all_prev;
    }
    COGO__UNPOISON(span, COGO__SPAN_SIZE);
    cogo__regions_give(&heap->regions, span->region, span);
}

void cogo__heap_finish(cogo__heap *heap)
{
    while (heap->all != NULL) {
        span_destroy(heap, heap->all);
    }
    cogo__regions_finish(&heap->regions);
    cogo__large_finish(&heap->large);
    cogo__free(heap->outboxes);
    memset(heap, 0, sizeof *heap);
}

static cogo__span *span_create(cogo__heap *heap, uint32_t class_index)
{
    cogo__region *region = NULL;
    cogo__span *span = cogo__regions_take(&heap->regions, &region);
    if (span == NULL) {
        return NULL;
    }
    uint32_t size = class_sizes[class_index];
    *span = (cogo__span){.heap = heap,
                         .region = region,
                         .block_size = size,
                         .class_index = class_index,
                         .fresh = SPAN_HEADER};
    span->end = SPAN_HEADER + (COGO__SPAN_SIZE - SPAN_HEADER) / size * size;
    span->all_next = heap->all;
    if (heap->all != NULL) {
        heap->all->all_prev = span;
    }
    heap->all = span;
    return span;
}

static void unlist(cogo__heap_class *c, cogo__span *span)
{
    if (span->prev != NULL) {
        span->prev->next = span->next;
    } else {
        c->partial = span->next;
    }
    if (span->next != NULL) {
        span->next->prev = span->prev;
    }
    span->next = span->prev = NULL;
    span->listed = false;
}

/* The current span is exhausted: it leaves, and comes back to `partial` with its first free. */
void *cogo__heap_alloc_slowly(cogo__heap *heap, uint32_t class_index)
{
    cogo__heap_class *c = &heap->classes[class_index];
    cogo__heap_collect(heap);
    void *block = c->current != NULL ? cogo__span_take(c->current) : NULL;
    if (block != NULL) {
        return block;
    }
    cogo__span *span = c->partial;
    if (span != NULL) {
        c->empty_count -= span->used == 0;
        unlist(c, span);
    } else {
        span = span_create(heap, class_index);
        if (span == NULL) {
            return NULL;
        }
    }
    if (c->current != NULL) {
        c->current->current = false;
    }
    c->current = span;
    span->current = true;
    return cogo__span_take(span);
}

static void free_own(cogo__heap *heap, cogo__span *span, cogo__link *block)
{
    COGO__POISON((char *)block + sizeof *block, span->block_size - sizeof *block);
    cogo__ptr_store_relaxed(&block->next, span->free);
    span->free = block;
    span->used--;
    cogo__heap_class *c = &heap->classes[span->class_index];
    if (span->current) {
        return;
    }
    if (!span->listed) {
        span->next = c->partial;
        if (c->partial != NULL) {
            c->partial->prev = span;
        }
        c->partial = span;
        span->listed = true;
    }
    if (span->used == 0) {
        if (c->empty_count >= COGO__HEAP_SPARE_SPANS) {
            unlist(c, span);
            span_destroy(heap, span);
        } else {
            c->empty_count++;
        }
    }
}

/* release: pairs with the acquire of collect(): the owner sees the blocks as they were left. */
static void send_home(cogo__heap *owner, cogo__link *first, cogo__link *last)
{
    void *seen = cogo__ptr_load_relaxed(&owner->home);
    do {
        cogo__ptr_store_relaxed(&last->next, seen);
    } while (!cogo__ptr_cas_acq_rel(&owner->home, &seen, first));
}

void cogo__heap_free_slowly(cogo__heap *mine, cogo__span *span, cogo__link *block)
{
    cogo__heap *owner = span->heap;
    if (owner == mine) {
        free_own(mine, span, block);
        return;
    }
    if (mine == NULL || mine->peers != owner->peers) { // A foreign thread, or another system's.
        send_home(owner, block, block);
        return;
    }
    cogo__heap_outbox *out = &mine->outboxes[owner->index];
    cogo__ptr_store_relaxed(&block->next, out->first);
    out->first = block;
    out->last = out->count == 0 ? block : out->last;
    if (++out->count >= COGO__HEAP_OUTBOX_MAX) {
        send_home(owner, out->first, out->last);
        *out = (cogo__heap_outbox){0};
    }
}

void cogo__heap_flush(cogo__heap *heap)
{
    for (uint32_t i = 0; i < heap->peer_count; i++) {
        cogo__heap_outbox *out = &heap->outboxes[i];
        if (out->count != 0) {
            send_home(heap->peers[i], out->first, out->last);
            *out = (cogo__heap_outbox){0};
        }
    }
}

void cogo__heap_collect(cogo__heap *heap)
{
    if (cogo__ptr_load_relaxed(&heap->home) == NULL) {
        return;
    }
    cogo__link *block = cogo__ptr_swap_acq_rel(&heap->home, NULL);
    while (block != NULL) {
        cogo__link *next = cogo__ptr_load_relaxed(&block->next);
        free_own(heap, cogo__span_of(block), block);
        block = next;
    }
}

uint64_t cogo__heap_trim(cogo__heap *heap, uint64_t now_ns)
{
    uint64_t regions = cogo__regions_trim(&heap->regions, now_ns);
    uint64_t large = cogo__large_trim(&heap->large, now_ns);
    return regions == 0 || (large != 0 && large < regions) ? large : regions;
}

uint64_t cogo__heap_used(const cogo__heap *heap)
{
    uint64_t used = 0;
    for (const cogo__span *span = heap->all; span != NULL; span = span->all_next) {
        used += span->used;
    }
    return used;
}
