/* The lock of the few places that are rare enough for one, and how a thread lets others go on.
 * Used by tables, names, types, timers and queues; never held while a callback runs or a thread
 * sleeps, except the one that makes a second stop() wait for the first.
 * Never on the send path.
 *
 * Where every atomic operation is watched (COGO_ATOMIC_CHECKED) the lock is a word too, so that
 * an explorer or a simulated world sees who waits for whom; else it is one with a futex, which
 * costs two locked instructions and no call while nobody waits. */
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
#    include <sched.h>

/* 0: free; 1: taken; 2: taken, and somebody may sleep. */
typedef struct cogo__lock {
    cogo__au32 taken;
} cogo__lock;

/** The slow ways: sleeps until the lock is the caller's; wakes one who sleeps. */
void cogo__lock_wait(cogo__lock *lock);
void cogo__lock_wake(cogo__lock *lock);

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
    uint32_t nobody = 0;
    // acquire: what the last holder wrote is seen.
    if (__builtin_expect(!cogo__u32_cas_acq_rel(&lock->taken, &nobody, 1), 0)) {
        cogo__lock_wait(lock);
    }
}

static inline void cogo__lock_give(cogo__lock *lock)
{
    // release: what was written under it is seen by the next holder.
    if (__builtin_expect(cogo__u32_swap_acq_rel(&lock->taken, 0) == 2, 0)) {
        cogo__lock_wake(lock);
    }
}

/** For the rare wait for a thread that is a few instructions away. */
static inline void cogo__thread_yield(void)
{
    (void)sched_yield();
}
#endif

#endif
