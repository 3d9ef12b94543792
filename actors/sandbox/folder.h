/* Measures a workdir and gives it to the uid that runs in it.
 * Used by the runner before and during a run.
 * Never follows links out of the folder, never touches a file that is also linked elsewhere. */
#ifndef SANDBOX_FOLDER_H
#define SANDBOX_FOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { FOLDER_ENTRIES_GROWTH_MAX = 200000 };

typedef struct sandbox__usage {
    uint64_t bytes; /* On disk. */
    uint64_t entries;
    bool too_deep;
    bool failed; /* Something could not be given away. */
} sandbox__usage;

/* Stops early once there are more than @p entries_max entries. */
sandbox__usage sandbox__folder_measure(int folder, uint64_t entries_max);

/* Root only: makes @p uid the owner of @p folder and all in it, and measures it. */
sandbox__usage sandbox__folder_hand_over(int folder, uid_t uid);

/* Removes the entry @p name of @p parent with all below it. */
void sandbox__folder_remove_at(int parent, const char *name);

#endif
