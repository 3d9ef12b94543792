/* A worker: registers with the orchestrator, runs roles in its slots, reports.
 * Used by whoever builds a node. The eight operations of the contract are its messages:
 * receive instruction, send result, execute role, get capabilities, report status, report
 * progress, register, deregister. Never runs a role outside its worker type. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <cogo/actor.h>
#include <cogo/record.h>

/* The group, in its scope, of the workers that an orchestrator knows now. */
#define WORKER_SCOPE      "worker"
#define WORKER_REGISTERED "registered"

typedef struct worker_config {
    const char *type;         /* A WORKER_TYPE. */
    const char *worker_id;    /* NULL: type and a random part. */
    const char *orchestrator; /* Registered name to look up; NULL: ORCHESTRATOR_NAME's text. */
    const char *state_dir;    /* Folder for the scratch folders of attempts. */
    const char *labels;       /* "key=value" with commas; tasks may ask for them. NULL: none. */
    int64_t slots; /* 0: 2 for blocking roles; non-blocking roles don't wait for slots. */
    const char
        *pool; /* It runs in a child process of this pool (cogo/process.h); NULL: here. */
} worker_config;

/* Tells the worker @p who to take nothing new, to let what runs end within @p grace_ms, to give
 * back what does not, and to end (COGO_EXIT_SHUTDOWN). Inside a behaviour. As cogo_send(). */
cogo_err worker_leave_order(cogo_context *ctx, cogo_actor_id who, int64_t grace_ms);

/* Copies nothing of @p config: it outlives the worker. What @p out_id ends with is the end of
 * the worker, also of one in a child process that crashed. */
COGO_MUST_USE cogo_err worker_start(cogo_system *system, const worker_config *config,
                                    cogo_actor_id *out_id);

/* In a child process: lets its parent begin workers there. As cogo_behavior_register(). */
COGO_MUST_USE cogo_err worker_register_behavior(cogo_system *system);

#endif
