#include "runtime/base/large.h"

#include "runtime/base/heap.h"

#include <string.h>

/* Newest first: it is still in the processor's cache. */
static void *take(cogo__large *store, size_t size)
{
    for (uint32_t i = store->count; i-- > 0;) {
        void *block = store->blocks[i];
        size_t there = cogo__alloc_size(block);
        if (there < size || there - size > size / COGO__LARGE_SLACK) {
            continue;
        }
        store->count--;
        store->bytes -= there;
        store->least = store->count < store->least ? store->count : store->least;
        memmove(&store->blocks[i], &store->blocks[i + 1],
                (store->count - i) * sizeof *store->blocks);
        COGO__UNPOISON(block, there);
        return block;
    }
    return NULL;
}

void *cogo__large_alloc(cogo__large *store, const cogo_allocator *from, size_t size_bytes)
{
    void *block = store != NULL && from == NULL ? take(store, size_bytes) : NULL;
    return block != NULL ? block : cogo__alloc(from, size_bytes);
}

/* A program's allocator gets its blocks back at once: it may keep them itself. */
void cogo__large_free(cogo__large *store, void *block)
{
    size_t size = block != NULL ? cogo__alloc_size(block) : 0;
    if (store == NULL || block == NULL || cogo__allocator_of(block) != NULL
        || store->count == COGO__LARGE_KEPT || size <= COGO__HEAP_BLOCK_MAX
        || store->bytes + size > COGO__LARGE_KEPT_BYTES) {
        cogo__free(block);
        return;
    }
    COGO__POISON(block, size);
    store->blocks[store->count++] = block;
    store->bytes += size;
}

void *cogo__large_buffer_take(cogo__large *store, const cogo_allocator *from)
{
    void *block = store != NULL ? store->buffer : NULL;
    if (block == NULL) {
        return cogo__large_alloc(store, from, COGO__LARGE_BUFFER);
    }
    COGO__UNPOISON(block, COGO__LARGE_BUFFER);
    store->buffer = NULL;
    store->buffer_taken = true;
    return block;
}

void cogo__large_buffer_give(cogo__large *store, void *block)
{
    if (store == NULL || store->buffer != NULL || cogo__allocator_of(block) != NULL) {
        cogo__large_free(store, block);
        return;
    }
    COGO__POISON(block, COGO__LARGE_BUFFER);
    store->buffer = block;
}

static void drop_oldest(cogo__large *store, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t size = cogo__alloc_size(store->blocks[i]);
        COGO__UNPOISON(store->blocks[i], size);
        store->bytes -= size;
        cogo__free(store->blocks[i]);
    }
    store->count -= count;
    memmove(store->blocks, store->blocks + count, store->count * sizeof *store->blocks);
}

static uint64_t trim_buffer(cogo__large *store, uint64_t now_ns)
{
    if (store->buffer == NULL) {
        return 0;
    }
    if (store->buffer_taken) {
        store->buffer_taken = false;
        store->buffer_trim_ns = now_ns + COGO__LARGE_KEEP_NS;
    } else if (now_ns >= store->buffer_trim_ns) {
        cogo__free(cogo__large_buffer_take(store, NULL));
        return 0;
    }
    return store->buffer_trim_ns;
}

/* The first call only begins the time; what lay unused during all of it goes. */
static uint64_t trim_blocks(cogo__large *store, uint64_t now_ns)
{
    if (store->count == 0) {
        store->trim_ns = 0;
        return 0;
    }
    if (store->trim_ns == 0 || now_ns >= store->trim_ns) {
        drop_oldest(store, store->trim_ns != 0 ? store->least : 0);
        store->least = store->count;
        store->trim_ns = store->count != 0 ? now_ns + COGO__LARGE_KEEP_NS : 0;
    }
    return store->trim_ns;
}

uint64_t cogo__large_trim(cogo__large *store, uint64_t now_ns)
{
    uint64_t blocks = trim_blocks(store, now_ns), buffer = trim_buffer(store, now_ns);
    return blocks == 0 || (buffer != 0 && buffer < blocks) ? buffer : blocks;
}

void cogo__large_finish(cogo__large *store)
{
    if (store->buffer != NULL) {
        cogo__free(cogo__large_buffer_take(store, NULL));
    }
    drop_oldest(store, store->count);
}
