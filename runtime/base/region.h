/* Spans of one size for one heap, cut from large regions of memory.
 * Used by heap.c only. One pool belongs to one thread.
 * Never gives a region back while one of its spans is in use. */
#ifndef COGO_BASE_REGION_H
#define COGO_BASE_REGION_H

#include "runtime/base/alloc.h"

#include <stdint.h>

enum {
    COGO__SPAN_SIZE = 65536,
    COGO__REGION_SPANS = 32, /**< Spans per region; bits of `free`. */
    COGO__REGION_SIZE = COGO__SPAN_SIZE * COGO__REGION_SPANS,
    COGO__REGION_SPARES = 8, /**< Empty regions that a pool keeps for itself. */
    COGO__REGION_KEEP =
        256, /**< Empty regions at most: what a flood leaves for the next one. */
    COGO__REGION_KEEP_NS = 1000000000, /**< Those above the spares that were not needed for so
                                          long go back to the system. */
};

typedef struct cogo__region {
    char *memory;                     /**< Aligned to COGO__SPAN_SIZE at least. */
    struct cogo__region *next, *prev; /**< In `open`. */
    uint32_t free;                    /**< A bit per span. */
} cogo__region;

/* All zero but for `from`: empty. */
typedef struct cogo__regions {
    cogo__region *open; /**< Those with a free span. */
    uint32_t count;     /**< Regions that there are. */
    uint32_t empty_count;
    uint32_t least_empty;       /**< Since the last trim: so many were not needed. */
    uint64_t trim_ns;           /**< When the next trim is due; 0: none is. */
    const cogo_allocator *from; /**< Where regions come from; NULL: the kernel. */
} cogo__regions;

/** COGO__SPAN_SIZE bytes, aligned to that, not initialised; NULL when out of memory.
 * @p out_region is what give() wants. */
void *cogo__regions_take(cogo__regions *pool, cogo__region **out_region);
void cogo__regions_give(cogo__regions *pool, cogo__region *region, void *span);
/** Gives back to the system what was not needed for COGO__REGION_KEEP_NS. When it wants to be
 * called again; 0: never, nothing is left to give. */
uint64_t cogo__regions_trim(cogo__regions *pool, uint64_t now_ns);
/** Gives all back. No span may be in use. */
void cogo__regions_finish(cogo__regions *pool);

#endif
