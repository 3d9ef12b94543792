/* What the files of the guard share: its options, references and places, bytes, waiting
 * senders. Used by guard.c (birth, references, end), guard_deliver.c (messages come and leave),
 * guard_memory.c (bytes) and guard_wait.c (senders that wait). Never used by others. */
#ifndef COGO_ACTOR_GUARD_PARTS_H
#define COGO_ACTOR_GUARD_PARTS_H

#include "runtime/actor/guard.h"

#define COGO__GUARD_REFERENCE (UINT64_C(1) << 32) // Of `word`; below it are the places.

enum { // Of `options`.
    COGO__GUARD_METERED = 1 << 16,
    COGO__GUARD_POLICY_SHIFT = 8,
    COGO__GUARD_BYTE = 0xff,
};

/* The one that @p word, of a cell or of a guard below, names; or NULL. */
static inline cogo__guard *cogo__guard_named(cogo_system *system, const cogo__au32 *word)
{
    uint32_t index = cogo__u32_load_relaxed(word);
    return index != 0 ? cogo__guard_at(system, index) : NULL;
}

static inline cogo_pressure cogo__guard_pressure(const cogo__guard *guard)
{
    return (cogo_pressure)(cogo__u32_load_relaxed(&guard->options) & COGO__GUARD_BYTE);
}

static inline cogo_memory_policy cogo__guard_policy(const cogo__guard *guard)
{
    return (cogo_memory_policy)(cogo__u32_load_relaxed(&guard->options)
                                    >> COGO__GUARD_POLICY_SHIFT
                                & COGO__GUARD_BYTE);
}

static inline bool cogo__guard_metered(const cogo__guard *guard)
{
    return (cogo__u32_load_relaxed(&guard->options) & COGO__GUARD_METERED) != 0;
}

/* --- References and places: guard.c. ------------------------------------------------------ */

typedef enum cogo__guard_hold_result {
    COGO__GUARD_HELD,
    COGO__GUARD_FREE, /**< Nobody's, or another actor's by now. */
    COGO__GUARD_FULL,
} cogo__guard_hold_result;

/** One more reference, unless it is free. @p places: so many of the waiting too, if @p most
 * allows. */
cogo__guard_hold_result cogo__guard_hold(cogo__guard *guard, uint64_t places, uint64_t most);
/** Gives a reference back, and @p places. The last one frees it. */
void cogo__guard_drop(cogo_system *system, cogo__guard *guard, uint64_t places);

/* --- Bytes: guard_memory.c. --------------------------------------------------------------- */

/** Adds @p bytes up the whole way. Not OK, with nothing added: a limit that refuses does not
 * allow it. */
cogo_err cogo__guard_charge(cogo_system *system, cogo_context *here, cogo__guard *guard,
                            uint64_t bytes, bool may_refuse);
/** Takes them away again. */
void cogo__guard_discharge(cogo_system *system, cogo__guard *guard, uint64_t bytes);

/* --- Senders that wait (BLOCK): guard_wait.c. --------------------------------------------- */

/** Until there is a place, which is held with a reference then; the actor @p owner has ended;
 * or the time of the guard or of @p msg is over. No lane; the caller has a reference. */
cogo__guard_hold_result cogo__guard_await(cogo_system *system, cogo__guard *guard,
                                          const cogo_msg *msg, uint64_t owner, uint64_t most);
/** One of them, or @p all, looks for a place again. */
void cogo__guard_wake(cogo_system *system, cogo__guard *guard, bool all);

#endif
