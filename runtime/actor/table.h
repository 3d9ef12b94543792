/* A growing table of fixed-size elements whose addresses never change.
 * Used for actor cells and for references (timers, asks, monitors).
 * Never gives memory back before the end, so that a stale index always finds an element of the
 * right type; what the element means is told by its generation. */
#ifndef COGO_ACTOR_TABLE_H
#define COGO_ACTOR_TABLE_H

#include "runtime/base/alloc.h"
#include "runtime/base/atomic.h"
#include "runtime/base/lock.h"

#include <cogo/error.h>

#include <stddef.h>
#include <stdint.h>

enum {
    COGO__TABLE_CHUNK = 256,     /**< Elements per chunk. */
    COGO__TABLE_CACHE_MAX = 128, /**< Free elements that one lane keeps for itself. */
};

typedef struct cogo__table {
    cogo__aptr *chunks; /**< Index 0 is never given out. */
    size_t element_size;
    size_t link_offset; /**< Of the element's `uint32_t` for the free list. */
    uint32_t capacity;  /**< A count. */
    uint32_t cache_max;
    cogo__au32 fresh; /**< Elements below were given out once. */
    cogo__lock lock;  /**< Guards what follows and the growth. */
    uint32_t free_first;
    const cogo_allocator *from;
} cogo__table;

/* Free elements of one lane; only its thread. */
typedef struct cogo__table_cache {
    uint32_t first, count;
} cogo__table_cache;

cogo_err cogo__table_init(cogo__table *table, const cogo_allocator *from, size_t element_size,
                          size_t link_offset, uint32_t capacity, uint32_t lane_count);
void cogo__table_finish(cogo__table *table);

/** NULL for an index that was never given out. Any thread. @p size_bytes of an element: a
 * constant at the caller makes the multiplication a shift. */
static inline void *cogo__table_find_sized(const cogo__table *table, uint32_t index,
                                           size_t size_bytes)
{
    if (__builtin_expect(index > table->capacity, 0)) {
        return NULL;
    }
    // acquire: pairs with the release that published the chunk.
    char *chunk = cogo__ptr_load_acquire(&table->chunks[index / COGO__TABLE_CHUNK]);
    return chunk != NULL ? chunk + (index % COGO__TABLE_CHUNK) * size_bytes : NULL;
}

static inline void *cogo__table_find(const cogo__table *table, uint32_t index)
{
    return cogo__table_find_sized(table, index, table->element_size);
}

/** As cogo__table_find(), for an index that was given out: never NULL. */
static inline void *cogo__table_at(const cogo__table *table, uint32_t index)
{
    char *chunk = cogo__ptr_load_acquire(&table->chunks[index / COGO__TABLE_CHUNK]);
    return chunk + (index % COGO__TABLE_CHUNK) * table->element_size;
}

static inline uint32_t *cogo__table_link(const cogo__table *table, uint32_t index)
{
    char *element = cogo__table_at(table, index);
    return (uint32_t *)(void *)(element + table->link_offset);
}

/** With the lock: the cache is empty, full, or there is none. */
uint32_t cogo__table_take_slowly(cogo__table *table, cogo__table_cache *cache);
void cogo__table_give_slowly(cogo__table *table, cogo__table_cache *cache, uint32_t index);

/** The index of a free element, or 0. A fresh one is zeroed. @p cache may be NULL. */
static inline uint32_t cogo__table_take(cogo__table *table, cogo__table_cache *cache)
{
    if (cache == NULL || cache->first == 0) {
        return cogo__table_take_slowly(table, cache);
    }
    uint32_t index = cache->first;
    cache->first = *cogo__table_link(table, index);
    cache->count--;
    return index;
}

static inline void cogo__table_give(cogo__table *table, cogo__table_cache *cache,
                                    uint32_t index)
{
    if (cache == NULL || cache->count >= table->cache_max) {
        cogo__table_give_slowly(table, cache, index);
        return;
    }
    *cogo__table_link(table, index) = cache->first;
    cache->first = index;
    cache->count++;
}

#endif
