#include "runtime/base/slice.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RESET_ON_FORK = 1 };

/* As sched_setattr(2) has it, in its first version. The kernel's own header does not go with
 * <sched.h>, and not every libc has one. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

void cogo__slice_shorten(void)
{
    struct attributes a = {.size = sizeof a};
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) == 0 && a.policy == SCHED_OTHER
        && a.nice >= 0) {
        a.flags = RESET_ON_FORK;
        a.runtime_ns = COGO__SLICE_NS;
        (void)syscall(SYS_sched_setattr, 0, &a, 0);
    }
}
