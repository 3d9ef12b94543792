/* References: what an actor waits for: a timer, an answer, the end of another actor.
 * Used by timers, asks and monitors. Its number is what users see.
 * Never reused under the same number: a message that comes too late finds another generation.
 *
 * state = generation << COGO__REF_PHASE_BITS | phase:
 *   FREE   in the free list;
 *   ARMED  waits; whoever moves it to USED by compare-and-swap decides what happens (an answer,
 *          a failure, a time-out): exactly one of them;
 *   USED   decided; its owner frees it when the message is dispatched, or when the owner ends;
 *   YOUNG  an ask that waits and has no timer yet, see sched/young.h. Decided by moving it to
 *          USED_YOUNG; or it gets its timer, by moving it to ARMED: one of the two;
 *   USED_YOUNG  decided, and it never had a timer: nobody has to look for one.
 */
#ifndef COGO_ACTOR_REF_H
#define COGO_ACTOR_REF_H

#include "runtime/actor/table.h"
#include "runtime/base/world.h"

#include <cogo/message.h>

enum {
    COGO__REF_FREE,
    COGO__REF_ARMED,
    COGO__REF_USED,
    COGO__REF_YOUNG,
    COGO__REF_USED_YOUNG,
    COGO__REF_PHASE_BITS = 3,
};
typedef enum cogo__ref_kind {
    COGO__REF_TIMER,
    COGO__REF_ASK,
    COGO__REF_MONITOR,
    COGO__REF_IO,     /**< A descriptor is watched. */
    COGO__REF_WAITER, /**< A foreign thread waits; see sched/wait.c. */
    COGO__REF_RELAY,  /**< An ask of another node, its alias in `target`; see remote.h. */
} cogo__ref_kind;

enum { COGO__REF_LIMIT = 1 << 24 }; /**< References of one system, a count. */

typedef struct cogo__ref {
    cogo__au64 state;
    cogo__au64 owner; /**< cogo__id_word(). Right if a later CAS of `state` succeeds. */
    cogo__au32 kind;  /**< As `owner`. */
    cogo__au64 trace; /**< As `owner`: of the message that led to it, or of the request. */
    uint32_t index;
    struct cogo__ref *next, *prev; /**< Of the same owner. */
    cogo_actor_id target;          /**< Monitors: who. */
    cogo__parker parker; /**< Waiters: where the thread sleeps. Late wakes are harmless, */
    cogo__aptr answer;   /**< because this memory stays. Waiters: what came. */
    // Timers and asks; guarded by the lock of the lane that has it. YOUNG: deadline_ns is still
    // the time that it has, counted from when it was asked.
    uint64_t deadline_ns, period_ns, cookie;
    uint32_t heap_place; /**< 1 + index in the lane's heap; 0: not there. */
    uint32_t lane;
    int fd;            /**< Of IO; the owner's. */
    cogo__au32 posted; /**< A TIMER message is in the mailbox. */
    cogo__au64 told;   /**< IO: generation << 32 | COGO_IO_* that one in the mailbox tells. */
    cogo__au32 quiet;  /**< IO: its owner is nudged where that can be, and looks at `told`. */
    uint32_t next_free;
    // Asks and monitors over another node: generation << 32 | node, and whom a monitor watches.
    cogo__au64 far, far_actor;
} cogo__ref;

struct cogo__cell;
struct cogo_context;

static inline uint64_t cogo__ref_number(uint64_t generation, uint32_t index)
{
    return generation << 32 | index;
}

static inline uint64_t cogo__ref_state(uint64_t generation, uint32_t phase)
{
    return generation << COGO__REF_PHASE_BITS | phase;
}

static inline uint64_t cogo__ref_generation(uint64_t state)
{
    return state >> COGO__REF_PHASE_BITS;
}

static inline uint32_t cogo__ref_phase(uint64_t state)
{
    return (uint32_t)state & ((1u << COGO__REF_PHASE_BITS) - 1);
}

/* Nobody has decided it yet. */
static inline bool cogo__ref_waits(uint64_t state)
{
    uint32_t phase = cogo__ref_phase(state);
    return phase == COGO__REF_ARMED || phase == COGO__REF_YOUNG;
}

/** The reference with this number in any phase but FREE, or NULL. Any thread; see `state`. */
static inline cogo__ref *cogo__ref_find(const cogo__table *refs, uint64_t number)
{
    cogo__ref *ref = cogo__table_find_sized(refs, (uint32_t)number, sizeof *ref);
    if (ref == NULL) {
        return NULL;
    }
    // acquire: pairs with the release of create(): owner and kind are those of this number.
    uint64_t state = cogo__u64_load_acquire(&ref->state);
    bool found =
        cogo__ref_generation(state) == number >> 32 && cogo__ref_phase(state) != COGO__REF_FREE;
    return found ? ref : NULL;
}

/** Any thread: ARMED to USED, YOUNG to USED_YOUNG. True: the caller decides what happens. */
static inline bool cogo__ref_claim(cogo__ref *ref, uint64_t number)
{
    // relaxed: who knows the number sees its birth, or something later; the exchange decides.
    uint64_t seen = cogo__u64_load_relaxed(&ref->state);
    while (cogo__ref_generation(seen) == number >> 32 && cogo__ref_waits(seen)) {
        bool young = cogo__ref_phase(seen) == COGO__REF_YOUNG;
        uint64_t used =
            cogo__ref_state(number >> 32, young ? COGO__REF_USED_YOUNG : COGO__REF_USED);
        if (cogo__u64_cas_acq_rel(&ref->state, &seen, used)) {
            return true;
        }
    } // At most twice: a young one got its timer meanwhile.
    return false;
}
/** A new armed reference; @p cell's, or nobody's (waiters). 0 when out of memory. */
uint64_t cogo__ref_create(cogo_system *system, struct cogo_context *here,
                          struct cogo__cell *cell, cogo__ref_kind kind, cogo__ref **out_ref);
/** Owner: frees it, whatever its phase. */
void cogo__ref_release(cogo_system *system, struct cogo_context *here, struct cogo__cell *cell,
                       cogo__ref *ref);

#endif
