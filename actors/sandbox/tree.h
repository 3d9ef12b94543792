/* A look at the processes below one process: who they are, what they use.
 * Used by the keeper (to kill them all) and by the runner (to watch limits).
 * Never allocates or locks: the keeper runs in a forked child of a threaded process. */
#ifndef SANDBOX_TREE_H
#define SANDBOX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TREE_PROCESSES_MAX = 16384 }; /* Of the whole host; more are not seen. */

typedef struct sandbox__process {
    pid_t pid, parent, group;
    uint32_t threads;
    uint64_t cpu_ticks; /* Its own and that of the children it has waited for. */
    uint64_t resident_pages;
    bool executed; /* Not just a fork of what its parent runs. */
    bool inside;   /* A descendant of the root of the scan. */
} sandbox__process;

typedef struct sandbox__tree {
    size_t count; /* Ascending by pid. */
    sandbox__process at[TREE_PROCESSES_MAX];
} sandbox__tree;

/* Reads /proc and marks the descendants of @p root (not itself). Returns how many there are. */
size_t sandbox__tree_scan(sandbox__tree *tree, pid_t root);

/* The most memory that @p pid held at once since its exec, in bytes; 0: unknown. */
uint64_t sandbox__tree_peak_bytes(pid_t pid);

/* The threads of all processes of @p uid. */
uint64_t sandbox__tree_threads_of(uid_t uid);

#endif
