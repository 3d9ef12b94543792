/* A bump allocator: many small allocations, freed all at once.
 * Used wherever bytes become values (decoders, records) and their lifetime ends together.
 * Never frees one allocation alone; never moves what it gave out. */
#ifndef COGO_ARENA_H
#define COGO_ARENA_H

#include <cogo/error.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zero-initialise, or use cogo_arena_init(). The fields belong to the arena. */
typedef struct cogo_arena {
    struct cogo_arena_chunk *chunks; /**< Newest first. */
    size_t used_bytes;               /**< Given out in total. */
    size_t limit_bytes;              /**< 0 means no limit. */
} cogo_arena;

/**
 * Makes @p arena empty. At most @p limit_bytes will be given out (0: no limit).
 *
 * Ownership: the caller owns @p arena and ends it with cogo_arena_finish().
 * Threads:   one thread at a time.
 */
COGO_API void cogo_arena_init(cogo_arena *arena, size_t limit_bytes);

/**
 * Gives all memory of @p arena back; it is empty and usable afterwards.
 *
 * Ownership: everything that the arena gave out is gone.
 * Threads:   one thread at a time.
 */
COGO_API void cogo_arena_finish(cogo_arena *arena);

/**
 * Gives out @p size_bytes of zeroed memory, aligned for any type.
 *
 * Ownership: the memory belongs to @p arena.
 * Threads:   one thread at a time.
 * @return NULL when out of memory or beyond the limit.
 */
COGO_API void *cogo_arena_alloc(cogo_arena *arena, size_t size_bytes);

/**
 * Copies @p text into @p arena (NULL gives NULL).
 *
 * Ownership: the copy belongs to @p arena.
 * Threads:   one thread at a time.
 * @return NULL when out of memory or beyond the limit, or when @p text is NULL.
 */
COGO_API char *cogo_arena_strdup(cogo_arena *arena, const char *text);

/**
 * Copies @p size_bytes of @p bytes into @p arena and ends them with a 0 byte.
 *
 * Ownership: the copy belongs to @p arena.
 * Threads:   one thread at a time.
 * @return NULL when out of memory or beyond the limit.
 */
COGO_API void *cogo_arena_copy(cogo_arena *arena, const void *bytes, size_t size_bytes);

/**
 * Formats a string into @p arena, as printf does.
 *
 * Ownership: the string belongs to @p arena.
 * Threads:   one thread at a time.
 * @return NULL when out of memory or beyond the limit.
 */
COGO_API char *cogo_arena_printf(cogo_arena *arena, const char *format, ...) COGO_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
