#include "runtime/actor/table.h"

#include <string.h>

enum { CACHE_SHARE = 16, REFILL = 32 };

cogo_err cogo__table_init(cogo__table *table, const cogo_allocator *from, size_t element_size,
                          size_t link_offset, uint32_t capacity, uint32_t lane_count)
{
    memset(table, 0, sizeof *table);
    table->from = from;
    table->element_size = element_size;
    table->link_offset = link_offset;
    table->capacity = capacity;
    // What lanes keep for themselves must be small beside the limit, or it is reached too
    // early.
    bool roomy = capacity / (lane_count * CACHE_SHARE) >= COGO__TABLE_CACHE_MAX;
    table->cache_max = roomy ? COGO__TABLE_CACHE_MAX : 0;
    cogo__u32_store_relaxed(&table->fresh, 1);
    table->chunks =
        cogo__alloc_zeroed(from, capacity / COGO__TABLE_CHUNK + 1, sizeof *table->chunks);
    if (table->chunks == NULL) {
        return COGO_ENOMEM;
    }
    cogo__lock_init(&table->lock);
    return COGO_OK;
}

void cogo__table_finish(cogo__table *table)
{
    if (table->chunks == NULL) {
        return;
    }
    uint32_t last = (cogo__u32_load_relaxed(&table->fresh) - 1) / COGO__TABLE_CHUNK;
    for (uint32_t i = 0; i <= last; i++) { // Those behind were never made.
        cogo__free(cogo__ptr_load_relaxed(&table->chunks[i]));
    }
    cogo__free(table->chunks);
    cogo__lock_finish(&table->lock);
    table->chunks = NULL;
}

/* Caller holds the lock. */
static uint32_t take_fresh(cogo__table *table)
{
    uint32_t index = cogo__u32_load_relaxed(&table->fresh);
    if (index > table->capacity) {
        return 0;
    }
    cogo__aptr *chunk = &table->chunks[index / COGO__TABLE_CHUNK];
    if (cogo__ptr_load_relaxed(chunk) == NULL) {
        void *memory = cogo__alloc_lines(table->from, table->element_size * COGO__TABLE_CHUNK);
        if (memory == NULL) {
            return 0;
        }
        cogo__ptr_store_release(chunk, memory);
    }
    (void)cogo__u32_swap_seq_cst(&table->fresh, index + 1); // stop() must not miss it.
    return index;
}

/* Caller holds the lock. */
static uint32_t take_shared(cogo__table *table)
{
    uint32_t index = table->free_first;
    if (index == 0) {
        return take_fresh(table);
    }
    table->free_first = *cogo__table_link(table, index);
    return index;
}

/* Near the limit a lane keeps no fresh ones: others could not reach them. Caller holds the
 * lock. */
static bool plenty(const cogo__table *table)
{
    uint32_t used = cogo__u32_load_relaxed(&table->fresh);
    return table->free_first != 0 || used < table->capacity - table->capacity / CACHE_SHARE;
}

uint32_t cogo__table_take_slowly(cogo__table *table, cogo__table_cache *cache)
{
    cogo__lock_take(&table->lock);
    uint32_t index = take_shared(table);
    uint32_t wanted = cache == NULL || index == 0 ? 0 : REFILL;
    for (uint32_t i = 0; i < wanted && i < table->cache_max && plenty(table); i++) {
        uint32_t more = take_shared(table);
        *cogo__table_link(table, more) = cache->first;
        cache->first = more;
        cache->count++;
    }
    cogo__lock_give(&table->lock);
    return index;
}

void cogo__table_give_slowly(cogo__table *table, cogo__table_cache *cache, uint32_t index)
{
    cogo__lock_take(&table->lock);
    *cogo__table_link(table, index) = table->free_first;
    table->free_first = index;
    while (cache != NULL && cache->count > table->cache_max / 2) { // Half stays.
        uint32_t more = cache->first;
        cache->first = *cogo__table_link(table, more);
        cache->count--;
        *cogo__table_link(table, more) = table->free_first;
        table->free_first = more;
    }
    cogo__lock_give(&table->lock);
}
