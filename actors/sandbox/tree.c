#include "actors/sandbox/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct dirent_64 { /* What getdents64 writes; readdir() would allocate. */
    uint64_t ino;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

enum { DIRENTS_BYTES = 8192, STAT_BYTES = 1024, STATUS_BYTES = 4096 };

/* Calls @p visit with the number of each process. */
static void each_process(int proc,
                         void (*visit)(void *ctx, int proc, pid_t pid, const char *name),
                         void *ctx)
{
    _Alignas(struct dirent_64) char buffer[DIRENTS_BYTES];
    for (;;) {
        long size = syscall(SYS_getdents64, proc, buffer, sizeof buffer);
        if (size <= 0) {
            return;
        }
        for (long at = 0; at < size;) {
            const struct dirent_64 *entry =
                (const struct dirent_64 *)__builtin_assume_aligned(buffer + at, 8);
            pid_t pid = 0;
            const char *c = entry->name;
            for (; *c >= '0' && *c <= '9' && pid < 100000000; c++) {
                pid = pid * 10 + (*c - '0');
            }
            if (*c == '\0' && pid > 0) {
                visit(ctx, proc, pid, entry->name);
            }
            at += entry->size;
        }
    }
}

static const char *next_number(const char *text, int64_t *out)
{
    while (*text == ' ') {
        text++;
    }
    bool negative = *text == '-';
    uint64_t value = 0;
    for (text += negative; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return text;
}

/* The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets. */
static bool read_stat(int proc, const char *name, sandbox__process *out)
{
    enum {
        FIELD_PARENT = 4,
        FIELD_GROUP = 5,
        FIELD_FLAGS = 9,
        FIELD_UTIME = 14,
        FIELD_CSTIME = 17,
        FIELD_THREADS = 20,
        FIELD_RSS = 24,
        FLAG_FORKED_NO_EXEC = 0x40, /* The kernel's PF_FORKNOEXEC. */
    };
    char path[32], text[STAT_BYTES];
    (void)snprintf(path, sizeof path, "%.16s/stat", name);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false; /* Ended in between. */
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (size <= 0) {
        return false;
    }
    text[size] = '\0';
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] == '\0' || at[2] == '\0') {
        return false;
    }
    at += 3; /* Past ") S". */
    out->cpu_ticks = 0;
    for (int field = FIELD_PARENT; field <= FIELD_RSS; field++) {
        int64_t value;
        at = next_number(at, &value);
        if (field == FIELD_PARENT) {
            out->parent = (pid_t)value;
        } else if (field == FIELD_GROUP) {
            out->group = (pid_t)value;
        } else if (field == FIELD_FLAGS) {
            out->executed = (value & FLAG_FORKED_NO_EXEC) == 0;
        } else if (field >= FIELD_UTIME && field <= FIELD_CSTIME) {
            out->cpu_ticks += (uint64_t)value;
        } else if (field == FIELD_THREADS) {
            out->threads = (uint32_t)value;
        } else if (field == FIELD_RSS) {
            out->resident_pages = (uint64_t)value;
        }
    }
    return true;
}

static void add(void *ctx, int proc, pid_t pid, const char *name)
{
    sandbox__tree *tree = ctx;
    if (tree->count < TREE_PROCESSES_MAX) {
        sandbox__process *p = &tree->at[tree->count];
        *p = (sandbox__process){.pid = pid};
        tree->count += read_stat(proc, name, p);
    }
}

/* /proc lists by ascending number, so a binary search finds a parent. */
static bool is_inside(const sandbox__tree *tree, pid_t pid)
{
    size_t low = 0, high = tree->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tree->at[middle].pid < pid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < tree->count && tree->at[low].pid == pid && tree->at[low].inside;
}

size_t sandbox__tree_scan(sandbox__tree *tree, pid_t root)
{
    tree->count = 0;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) {
        return 0;
    }
    each_process(proc, add, tree);
    (void)close(proc);
    size_t found = 0;
    /* Each round marks at least one more process or is the last. */
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < tree->count; i++) {
            sandbox__process *p = &tree->at[i];
            if (!p->inside && (p->parent == root || is_inside(tree, p->parent))) {
                p->inside = changed = true;
                found++;
            }
        }
    }
    return found;
}

uint64_t sandbox__tree_peak_bytes(pid_t pid)
{
    static const char key[] = "\nVmHWM:\t";
    char path[64], text[STATUS_BYTES];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (size <= 0) {
        return 0; /* Ended in between. */
    }
    text[size] = '\0';
    const char *at = strstr(text, key);
    int64_t kib = 0;
    if (at != NULL) {
        (void)next_number(at + sizeof key - 1, &kib);
    }
    return (uint64_t)kib * 1024;
}

struct owner_count {
    uid_t uid;
    uint64_t threads;
};

static void count_owned(void *ctx, int proc, pid_t pid, const char *name)
{
    struct owner_count *owner = ctx;
    struct stat st;
    sandbox__process p;
    (void)pid;
    if (fstatat(proc, name, &st, 0) == 0 && st.st_uid == owner->uid
        && read_stat(proc, name, &p)) {
        owner->threads += p.threads;
    }
}

uint64_t sandbox__tree_threads_of(uid_t uid)
{
    struct owner_count owner = {.uid = uid};
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc >= 0) {
        each_process(proc, count_owned, &owner);
        (void)close(proc);
    }
    return owner.threads;
}
