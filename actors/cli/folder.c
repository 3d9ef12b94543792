#include "actors/cli/folder.h"

#include "actors/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool folder_make(const char *path)
{
    char copy[PATH_MAX];
    if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char *p = copy + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
                return false;
            }
            *p = '/';
        }
    }
    return mkdir(copy, 0700) == 0 || errno == EEXIST;
}

void folder_of_state(char *out, size_t size)
{
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (xdg != NULL && xdg[0] == '/') {
        snprintf(out, size, "%s/cogo", xdg);
    } else {
        snprintf(out, size, "%s/.local/state/cogo",
                 home != NULL && *home == '/' ? home : "/tmp");
    }
}

bool folder_journal(const char *store, const char *data_dir, char *out, size_t size,
                    char error[256])
{
    if (store == NULL || *store == '\0') {
        snprintf(out, size, "%s/cogo.db", data_dir);
        return true;
    }
    const char *path = strncmp(store, "sqlite:", 7) == 0 ? store + 7 : store;
    if ((path == store && !store_is_url(store)) || *path == '\0') {
        snprintf(error, 256, "DATABASE_URL has to be postgres://... or sqlite:PATH");
        return false;
    }
    if (strlen(path) >= size) {
        snprintf(error, 256, "DATABASE_URL is too long");
        return false;
    }
    memcpy(out, path, strlen(path) + 1);
    return true;
}

bool folder_of_work(const char *data_dir, char *out, size_t size)
{
    char real[PATH_MAX];
    if (realpath(data_dir, real) == NULL) {
        return false;
    }
    if (geteuid() != 0) {
        snprintf(out, size, "%s/work", real);
        return true;
    }
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a. */
    for (const char *p = real; *p != '\0'; p++) {
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    }
    const char *base = getenv("TMPDIR");
    snprintf(out, size, "%s/cogo-work-%016llx", base != NULL && base[0] == '/' ? base : "/tmp",
             (unsigned long long)hash);
    return true;
}

/* Others may pass through but not look: programs in the sandbox run as another user. */
static bool is_ours(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return false;
    }
    if (st.st_uid != geteuid()) {
        errno = EEXIST; /* Somebody else's: nothing of ours goes there. */
        return false;
    }
    return fchmod(fd, geteuid() == 0 ? 0711 : 0700) == 0;
}

static bool is_at(const char *path, int fd)
{
    struct stat held, there;
    return fstat(fd, &held) == 0 && lstat(path, &there) == 0 && held.st_dev == there.st_dev
           && held.st_ino == there.st_ino;
}

int folder_hold_work(const char *path)
{
    for (;;) {
        if (mkdir(path, 0711) != 0 && errno != EEXIST) {
            return -1;
        }
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool good = fd >= 0 && is_ours(fd) && flock(fd, LOCK_SH) == 0;
        if (good && is_at(path, fd)) {
            return fd;
        }
        int why = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        if (!good && why != ENOENT) {
            errno = why;
            return -1;
        }
        /* Another node has just left it, and removed it. */
    }
}

void folder_leave_work(const char *path, int held)
{
    if (held < 0) {
        return;
    }
    if (flock(held, LOCK_EX | LOCK_NB) == 0) {
        (void)rmdir(path);
    }
    (void)close(held);
}
