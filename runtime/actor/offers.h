/* Behaviours that others may spawn here, by name.
 * Used by links that are asked to spawn.
 * Never shrinks: what was found stays. */
#ifndef COGO_ACTOR_OFFERS_H
#define COGO_ACTOR_OFFERS_H

#include "runtime/base/alloc.h"
#include "runtime/base/lock.h"

#include <cogo/placement.h>

typedef struct cogo__offer {
    const cogo_behavior *behavior;
    const cogo_record *args; /**< NULL: bytes. */
} cogo__offer;

typedef struct cogo__offers {
    cogo__lock lock;
    cogo__offer *list;
    uint32_t count, capacity;
    const cogo_allocator *from;
} cogo__offers;

void cogo__offers_init(cogo__offers *offers, const cogo_allocator *from);
void cogo__offers_finish(cogo__offers *offers);
/** True with @p out if there is one of this name. Any thread. */
bool cogo__offers_find(cogo__offers *offers, const char *name, cogo__offer *out);

#endif
