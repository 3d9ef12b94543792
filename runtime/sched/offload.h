/* The offload pool of one system: threads for functions that block.
 * Used by system.c and stop.c; actors reach it through cogo_offload().
 * Never has more than the configured threads, nor more waiting jobs. */
#ifndef COGO_SCHED_OFFLOAD_H
#define COGO_SCHED_OFFLOAD_H

#include "runtime/actor/core.h"
#include "runtime/base/lock.h"

#include <cogo/offload.h>

enum {
    COGO__OFFLOAD_THREADS = 16,        /**< Default of offload_threads_max. */
    COGO__OFFLOAD_THREADS_MOST = 1024, /**< What may be configured. */
    COGO__OFFLOAD_QUEUE = 1024,        /**< Default of offload_queue_limit. */
    COGO__OFFLOAD_IDLE_MS = 5000,      /**< Default of offload_idle_ns, in ms. */
};

typedef struct cogo__offload_thread cogo__offload_thread;

/* All under the lock. */
typedef struct cogo__offload {
    cogo__lock lock;
    cogo_system *system;
    cogo_offload_job *first, *last; /**< Waiting, oldest first. */
    cogo__offload_thread *idle;     /**< They sleep; newest first, so that the oldest end. */
    cogo__offload_thread *ended;    /**< To be joined. */
    uint32_t queued, threads;
    bool closed;
} cogo__offload;

void cogo__offload_init(cogo__offload *pool, cogo_system *system);
/** No job starts any more; threads end when their job is done. */
void cogo__offload_close(cogo__offload *pool);
/** Threads that have not ended. */
uint32_t cogo__offload_threads(cogo__offload *pool);
/** After all threads have ended. */
void cogo__offload_finish(cogo__offload *pool);

#endif
