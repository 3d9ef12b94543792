/* The life of a task: which event may happen in which state.
 * Used by the orchestrator for every transition; doors and workers never change a state.
 * Pure: no clock, no message, no memory. */
#ifndef ORCHESTRATOR_LIFE_H
#define ORCHESTRATOR_LIFE_H

#include "codec/contract/records.h"

typedef enum life_event {
    LIFE_UNBLOCK, /* All dependencies have succeeded. */
    LIFE_OFFER,   /* Offered to a worker, with a new lease. */
    LIFE_START,   /* The worker says that it has begun. */
    LIFE_SUCCEED, /* Result with the current lease. */
    LIFE_PARTIAL, /* As before; some of the work was left out. */
    LIFE_FAIL,    /* A failure that another attempt would not change. */
    LIFE_RETRY,   /* A failure, a timeout or a lost worker; attempts are left. */
    LIFE_REQUEUE, /* The backoff is over. */
    LIFE_RETURN, /* Given back without fault: drain, deregister, restart of the orchestrator. */
    LIFE_EXPIRE, /* A timeout used up the last attempt, or the task's own time is over. */
    LIFE_EXHAUST,       /* Any other retryable failure used up the last attempt. */
    LIFE_CANCEL,        /* Asked for, or a dependency did not succeed. */
    LIFE_RENEW,         /* Retry of a finished task, by a person. */
    LIFE_RENEW_BLOCKED, /* The same, with dependencies that are not finished. */
    LIFE_EVENT_COUNT
} life_event;

/* The state after @p event, or -1 when it is not allowed in @p state. */
int32_t life_next(int32_t state, life_event event);

/* The only writer of a task's state. False, and nothing is changed, when it is not allowed. */
bool life_apply(int32_t *state, life_event event);

/* True when no event but a renewal is left. */
bool life_ended(int32_t state);

/* True when dependants may go on. */
bool life_succeeded(int32_t state);

#endif
