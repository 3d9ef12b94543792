#include "actors/roles/test_runner/plan.h"

#include <stdlib.h>
#include <string.h>

enum { FOLDERS_MAX = 64, FOLDER_DEPTH_MAX = 2 };

typedef struct finder {
    const char *framework;
    bool (*find)(const plan_site *site, test_plan *out);
} finder;

/* Systems that name each test come before those that only tell an exit status; a build system
 * comes before the language's own runner, because it knows what must be built first. */
const char plan_order[] =
    "meson, cmake, autotools, scons, make, npm, pytest, unittest, prove, bats, script";

static const finder finders[] = {
    {"meson", plan_meson},   {"cmake", plan_cmake},       {"autotools", plan_autotools},
    {"scons", plan_scons},   {"make", plan_make},         {"npm", plan_npm},
    {"pytest", plan_pytest}, {"unittest", plan_unittest}, {"prove", plan_prove},
    {"bats", plan_bats},     {"script", plan_script},
};

enum { FINDERS = sizeof finders / sizeof finders[0] };

bool plan_known(const char *framework)
{
    for (size_t i = 0; i < FINDERS; i++) {
        if (strcmp(finders[i].framework, framework) == 0) {
            return true;
        }
    }
    return false;
}

plan_step plan_step_of(const char *const *words)
{
    plan_step step = {0};
    for (size_t i = 0; i < PLAN_ARGV_MAX && words[i] != NULL; i++) {
        step.argv[i] = words[i];
    }
    return step;
}

char *plan_read(const plan_site *site, const char *name)
{
    char *path = cogo_arena_printf(site->arena, "%s%s", site->folder, name);
    const workspace_file *file = path == NULL ? NULL : workspace_find(site->ws, path);
    size_t size = 0;
    return file == NULL ? NULL : workspace_read(site->ws, file, &size);
}

bool plan_has(const plan_site *site, const char *name)
{
    char *path = cogo_arena_printf(site->arena, "%s%s", site->folder, name);
    const workspace_file *file = path == NULL ? NULL : workspace_find(site->ws, path);
    return file != NULL && file->kind == WORKSPACE_TEXT;
}

const char *plan_file_like(const plan_site *site, const char *start, const char *end)
{
    size_t folder = strlen(site->folder), end_size = strlen(end);
    for (size_t i = 0; i < site->ws->count; i++) {
        const workspace_file *file = &site->ws->files[i];
        if (file->kind != WORKSPACE_TEXT || strncmp(file->path, site->folder, folder) != 0) {
            continue;
        }
        const char *slash = strrchr(file->path, '/');
        const char *name = slash == NULL ? file->path : slash + 1;
        size_t size = strlen(name);
        if (size >= strlen(start) + end_size && strncmp(name, start, strlen(start)) == 0
            && strcmp(name + size - end_size, end) == 0) {
            return file->path;
        }
    }
    return NULL;
}

/* A Makefile in a Python project mostly only calls pytest, which tells more by itself. */
static bool python_first(const workspace *ws)
{
    return workspace_language_count(ws, LANGUAGE_PYTHON)
           > workspace_language_count(ws, LANGUAGE_C)
                 + workspace_language_count(ws, LANGUAGE_CPP);
}

static size_t find_in(const workspace *ws, const char *folder, const char *only,
                      cogo_arena *arena, test_plan *out, size_t capacity)
{
    plan_site site = {.ws = ws, .folder = folder, .arena = arena};
    size_t count = 0;
    bool python = python_first(ws);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < FINDERS && count < capacity; i++) {
            bool early = python && finders[i].find == plan_pytest;
            if (early != (round == 0)
                || (only != NULL && strcmp(only, finders[i].framework) != 0)) {
                continue;
            }
            test_plan plan = {.folder = folder, .framework = finders[i].framework};
            if (finders[i].find(&site, &plan)) {
                out[count++] = plan;
            }
        }
    }
    return count;
}

/* The folders of the tree, shallow ones first, as "a/" or "a/b/". */
static size_t list_folders(const workspace *ws, size_t depth, cogo_arena *arena,
                           const char **out, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < ws->count && count < capacity; i++) {
        const char *end = ws->files[i].path;
        size_t level = 0;
        while (level < depth && (end = strchr(end, '/')) != NULL) {
            level++;
            end++;
        }
        if (end == NULL) {
            continue;
        }
        size_t size = (size_t)(end - ws->files[i].path);
        bool known =
            count > 0 && strlen(out[count - 1]) == size
            && strncmp(out[count - 1], ws->files[i].path, size) == 0; // Sorted by path.
        if (!known) {
            const char *folder = cogo_arena_copy(arena, ws->files[i].path, size);
            count += (out[count] = folder) != NULL;
        }
    }
    return count;
}

size_t plan_find(const workspace *ws, const char *only, cogo_arena *arena, test_plan *out)
{
    size_t count = find_in(ws, "", only, arena, out, PLANS_MAX);
    for (size_t depth = 1; count == 0 && depth <= FOLDER_DEPTH_MAX; depth++) {
        const char *folders[FOLDERS_MAX];
        size_t folder_count = list_folders(ws, depth, arena, folders, FOLDERS_MAX);
        for (size_t i = 0; i < folder_count && count < PLANS_MAX; i++) {
            count += find_in(ws, folders[i], only, arena, out + count, PLANS_MAX - count);
        }
    }
    return count;
}
