/* Memory for a system: from malloc, or from the allocator that the program gave.
 * Used wherever libcogo allocates; `from` is NULL for malloc.
 * Never needed to give back: a block knows where it came from. */
#ifndef COGO_BASE_ALLOC_H
#define COGO_BASE_ALLOC_H

#include <cogo/allocator.h>

#include <stdbool.h>

/** NULL, or complete. */
bool cogo__allocator_valid(const cogo_allocator *from);

/** Aligned to 16, not initialised. NULL when out of memory. */
void *cogo__alloc(const cogo_allocator *from, size_t size_bytes);
/** @p count elements, aligned to 16, all bytes 0. NULL when out of memory. */
void *cogo__alloc_zeroed(const cogo_allocator *from, size_t count, size_t size_bytes);
/** Aligned to a cache line, all bytes 0. NULL when out of memory. Can't be made larger. */
void *cogo__alloc_lines(const cogo_allocator *from, size_t size_bytes);
/** @p old is a block of cogo__alloc() or cogo__alloc_zeroed(), or NULL. NULL when out of
 * memory:
 * @p old stays as it is. */
void *cogo__realloc(const cogo_allocator *from, void *old, size_t size_bytes);
/** Any of the above, or NULL. */
void cogo__free(void *block);
/** Bytes of @p block, of cogo__alloc() or cogo__realloc(). */
size_t cogo__alloc_size(const void *block);
/** Where @p block came from: for what belongs to it. */
const cogo_allocator *cogo__allocator_of(const void *block);

#endif
