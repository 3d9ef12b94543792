#include "runtime/node/stage.h"

#include "runtime/base/alloc.h"

enum {
    STAGE_FIRST = 4096, // Bytes at first.
    STAGE_AHEAD = 1024, // What is so many bytes further on is prefetched.
};

static bool reserve(cogo__stage *stage, const cogo_allocator *from, size_t more)
{
    size_t wanted = stage->size + more;
    if (wanted <= stage->capacity) {
        return true;
    }
    size_t capacity = stage->capacity != 0 ? stage->capacity : STAGE_FIRST;
    while (capacity < wanted) {
        capacity *= 2;
    }
    uint8_t *bytes =
        wanted <= COGO__STAGE_MOST ? cogo__realloc(from, stage->bytes, capacity) : NULL;
    if (bytes == NULL) {
        return false;
    }
    stage->bytes = bytes;
    stage->capacity = capacity;
    return true;
}

bool cogo__stage_add(cogo__stage *stage, const cogo_allocator *from, const cogo__frame *frame)
{
    size_t bound = cogo__frame_bound(frame);
    if (!reserve(stage, from, bound)) {
        return false;
    }
    uint8_t *at = stage->bytes + stage->size;
    size_t size = cogo__frame_encode(frame, NULL, at, bound);
    stage->size += size;
    // The lock is given back next, which waits until all of it is written: lines that are not
    // in the cache would be waited for by each message.
    __builtin_prefetch(at + STAGE_AHEAD, 1);
    __builtin_prefetch(at + STAGE_AHEAD + 64, 1);
    return size != 0;
}

void cogo__stage_clear(cogo__stage *stage)
{
    cogo__free(stage->bytes);
    *stage = (cogo__stage){.open = false};
}
