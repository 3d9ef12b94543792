#include "actors/worker/scratch.h"

#include "actors/sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SWEEP_MAX = 10000 }; /* Folders looked at in one sweep. */

static const char prefix[] = "attempt-";

/* The lock ends with its process, however that ends; a sweep tells by it who is alive. */
static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

const char *scratch_make(scratch *s, const char *state_dir, int64_t lease, uint64_t unique)
{
    s->fd = -1;
    int size = snprintf(s->path, sizeof s->path, "%s/%s%" PRId64 "-%016" PRIx64, state_dir,
                        prefix, lease, unique);
    if (size < 0 || (size_t)size >= sizeof s->path) {
        return "its path is too long";
    }
    // Root's programs run as other users, which have to pass through to their own folders.
    if (mkdir(s->path, geteuid() == 0 ? 0711 : 0700) != 0) {
        return strerror(errno);
    }
    s->fd = lock_folder(s->path);
    struct stat facts;
    // A sweep may have come between the two steps; then the folder has no name any more.
    if (s->fd < 0 || fstat(s->fd, &facts) != 0 || facts.st_nlink == 0) {
        scratch_remove(s);
        return "somebody removed it at once";
    }
    return NULL;
}

void scratch_remove(scratch *s)
{
    sandbox_folder_remove(s->path);
    if (s->fd >= 0) {
        (void)close(s->fd);
        s->fd = -1;
    }
}

void scratch_sweep(const char *state_dir)
{
    DIR *folder = opendir(state_dir);
    if (folder == NULL) {
        return; // Nothing was left there, or nothing can be made there either.
    }
    struct dirent *entry = readdir(folder);
    for (int i = 0; entry != NULL && i < SWEEP_MAX; i++, entry = readdir(folder)) {
        scratch left = {.fd = -1};
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0) {
            continue;
        }
        int size = snprintf(left.path, sizeof left.path, "%s/%s", state_dir, entry->d_name);
        if (size < 0 || (size_t)size >= sizeof left.path) {
            continue;
        }
        left.fd = lock_folder(left.path);
        if (left.fd >= 0) {
            scratch_remove(&left);
        }
    }
    (void)closedir(folder);
}
