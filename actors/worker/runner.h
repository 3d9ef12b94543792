/* A runner: the actor in which one attempt of a blocking role runs, on a thread of its own.
 * Used by the worker, which monitors it. Never outlives its attempt. */
#ifndef WORKER_RUNNER_H
#define WORKER_RUNNER_H

#include "actors/roles/role.h"
#include "actors/worker/job.h"

#include <cogo/actor.h>

enum { WORKER_ID_SIZE = 160 };

typedef struct runner_args {
    const role *role;
    uint64_t deadline_ns;
    int cancel_fd; /* The runner's own; it closes it. */
    char worker_id[WORKER_ID_SIZE];
    char state_dir[JOB_PATH_MAX];
} runner_args;

/* Spawns a runner for @p offer. It sends MSG_INSTRUCTION_PROGRESS and one
 * MSG_INSTRUCTION_RESULT to the running actor, then ends; when the role broke its contract it
 * ends with an error instead. On failure args->cancel_fd is still the caller's. */
COGO_MUST_USE cogo_err runner_spawn(cogo_context *ctx, const runner_args *args,
                                    const instruction_offer *offer, cogo_actor_id *out_id,
                                    uint64_t *out_monitor);

#endif
