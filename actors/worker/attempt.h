/* The attempts that a worker holds: those that run, and those whose result is not acknowledged.
 * Used by worker.c only. Never sends anything: it keeps what the worker knows. */
#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

#include "actors/worker/job.h"

#include <cogo/actor.h>

enum { ATTEMPT_ID_SIZE = 64, ATTEMPT_REASON_SIZE = 128 };

typedef struct attempt {
    struct attempt *next, *previous;
    int64_t lease;
    const role *role; /* NULL: it was refused. */
    char task_id[ATTEMPT_ID_SIZE];
    char instruction_id[ATTEMPT_ID_SIZE];
    instruction_result *result; /* Flat copy; NULL: none yet. */
    cogo_actor_id runner;       /* Alive until its DOWN. */
    uint64_t monitor;           /* 0: no runner. */
    uint64_t timer;             /* Deadline, grace or delay; 0: none. */
    int cancel_fd;              /* -1: none. */
    bool slot;                  /* It holds one. */
    bool held_back;             /* The result waits for its delay. */
    bool timed_out;
    bool cancelled;
    bool given_back; /* The worker leaves: what was not done in time is for others. */
    bool acknowledged;
    char reason[ATTEMPT_REASON_SIZE]; /* Of the cancellation. */
    uint64_t started_ns;
    uint64_t timeout_ns;
    uint64_t sent_ns; /* Its result, the last time. */
    int sends;
} attempt;

/* In the order in which they came: an acknowledgement is nearly always for the first. */
typedef struct attempts {
    attempt *first, *last;
    size_t count;
} attempts;

/* NULL: no memory. */
attempt *attempts_add(attempts *list, const instruction_offer *offer);
attempt *attempts_by_lease(const attempts *list, int64_t lease);
attempt *attempts_by_monitor(const attempts *list, uint64_t monitor);

/* Frees @p a and what it holds; a runner goes on by itself, with its cancel_fd fired. */
void attempts_remove(attempts *list, attempt *a);

/* Makes the role stop: its cancel_fd becomes readable. */
void attempt_fire(const attempt *a);

/* Keeps a copy of @p outcome as the result. COGO_ENOMEM: it has none still. */
COGO_MUST_USE cogo_err attempt_keep(attempt *a, const char *worker_id, const char *result_id,
                                    uint64_t now_ns, const job_outcome *outcome);

/* The result that was kept leaves only now: its processing time ends here. */
void attempt_stamp(attempt *a, uint64_t now_ns);

#endif
