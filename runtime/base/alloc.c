/* In front of each block stand two words: the allocator, and the size with the way to the
 * beginning. So free() needs neither, and the program's allocator gets its sizes back.
 * Calls in parentheses: realloc and free may be macros (tests/model/outside.h). */
#include "runtime/base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_ALIGNMENT = 16,
    LINE_ALIGNMENT = 64,
    PREFIX_BITS = 8, /**< Of `facts`; above them the size. */
};

typedef struct header {
    const cogo_allocator *from;
    uint64_t facts;
} header;

_Static_assert(sizeof(header) == WORD_ALIGNMENT, "the block behind it is aligned");

/* More than any machine has: additions below can't overflow. */
#define SIZE_MOST (SIZE_MAX >> (PREFIX_BITS + 1))

bool cogo__allocator_valid(const cogo_allocator *from)
{
    return from == NULL
           || (from->struct_size >= sizeof *from && from->alloc != NULL && from->realloc != NULL
               && from->free != NULL);
}

static header *header_of(const void *block)
{
    return (header *)(uintptr_t)block - 1;
}

static size_t size_of(const header *h)
{
    return (size_t)(h->facts >> PREFIX_BITS);
}

/* @p memory has @p size bytes; the block begins behind the prefix. */
static void *finish(void *memory, const cogo_allocator *from, size_t size, size_t prefix)
{
    if (memory == NULL) {
        return NULL;
    }
    char *block = (char *)memory + prefix;
    *header_of(block) = (header){from, (uint64_t)size << PREFIX_BITS | prefix};
    return block;
}

void *cogo__alloc(const cogo_allocator *from, size_t size_bytes)
{
    if (size_bytes > SIZE_MOST) {
        return NULL;
    }
    size_t size = size_bytes + WORD_ALIGNMENT;
    void *memory = from != NULL ? from->alloc(from->ctx, size, WORD_ALIGNMENT) : malloc(size);
    return finish(memory, from, size, WORD_ALIGNMENT);
}

/* malloc's zeros are cheaper than ours: large blocks come from the kernel that way. */
void *cogo__alloc_zeroed(const cogo_allocator *from, size_t count, size_t size_bytes)
{
    if (size_bytes != 0 && count > SIZE_MOST / size_bytes) {
        return NULL;
    }
    size_t size = count * size_bytes + WORD_ALIGNMENT;
    if (from == NULL) {
        return finish(calloc(1, size), from, size, WORD_ALIGNMENT);
    }
    void *block = cogo__alloc(from, count * size_bytes);
    return block != NULL ? memset(block, 0, count * size_bytes) : NULL;
}

void *cogo__alloc_lines(const cogo_allocator *from, size_t size_bytes)
{
    if (size_bytes > SIZE_MOST) {
        return NULL;
    }
    size_t lines = (size_bytes + LINE_ALIGNMENT - 1) / LINE_ALIGNMENT + 1;
    size_t size = lines * LINE_ALIGNMENT;
    void *memory = from != NULL ? from->alloc(from->ctx, size, LINE_ALIGNMENT)
                                : aligned_alloc(LINE_ALIGNMENT, size);
    void *block = finish(memory, from, size, LINE_ALIGNMENT);
    return block != NULL ? memset(block, 0, size - LINE_ALIGNMENT) : NULL;
}

void *cogo__realloc(const cogo_allocator *from, void *old, size_t size_bytes)
{
    if (old == NULL) {
        return cogo__alloc(from, size_bytes);
    }
    if (size_bytes > SIZE_MOST) {
        return NULL;
    }
    header *h = header_of(old);
    const cogo_allocator *same = h->from;
    size_t size = size_bytes + WORD_ALIGNMENT;
    void *memory =
        same != NULL ? (same->realloc)(same->ctx, h, size_of(h), size) : realloc(h, size);
    return finish(memory, same, size, WORD_ALIGNMENT);
}

void cogo__free(void *block)
{
    if (block == NULL) {
        return;
    }
    const header *h = header_of(block);
    const cogo_allocator *from = h->from;
    char *memory = (char *)block - (h->facts & ((1 << PREFIX_BITS) - 1));
    if (from != NULL) {
        (from->free)(from->ctx, memory, size_of(h));
    } else {
        free(memory);
    }
}

size_t cogo__alloc_size(const void *block)
{
    const header *h = header_of(block);
    return size_of(h) - (size_t)(h->facts & ((1u << PREFIX_BITS) - 1));
}

const cogo_allocator *cogo__allocator_of(const void *block)
{
    return header_of(block)->from;
}
