/* Small blocks for one lane: spans of one size class, freed from anywhere.
 * Used for messages and actor state. One heap belongs to one thread.
 * Never locks: blocks freed by other threads come home in batches over one atomic word. */
#ifndef COGO_BASE_HEAP_H
#define COGO_BASE_HEAP_H

#include "runtime/base/atomic.h"
#include "runtime/base/region.h"

#include <stddef.h>
#include <stdint.h>

enum {
    COGO__HEAP_CLASSES = 11,
    COGO__HEAP_BLOCK_MAX = 4096, /**< Bytes; larger ones are malloc's. */
    COGO__HEAP_OUTBOX_MAX =
        32, /**< Blocks collected for another heap before they are sent home. */
    COGO__HEAP_SPARE_SPANS = 2, /**< Empty spans kept per class. */
};

/* What stands first in a free block, and in a message: one word that links it. */
typedef struct cogo__link {
    cogo__aptr next;
} cogo__link;

struct cogo__span;

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
    struct cogo__heap **peers;   /**< All heaps of the system, by index. */
    cogo__heap_outbox *outboxes; /**< By index of the owner. */
    uint32_t peer_count;
    uint32_t index;
    _Alignas(64) cogo__aptr home; /**< Blocks freed by others, newest first. */
} cogo__heap;

/** False when out of memory. @p peers is kept and may be filled later. */
bool cogo__heap_init(cogo__heap *heap, cogo__heap **peers, uint32_t peer_count, uint32_t index);
/** Gives all spans back, whatever is in use. No other thread may touch the heap any more. */
void cogo__heap_finish(cogo__heap *heap);

/** Of the heap's own thread. NULL when out of memory. @p size_bytes <= COGO__HEAP_BLOCK_MAX. */
void *cogo__heap_alloc(cogo__heap *heap, size_t size_bytes);
/** From any thread; @p mine is the caller's heap or NULL. */
void cogo__heap_free(cogo__heap *mine, void *block);
/** Sends home what was collected for other heaps. Before a sleep. */
void cogo__heap_flush(cogo__heap *heap);
/** Takes home what others freed. */
void cogo__heap_collect(cogo__heap *heap);
/** Gives memory that was not needed for long back to the system. When it wants to be called
 * again; 0: never. */
uint64_t cogo__heap_trim(cogo__heap *heap, uint64_t now_ns);
/** Blocks in use now, as the owner sees it. For tests and for the end. */
uint64_t cogo__heap_used(const cogo__heap *heap);

#endif
