/* The way of a message from a sender to a mailbox, an alias or the dead letters.
 * Used by every call that sends; sched's timers post through it too.
 * Never locks, allocates or waits; touches a count on the receiver only if it is bounded. */
#ifndef COGO_ACTOR_SEND_H
#define COGO_ACTOR_SEND_H

#include "runtime/actor/core.h"

enum { COGO__CHAIN_MOST = 32 }; /**< Messages, a count. */

/** Takes @p msg. Counted as sent; then handled or a dead letter. @p bounded: the limit of the
 * receiver's mailbox applies (never for what the runtime itself says). */
cogo_err cogo__deliver(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                       bool bounded);
/* Messages for one actor, in order, that are delivered with one exchange of its mailbox.
 * Zero-initialise. Of one thread, which must push it before it does anything else that the
 * receiver could see. */
typedef struct cogo__chain {
    cogo_actor_id to;
    cogo_msg *first, *last;
    uint32_t count;
} cogo__chain;

/** Takes @p msg, for @p to. Pushes the chain before if it is for another actor, and after if
 * it is COGO__CHAIN_MOST long: the receiver should not wait for the last to begin with the
 * first. */
void cogo__chain_add(cogo_system *system, cogo_context *here, cogo__chain *chain,
                     cogo_actor_id to, cogo_msg *msg);
/** As cogo__deliver() for each, with its limits. Then the chain is empty. */
void cogo__chain_push(cogo_system *system, cogo_context *here, cogo__chain *chain);
/** True: @p to was idle, and its drained() is called now as after a message. Else it is at work
 * or gone, and a message may be needed. */
bool cogo__nudge(cogo_system *system, cogo_context *here, cogo_actor_id to);
/** Its first half: the caller holds the actor, and must schedule or run it. @p out_same: it is
 * @p to, and no other one in its place. NULL: it is at work or gone. */
cogo__cell *cogo__nudge_hold(cogo_system *system, cogo_actor_id to, bool *out_same);
/** A message of the runtime with a copy of @p body; checked against @p number at dispatch. */
void cogo__post(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg_type type,
                uint64_t number, uint64_t trace, const void *body, size_t size_bytes);
/** As cogo__post(), but @p msg is the block to use: nothing is allocated. Its payload has
 * room. */
void cogo__post_in(cogo_system *system, cogo_context *here, cogo_msg *msg, cogo_actor_id to,
                   cogo_msg_type type, uint64_t number, uint64_t trace, const void *body,
                   size_t size_bytes);
/** Into the mailbox of @p cell, whose limits allow it; msg->target is set. */
void cogo__put(cogo_system *system, cogo_context *here, cogo__cell *cell, cogo_msg *msg);
/** The ask @p number fails with @p err, unless it has been decided already. */
void cogo__ask_fail(cogo_system *system, cogo_context *here, uint64_t number, cogo_err err);
/** As above for an ask that the caller has claimed from @p owner. */
void cogo__ask_post_failure(cogo_system *system, cogo_context *here, uint64_t number,
                            cogo_actor_id owner, uint64_t trace, cogo_err err);

static inline cogo_actor_id cogo__ref_owner(const cogo_system *system, const cogo__ref *ref)
{
    uint64_t owner = cogo__u64_load_relaxed(&ref->owner);
    return cogo__word_id(system, owner);
}

#endif
