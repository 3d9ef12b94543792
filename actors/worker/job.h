/* One attempt at one instruction: from the offer to the result, whatever the role does.
 * Used by the worker (roles that return at once) and by its runners (roles that block).
 * Never knows actors: it may run on any thread. */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "actors/roles/role.h"
#include "codec/contract/messages.h"

enum {
    JOB_ARENA_MAX = 512 * 1024 * 1024, /* Bytes that a role may take from its arena. */
    JOB_PATH_MAX = 1024,               /* Bytes of the path of a scratch folder. */
};

/* What is to be done, and with what. All borrowed. */
typedef struct job_order {
    const role *role;
    const instruction_offer *offer;
    const char *state_dir; /* Scratch folders are made below it; NULL: the role gets none. */
    uint64_t deadline_ns;
    int cancel_fd; /* -1: the role returns at once. */
    void (*progress)(role_job *job, double percent, const char *phase, const char *message);
    bool (*spend)(role_job *job, const role_usage *used, const role_usage *next,
                  char why[ROLE_WHY_SIZE]);
    void *owner;
} job_order;

/* What came out. Points into the arena that was given. */
typedef struct job_outcome {
    agent_result result; /* Without result id. */
    result_metadata metadata;
    bool retryable;
    bool returned;    /* Nothing came out: the task is given back. */
    int64_t delay_ms; /* The result is to be held back so long. */
} job_outcome;

/* Runs the role. COGO_OK also when it failed: that is a result too.
 * COGO_EFAULT: the role broke its contract; COGO_ENOMEM: there was no memory for a result. */
COGO_MUST_USE cogo_err job_run(const job_order *order, cogo_arena *arena, job_outcome *out);

/* The result of an attempt that no role ends: refused, timed out, cancelled, crashed. */
void job_fail(const instruction_offer *offer, const char *error, bool retryable,
              cogo_arena *arena, job_outcome *out);

#endif
