/* The list of a copied tree: what each file is, and what was left out. */
#include "actors/roles/origin.h"
#include "actors/roles/utf8.h"
#include "actors/roles/words.h"
#include "actors/roles/workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 8192u

/* Folders that hold other people's code or products; the copy has them, the list does not. */
static const char *const not_listed[] = {
    ".git", ".hg",         ".svn", "node_modules", ".venv",
    "venv", "__pycache__", ".tox", ".mypy_cache",  ".pytest_cache"};

typedef struct walk {
    workspace *ws;
    role_job *job;
    size_t capacity;
    bool full, too_deep;
} walk;

static void walk_folder(walk *w, int fd, const char *prefix, int depth);

static workspace_file *add_file(walk *w, const char *prefix, const char *name)
{
    workspace *ws = w->ws;
    if (ws->count >= WORKSPACE_FILES_MAX) {
        w->full = true;
        return NULL;
    }
    if (ws->count == w->capacity) {
        size_t capacity = w->capacity == 0 ? 256 : w->capacity * 2;
        workspace_file *files = realloc(ws->files, capacity * sizeof *files);
        if (files == NULL) {
            w->full = true;
            return NULL;
        }
        ws->files = files;
        w->capacity = capacity;
    }
    char *path = cogo_arena_printf(&ws->arena, "%s%s", prefix, name);
    if (path == NULL) {
        w->full = true;
        return NULL;
    }
    workspace_file *file = &ws->files[ws->count++];
    *file = (workspace_file){.path = path};
    return file;
}

/* Looks into the file: a NUL byte in its first block makes it binary. */
static void classify(workspace_file *file, int folder, const char *name)
{
    static const char elf_and_kin[][4] = {{0x7f, 'E', 'L', 'F'}, {'%', 'P', 'D', 'F'}};
    char head[HEAD_BYTES];
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (n < 0) {
        file->kind = WORKSPACE_UNREADABLE;
        return;
    }
    bool binary = memchr(head, 0, (size_t)n) != NULL;
    for (size_t i = 0; i < sizeof elf_and_kin / sizeof elf_and_kin[0]; i++) {
        binary = binary || (n >= 4 && memcmp(head, elf_and_kin[i], 4) == 0);
    }
    if (binary) {
        file->kind = WORKSPACE_BINARY;
    } else if (file->bytes > WORKSPACE_TEXT_BYTES_MAX) {
        file->kind = WORKSPACE_OVERSIZED;
    } else {
        file->language = language_detect(file->path, head, (size_t)n);
        file->generated = origin_is_foreign(file->path, head, (size_t)n);
    }
}

static bool is_foreign(const char *name)
{
    return word_is_one_of(not_listed, sizeof not_listed / sizeof not_listed[0], name,
                          strlen(name));
}

/* Analyzers that run at the same time run as different users when we are root; the copy lies in
 * the job's own folder. */
static void open_to_sandbox(int folder, const char *name, const struct stat *st)
{
    mode_t wanted = S_ISDIR(st->st_mode) ? 0755 : 0644;
    bool ours = geteuid() == 0 && (S_ISDIR(st->st_mode) || S_ISREG(st->st_mode));
    if (ours && (st->st_mode & wanted) != wanted
        && fchmodat(folder, name, (st->st_mode & 0777) | wanted, 0) != 0) {
        return; /* Then the tools say that they can't read it. */
    }
}

/* No control bytes, and UTF-8 that could be shown. */
static bool name_is_readable(const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(path, strlen(path));
}

/* Bytes that cannot be shown as \xNN. Cut where it does not fit. */
static void name_escape(const char *path, char *out, size_t capacity)
{
    size_t used = 0;
    bool readable = name_is_readable(path);
    for (; *path != '\0' && used + 5 < capacity; path++) {
        unsigned char c = (unsigned char)*path;
        bool plain = c >= 0x20 && c != 0x7f && (readable || c < 0x80);
        if (plain) {
            out[used++] = (char)c;
        } else {
            used += (size_t)snprintf(out + used, capacity - used, "\\x%02x", c);
        }
    }
    out[used] = '\0';
}

static void walk_entry(walk *w, int fd, const char *name, const char *prefix, int depth)
{
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return;
    }
    open_to_sandbox(fd, name, &st);
    if (S_ISDIR(st.st_mode)) {
        char below[PATH_MAX];
        if (is_foreign(name)) {
            return; /* Others wrote it. */
        } else if (depth >= WORKSPACE_DEPTH_MAX
                   || snprintf(below, sizeof below, "%s%s/", prefix, name)
                          >= (int)sizeof below) {
            w->too_deep = true;
        } else {
            walk_folder(w, openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                        below, depth + 1);
        }
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        return; /* A symbolic link shows no other file than the list already has. */
    }
    workspace_file *file = add_file(w, prefix, name);
    if (file != NULL) {
        file->bytes = (uint64_t)st.st_size;
        w->ws->bytes += file->bytes;
        classify(file, fd, name);
        if (!name_is_readable(file->path)) {
            file->kind = WORKSPACE_MISNAMED;
            file->language = LANGUAGE_NONE;
        }
    }
}

/* Takes @p fd. Depth is limited by WORKSPACE_DEPTH_MAX. */
static void walk_folder(walk *w, int fd, const char *prefix, int depth)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    for (struct dirent *e; !w->full && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            walk_entry(w, dirfd(dir), e->d_name, prefix, depth);
        }
    }
    (void)closedir(dir);
}

/* What the copy left out because it could not be read, by name. */
static void find_unreadable(walk *w, const char *from, const char *prefix, int depth)
{
    char path[PATH_MAX];
    struct stat st;
    if (snprintf(path, sizeof path, "%s/%s", from, prefix) >= (int)sizeof path) {
        return;
    }
    DIR *dir = depth <= WORKSPACE_DEPTH_MAX ? opendir(path) : NULL;
    for (struct dirent *e; dir != NULL && !w->full && (e = readdir(dir)) != NULL;) {
        const char *name = e->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_foreign(name)
            || fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode) && faccessat(dirfd(dir), name, R_OK | X_OK, 0) == 0) {
            char below[PATH_MAX];
            if (snprintf(below, sizeof below, "%s%s/", prefix, name) < (int)sizeof below) {
                find_unreadable(w, from, below, depth + 1);
            }
        } else if ((S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
                   && faccessat(dirfd(dir), name, R_OK, 0) != 0) {
            workspace_file *file = add_file(w, prefix, name);
            if (file != NULL) {
                file->kind = WORKSPACE_UNREADABLE;
                file->bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
            }
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static int by_path(const void *a, const void *b)
{
    const workspace_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

/* Files that look like source by name, or are too large, but are not read. */
static void say_left_out(walk *w)
{
    static const struct {
        workspace_kind kind;
        const char *why;
    } kinds[] = {
        {WORKSPACE_BINARY, "binary content (NUL bytes) under a source file's name"},
        {WORKSPACE_OVERSIZED, "larger than 4 MiB, not analyzed"},
        {WORKSPACE_UNREADABLE, "not readable"},
        {WORKSPACE_MISNAMED, "not analyzed: its name has bytes that cannot be shown"},
    };
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        unsigned count = 0;
        for (size_t i = 0; i < w->ws->count; i++) {
            const workspace_file *f = &w->ws->files[i];
            bool named = f->kind == kinds[k].kind
                         && (f->kind != WORKSPACE_BINARY
                             || language_detect(f->path, "", 0) != LANGUAGE_NONE);
            if (named && ++count <= WORKSPACE_NAMED_MAX) {
                char shown[512];
                name_escape(f->path, shown, sizeof shown);
                role_skip(w->job, "%s: %s", shown, kinds[k].why);
            }
        }
        if (count > WORKSPACE_NAMED_MAX) {
            role_skip(w->job, "%u more files: %s", count - WORKSPACE_NAMED_MAX, kinds[k].why);
        }
    }
    if (w->full) {
        role_skip(w->job, "tree: more than %u files, the rest is not looked at",
                  WORKSPACE_FILES_MAX);
    }
    if (w->too_deep) {
        role_skip(w->job, "tree: folders deeper than %d are not looked at",
                  WORKSPACE_DEPTH_MAX);
    }
}

bool workspace_list(role_job *job, const char *from, workspace *ws)
{
    walk w = {.ws = ws, .job = job};
    int fd = open(ws->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        role_error(job, "cannot read the copy of the tree: %s", strerror(errno));
        return false;
    }
    if (geteuid() == 0 && fchmod(fd, 0755) != 0) {
        role_error(job, "cannot open the copy of the tree to tools: %s", strerror(errno));
        (void)close(fd);
        return false;
    }
    walk_folder(&w, fd, "", 0);
    find_unreadable(&w, from, "", 0);
    if (ws->count > 0) {
        qsort(ws->files, ws->count, sizeof ws->files[0], by_path);
    }
    say_left_out(&w);
    return true;
}

const workspace_file *workspace_find(const workspace *ws, const char *path)
{
    workspace_file key = {.path = path};
    return ws->count > 0 ? bsearch(&key, ws->files, ws->count, sizeof key, by_path) : NULL;
}
