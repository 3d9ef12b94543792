#include "actors/roles/workspace.h"

#include "actors/roles/given.h"
#include "actors/roles/words.h"
#include "actors/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder to copy from: the user's own, or one made of the given texts or the one file. */
static bool prepare(role_job *job, workspace *ws, const char **out_from)
{
    const char *path = NULL;
    json_t *files = NULL;
    struct stat st;
    if (!given_source(job, &path, &files)) {
        return false;
    }
    /* The sandbox may run as another user, who must get through to the copy. */
    (void)chmod(job->state_dir, 0711);
    char *given = cogo_arena_printf(&ws->arena, "%s/given", job->state_dir);
    ws->tree = cogo_arena_printf(&ws->arena, "%s/tree", job->state_dir);
    if (given == NULL || ws->tree == NULL) {
        role_error(job, "out of memory");
        return false;
    }
    if (path != NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        *out_from = path;
        return true;
    }
    if (mkdir(given, 0700) != 0) {
        role_error(job, "cannot create %s: %s", given, strerror(errno));
        return false;
    }
    *out_from = given;
    return path != NULL ? given_copy(job, path, given) : given_write(job, files, given);
}

static bool import(role_job *job, const char *from, workspace *ws)
{
    sandbox_import_report report = {0};
    cogo_err err = sandbox_folder_create(ws->tree);
    if (err == COGO_OK) {
        err = sandbox_import(from, ws->tree, WORKSPACE_FILES_MAX, WORKSPACE_BYTES_MAX, &report);
    }
    if (report.limit_hit) {
        role_skip(job,
                  "tree: only the first %" PRIu64 " files, %" PRIu64
                  " bytes were taken (limits: %u files, 2 GiB); name a smaller folder",
                  report.files, report.bytes, WORKSPACE_FILES_MAX);
    } else if (err != COGO_OK) {
        role_error(job, "context.path: cannot be copied: %s", cogo_strerror(err));
        return false;
    }
    if (report.skipped_files > 0) {
        role_skip(job, "tree: %" PRIu64 " entries could not be copied, first %s",
                  report.skipped_files, report.first_skipped);
    }
    return true;
}

bool workspace_open(role_job *job, workspace *ws)
{
    *ws = (workspace){0};
    cogo_arena_init(&ws->arena, 0);
    const char *from = NULL;
    if (!prepare(job, ws, &from) || !import(job, from, ws) || !workspace_list(job, from, ws)) {
        workspace_close(ws);
        return false;
    }
    return true;
}

void workspace_close(workspace *ws)
{
    free(ws->files);
    cogo_arena_finish(&ws->arena);
    *ws = (workspace){0};
}

void workspace_say_generated(role_job *job, const workspace *ws)
{
    size_t count = 0;
    const char *first = "";
    for (size_t i = 0; i < ws->count; i++) {
        if (ws->files[i].generated) {
            first = count++ == 0 ? ws->files[i].path : first;
        }
    }
    if (count > 0) {
        role_skip(job, "%zu generated or vendored file%s not judged (first: %.200s)", count,
                  count == 1 ? " was" : "s were", first);
    }
}

char *workspace_read(const workspace *ws, const workspace_file *file, size_t *out_size)
{
    char path[PATH_MAX];
    *out_size = 0;
    if (file->kind != WORKSPACE_TEXT
        || snprintf(path, sizeof path, "%s/%s", ws->tree, file->path) >= (int)sizeof path) {
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    size_t capacity = (size_t)file->bytes, size = 0;
    char *text = fd >= 0 ? malloc(capacity + 1) : NULL;
    while (text != NULL && size < capacity) {
        ssize_t n = read(fd, text + size, capacity - size);
        if (n <= 0) {
            break;
        }
        size += (size_t)n;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (text != NULL) {
        text[size] = '\0';
        /* A NUL behind the first block: what comes after it is not looked at as text. */
        *out_size = strlen(text);
    }
    return text;
}

size_t workspace_language_count(const workspace *ws, language_id language)
{
    size_t count = 0;
    for (size_t i = 0; i < ws->count; i++) {
        count += ws->files[i].kind == WORKSPACE_TEXT && ws->files[i].language == language;
    }
    return count;
}

bool workspace_is_test(const char *path)
{
    static const char *const folders[] = {"test",    "tests",    "testing",  "t",
                                          "example", "examples", "fixtures", "testdata",
                                          "spec",    "specs",    "samples",  "__tests__"};
    for (const char *part = path, *slash; (slash = strchr(part, '/')) != NULL;
         part = slash + 1) {
        size_t size = (size_t)(slash - part);
        if (word_is_one_of(folders, sizeof folders / sizeof folders[0], part, size)) {
            return true;
        }
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return strncmp(name, "test_", 5) == 0 || strstr(name, "_test.") != NULL
           || strstr(name, ".test.") != NULL || strstr(name, ".spec.") != NULL
           || strcmp(name, "conftest.py") == 0 || strstr(name, ".example") != NULL;
}
