/* Which programs are there, and in which version: facts of this machine, asked once per
 * process. */
#include "actors/roles/tool.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VERSIONS_MAX = 64 };

static struct {
    char program[64];
    char version[32];
    bool missing;
} versions[VERSIONS_MAX];
static size_t version_count;
static pthread_mutex_t version_lock = PTHREAD_MUTEX_INITIALIZER;

/* The first "1.2" or "1.2.3" of a text. */
static void version_in(const char *text, char *out, size_t capacity)
{
    out[0] = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        bool starts = isdigit((unsigned char)*at)
                      && (at == text || !isalnum((unsigned char)at[-1]) || at[-1] == 'v');
        size_t size = starts ? strspn(at, "0123456789.") : 0;
        if (size >= 3 && memchr(at, '.', size) != NULL) {
            while (at[size - 1] == '.') {
                size--;
            }
            (void)snprintf(out, capacity, "%.*s", (int)size, at);
            return;
        }
        at += size > 0 ? size - 1 : 0;
    }
}

static void ask_version(const char *program, const role_job *job, char *out, size_t capacity)
{
    char folder[PATH_MAX];
    const char *argv[] = {program, "--version", NULL};
    sandbox_result run = {0};
    out[0] = '\0';
    (void)snprintf(folder, sizeof folder, "%s/version", job->state_dir);
    if (sandbox_folder_create(folder) != COGO_OK) {
        return;
    }
    sandbox_request request = {.argv = argv,
                               .workdir = folder,
                               .min_level = SANDBOX_LIMITS,
                               .merge_stderr = true,
                               .cancel_fd = -1,
                               .limits = {.wall_ms = 10000, .out_bytes = 16384}};
    if (sandbox_run(&request, &run) == COGO_OK && run.out != NULL) {
        version_in(run.out, out, capacity);
    }
    sandbox_result_finish(&run);
    sandbox_folder_remove(folder);
}

static bool installed(const char *program)
{
    static const char *const folders[] = {"/usr/bin", "/bin"};
    char path[256];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folders[i], program) < (int)sizeof path
            && access(path, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

const char *tool_version(const char *program, const role_job *job)
{
    const char *answer = "";
    pthread_mutex_lock(&version_lock);
    size_t i = 0;
    while (i < version_count && strcmp(versions[i].program, program) != 0) {
        i++;
    }
    if (i == version_count && i < VERSIONS_MAX) {
        (void)snprintf(versions[i].program, sizeof versions[i].program, "%s", program);
        versions[i].missing = !installed(program);
        if (!versions[i].missing) {
            ask_version(program, job, versions[i].version, sizeof versions[i].version);
        }
        version_count++;
    }
    if (i < VERSIONS_MAX) {
        answer = versions[i].missing ? NULL : versions[i].version;
    }
    pthread_mutex_unlock(&version_lock);
    return answer;
}
