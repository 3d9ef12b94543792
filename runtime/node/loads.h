/* How many placed actors each child process of a pool has, so that the next goes to the least.
 * Used by process_pool.c, for deputies, which come and go on any lane: guarded by the node's
 * lock. */
#ifndef COGO_NODE_LOADS_H
#define COGO_NODE_LOADS_H

#include <cogo/allocator.h>
#include <cogo/process.h>

typedef struct cogo__load {
    char pool[COGO_PROCESS_NAME_MAX + 1];
    uint32_t count; /**< Processes; 0: the pool was stopped. */
    uint32_t placed[COGO_PROCESS_COUNT_MAX];
} cogo__load;

/* Zero-initialise. */
typedef struct cogo__loads {
    cogo__load *all;
    uint32_t count;
} cogo__loads;

/** A pool has begun (again): what was placed in an earlier one is still given back. */
cogo_err cogo__loads_know(cogo__loads *loads, const cogo_allocator *from, const char *pool,
                          uint32_t count);
/** Processes of @p pool; 0: there is none of this name. */
uint32_t cogo__loads_count(const cogo__loads *loads, const char *pool);
/** The process with the fewest, of those that run; of several one by @p chance. Counts one more
 * there. COGO_PROCESS_COUNT_MAX: none runs. */
uint32_t cogo__loads_take(cogo__loads *loads, const char *pool,
                          const bool running[COGO_PROCESS_COUNT_MAX], uint64_t chance);
void cogo__loads_give(cogo__loads *loads, const char *pool, uint32_t place);
void cogo__loads_finish(cogo__loads *loads);

#endif
