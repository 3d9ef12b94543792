/* An allocator whose memory is used again at once, last in first out; only the end of a round
 * returns it. Used by one system at a time. */
#ifndef TESTS_UNIT_RUNTIME_STOCK_H
#define TESTS_UNIT_RUNTIME_STOCK_H

#include "runtime/base/lock.h"

#include <cogo/allocator.h>

#include <stdlib.h>
#include <string.h>

enum { STOCK_SIZES = 256 };

typedef struct spare {
    struct spare *next;
} spare;

static struct {
    cogo__lock lock;
    size_t sizes[STOCK_SIZES];
    spare *lists[STOCK_SIZES];
    uint64_t again; // Blocks that were given out a second time or more.
} stock;

static inline spare **stock_of(size_t size)
{
    size_t i = 0;
    while (i < STOCK_SIZES - 1 && stock.sizes[i] != size && stock.sizes[i] != 0) {
        i++;
    }
    stock.sizes[i] = stock.sizes[i] != 0 ? stock.sizes[i] : size;
    return stock.sizes[i] == size ? &stock.lists[i] : NULL;
}

static inline void *stock_alloc(void *ctx, size_t size, size_t alignment)
{
    (void)ctx;
    cogo__lock_take(&stock.lock);
    spare **list = stock_of(size), *block = list != NULL ? *list : NULL;
    if (block != NULL) {
        *list = block->next;
        stock.again++;
    }
    cogo__lock_give(&stock.lock);
    size_t most = alignment > 64 ? alignment : 64; // So that a block serves whoever is next.
    return block != NULL ? block : aligned_alloc(most, (size + most - 1) / most * most);
}

static inline void stock_free(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    cogo__lock_take(&stock.lock);
    spare **list = stock_of(size), *block = memory;
    if (list != NULL) {
        block->next = *list;
        *list = block;
    }
    cogo__lock_give(&stock.lock);
    if (list == NULL) {
        free(memory);
    }
}

static inline void *stock_realloc(void *ctx, void *memory, size_t old_size, size_t size)
{
    void *larger = stock_alloc(ctx, size, 64);
    if (larger != NULL) {
        memcpy(larger, memory, old_size < size ? old_size : size);
        stock_free(ctx, memory, old_size);
    }
    return larger;
}

static inline void stock_clear(void)
{
    for (size_t i = 0; i < STOCK_SIZES; i++) {
        while (stock.lists[i] != NULL) {
            spare *block = stock.lists[i];
            stock.lists[i] = block->next;
            free(block);
        }
    }
}

static const cogo_allocator stock_allocator = {.struct_size = sizeof(cogo_allocator),
                                               .alloc = stock_alloc,
                                               .realloc = stock_realloc,
                                               .free = stock_free};

#endif
