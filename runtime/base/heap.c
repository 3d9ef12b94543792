#include "runtime/base/heap.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#    include <sanitizer/asan_interface.h>
#    define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#    define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#    define POISON(p, n)   ((void)(p), (void)(n))
#    define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

static const uint16_t class_sizes[COGO__HEAP_CLASSES] = {64,  96,   128,  192,  256, 384,
                                                         512, 1024, 1536, 2048, 4096};

enum { CLASS_STEP = 64, SPAN_HEADER = 128, FRESH_AHEAD = 2048 };
/* Class of a size, by (size + 63) / 64; filled by hand so that there is nothing to initialise.
 */
static const uint8_t class_of_step[] = {0, 0, 2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7};

/* A span is aligned to its size, so that a block finds it by its address. Owner's thread only,
 * except `heap`, `block_size`: constant. */
typedef struct cogo__span {
    cogo__heap *heap;
    struct cogo__span *next, *prev;         // In `partial`.
    struct cogo__span *all_next, *all_prev; // In `all`.
    cogo__region *region;
    cogo__link *free;
    uint32_t block_size;
    uint32_t class_index;
    uint32_t fresh, end; // Offsets of blocks never used so far.
    uint32_t used;
    bool listed; // In `partial`.
} cogo__span;

_Static_assert(sizeof(cogo__span) <= SPAN_HEADER, "the header fits before the first block");

static cogo__span *span_of(void *block)
{
    return (cogo__span *)(void *)((uintptr_t)block & ~(uintptr_t)(COGO__SPAN_SIZE - 1));
}

static uint32_t class_of(size_t size)
{
    if (size > CLASS_STEP && size <= 96) {
        return 1;
    }
    size_t step = (size + CLASS_STEP - 1) / CLASS_STEP;
    if (step < sizeof class_of_step) {
        return class_of_step[step];
    }
    return size <= 1536 ? 8 : size <= 2048 ? 9 : 10;
}

bool cogo__heap_init(cogo__heap *heap, cogo__heap **peers, uint32_t peer_count, uint32_t index)
{
    memset(heap, 0, sizeof *heap);
    heap->outboxes = calloc(peer_count, sizeof *heap->outboxes);
    heap->peers = peers;
    heap->peer_count = peer_count;
    heap->index = index;
    // The first region now: the first actors of a lane should not wait for a mapping.
    cogo__region *region = NULL;
    void *span = heap->outboxes != NULL ? cogo__regions_take(&heap->regions, &region) : NULL;
    if (span == NULL) {
        free(heap->outboxes);
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
    UNPOISON(span, COGO__SPAN_SIZE);
    cogo__regions_give(&heap->regions, span->region, span);
}

void cogo__heap_finish(cogo__heap *heap)
{
    while (heap->all != NULL) {
        span_destroy(heap, heap->all);
    }
    cogo__regions_finish(&heap->regions);
    free(heap->outboxes);
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

static void *take_from(cogo__span *span)
{
    cogo__link *block = span->free;
    if (block != NULL) {
        span->free = cogo__ptr_load_relaxed(&block->next);
        __builtin_prefetch(span->free, 1);
    } else if (span->fresh < span->end) {
        block = (cogo__link *)(void *)((char *)span + span->fresh);
        span->fresh += span->block_size;
        // A message is written and sent at once: a miss would hold up the exchange of the send.
        __builtin_prefetch((char *)block + FRESH_AHEAD, 1);
    } else {
        return NULL;
    }
    span->used++;
    UNPOISON(block, span->block_size);
    return block;
}

/* The current span is exhausted: it leaves, and comes back to `partial` with its first free. */
static void *take_slowly(cogo__heap *heap, uint32_t class_index)
{
    cogo__heap_class *c = &heap->classes[class_index];
    cogo__heap_collect(heap);
    void *block = c->current != NULL ? take_from(c->current) : NULL;
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
    c->current = span;
    return take_from(span);
}

void *cogo__heap_alloc(cogo__heap *heap, size_t size_bytes)
{
    uint32_t class_index = class_of(size_bytes);
    cogo__span *span = heap->classes[class_index].current;
    void *block = span != NULL ? take_from(span) : NULL;
    return block != NULL ? block : take_slowly(heap, class_index);
}

static void free_own(cogo__heap *heap, cogo__span *span, cogo__link *block)
{
    POISON((char *)block + sizeof *block, span->block_size - sizeof *block);
    cogo__ptr_store_relaxed(&block->next, span->free);
    span->free = block;
    span->used--;
    cogo__heap_class *c = &heap->classes[span->class_index];
    if (span == c->current) {
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

void cogo__heap_free(cogo__heap *mine, void *memory)
{
    cogo__span *span = span_of(memory);
    cogo__link *block = memory;
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
        free_own(heap, span_of(block), block);
        block = next;
    }
}

uint64_t cogo__heap_trim(cogo__heap *heap, uint64_t now_ns)
{
    return cogo__regions_trim(&heap->regions, now_ns);
}

uint64_t cogo__heap_used(const cogo__heap *heap)
{
    uint64_t used = 0;
    for (const cogo__span *span = heap->all; span != NULL; span = span->all_next) {
        used += span->used;
    }
    return used;
}
