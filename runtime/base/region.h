/* Spans of one size for one heap, cut from large regions of memory.
 * Used by heap.c only. One pool belongs to one thread.
 * Never gives a region back while one of its spans is in use. */
#ifndef COGO_BASE_REGION_H
#define COGO_BASE_REGION_H

#include <stdint.h>

enum {
    COGO__SPAN_SIZE = 65536,
    COGO__REGION_SPANS = 32, /**< Spans per region; bits of `free`. */
    COGO__REGION_SIZE = COGO__SPAN_SIZE * COGO__REGION_SPANS,
    COGO__REGION_SPARES = 8, /**< Empty regions that a pool keeps for itself. */
    COGO__REGION_LAZY = 32,  /**< Empty regions at most; those above the spares may be taken by
                                 the system at any time. */
};

typedef struct cogo__region {
    char *memory;                     /**< Aligned to COGO__REGION_SIZE. */
    struct cogo__region *next, *prev; /**< In `open`. */
    uint32_t free;                    /**< A bit per span. */
} cogo__region;

/* All zero: empty. */
typedef struct cogo__regions {
    cogo__region *open; /**< Those with a free span. */
    uint32_t count;     /**< Regions that there are. */
    uint32_t empty_count;
} cogo__regions;

/** COGO__SPAN_SIZE bytes, aligned to that, not initialised; NULL when out of memory.
 * @p out_region is what give() wants. */
void *cogo__regions_take(cogo__regions *pool, cogo__region **out_region);
void cogo__regions_give(cogo__regions *pool, cogo__region *region, void *span);
/** Gives all back. No span may be in use. */
void cogo__regions_finish(cogo__regions *pool);

#endif
