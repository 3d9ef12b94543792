#include "actors/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LOCK_ERROR_SIZE = 256 };

static void tell_owner(int fd, const char *path, char error[LOCK_ERROR_SIZE])
{
    char pid[24] = "";
    ssize_t size = pread(fd, pid, sizeof pid - 1, 0);
    pid[size > 0 ? size : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    (void)snprintf(error, LOCK_ERROR_SIZE, "the store %.120s is in use by %s%s", path,
                   pid[0] == '\0' ? "another process" : "process ", pid);
}

cogo_err store_lock_take(const char *path, int *out_fd, char error[LOCK_ERROR_SIZE])
{
    char name[4096];
    int size = snprintf(name, sizeof name, "%s.lock", path);
    if (size < 0 || (size_t)size >= sizeof name) {
        (void)snprintf(error, LOCK_ERROR_SIZE, "the path of the store is too long");
        return COGO_EINVAL;
    }
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        (void)snprintf(error, LOCK_ERROR_SIZE, "cannot open %.150s: %s", name, strerror(errno));
        return COGO_EIO;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        cogo_err err = errno == EWOULDBLOCK ? COGO_EEXIST : COGO_EIO;
        if (err == COGO_EEXIST) {
            tell_owner(fd, path, error);
        } else {
            (void)snprintf(error, LOCK_ERROR_SIZE, "cannot lock %.150s: %s", name,
                           strerror(errno));
        }
        (void)close(fd);
        return err;
    }
    // The number is for people only; the lock is what counts, so failures are not.
    char pid[24];
    int pid_size = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)pid_size, 0) == pid_size) {
        (void)fdatasync(fd);
    }
    *out_fd = fd;
    return COGO_OK;
}

/* The file stays: removing it would let two owners lock two files of one name. */
void store_lock_give(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}
