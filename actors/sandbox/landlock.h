/* Landlock's file rules, by raw system calls: Debian 12 has no library for them.
 * Used by the child before it starts the program, and by the probe of levels.
 * Never grants writing outside the workdir but to the usual devices. */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdbool.h>

/* The kernel's ABI version; 0: no Landlock. */
int sandbox__landlock_abi(void);

/* Confines the calling thread, and all it starts, for ever. Safe after a fork.
 * @p readable ends with NULL. */
bool sandbox__landlock_apply(const char *workdir, char *const *readable);

#endif
