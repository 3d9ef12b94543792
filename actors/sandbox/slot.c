#include "actors/sandbox/slot.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    unsigned refs;
    dev_t dev;
    ino_t ino;
    int lock_fd;
} slots[SLOT_COUNT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool exist;
static pthread_once_t exist_once = PTHREAD_ONCE_INIT;

static bool maps_all(const char *path)
{
    FILE *map = fopen(path, "re");
    unsigned long first, outside, count;
    bool found = false;
    while (!found && map != NULL && fscanf(map, "%lu %lu %lu", &first, &outside, &count) == 3) {
        found = first <= SLOT_FOLDER_GID && first + count >= SLOT_UID_FIRST + SLOT_COUNT;
    }
    if (map != NULL) {
        (void)fclose(map);
    }
    return found;
}

static void look_for_slots(void)
{
    exist = geteuid() == 0 && maps_all("/proc/self/uid_map") && maps_all("/proc/self/gid_map");
}

bool sandbox__slots_exist(void)
{
    (void)pthread_once(&exist_once, look_for_slots);
    return exist;
}

bool sandbox__slot_owns(uid_t uid)
{
    return uid >= SLOT_UID_FIRST && uid < SLOT_UID_FIRST + SLOT_COUNT;
}

/* An abstract socket name belongs to one process at a time and is freed when it dies: the only
 * lock that needs no file and no cleaning up. -1: another process has it. */
static int lock_uid(int index)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "cogo-sandbox-uid-%d",
                          SLOT_UID_FIRST + index);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&name, size) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static int find_shared(const struct stat *workdir)
{
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (slots[i].refs > 0 && slots[i].dev == workdir->st_dev
            && slots[i].ino == workdir->st_ino) {
            slots[i].refs++;
            return i;
        }
    }
    return -1;
}

static int find_free(const struct stat *workdir)
{
    int first =
        sandbox__slot_owns(workdir->st_uid) ? (int)(workdir->st_uid - SLOT_UID_FIRST) : 0;
    for (int step = 0; step < SLOT_COUNT; step++) {
        int i = (first + step) % SLOT_COUNT;
        int fd = slots[i].refs == 0 ? lock_uid(i) : -1;
        if (fd >= 0) {
            slots[i].refs = 1;
            slots[i].dev = workdir->st_dev;
            slots[i].ino = workdir->st_ino;
            slots[i].lock_fd = fd;
            return i;
        }
    }
    return -1;
}

bool sandbox__slot_take(const struct stat *workdir, sandbox__slot *out)
{
    if (!sandbox__slots_exist()) {
        *out = (sandbox__slot){.uid = geteuid(), .gid = getegid(), .lock_fd = -1, .index = -1};
        return true;
    }
    (void)pthread_mutex_lock(&lock);
    int index = find_shared(workdir);
    index = index >= 0 ? index : find_free(workdir);
    if (index >= 0) {
        *out = (sandbox__slot){.uid = (uid_t)(SLOT_UID_FIRST + index),
                               .gid = (gid_t)(SLOT_UID_FIRST + index),
                               .lock_fd = slots[index].lock_fd,
                               .index = index};
    }
    (void)pthread_mutex_unlock(&lock);
    return index >= 0;
}

void sandbox__slot_give(sandbox__slot *slot)
{
    if (slot->index < 0) {
        return;
    }
    (void)pthread_mutex_lock(&lock);
    if (--slots[slot->index].refs == 0) {
        (void)close(slots[slot->index].lock_fd);
    }
    (void)pthread_mutex_unlock(&lock);
    slot->index = -1;
}
