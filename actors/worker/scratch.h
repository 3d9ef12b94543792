/* Scratch folders of attempts: made, kept by a lock while they are used, removed; and swept
 * when their process was killed. Used by job.c and when a worker starts. Never removes a folder
 * that somebody still uses. */
#ifndef WORKER_SCRATCH_H
#define WORKER_SCRATCH_H

#include <stdint.h>

enum { SCRATCH_PATH_MAX = 1024 }; /* Bytes of its path with the NUL. */

typedef struct scratch {
    int fd; /* Holds the lock; -1: there is no folder. */
    char path[SCRATCH_PATH_MAX];
} scratch;

/* Makes a folder (0700) below @p state_dir that no other attempt has. NULL, or why not. */
const char *scratch_make(scratch *s, const char *state_dir, int64_t lease, uint64_t unique);

/* Removes it with all that is in it. */
void scratch_remove(scratch *s);

/* Removes the folders below @p state_dir whose processes are gone. */
void scratch_sweep(const char *state_dir);

#endif
