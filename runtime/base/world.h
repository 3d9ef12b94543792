/* The seam to the outside: time, randomness, threads and their sleep.
 * Used by the whole runtime through the pointer that each system keeps.
 * Never used to reach sockets or files; a simulated world replaces it without a second path. */
#ifndef COGO_BASE_WORLD_H
#define COGO_BASE_WORLD_H

#include "runtime/base/alloc.h"
#include "runtime/base/atomic.h"

#include <cogo/error.h>

#include <stddef.h>
#include <stdint.h>

enum { COGO__FOREVER = 0 }; /**< A deadline that never comes. */

/* A token of one sleeping thread: wake() puts it, park() takes it. A wake before the park is
 * kept, so that no wake is lost; two wakes are one. */
typedef struct cogo__parker {
    cogo__au32 state;
} cogo__parker;

typedef struct cogo__thread cogo__thread;

typedef struct cogo__world {
    void *ctx;
    uint64_t (*now_ns)(void *ctx);    /**< Monotonic; never 0. */
    int64_t (*wall_ms)(void *ctx);    /**< Since 1970 UTC. */
    uint64_t (*random)(void *ctx);    /**< A seed. */
    uint32_t (*cpu_count)(void *ctx); /**< Allowed by affinity and quota; at least 1. */
    /** Sleeps until woken or @p deadline_ns (COGO__FOREVER: never). May return early. */
    void (*park)(void *ctx, cogo__parker *parker, uint64_t deadline_ns);
    void (*wake)(void *ctx, cogo__parker *parker);
    cogo_err (*thread_start)(void *ctx, const cogo_allocator *from, void (*run)(void *arg),
                             void *arg, const char *name, cogo__thread **out_thread);
    void (*thread_join)(void *ctx, cogo__thread *thread); /**< Frees it too. */
    // What a world need not have (NULL):
    /** Grows with each time that a thread of the process lost its CPU against its will. */
    uint64_t (*pressure)(void *ctx);
    /** True if a cgroup quota is less than the CPUs that the affinity allows. */
    bool (*under_quota)(void *ctx);
    /** In one line, what @p thread does now: for people. */
    void (*thread_where)(void *ctx, cogo__thread *thread, char *out, size_t size);
    /** Starts a thread that nobody waits for and that outlives the system: so must what it
     * touches. */
    bool (*thread_abandon)(void *ctx, void *(*run)(void *arg), void *arg);
    /** Sends it @p signal with @p value. */
    bool (*thread_signal)(void *ctx, cogo__thread *thread, int signal, void *value);
} cogo__world;

/** The production world: clock_gettime, getrandom, futex, pthreads. */
const cogo__world *cogo__world_os(void);

static inline uint64_t cogo__world_now(const cogo__world *w)
{
    return w->now_ns(w->ctx);
}

static inline void cogo__world_park(const cogo__world *w, cogo__parker *p, uint64_t deadline_ns)
{
    w->park(w->ctx, p, deadline_ns);
}

static inline void cogo__world_wake(const cogo__world *w, cogo__parker *p)
{
    w->wake(w->ctx, p);
}

#endif
