/* Small blocks for one lane: spans of one size class, freed from anywhere.
 * Used for messages and actor state. One heap belongs to one thread.
 * Never locks: blocks freed by other threads come home in batches over one atomic word.
 *
 * What every message passes is inline here; the rest is in heap.c. */
#ifndef COGO_BASE_HEAP_H
#define COGO_BASE_HEAP_H

#include "runtime/base/atomic.h"
#include "runtime/base/large.h"
#include "runtime/base/region.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COGO__HEAP_CLASSES = 11,
    COGO__HEAP_BLOCK_MAX = 4096, /**< Bytes; larger ones are alloc.h's. */
    COGO__HEAP_OUTBOX_MAX =
        32, /**< Blocks collected for another heap before they are sent home. */
    COGO__HEAP_SPARE_SPANS = 2, /**< Empty spans kept per class. */
    COGO__HEAP_STEP = 32,       /**< Sizes are looked up in steps of so many bytes. */
    COGO__HEAP_AHEAD = 2048,    /**< A fresh block so many bytes further on is prefetched. */
};

/* What stands first in a free block, and in a message: one word that links it. */
typedef struct cogo__link {
    cogo__aptr next;
} cogo__link;

/* A span is aligned to its size, so that a block finds it by its address. Other lanes read its
 * first cache line, where all is constant; the second is its owner's. */
typedef struct cogo__span {
    struct cogo__heap *heap;
    cogo__region *region;
    struct cogo__span *all_next, *all_prev; /**< In `all`; the owner's. */
    uint32_t block_size;
    uint32_t class_index;
    _Alignas(64) cogo__link *free;
    uint32_t used;
    uint32_t fresh, end;            /**< Offsets of blocks never used so far. */
    bool current;                   /**< Of its class. */
    bool listed;                    /**< In `partial`. */
    struct cogo__span *next, *prev; /**< In `partial`. */
} cogo__span;

typedef struct cogo__heap_class {
    struct cogo__span *current; /**< Blocks are taken from here. */
    struct cogo__span *partial; /**< Spans that have free blocks again. */
    uint32_t empty_count;       /**< Of those, without any block in use. */
} cogo__heap_class;

typedef struct cogo__heap_outbox {
    cogo__link *first, *last;
    uint32_t count;
} cogo__heap_outbox;

typedef struct cogo__heap {
    cogo__heap_class classes[COGO__HEAP_CLASSES];
    struct cogo__span *all;
    cogo__regions regions;       /**< Where spans come from. */
    cogo__large large;           /**< Blocks that no span holds. */
    struct cogo__heap **peers;   /**< All heaps of the system, by index. */
    cogo__heap_outbox *outboxes; /**< By index of the owner. */
    uint32_t peer_count;
    uint32_t index;
    _Alignas(64) cogo__aptr home; /**< Blocks freed by others, newest first. */
} cogo__heap;

/** False when out of memory. @p peers is kept and may be filled later. */
bool cogo__heap_init(cogo__heap *heap, const cogo_allocator *from, cogo__heap **peers,
                     uint32_t peer_count, uint32_t index);
/** Gives all spans back, whatever is in use. No other thread may touch the heap any more. */
void cogo__heap_finish(cogo__heap *heap);

/** Sends home what was collected for other heaps. Before a sleep. */
void cogo__heap_flush(cogo__heap *heap);
/** Takes home what others freed. */
void cogo__heap_collect(cogo__heap *heap);
/** Gives memory that was not needed for long back to the system. When it wants to be called
 * again; 0: never. */
uint64_t cogo__heap_trim(cogo__heap *heap, uint64_t now_ns);
/** Blocks in use now, as the owner sees it. For tests and for the end. */
uint64_t cogo__heap_used(const cogo__heap *heap);

/* --- What every message passes. --------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__)
#    include <sanitizer/asan_interface.h>
#    define COGO__POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#    define COGO__UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#    define COGO__POISON(p, n)   ((void)(p), (void)(n))
#    define COGO__UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* Class of a size, by (size + COGO__HEAP_STEP - 1) / COGO__HEAP_STEP. */
extern const uint8_t cogo__heap_class_of[COGO__HEAP_BLOCK_MAX / COGO__HEAP_STEP + 1];

/** The slow ways: the current span is exhausted; the span changes its list or its owner. */
void *cogo__heap_alloc_slowly(cogo__heap *heap, uint32_t class_index);
void cogo__heap_free_slowly(cogo__heap *mine, cogo__span *span, cogo__link *block);

static inline cogo__span *cogo__span_of(const void *block)
{
    return (cogo__span *)((uintptr_t)block & ~(uintptr_t)(COGO__SPAN_SIZE - 1));
}

/* NULL: none left. */
static inline void *cogo__span_take(cogo__span *span)
{
    cogo__link *block = span->free;
    if (block != NULL) {
        span->free = cogo__ptr_load_relaxed(&block->next);
        __builtin_prefetch(span->free, 1);
    } else if (span->fresh < span->end) {
        block = (cogo__link *)(void *)((char *)span + span->fresh);
        span->fresh += span->block_size;
        // A message is written and sent at once: a miss would hold up the exchange of the send.
        __builtin_prefetch((char *)block + COGO__HEAP_AHEAD, 1);
    } else {
        return NULL;
    }
    span->used++;
    COGO__UNPOISON(block, span->block_size);
    return block;
}

/** Of the heap's own thread. NULL when out of memory. @p size_bytes <= COGO__HEAP_BLOCK_MAX. */
static inline void *cogo__heap_alloc(cogo__heap *heap, size_t size_bytes)
{
    uint32_t index = cogo__heap_class_of[(size_bytes + COGO__HEAP_STEP - 1) / COGO__HEAP_STEP];
    cogo__span *span = heap->classes[index].current;
    void *block = span != NULL ? cogo__span_take(span) : NULL;
    return __builtin_expect(block != NULL, 1) ? block : cogo__heap_alloc_slowly(heap, index);
}

/** From any thread; @p mine is the caller's heap or NULL. */
static inline void cogo__heap_free(cogo__heap *mine, void *memory)
{
    cogo__span *span = cogo__span_of(memory);
    cogo__link *block = memory;
    if (__builtin_expect(span->heap == mine, 1)
        && __builtin_expect(span->current || (span->listed && span->used > 1), 1)) {
        COGO__POISON((char *)block + sizeof *block, span->block_size - sizeof *block);
        cogo__ptr_store_relaxed(&block->next, span->free);
        span->free = block;
        span->used--;
        return; // It stays the current one, or in its list.
    }
    cogo__heap_free_slowly(mine, span, block);
}

#endif
