/* Chunks grow from 4 KiB to 64 KiB; a big allocation gets a chunk of its own. */
#include <cogo/arena.h>

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BYTES_MIN = 4 * 1024,
    CHUNK_BYTES_MAX = 64 * 1024,
    OWN_CHUNK_DIVISOR = 4, // More than a quarter of a chunk does not share one.
    ALIGN_BYTES = 16,
};

_Static_assert(alignof(max_align_t) <= ALIGN_BYTES, "memory is aligned for any type");

struct cogo_arena_chunk {
    struct cogo_arena_chunk *next;
    size_t size_bytes; // Of `data`.
    size_t used_bytes;
    alignas(ALIGN_BYTES) uint8_t data[];
};

void cogo_arena_init(cogo_arena *arena, size_t limit_bytes)
{
    *arena = (cogo_arena){.limit_bytes = limit_bytes};
}

void cogo_arena_finish(cogo_arena *arena)
{
    struct cogo_arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct cogo_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->used_bytes = 0;
}

/* A chunk with room for @p size_bytes is first in the list, or NULL is returned. A chunk made
 * for one big allocation goes behind the newest, whose rest stays usable. */
static struct cogo_arena_chunk *chunk_for(cogo_arena *arena, size_t size_bytes)
{
    struct cogo_arena_chunk *newest = arena->chunks;
    if (newest != NULL && newest->size_bytes - newest->used_bytes >= size_bytes) {
        return newest;
    }
    size_t chunk_bytes = newest == NULL ? CHUNK_BYTES_MIN : newest->size_bytes * 2;
    if (chunk_bytes > CHUNK_BYTES_MAX) {
        chunk_bytes = CHUNK_BYTES_MAX;
    }
    bool own = size_bytes > chunk_bytes / OWN_CHUNK_DIVISOR;
    if (own) {
        chunk_bytes = size_bytes;
    }
    // calloc: what was never given out is zero, and nothing is given out twice.
    struct cogo_arena_chunk *chunk = calloc(1, sizeof *chunk + chunk_bytes);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->size_bytes = chunk_bytes;
    if (own && newest != NULL) {
        chunk->next = newest->next;
        newest->next = chunk;
    } else {
        chunk->next = newest;
        arena->chunks = chunk;
    }
    return chunk;
}

void *cogo_arena_alloc(cogo_arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2) {
        return NULL;
    }
    size_t size = (size_bytes == 0 ? 1 : size_bytes) + ALIGN_BYTES - 1;
    size -= size % ALIGN_BYTES;
    size_t limit = arena->limit_bytes;
    if (limit != 0 && (size > limit || arena->used_bytes > limit - size)) {
        return NULL;
    }
    struct cogo_arena_chunk *chunk = chunk_for(arena, size);
    if (chunk == NULL) {
        return NULL;
    }
    void *memory = chunk->data + chunk->used_bytes;
    chunk->used_bytes += size;
    arena->used_bytes += size;
    return memory;
}

char *cogo_arena_strdup(cogo_arena *arena, const char *text)
{
    return text == NULL ? NULL : cogo_arena_copy(arena, text, strlen(text));
}

void *cogo_arena_copy(cogo_arena *arena, const void *bytes, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2) {
        return NULL;
    }
    uint8_t *copy = cogo_arena_alloc(arena, size_bytes + 1);
    if (copy != NULL && size_bytes > 0) {
        memcpy(copy, bytes, size_bytes);
    }
    return copy; // The arena's memory is zero: the last byte is.
}

char *cogo_arena_printf(cogo_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : cogo_arena_alloc(arena, (size_t)length + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}
