/* The lock of the few places that are rare enough for one, and how a thread lets others go on.
 * Used by tables, names, types, timers and queues; never held while a callback runs or a thread
 * sleeps, except the one that makes a second stop() wait for the first.
 * Never on the send path.
 *
 * Where every atomic operation is watched (COGO_ATOMIC_CHECKED) the lock is a word too, so that
 * an explorer or a simulated world sees who waits for whom; else it is a pthread mutex. */
#ifndef COGO_BASE_LOCK_H
#define COGO_BASE_LOCK_H

#include "runtime/base/atomic.h"

#if defined(COGO_ATOMIC_CHECKED)
typedef struct cogo__lock {
    cogo__au32 taken;
} cogo__lock;

static inline void cogo__lock_init(cogo__lock *lock)
{
    cogo__u32_store_relaxed(&lock->taken, 0);
}

static inline void cogo__lock_finish(cogo__lock *lock)
{
    (void)lock;
}

static inline void cogo__lock_take(cogo__lock *lock)
{
    // acquire: what the last holder wrote is seen.
    while (cogo__u32_swap_acq_rel(&lock->taken, 1) != 0) {
        cogo__atomic_pause();
    }
}

static inline void cogo__lock_give(cogo__lock *lock)
{
    cogo__u32_store_release(&lock->taken, 0);
}

static inline void cogo__thread_yield(void)
{
    cogo__atomic_pause();
}
#else
#    include <pthread.h>
#    include <sched.h>

typedef struct cogo__lock {
    pthread_mutex_t mutex;
} cogo__lock;

static inline void cogo__lock_init(cogo__lock *lock)
{
    (void)pthread_mutex_init(&lock->mutex, NULL);
}

static inline void cogo__lock_finish(cogo__lock *lock)
{
    (void)pthread_mutex_destroy(&lock->mutex);
}

static inline void cogo__lock_take(cogo__lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

static inline void cogo__lock_give(cogo__lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

/** For the rare wait for a thread that is a few instructions away. */
static inline void cogo__thread_yield(void)
{
    (void)sched_yield();
}
#endif

#endif
