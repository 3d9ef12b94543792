/* The uids that sandboxed programs run as when we are root: one per running workdir.
 * Used by the runner and by folder_create.
 * Never hands one uid to two workdirs at a time, also not across processes of this host. */
#ifndef SANDBOX_SLOT_H
#define SANDBOX_SLOT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Folders made for the sandbox carry SLOT_FOLDER_GID; only runs that were given readable
 * folders get that group, so a program can't look into another task's folder. */
enum { SLOT_UID_FIRST = 64100, SLOT_COUNT = 64, SLOT_FOLDER_GID = 64099 };

typedef struct sandbox__slot {
    uid_t uid;
    gid_t gid;
    int lock_fd; /* Held by the keeper too, so that the uid stays taken until all is dead. -1:
                    none. */
    int index;   /* -1: an ordinary user runs everything as itself. */
} sandbox__slot;

/* Takes the uid for the folder @p workdir: the one that owns it if that is free; runs in the
 * same folder at the same time share it. False: all are taken. */
bool sandbox__slot_take(const struct stat *workdir, sandbox__slot *out);
void sandbox__slot_give(sandbox__slot *slot);

bool sandbox__slot_owns(uid_t uid);

/* Whether programs run under uids of their own: we are root, and these uids exist here. (In a
 * user namespace that maps root alone they don't; there we are an ordinary user to the kernel.)
 */
bool sandbox__slots_exist(void);

#endif
