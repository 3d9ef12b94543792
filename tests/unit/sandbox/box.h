/* A folder to run things in, for the tests of the sandbox. */
#ifndef TESTS_SANDBOX_BOX_H
#define TESTS_SANDBOX_BOX_H

#include "actors/sandbox/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct box {
    char base[64], workdir[96];
} box;

static inline box box_make(void)
{
    box b = {.base = "/tmp/cogo-box-XXXXXX"};
    bool made = mkdtemp(b.base) != NULL && chmod(b.base, 0755) == 0;
    (void)snprintf(b.workdir, sizeof b.workdir, "%s/work", b.base);
    if (!made || sandbox_folder_create(b.workdir) != COGO_OK) {
        abort();
    }
    return b;
}

static inline void box_remove(const box *b)
{
    sandbox_folder_remove(b->base);
}

/* Runs a shell script; what @p more sets stays, the rest is filled in. */
static inline sandbox_result box_run(const box *b, sandbox_level level, const char *script,
                                     sandbox_request more)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    sandbox_result result;
    more.argv = more.argv == NULL ? argv : more.argv;
    more.workdir = b->workdir;
    more.cancel_fd = more.cancel_fd == 0 ? -1 : more.cancel_fd;
    more.limits.wall_ms = more.limits.wall_ms == 0 ? 20000 : more.limits.wall_ms;
    cogo_err err = sandbox__run_at(&more, level, &result);
    (void)err; /* Said again by result.end. */
    return result;
}

/* From the strongest that works here down to limits. */
#define EACH_LEVEL(level)                                                     \
    for (sandbox_level level = sandbox_level_best(); level >= SANDBOX_LIMITS; \
         level = (sandbox_level)(level - 1))

static inline bool text_is(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

static inline bool box_holds(const box *b, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", b->workdir, name);
    return access(path, F_OK) == 0;
}

#endif
