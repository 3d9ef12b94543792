/* Meters: how long messages waited and handlers ran, per lane and per behaviour.
 * Used by the turn, for messages that carry a time stamp (one in 64, or what a trace wants).
 * Never touched by a message without one. */
#ifndef COGO_ACTOR_METER_H
#define COGO_ACTOR_METER_H

#include "runtime/actor/core.h"
#include "runtime/base/histogram.h"

/* Of one behaviour on one lane; made when its first sample comes. */
typedef struct cogo__meter_pair {
    cogo__histogram waits, runs;
} cogo__meter_pair;

/* Of one lane; the last one is that of all other threads, who take a lock. */
typedef struct cogo__meter {
    cogo__histogram waits;
    cogo__aptr behaviors[COGO__BEHAVIORS_MAX + 1]; /**< Pairs; the last for all others. */
} cogo__meter;

cogo_err cogo__meters_init(cogo_system *system);
void cogo__meters_finish(cogo_system *system);

/** Calls receive() of the running actor with @p msg, which carries a time stamp. */
cogo_err cogo__meter_receive(cogo_context *ctx, const cogo_behavior *behavior, cogo_msg *msg);
/** The place of @p behavior, made if needed; COGO__BEHAVIORS_MAX when all are taken. */
uint32_t cogo__behavior_place(cogo_system *system, const cogo_behavior *behavior);

#endif
