/* Looks, a few times a second, at what a running program uses, and says which limit it broke.
 * Used by the runner.
 * Never costs more than a small share of a processor: slow looks make the next one later. */
#ifndef SANDBOX_WATCH_H
#define SANDBOX_WATCH_H

#include "actors/sandbox/folder.h"
#include "actors/sandbox/plan.h"

typedef struct sandbox__watch {
    const sandbox__plan *plan;
    sandbox__tree *tree;
    pid_t keeper;
    sandbox__usage start; /* Of the workdir, before the program ran. */
    uint64_t start_ns, next_ns, next_folder_ns;
    bool started;         /* The program (or bubblewrap) runs: what is seen is not ours. */
    uint64_t largest_was; /* Memory of the largest process at the look before. */
    uint64_t tree_bytes_max;
    uint64_t max_rss_bytes; /* Of any process, as seen; 0: none was seen. */
    uint64_t cpu_ms; /* Of all, as seen: the kernel forgets that of a killed namespace. */
    uint64_t below_pid_limit_ns; /* The last look that saw fewer. */
} sandbox__watch;

bool sandbox__watch_init(sandbox__watch *watch, const sandbox__plan *plan, pid_t keeper,
                         sandbox__usage start);
void sandbox__watch_finish(sandbox__watch *watch);

/* "cpu", "mem", "pids", "fs", or NULL. Sets the time of the next look. */
const char *sandbox__watch_look(sandbox__watch *watch);

/* CLOCK_MONOTONIC. */
uint64_t sandbox__now_ns(void);

#endif
