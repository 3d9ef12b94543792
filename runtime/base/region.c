/* Why not one aligned_alloc per span: malloc leaves a gap as large as the span behind each, and
 * a flood of messages pays a page fault for every 4 KiB. A region is what one huge page holds,
 * so that the system may back it with one. */
#include "runtime/base/region.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
/* LeakSanitizer looks for pointers in malloc's memory, not in mappings. */
static void *map_pages(bool huge)
{
    (void)huge;
    return aligned_alloc(COGO__REGION_SIZE, COGO__REGION_SIZE);
}

static void unmap_pages(void *memory)
{
    free(memory);
}
#else
/* Maps twice as much as it wants, and gives the ends back. */
static void *map_pages(bool huge)
{
    const size_t size = COGO__REGION_SIZE;
    char *mapped = mmap(NULL, size * 2, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    size_t head = (size - (uintptr_t)mapped % size) % size;
    char *memory = mapped + head;
    if (head != 0) {
        (void)munmap(mapped, head);
    }
    (void)munmap(memory + size, size - head);
    if (huge) {
        (void)madvise(memory, size, MADV_HUGEPAGE); // A wish: without it pages are small.
    }
    return memory;
}

static void unmap_pages(void *memory)
{
    (void)munmap(memory, COGO__REGION_SIZE);
}
#endif

/* A program's allocator need not align more than spans want. */
static void *map_region(const cogo_allocator *from, bool huge)
{
    return from != NULL ? from->alloc(from->ctx, COGO__REGION_SIZE, COGO__SPAN_SIZE)
                        : map_pages(huge);
}

static void unmap_region(const cogo_allocator *from, void *memory)
{
    if (from != NULL) {
        (from->free)(from->ctx, memory, COGO__REGION_SIZE);
    } else {
        unmap_pages(memory);
    }
}

static void open_region(cogo__regions *pool, cogo__region *region)
{
    region->prev = NULL;
    region->next = pool->open;
    if (pool->open != NULL) {
        pool->open->prev = region;
    }
    pool->open = region;
}

static void close_region(cogo__regions *pool, cogo__region *region)
{
    if (region->prev != NULL) {
        region->prev->next = region->next;
    } else {
        pool->open = region->next;
    }
    if (region->next != NULL) {
        region->next->prev = region->prev;
    }
}

/* The first region of a pool gets small pages: most systems never need a second. */
static cogo__region *create(cogo__regions *pool)
{
    cogo__region *region = cogo__alloc(pool->from, sizeof *region);
    char *memory = region != NULL ? map_region(pool->from, pool->count != 0) : NULL;
    if (memory == NULL) {
        cogo__free(region);
        return NULL;
    }
    *region = (cogo__region){.memory = memory, .free = UINT32_MAX};
    pool->count++;
    pool->empty_count++;
    open_region(pool, region);
    return region;
}

static void destroy(cogo__regions *pool, cogo__region *region)
{
    close_region(pool, region);
    pool->count--;
    pool->empty_count--;
    unmap_region(pool->from, region->memory);
    cogo__free(region);
}

/* The first empty one from @p region on; where to go on. */
static cogo__region *destroy_empty(cogo__regions *pool, cogo__region *region)
{
    while (region != NULL && region->free != UINT32_MAX) {
        region = region->next;
    }
    cogo__region *next = region != NULL ? region->next : NULL;
    if (region != NULL) {
        destroy(pool, region);
    }
    return next;
}

void *cogo__regions_take(cogo__regions *pool, cogo__region **out_region)
{
    cogo__region *region = pool->open != NULL ? pool->open : create(pool);
    if (region == NULL) {
        return NULL;
    }
    uint32_t index = (uint32_t)__builtin_ctz(region->free);
    if (region->free == UINT32_MAX) {
        pool->empty_count--;
        pool->least_empty =
            pool->empty_count < pool->least_empty ? pool->empty_count : pool->least_empty;
    }
    region->free &= region->free - 1;
    if (region->free == 0) {
        close_region(pool, region);
    }
    *out_region = region;
    return region->memory + (size_t)index * COGO__SPAN_SIZE;
}

void cogo__regions_give(cogo__regions *pool, cogo__region *region, void *span)
{
    uint32_t index = (uint32_t)((size_t)((char *)span - region->memory) / COGO__SPAN_SIZE);
    if (region->free == 0) {
        open_region(pool, region);
    }
    region->free |= UINT32_C(1) << index;
    if (region->free != UINT32_MAX) {
        return;
    }
    pool->empty_count++;
    if (pool->empty_count > COGO__REGION_KEEP) {
        destroy(pool, region);
    }
}

/* The first call after a flood only begins the time; what was empty during all of it goes. */
uint64_t cogo__regions_trim(cogo__regions *pool, uint64_t now_ns)
{
    if (pool->empty_count <= COGO__REGION_SPARES) {
        pool->trim_ns = 0;
        return 0;
    }
    if (pool->trim_ns == 0 || now_ns >= pool->trim_ns) {
        uint32_t unused = pool->trim_ns == 0 ? 0 : pool->least_empty;
        cogo__region *region = pool->open;
        while (region != NULL && unused-- > COGO__REGION_SPARES) {
            region = destroy_empty(pool, region);
        }
        pool->least_empty = pool->empty_count;
        pool->trim_ns = now_ns + COGO__REGION_KEEP_NS;
    }
    return pool->empty_count > COGO__REGION_SPARES ? pool->trim_ns : 0;
}

void cogo__regions_finish(cogo__regions *pool)
{
    while (pool->open != NULL) {
        destroy(pool, pool->open);
    }
}
