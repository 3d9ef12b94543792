#include "actors/sandbox/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct level {
    DIR *folder;
    size_t path_size; /* Of the folder's own path, with its slash. */
};

struct walk {
    struct level levels[WALK_DEPTH_MAX];
    int depth;
    char path[WALK_PATH_MAX];
    sandbox__walk_visit *visit;
    void *ctx;
};

static bool enter(struct walk *w, int folder, const char *name, size_t path_size)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return false;
    }
    w->levels[w->depth++] = (struct level){dir, path_size};
    return true;
}

static bool visit_one(struct walk *w, const struct level *level, const char *name)
{
    size_t room = sizeof w->path - level->path_size;
    int folder = dirfd(level->folder);
    int length = snprintf(w->path + level->path_size, room, "%s", name);
    sandbox__walk_entry entry = {WALK_ENTRY, folder, name, w->path, {0}};
    bool fits = (size_t)length + 1 < room && w->depth < WALK_DEPTH_MAX;
    if (fstatat(folder, name, &entry.st, AT_SYMLINK_NOFOLLOW) != 0) {
        entry.kind = WALK_UNREADABLE;
    } else if (S_ISDIR(entry.st.st_mode)) {
        entry.kind = fits ? WALK_FOLDER : WALK_TOO_DEEP;
    }
    sandbox__walk_answer answer = w->visit(w->ctx, &entry);
    if (answer != WALK_GO_ON || entry.kind != WALK_FOLDER) {
        return answer != WALK_STOP;
    }
    size_t size = level->path_size + (size_t)length + 1;
    if (!enter(w, folder, name, size)) {
        entry.kind = WALK_UNREADABLE;
        return w->visit(w->ctx, &entry) != WALK_STOP;
    }
    w->path[size - 1] = '/';
    return true;
}

bool sandbox__walk(int root, sandbox__walk_visit *visit, void *ctx)
{
    struct walk w = {.visit = visit, .ctx = ctx};
    bool going = enter(&w, root, ".", 0);
    bool complete = going;
    while (w.depth > 0) {
        struct level *level = &w.levels[w.depth - 1];
        const struct dirent *entry = going ? readdir(level->folder) : NULL;
        if (entry == NULL) {
            (void)closedir(level->folder);
            w.depth--;
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            complete = going = visit_one(&w, level, entry->d_name);
        }
    }
    return complete;
}
