/* An allocator that counts, checks what it gets back, and refuses one request on demand.
 * Used by tests that give a system its memory.
 * Never takes from another source than malloc. */
#ifndef TESTS_UNIT_RUNTIME_PURSE_H
#define TESTS_UNIT_RUNTIME_PURSE_H

#include "runtime/base/lock.h"
#include "tests/unit/test.h"

#include <cogo/allocator.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Counts what is out, checks sizes and alignments, and refuses one request on demand. */
typedef struct purse {
    cogo__lock lock;
    uint64_t requests, refuse_at; /* 0: refuses none. */
    bool closed;                  /* Refuses all. */
    uint64_t refused;
    int64_t bytes, blocks;
    bool wrong; /* A size or an alignment that was not what was promised. */
} purse;

/* What stands in front of each block: free() must bring the size back. */
typedef struct tag {
    void *memory;
    size_t size;
} tag;

static inline bool refuses(purse *p)
{
    p->requests++;
    bool no = p->closed || p->requests == p->refuse_at;
    p->refused += no;
    return no;
}

static inline void *purse_alloc(void *ctx, size_t size, size_t alignment)
{
    purse *p = ctx;
    cogo__lock_take(&p->lock);
    bool no = refuses(p);
    p->wrong =
        p->wrong || size == 0 || (alignment != 16 && alignment != 64 && alignment != 65536);
    p->bytes += no ? 0 : (int64_t)size;
    p->blocks += !no;
    cogo__lock_give(&p->lock);
    if (no) {
        return NULL;
    }
    char *memory = malloc(size + alignment + sizeof(tag));
    uintptr_t at = ((uintptr_t)memory + sizeof(tag) + alignment - 1) / alignment * alignment;
    ((tag *)at)[-1] = (tag){memory, size};
    return (void *)at;
}

static inline void purse_free(void *ctx, void *memory, size_t size)
{
    purse *p = ctx;
    const tag *t = (const tag *)memory - 1;
    cogo__lock_take(&p->lock);
    p->wrong = p->wrong || t->size != size;
    p->bytes -= (int64_t)size;
    p->blocks--;
    cogo__lock_give(&p->lock);
    free(t->memory);
}

static inline void *purse_realloc(void *ctx, void *memory, size_t old_size, size_t size)
{
    void *bigger = purse_alloc(ctx, size, 16);
    if (bigger != NULL) {
        memcpy(bigger, memory, old_size < size ? old_size : size);
        purse_free(ctx, memory, old_size);
    }
    return bigger;
}

static inline cogo_allocator purse_open(purse *p)
{
    *p = (purse){0};
    cogo__lock_init(&p->lock);
    return (cogo_allocator){.struct_size = sizeof(cogo_allocator),
                            .alloc = purse_alloc,
                            .realloc = purse_realloc,
                            .free = purse_free,
                            .ctx = p};
}

/* All that was taken was given back, as it was taken. */
static inline void purse_close(purse *p)
{
    cr_expect_eq(p->blocks, 0);
    cr_expect_eq(p->bytes, 0);
    cr_expect(!p->wrong);
    cogo__lock_finish(&p->lock);
}

#endif
