#include "tests/sim/memory.h"

#include "runtime/base/sim.h"

#include <stdlib.h>
#include <sys/mman.h>

static int64_t live;
static uint64_t share, failures;
static bool is_hungry;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void memory_begin(uint64_t fail_share)
{
    live = 0;
    share = fail_share;
    failures = 0;
    is_hungry = false;
}

int64_t memory_live(void)
{
    return live;
}

uint64_t memory_failures(void)
{
    return failures;
}

void memory_hungry(int hungry)
{
    is_hungry = hungry != 0;
}

static bool refused(void)
{
    if (!is_hungry || share == 0 || !cogo__sim_active() || cogo__sim_random() % share != 0) {
        return false;
    }
    failures++;
    return true;
}

static void *taken(void *memory)
{
    live += memory != NULL && cogo__sim_active();
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : taken(__real_calloc(count, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refused() ? NULL : taken(__real_aligned_alloc(alignment, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (refused()) {
        return NULL;
    }
    void *memory = __real_realloc(old, size);
    return old == NULL ? taken(memory) : memory;
}

void __wrap_free(void *memory)
{
    live -= memory != NULL && cogo__sim_active();
    __real_free(memory);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return refused() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}
