/* What a signal does to the actor that gets it, and what its end does to others.
 * Used by relation.c (signals in their order, exits), link.c and monitor.c; always by the
 * holder of the cell. Who sends signals needs signals.h only. */
#ifndef COGO_ACTOR_RELATION_H
#define COGO_ACTOR_RELATION_H

#include "runtime/actor/extra.h"
#include "runtime/actor/signals.h"

// Those that return bool: true if @p msg was used up, or is kept.

/* --- Exits: relation.c. ------------------------------------------------------------------- */

/** The signal is for an actor that is gone, or can't be honoured. */
bool cogo__answer_for_dead(cogo_context *ctx, cogo_msg *msg);
/** An exit signal that is trapped: @p msg becomes its message. */
void cogo__exit_deliver(cogo_context *ctx, cogo_msg *msg, uint64_t number);
/** An exit signal to @p to; lost, with a line in the log, when out of memory. */
void cogo__exit_send(cogo_system *system, cogo_context *here, cogo_actor_id to,
                     const cogo__signal *signal);

/* --- Links: link.c. ----------------------------------------------------------------------- */

bool cogo__link_on_link(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg);
bool cogo__link_on_unlink(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg);
/** An exit signal came over a link. */
bool cogo__link_on_exit(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg);
/** UNLINK_ACK and FORGET: the tie in @p state with that number is no more. */
void cogo__link_on_over(cogo__cell *cell, const cogo__signal *signal, cogo__tie_state state);
/** Over each link with a node that is @p lost comes an exit signal. */
void cogo__links_lost(cogo_context *ctx, const cogo__cell *cell, const cogo__signal *lost);
/** The running actor ends: an exit signal over each link. */
void cogo__links_end(cogo_context *ctx, cogo__extra *extra, const cogo_reason *reason);

/* --- Monitors: monitor.c. ----------------------------------------------------------------- */

bool cogo__monitor_on_monitor(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg);
void cogo__monitor_on_demonitor(cogo_context *ctx, cogo__cell *cell,
                                const cogo__signal *signal);
/** Takes @p monitor, a MONITOR signal: it becomes the DOWN. */
void cogo__watcher_tell(cogo_context *ctx, cogo_msg *monitor, cogo_actor_id ended,
                        const cogo_reason *reason);
/** The watchers on @p node, which is lost, are gone. */
void cogo__watchers_lost(cogo_context *ctx, cogo__cell *cell, uint32_t node);
/** The running actor ends: DOWN to each watcher. */
void cogo__watchers_end(cogo_context *ctx, cogo__extra *extra, const cogo_reason *reason);

#endif
