#include "runtime/node/loads.h"

#include "runtime/base/alloc.h"

#include <stdio.h>
#include <string.h>

static cogo__load *find(const cogo__loads *l, const char *pool)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (strcmp(l->all[i].pool, pool) == 0) {
            return &l->all[i];
        }
    }
    return NULL;
}

cogo_err cogo__loads_know(cogo__loads *l, const cogo_allocator *from, const char *pool,
                          uint32_t count)
{
    cogo__load *known = find(l, pool);
    if (known == NULL) { // Pools are few, and begin rarely.
        cogo__load *more = cogo__alloc_zeroed(from, l->count + 1, sizeof *more);
        if (more == NULL) {
            return COGO_ENOMEM;
        }
        if (l->count != 0) {
            memcpy(more, l->all, l->count * sizeof *more);
        }
        cogo__free(l->all);
        l->all = more;
        known = &more[l->count++];
        (void)snprintf(known->pool, sizeof known->pool, "%s", pool);
    }
    known->count = count;
    return COGO_OK;
}

uint32_t cogo__loads_count(const cogo__loads *l, const char *pool)
{
    const cogo__load *known = find(l, pool);
    return known != NULL ? known->count : 0;
}

uint32_t cogo__loads_take(cogo__loads *l, const char *pool,
                          const bool running[COGO_PROCESS_COUNT_MAX], uint64_t chance)
{
    cogo__load *known = find(l, pool);
    uint32_t count = known != NULL ? known->count : 0, best = COGO_PROCESS_COUNT_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)((chance + i) % count);
        if (running[at]
            && (best == COGO_PROCESS_COUNT_MAX || known->placed[at] < known->placed[best])) {
            best = at;
        }
    }
    if (best != COGO_PROCESS_COUNT_MAX) {
        known->placed[best]++;
    }
    return best;
}

void cogo__loads_give(cogo__loads *l, const char *pool, uint32_t place)
{
    cogo__load *known = find(l, pool);
    if (known != NULL && place < COGO_PROCESS_COUNT_MAX && known->placed[place] != 0) {
        known->placed[place]--;
    }
}

void cogo__loads_finish(cogo__loads *l)
{
    cogo__free(l->all);
    *l = (cogo__loads){.all = NULL};
}
