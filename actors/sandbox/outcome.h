/* The state of one run, and what it means once everything is dead.
 * Used by the runner.
 * Never decides to end a run. */
#ifndef SANDBOX_OUTCOME_H
#define SANDBOX_OUTCOME_H

#include "actors/sandbox/confine.h"
#include "actors/sandbox/watch.h"

typedef struct sandbox__stream {
    int fd;
    char *bytes;
    size_t size, capacity;
    uint64_t drained;
    bool cut;
} sandbox__stream;

typedef struct sandbox__run {
    sandbox__plan plan;
    sandbox_result *result;
    pid_t keeper;
    int report_fd, control_fd, json_fd;
    sandbox__stream out, err;
    uint64_t start_ns, wall_end_ns, deadline_ns, kill_at_ns, drain_end_ns;
    bool stopped; /* By us; limit NULL: cancelled. */
    const char *limit;
    int stop_signal;
    bool over, lost, step_failed;
    sandbox__report ended, failed, starting;
} sandbox__run;

/* Fills the result but for its streams. */
void sandbox__outcome(sandbox__run *run, const sandbox__watch *seen);
/* Moves the output into the result. */
void sandbox__outcome_take_streams(sandbox__run *run);

#endif
