#include "actors/cli/place.h"

#include "actors/cli/folder.h"
#include "actors/cli/log.h"
#include "actors/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_MS = 400, SWEPT_MAX = 16 };
#define STOP_DEADLINE_NS UINT64_C(5000000000)
#define FOLDER_PATTERN   "/tmp/cogo-assess-"

bool place_token(char out[2 * PLACE_TOKEN_BYTES + 1])
{
    unsigned char bytes[PLACE_TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

static void remove_folder(const char *folder)
{
    char work[PATH_MAX];
    if (folder_of_work(folder, work, sizeof work)) {
        sandbox_folder_remove(work);
    }
    sandbox_folder_remove(folder);
}

/* Ours, and nobody holds the lock of its journal: a run that was killed left it. */
static void sweep_one(const char *folder)
{
    char lock[PATH_MAX];
    struct stat st;
    snprintf(lock, sizeof lock, "%s/cogo.db.lock", folder);
    if (lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
        return;
    }
    int fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        remove_folder(folder);
    }
    if (fd >= 0) {
        close(fd);
    }
}

void place_sweep(void)
{
    glob_t found;
    if (glob("/tmp/cogo-{assess,bench}-*", GLOB_NOSORT | GLOB_BRACE, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && i < SWEPT_MAX; i++) {
            sweep_one(found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

static cli_exit start_own(place *p, const args *a)
{
    char error[256];
    signal(SIGPIPE, SIG_IGN);
    log_set_level(args_flag(a, "verbose") ? COGO_LOG_INFO : COGO_LOG_ERROR);
    place_sweep();
    snprintf(p->folder, sizeof p->folder, FOLDER_PATTERN "XXXXXX");
    if (mkdtemp(p->folder) == NULL || !place_token(p->token)) {
        return cli_fail(CLI_FAILED, "no temporary folder: %s", strerror(errno));
    }
    node_config config = {.data_dir = p->folder,
                          .host = "127.0.0.1",
                          .port = 0,
                          .token = p->token,
                          .workers = "quality-assurance,indexing"};
    if (node_start(&config, &p->own, error) != COGO_OK) {
        remove_folder(p->folder);
        return cli_fail(CLI_FAILED, "%s", error);
    }
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", node_port(p->own));
    p->c = (client){.server = p->url, .token = p->token};
    return CLI_OK;
}

static bool is_able(const json_t *roles)
{
    size_t i;
    json_t *role;
    json_array_foreach(json_object_get(roles, "roles"), i, role)
    {
        const char *name = json_string_value(json_object_get(role, "role"));
        if (name != NULL && strcmp(name, "code-validator") == 0) {
            return true;
        }
    }
    return false;
}

cli_exit place_find(place *p, const args *a)
{
    json_t *roles = NULL;
    int status = 0;
    if (!client_from_args(a, &p->c)) {
        return CLI_USAGE;
    }
    if (args_value(a, "server") != NULL || args_value(a, "workflow") != NULL) {
        return CLI_OK;
    }
    bool able =
        client_probe(&p->c, "/v1/roles", PROBE_MS, &status, &roles) == CLI_OK && is_able(roles);
    json_decref(roles);
    if (status == 401) {
        fprintf(
            stderr,
            "cogo: the cluster at %s wants a token (COGO_API_TOKEN); working without it, in "
            "this process\n",
            p->c.server);
    }
    return able ? CLI_OK : start_own(p, a);
}

void place_leave(place *p)
{
    if (p->own != NULL) {
        node_stop(p->own, STOP_DEADLINE_NS);
        node_destroy(p->own);
        remove_folder(p->folder);
    }
}
