/* The child's way down: from a fork of this process to the program with hardly any rights.
 * Used by the keeper in the child it forked. Only calls that are safe there.
 * Never returns, and never starts the program when one step failed. */
#ifndef SANDBOX_CONFINE_H
#define SANDBOX_CONFINE_H

#include "actors/sandbox/plan.h"

/* What the child, or the keeper, tells the runner. Written at once: less than PIPE_BUF. */
typedef struct sandbox__report {
    enum { REPORT_STEP_FAILED = 1, REPORT_ENDED = 2, REPORT_STARTING = 3 } kind;
    char step[32];
    int error;       /* errno of the step. */
    int wait_status; /* Of the program, or of bubblewrap. */
    bool left_alive; /* Something could not be killed. */
    uint64_t cpu_us;
    /* Of the child, a copy of us, just before its exec; or, at the end, of all since the fork:
     * the kernel carries the former over the exec, so it is a floor of the latter. */
    uint64_t max_rss_kib, page_faults;
} sandbox__report;

_Noreturn void sandbox__confine(const sandbox__plan *plan);

/* Closes all descriptors but the @p count ascending ones of @p keep. */
bool sandbox__close_all_but(const int *keep, size_t count);

/* Where a staged folder is seen by bubblewrap. */
#define STAGE_FOLDER "/tmp"

#endif
