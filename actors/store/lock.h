/* The exclusive right to a store file: one process has it, until it ends.
 * Used by the engines that keep the store in a file.
 * Never waits: a second owner is refused and told who the first is. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <cogo/error.h>

/* Locks @p path with ".lock" added. The right is held until @p *out_fd is closed.
 * COGO_EEXIST: another handle has it, here or in another process. */
COGO_MUST_USE cogo_err store_lock_take(const char *path, int *out_fd, char error[256]);
void store_lock_give(int fd);

#endif
