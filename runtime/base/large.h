/* Blocks too large for a heap's spans, kept for the next one of about their size.
 * Used for large messages and for the buffers of connections. One store belongs to one thread,
 * but blocks may be taken from one and given to another.
 * Never keeps what was not needed for a second: malloc gives a large block back to the kernel
 * at once, which costs a page fault for each 4 KiB when the next one is filled. */
#ifndef COGO_BASE_LARGE_H
#define COGO_BASE_LARGE_H

#include "runtime/base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    COGO__LARGE_KEPT = 32,            /**< Blocks, a count. */
    COGO__LARGE_KEPT_BYTES = 4194304, /**< Of all of them. */
    COGO__LARGE_SLACK = 8, /**< A block may be larger than wanted by one part in so many. */
    COGO__LARGE_KEEP_NS = 1000000000,
    COGO__LARGE_BUFFER = 262144, /**< Bytes of the buffer. */
};

/* All zero: empty. */
typedef struct cogo__large {
    void *blocks[COGO__LARGE_KEPT]; /**< Oldest first. */
    uint32_t count;
    uint32_t least; /**< Since the last trim: so many were not needed. */
    uint64_t bytes;
    uint64_t trim_ns;  /**< When the next trim is due; 0: none is. */
    void *buffer;      /**< For who fills and empties one in a turn; NULL: somebody has it. */
    bool buffer_taken; /**< Since the last trim. */
    uint64_t buffer_trim_ns; /**< When it goes, unless it is taken before. */
} cogo__large;

/** Not initialised, from @p from if none is kept; NULL when out of memory. @p store may be
 * NULL. */
void *cogo__large_alloc(cogo__large *store, const cogo_allocator *from, size_t size_bytes);
/** A block of cogo__alloc() or cogo__large_alloc(), or NULL. @p store may be NULL. */
void cogo__large_free(cogo__large *store, void *block);
/** As cogo__large_alloc() for COGO__LARGE_BUFFER bytes, and nearly always the same block. */
void *cogo__large_buffer_take(cogo__large *store, const cogo_allocator *from);
/** As cogo__large_free() for such a block. */
void cogo__large_buffer_give(cogo__large *store, void *block);
/** Frees what was not needed for COGO__LARGE_KEEP_NS. When it wants to be called again; 0:
 * never. */
uint64_t cogo__large_trim(cogo__large *store, uint64_t now_ns);
/** Frees all. */
void cogo__large_finish(cogo__large *store);

#endif
