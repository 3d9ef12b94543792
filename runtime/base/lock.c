#include "runtime/base/lock.h"

#if !defined(COGO_ATOMIC_CHECKED)
#    include <linux/futex.h>
#    include <sys/syscall.h>
#    include <unistd.h>

enum { LOOKS = 40 }; // At a lock that is held for a few instructions, before the sleep.

/* Who has slept takes it as "somebody may sleep", because others may: a wake too many, never
 * one too few. Nobody sleeps beside a free lock: the kernel compares the word with 2 again,
 * under its own lock, and who gives the lock back exchanges the word before it wakes. */
void cogo__lock_wait(cogo__lock *lock)
{
    for (int i = 0; i < LOOKS; i++) {
        uint32_t nobody = 0;
        // acquire: as in cogo__lock_take().
        if (cogo__u32_load_relaxed(&lock->taken) == 0
            && cogo__u32_cas_acq_rel(&lock->taken, &nobody, 1)) {
            return;
        }
        cogo__cpu_relax();
    }
    while (cogo__u32_swap_acq_rel(&lock->taken, 2) != 0) {
        (void)syscall(SYS_futex, &lock->taken, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    }
}

void cogo__lock_wake(cogo__lock *lock)
{
    (void)syscall(SYS_futex, &lock->taken, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
#endif
