/* Messages put aside, and behaviours exchanged.
 * Used by the turn, by the end of an actor, and by cogo_stash() and cogo_become().
 * Never on the way of a plain message: COGO__ACTOR_REPLAY is looked at with the other rare
 * marks. */
#ifndef COGO_ACTOR_STASH_H
#define COGO_ACTOR_STASH_H

#include "runtime/actor/life.h"

/** Holder, with COGO__ACTOR_REPLAY: handles the next message that was taken from the stash. */
void cogo__replay_one(cogo_context *ctx, cogo__cell *cell);
/** The actor will be restarted: what is put aside comes first in its next life, but for what
 * its last life asked for (answers, timers, DOWNs). */
void cogo__stash_keep(cogo_context *ctx, cogo__cell *cell);
/** The next of all that is put aside, taken out, or NULL. It still counts as waiting. */
cogo_msg *cogo__stash_pop(cogo__cell *cell);
/** The actor ends for good: dead letters. */
void cogo__stash_drop(cogo_context *ctx, cogo__cell *cell);

#endif
