#include "actors/sandbox/folder.h"

#include "actors/sandbox/sandbox.h"
#include "actors/sandbox/slot.h"
#include "actors/sandbox/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How often a folder is read again while it empties: once is the rule, twice after renames. */
enum { REMOVE_ROUNDS_MAX = 1000000, BLOCK_BYTES = 512 };

struct measure {
    sandbox__usage usage;
    uint64_t entries_max;
    uid_t owner; /* With hand_over. */
    bool hand_over;
};

/* A file with a second name may be somebody's outside, unless one of our uids made it. */
static void give_entry(struct measure *m, const sandbox__walk_entry *e)
{
    bool ours =
        S_ISDIR(e->st.st_mode) || e->st.st_nlink == 1 || sandbox__slot_owns(e->st.st_uid);
    if (ours && e->st.st_uid != m->owner && (e->st.st_mode & (S_ISUID | S_ISGID)) == 0) {
        m->usage.failed =
            fchownat(e->folder, e->name, m->owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) != 0
            || m->usage.failed;
    }
}

static sandbox__walk_answer measure_entry(void *ctx, const sandbox__walk_entry *e)
{
    struct measure *m = ctx;
    if (e->kind == WALK_TOO_DEEP) {
        m->usage.too_deep = true;
    }
    if (e->kind == WALK_UNREADABLE) {
        return WALK_GO_ON;
    }
    if (m->hand_over) {
        give_entry(m, e);
    }
    m->usage.entries++;
    m->usage.bytes += (uint64_t)e->st.st_blocks * BLOCK_BYTES;
    return m->entries_max != 0 && m->usage.entries > m->entries_max ? WALK_STOP : WALK_GO_ON;
}

sandbox__usage sandbox__folder_measure(int folder, uint64_t entries_max)
{
    struct measure m = {.entries_max = entries_max};
    (void)sandbox__walk(folder, measure_entry, &m);
    return m.usage;
}

sandbox__usage sandbox__folder_hand_over(int folder, uid_t uid)
{
    struct measure m = {.owner = uid, .hand_over = true};
    m.usage.failed = fchown(folder, uid, (gid_t)-1) != 0;
    (void)sandbox__walk(folder, measure_entry, &m);
    return m.usage;
}

cogo_err sandbox_folder_create(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return errno == ENOENT ? COGO_ENOTFOUND : COGO_EIO;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    cogo_err err = COGO_OK;
    if (fd < 0) {
        return COGO_EIO;
    }
    if (fstat(fd, &st) != 0
        || (st.st_uid != geteuid()
            && !(sandbox__slots_exist() && sandbox__slot_owns(st.st_uid)))) {
        err = COGO_EEXIST; /* Somebody else's. */
    } else if (!sandbox__slots_exist()) {
        err = fchmod(fd, 0700) == 0 ? COGO_OK : COGO_EIO;
    } else if (fchown(fd, sandbox__slot_owns(st.st_uid) ? st.st_uid : SLOT_UID_FIRST,
                      SLOT_FOLDER_GID)
                   != 0
               || fchmod(fd, 0750) != 0) {
        err = COGO_EIO;
    }
    (void)close(fd);
    return err;
}

/* Gives us our rights on a folder back, whatever its mode says now. */
static int open_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if ((fd >= 0 || errno != EACCES)
        && (fd < 0 || fstat(fd, &st) != 0 || (st.st_mode & 0700) == 0700)) {
        return fd;
    }
    if (fd >= 0) {
        (void)fchmod(fd, 0700);
        return fd;
    }
    int handle = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (handle < 0) {
        return -1;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", handle);
    (void)chmod(path, 0700);
    (void)close(handle);
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Empties @p folder, but moves the folders in it up to @p top under names of our own: so no
 * nesting is too deep, for there is never more than one level below top. */
static bool empty_into(int folder, int top, uint64_t *next_name)
{
    int copy = fcntl(folder, F_DUPFD_CLOEXEC, 3);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (dir == NULL) {
        if (copy >= 0) {
            (void)close(copy);
        }
        return false;
    }
    rewinddir(dir);
    bool progress = false;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        if (unlinkat(folder, e->d_name, 0) == 0
            || unlinkat(folder, e->d_name, AT_REMOVEDIR) == 0) {
            progress = true;
            continue;
        }
        char name[48];
        (void)snprintf(name, sizeof name, ".removed-%d-%llu", (int)getpid(),
                       (unsigned long long)(*next_name)++);
        int fd = open_folder(folder, e->d_name); /* A folder without rights can't be moved. */
        if (fd >= 0) {
            (void)close(fd);
        }
        progress = renameat(folder, e->d_name, top, name) == 0 || progress;
    }
    (void)closedir(dir);
    return progress;
}

/* One pass over the folders directly in @p top. */
static bool empty_top(int top, uint64_t *next_name)
{
    int copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    bool progress = false;
    if (dir == NULL) {
        if (copy >= 0) {
            (void)close(copy);
        }
        return false;
    }
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        int fd = -1;
        if (unlinkat(top, e->d_name, 0) != 0) {
            fd = open_folder(top, e->d_name);
        }
        if (fd >= 0) {
            (void)empty_into(fd, top, next_name);
            (void)close(fd);
            (void)unlinkat(top, e->d_name, AT_REMOVEDIR);
        }
        progress = progress || faccessat(top, e->d_name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    }
    (void)closedir(dir);
    return progress;
}

void sandbox__folder_remove_at(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return; /* A file or a link: only itself. */
    }
    int top = open_folder(parent, name);
    if (top < 0) {
        return;
    }
    uint64_t next_name = 0;
    for (int round = 0; round < REMOVE_ROUNDS_MAX; round++) {
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || !empty_top(top, &next_name)) {
            break;
        }
    }
    (void)close(top);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

void sandbox_folder_remove(const char *path)
{
    sandbox__folder_remove_at(AT_FDCWD, path);
}
