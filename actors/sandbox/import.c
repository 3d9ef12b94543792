/* Copies somebody's source tree into a workdir, through descriptors on both sides. */
#include "actors/sandbox/sandbox.h"
#include "actors/sandbox/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COPY_BYTES = 64 << 10, LINK_BYTES_MAX = 4096 };

struct import {
    int to;
    struct stat to_st;
    uint64_t max_files, max_bytes, folders;
    sandbox_import_report *report;
};

static sandbox__walk_answer skip(struct import *im, const char *path, const char *why)
{
    if (im->report->skipped_files++ == 0) {
        (void)snprintf(im->report->first_skipped, sizeof im->report->first_skipped,
                       "%.200s: %.50s", path, why);
    }
    return WALK_PASS_OVER;
}

/* The folder of @p path in the copy. Links in it are refused: an earlier run may have left
 * some. */
static int open_target_folder(const struct import *im, const char *path)
{
    char folder[WALK_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    memcpy(folder, path, size);
    folder[size] = '\0';
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, im->to, size == 0 ? "." : folder, &how, sizeof how);
}

/* The file may grow while we read: never more than @p most bytes. */
static bool copy_bytes(int in, int out, uint64_t most, uint64_t *copied)
{
    char buffer[COPY_BYTES];
    for (*copied = 0;;) {
        ssize_t n = read(in, buffer, sizeof buffer);
        if (n <= 0 || (uint64_t)n > most - *copied) {
            return n == 0;
        }
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(out, buffer + done, (size_t)(n - done));
            if (written <= 0) {
                return false;
            }
            done += written;
        }
        *copied += (uint64_t)n;
    }
}

static sandbox__walk_answer copy_file(struct import *im, const sandbox__walk_entry *e,
                                      int folder)
{
    uint64_t room = im->max_bytes - im->report->bytes, copied = 0;
    struct stat st;
    int in = openat(e->folder, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) != 0 || !S_ISREG(st.st_mode)) {
        const char *why = strerror(errno);
        if (in >= 0) {
            (void)close(in);
            why = "was replaced meanwhile";
        }
        return skip(im, e->path, why);
    }
    mode_t mode = (st.st_mode & 0111) != 0 ? 0755 : 0644;
    int out = (uint64_t)st.st_size > room
                  ? -1
                  : openat(folder, e->name,
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    bool ok = out >= 0 && copy_bytes(in, out, room, &copied);
    if (ok) {
        const struct timespec times[] = {st.st_atim, st.st_mtim}; /* For make. */
        (void)futimens(out, times);
        im->report->files++;
        im->report->bytes += copied;
    }
    bool too_large = (uint64_t)st.st_size > room;
    if (out >= 0) {
        (void)close(out);
    }
    (void)close(in);
    if (!ok && out >= 0) {
        (void)unlinkat(folder, e->name, 0);
    }
    im->report->limit_hit = im->report->limit_hit || too_large;
    return ok ? WALK_GO_ON
              : skip(im, e->path, too_large ? "over the limit of bytes" : "can't be copied");
}

/* By its text alone: how far up it goes, compared with how deep it lies. */
static bool stays_inside(const char *path, const char *target)
{
    int depth = 0;
    for (const char *c = path; *c != '\0'; c++) {
        depth += *c == '/';
    }
    for (const char *at = target; *at != '\0';) {
        size_t part = strcspn(at, "/");
        if (part == 2 && at[0] == '.' && at[1] == '.') {
            depth--;
        } else if (part > 0 && !(part == 1 && at[0] == '.')) {
            depth++;
        }
        if (depth < 0) {
            return false;
        }
        at += part + (at[part] == '/');
    }
    return target[0] != '/';
}

static sandbox__walk_answer copy_link(struct import *im, const sandbox__walk_entry *e,
                                      int folder)
{
    char target[LINK_BYTES_MAX];
    ssize_t size = readlinkat(e->folder, e->name, target, sizeof target - 1);
    if (size <= 0 || size == (ssize_t)sizeof target - 1) {
        return skip(im, e->path, "unreadable link");
    }
    target[size] = '\0';
    if (!stays_inside(e->path, target)) {
        return skip(im, e->path, "link that leads outside");
    }
    if (symlinkat(target, folder, e->name) != 0) {
        return skip(im, e->path, "can't be copied");
    }
    im->report->files++;
    return WALK_GO_ON;
}

static sandbox__walk_answer copy_entry(struct import *im, const sandbox__walk_entry *e)
{
    if (!S_ISREG(e->st.st_mode) && !S_ISLNK(e->st.st_mode) && !S_ISDIR(e->st.st_mode)) {
        return skip(im, e->path, "neither file, folder nor link");
    }
    int folder = open_target_folder(im, e->path);
    if (folder < 0) {
        return skip(im, e->path, "no folder to copy it to");
    }
    sandbox__walk_answer answer = WALK_GO_ON;
    if (S_ISREG(e->st.st_mode)) {
        answer = copy_file(im, e, folder);
    } else if (S_ISLNK(e->st.st_mode)) {
        answer = copy_link(im, e, folder);
    } else if (mkdirat(folder, e->name, 0755) != 0 && errno != EEXIST) {
        answer = skip(im, e->path, strerror(errno));
    } else {
        im->folders++;
    }
    (void)close(folder);
    return answer;
}

static sandbox__walk_answer import_entry(void *ctx, const sandbox__walk_entry *e)
{
    struct import *im = ctx;
    if (e->kind == WALK_UNREADABLE || e->kind == WALK_TOO_DEEP) {
        return skip(im, e->path,
                    e->kind == WALK_TOO_DEEP ? "nested too deep" : "can't be read");
    }
    bool into_itself = e->st.st_dev == im->to_st.st_dev && e->st.st_ino == im->to_st.st_ino;
    if (into_itself || strcmp(e->name, ".git") == 0) {
        return WALK_PASS_OVER;
    }
    if (im->report->files >= im->max_files || im->folders >= im->max_files) {
        im->report->limit_hit = true;
        (void)skip(im, e->path, "over the limit of files; nothing after it was looked at");
        return WALK_STOP;
    }
    return copy_entry(im, e);
}

cogo_err sandbox_import(const char *from, const char *to, uint64_t max_files,
                        uint64_t max_bytes, sandbox_import_report *report)
{
    *report = (sandbox_import_report){0};
    struct import im = {.max_files = max_files, .max_bytes = max_bytes, .report = report};
    int source = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) {
        return errno == ENOENT ? COGO_ENOTFOUND : errno == ENOTDIR ? COGO_EINVAL : COGO_EIO;
    }
    cogo_err err = COGO_EIO;
    im.to = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (im.to >= 0 && fstat(im.to, &im.to_st) == 0) {
        (void)sandbox__walk(source, import_entry, &im);
        err = COGO_OK;
    }
    if (im.to >= 0) {
        (void)close(im.to);
    }
    (void)close(source);
    return err;
}
