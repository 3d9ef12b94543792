/* Offload: functions that block, run on a bounded pool of threads, off the lanes.
 * Used by actors that call libraries which wait: name lookup, files, foreign services.
 * Never blocks the actor: what the function gives comes back as a message. For an actor that
 * blocks all the time COGO_SPAWN_DETACHED is the better choice. */
#ifndef COGO_OFFLOAD_H
#define COGO_OFFLOAD_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cogo_offload_job
    cogo_offload_job; /**< One running job; valid in its function only. */

/**
 * What is run. @p arg is the copy that was made of cogo_offload_options.arg (NULL if its size
 * is 0).
 *
 * Ownership: gives the message that it returns to the actor; NULL: the job failed.
 * Threads:   a thread of the pool. May block; should look at cogo_offload_cancelled() now and
 *            then when it lasts.
 */
typedef cogo_msg *(*cogo_offload_fn)(cogo_offload_job *job, void *arg);

/** What to run. Zero-initialise, then set struct_size and run. */
typedef struct cogo_offload_options {
    size_t struct_size;    /**< sizeof(cogo_offload_options). */
    cogo_offload_fn run;   /**< What is run. */
    const void *arg;       /**< Copied. */
    size_t arg_size_bytes; /**< Of arg. */
    uint64_t timeout_ns;   /**< 0: no limit. It includes the wait for a thread. */
} cogo_offload_options;

/**
 * Runs options->run on a thread of the pool. Its message comes back with cogo_msg_ask() ==
 * @p *out_ask, or COGO_MSG_ASK_FAILED does (COGO_EFAULT: the function gave NULL;
 * COGO_ETIMEOUT): exactly one of the two, as with cogo_ask(). When the actor ends, a job that
 * waits is not run any more, and what a running one gives is a dead letter.
 *
 * Ownership: copies @p options and its argument.
 * Order:     jobs start in the order given; their results come as they are done.
 * Threads:   inside a behaviour. Never blocks.
 * @return COGO_OK; COGO_EINVAL; COGO_EFULL when offload_queue_limit jobs wait; COGO_ENOMEM
 * (also when there is no thread and none can be started). Not COGO_OK: nothing will arrive.
 */
COGO_API COGO_MUST_USE cogo_err cogo_offload(cogo_context *ctx,
                                             const cogo_offload_options *options,
                                             uint64_t *out_ask);
/** Nothing of @p ask will arrive any more; its function sees cogo_offload_cancelled(). Threads:
 * the actor that offloaded. */
COGO_API void cogo_offload_cancel(cogo_context *ctx, uint64_t ask);

/** True when nobody waits for the result any more. Threads: inside the function of @p job. */
COGO_API bool cogo_offload_cancelled(const cogo_offload_job *job);
/** The system, to make messages with. Threads: inside the function of @p job. */
COGO_API cogo_system *cogo_offload_system(const cogo_offload_job *job);

#ifdef __cplusplus
}
#endif
#endif
