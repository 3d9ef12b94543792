#include "actors/sandbox/run.h"
#include "actors/sandbox/slot.h"

#include <glob.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER_PATTERN "/tmp/cogo-probe-"
/* Three levels take no longer together, so an older folder is of a process that was killed. */
enum { RUN_MS_MAX = 10000, PROBE_S_MAX = 60 };

static const char *const names[] = {"none", "limits", "landlock", "namespaces"};
static sandbox_level best;
static pthread_once_t once = PTHREAD_ONCE_INIT;

const char *sandbox_level_name(sandbox_level level)
{
    size_t index = (size_t)level;
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}

bool sandbox_level_parse(const char *name, sandbox_level *out)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (sandbox_level)i;
            return true;
        }
    }
    return false;
}

/* A level works when a real program really ran at it. */
static bool works(sandbox_level level, const char *workdir)
{
    static const char *const argv[] = {"/bin/sh", "-c", "echo works", NULL};
    sandbox_request request = {
        .argv = argv, .workdir = workdir, .cancel_fd = -1, .limits = {.wall_ms = RUN_MS_MAX}};
    sandbox_result result;
    bool ok = sandbox__run_at(&request, level, &result) == COGO_OK
              && result.end == SANDBOX_EXITED && result.exit_code == 0 && result.out != NULL
              && strcmp(result.out, "works\n") == 0;
    sandbox_result_finish(&result);
    return ok;
}

static void sweep_one(const char *folder)
{
    struct stat st;
    if (lstat(folder, &st) == 0 && S_ISDIR(st.st_mode)
        && (st.st_uid == geteuid() || sandbox__slot_owns(st.st_uid))
        && st.st_mtime < time(NULL) - PROBE_S_MAX) {
        sandbox_folder_remove(folder);
    }
}

static void sweep(void)
{
    glob_t found;
    if (glob(FOLDER_PATTERN "*", GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            sweep_one(found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

static void probe(void)
{
    char workdir[] = FOLDER_PATTERN "XXXXXX";
    sweep();
    if (mkdtemp(workdir) == NULL) {
        return;
    }
    if (sandbox_folder_create(workdir) == COGO_OK) {
        best = works(SANDBOX_NAMESPACES, workdir) ? SANDBOX_NAMESPACES
               : works(SANDBOX_LANDLOCK, workdir) ? SANDBOX_LANDLOCK
               : works(SANDBOX_LIMITS, workdir)   ? SANDBOX_LIMITS
                                                  : SANDBOX_NONE;
    }
    sandbox_folder_remove(workdir);
}

sandbox_level sandbox_level_best(void)
{
    (void)pthread_once(&once, probe);
    return best;
}
