/* Counters: one set per lane, written by that lane only; one shared set for other threads.
 * Used everywhere; summed when somebody asks.
 * Never locks, and never makes two lanes write one cache line. */
#ifndef COGO_ACTOR_COUNTERS_H
#define COGO_ACTOR_COUNTERS_H

#include "runtime/base/atomic.h"

typedef enum cogo__counter {
    COGO__SPAWNED,
    COGO__ENDED,
    COGO__SENT,
    COGO__HANDLED,
    COGO__DEAD,
    COGO__DIVERTED,
    COGO__MEMORY_ALARMS,
    COGO__STEALS,
    COGO__PARKS,
    COGO__WAKES,
    COGO__RESTARTS,
    COGO__TIMERS_ARMED,
    COGO__TIMERS_GONE,
    COGO__WATCHES,         /**< Looks of the watcher. */
    COGO__RESCUES,         /**< Cells taken out of another lane's LIFO slot. */
    COGO__STUCK,           /**< Callbacks reported as stuck. */
    COGO__STUCK_RETURNED,  /**< Of those, have returned. */
    COGO__SPARES_CALLED,   /**< Spare lanes that began to work. */
    COGO__SPARES_RELEASED, /**< Of those, were sent to rest. */
    COGO__OFFLOAD_GIVEN,   /**< Jobs, refused ones too. */
    COGO__OFFLOAD_TAKEN,   /**< By a thread, or refused. */
    COGO__OFFLOAD_REFUSED, /**< For want of a place or a thread. */
    COGO__OFFLOAD_STARTED, /**< Threads. */
    COGO__OFFLOAD_ENDED,   /**< Threads. */
    COGO__DEAD_FIRST,      /**< By reason: COGO_DEAD_REASONS. */
    COGO__COUNTERS = COGO__DEAD_FIRST + 16,
} cogo__counter;

typedef struct cogo__counters {
    cogo__au64 n[COGO__COUNTERS];
} cogo__counters;

#endif
