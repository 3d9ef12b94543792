/* The timers of one lane: a heap by deadline.
 * Used by asks and timers of actors; any thread may take one out, so there is a lock.
 * Never keeps a cancelled timer. */
#ifndef COGO_SCHED_TIMERS_H
#define COGO_SCHED_TIMERS_H

#include "runtime/actor/core.h"
#include "runtime/base/lock.h"

enum { COGO__YOUNG_MAX = 128 }; /**< Young asks of one lane, a count. */

typedef struct cogo__timers {
    cogo__lock lock;
    cogo__ref **heap;
    uint32_t count, capacity;
    cogo__au64 first_ns; /**< Earliest deadline; 0: none. */
    const cogo_allocator *from;
    // Asks without a timer: see young.h. The lane writes them; others read when it stands
    // still.
    cogo__au32 young_count;
    uint32_t young_seen;               /**< So many were there at the lane's last look. */
    cogo__au64 young[COGO__YOUNG_MAX]; /**< Their numbers. */
} cogo__timers;

void cogo__timers_init(cogo__timers *timers, const cogo_allocator *from);
void cogo__timers_finish(cogo__timers *timers);
/** True in @p out_first if it became the earliest. */
cogo_err cogo__timers_add(cogo__timers *timers, cogo__ref *ref, bool *out_first);
/** Holder of the lock: room for one more; false when out of memory. */
bool cogo__timers_room(cogo__timers *timers);
/** Holder of the lock, after room(). */
void cogo__timers_put(cogo__timers *timers, cogo__ref *ref);
/** True if it was there. */
bool cogo__timers_remove(cogo__timers *timers, cogo__ref *ref);
/** Posts all that are due, and counts those that are gone for good. */
void cogo__timers_fire(cogo__timers *timers, cogo_system *system, cogo_context *here,
                       uint64_t now_ns);

#endif
