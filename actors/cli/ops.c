/* cogo healthcheck, doctor, migrate: for operators. */
#include "actors/cli/client.h"
#include "actors/cli/folder.h"
#include "actors/cli/output.h"
#include "actors/cli/serve.h"
#include "actors/roles/role.h"
#include "actors/sandbox/sandbox.h"
#include "actors/store/store.h"

#include <cogo/system.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_MS = 3000, PROBES_MAX = 64, MISSING_MAX = 64, URL_SIZE = 288 };

/* The cluster that was named, else the node of this container, where it was told to listen.
 * ORCHESTRATOR_URL=cogo://... is for links and names no HTTP door. */
static bool find_door(const args *a, char url[URL_SIZE], client *out)
{
    const char *server = args_value(a, "server");
    const char *listen = args_value(a, "listen");
    char host[256] = "127.0.0.1";
    int port = 3000;
    if (server != NULL && strncmp(server, "cogo://", 7) != 0) {
        return client_from_args(a, out);
    }
    if (listen != NULL && !serve_split(listen, host, sizeof host, &port)) {
        (void)cli_fail(CLI_USAGE, "COGO_LISTEN '%s' is not HOST:PORT", listen);
        return false;
    }
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0) {
        snprintf(host, sizeof host, "127.0.0.1"); // It listens everywhere, so here too.
    }
    bool v6 = strchr(host, ':') != NULL;
    snprintf(url, URL_SIZE, "http://%s%s%s:%d", v6 ? "[" : "", host, v6 ? "]" : "", port);
    *out = (client){.server = url, .token = args_value(a, "api-token")};
    return true;
}

static cli_exit healthcheck(const args *a)
{
    client c;
    char url[URL_SIZE];
    json_t *answer;
    int status;
    if (!find_door(a, url, &c)) {
        return CLI_USAGE;
    }
    cli_exit code = client_probe(&c, "/ready", PROBE_MS, &status, &answer);
    if (args_flag(a, "json")) {
        json_t *out = json_pack("{s:b, s:s, s:i}", "ready", code == CLI_OK, "server", c.server,
                                "status", status);
        output_json(out);
        json_decref(out);
    } else if (code != CLI_OK) {
        fprintf(stderr, "cogo: %s is %s\n", c.server,
                status == 0 ? "not reachable" : "not ready");
    } else {
        puts("ready");
    }
    json_decref(answer);
    return code == CLI_OK ? CLI_OK : CLI_FAILED; /* 0 or 1: what HEALTHCHECK understands. */
}

/* Program -> Debian package, where the names differ. */
static const char *package_of(const char *program)
{
    static const char *const map[][2] = {
        {"ctags", "universal-ctags"},
        {"python3", "python3"},
        {"pytest", "python3-pytest"},
        {"pytest-3", "python3-pytest"},
        {"node", "nodejs"},
        {"ninja", "ninja-build"},
        {"ctest", "cmake"},
        {"bwrap", "bubblewrap"},
        {"prove", "perl"},
        {"autoreconf", "autoconf"},
        {"pyflakes3", "pyflakes3"},
        {"g++", "g++"},
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        if (strcmp(map[i][0], program) == 0) {
            return map[i][1];
        }
    }
    return program;
}

static bool installed(const char *program)
{
    static const char *const folders[] = {"/usr/bin", "/bin", "/usr/sbin", "/sbin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folders[i], program);
        if (access(path, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds "name", "ok", "detail", "fix" to @p checks. */
static void check(json_t *checks, const char *name, bool ok, const char *detail,
                  const char *fix)
{
    json_t *entry = json_pack("{s:s, s:b, s:s}", "name", name, "ok", ok, "detail", detail);
    if (fix != NULL && !ok) {
        json_object_set_new(entry, "fix", json_string(fix));
    }
    json_array_append_new(checks, entry);
}

static void check_tools(json_t *checks)
{
    for (const role *const *r = role_table; *r != NULL; r++) {
        char detail[400] = "", fix[400] = "apt-get install";
        bool all = true;
        for (const char *const *tool = (*r)->tools; tool != NULL && *tool != NULL; tool++) {
            bool there = installed(*tool);
            size_t used = strlen(detail), fixed = strlen(fix);
            snprintf(detail + used, sizeof detail - used, "%s%s%s", used ? ", " : "",
                     there ? "" : "no ", *tool);
            if (!there) {
                all = false;
                snprintf(fix + fixed, sizeof fix - fixed, " %s", package_of(*tool));
            }
        }
        if ((*r)->tools != NULL) {
            char name[80];
            snprintf(name, sizeof name, "role %s", (*r)->name);
            check(checks, name, all, detail, fix);
        }
    }
}

static void check_sandbox(json_t *checks, bool prove)
{
    sandbox_level level = sandbox_level_best();
    check(checks, "sandbox", level >= SANDBOX_LANDLOCK, sandbox_level_name(level),
          "apt-get install bubblewrap, and allow user namespaces or Landlock");
    if (!prove) {
        return;
    }
    static sandbox_probe probes[PROBES_MAX];
    size_t count = sandbox_self_test(level, probes, PROBES_MAX);
    for (size_t i = 0; i < count; i++) {
        char name[120];
        snprintf(name, sizeof name, "escape: %s", probes[i].name);
        check(checks, name, probes[i].contained || !probes[i].applicable,
              probes[i].applicable ? probes[i].detail : "not promised at this level", NULL);
    }
}

static void check_state_folder(json_t *checks)
{
    char path[PATH_MAX], detail[PATH_MAX + 80];
    folder_of_state(path, sizeof path);
    bool ok = folder_make(path) && access(path, W_OK) == 0;
    snprintf(detail, sizeof detail, "%s%s%s", path, ok ? "" : ": ", ok ? "" : strerror(errno));
    check(checks, "state folder", ok, detail,
          "set XDG_STATE_HOME or --data to a writable folder");
}

static void check_cluster(const args *a, json_t *checks)
{
    client c;
    json_t *answer = NULL;
    int status = 0;
    if (client_from_args(a, &c)) {
        char detail[300];
        bool up = client_probe(&c, "/ready", PROBE_MS, &status, &answer) == CLI_OK;
        snprintf(detail, sizeof detail, "%s %s", c.server,
                 up            ? "is ready"
                 : status == 0 ? "is not running (cogo assess needs none)"
                               : "is not ready");
        check(checks, "cluster", up || status == 0, detail, "see the log of cogo dev");
        json_decref(answer);
    }
    const char *model = getenv("COGO_LLM_BASE_URL");
    check(checks, "model", true,
          model != NULL ? "configured" : "none: roles say what they left out", NULL);
}

static cli_exit doctor(const args *a)
{
    json_t *checks = json_array(), *entry;
    size_t i, bad = 0;
    check_state_folder(checks);
    check_sandbox(checks, args_flag(a, "prove"));
    check_tools(checks);
    check_cluster(a, checks);
    json_array_foreach(checks, i, entry)
    {
        /* A role without some of its tools works and says what it left out. */
        const char *name = json_string_value(json_object_get(entry, "name"));
        bad += !json_is_true(json_object_get(entry, "ok")) && strncmp(name, "role ", 5) != 0;
    }
    if (args_flag(a, "json")) {
        json_t *out = json_pack("{s:s, s:O}", "version", cogo_version(), "checks", checks);
        output_json(out);
        json_decref(out);
    } else {
        printf("cogo %s\n", cogo_version());
        json_array_foreach(checks, i, entry)
        {
            bool ok = json_is_true(json_object_get(entry, "ok"));
            output_text(stdout, ok ? OUTPUT_GREEN : OUTPUT_YELLOW,
                        ok ? "  ok      " : "  lacking ");
            printf("%-24s ", json_string_value(json_object_get(entry, "name")));
            output_text(stdout, OUTPUT_PLAIN,
                        json_string_value(json_object_get(entry, "detail")));
            putchar('\n');
            if (json_object_get(entry, "fix") != NULL) {
                printf("            %s\n", json_string_value(json_object_get(entry, "fix")));
            }
        }
    }
    json_decref(checks);
    return bad == 0 ? CLI_OK : CLI_FAILED;
}

/* @p ctx: the array of --json, or NULL. */
static void print_line(void *ctx, const char *line)
{
    if (ctx != NULL) {
        json_array_append_new(ctx, json_string(line));
    } else {
        puts(line);
    }
}

static cli_exit migrate(const args *a)
{
    char folder[PATH_MAX], path[2 * PATH_MAX], error[256];
    folder_of_state(folder, sizeof folder);
    const char *data = args_value(a, "data") != NULL ? args_value(a, "data") : folder;
    const char *store = args_value(a, "database-url");
    bool dry = args_flag(a, "dry-run");
    if (!folder_journal(store, data, path, sizeof path, error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (!dry && store == NULL && !folder_make(data)) {
        return cli_fail(CLI_FAILED, "data folder %s: %s", data, strerror(errno));
    }
    json_t *lines = args_flag(a, "json") ? json_array() : NULL;
    cogo_err err = store_migrate(path, dry, print_line, lines, error);
    if (err == COGO_OK && lines != NULL) {
        output_json(lines);
    }
    json_decref(lines);
    if (err != COGO_OK) {
        return cli_fail(err == COGO_EEXIST    ? CLI_CONFLICT
                        : err == COGO_EINVAL  ? CLI_USAGE
                        : err == COGO_ECLOSED ? CLI_UNAVAILABLE
                                              : CLI_FAILED,
                        "%s", error);
    }
    return CLI_OK;
}

static const args_option healthcheck_options[] = {
    {.name = "listen",
     .value = "HOST:PORT",
     .env = "COGO_LISTEN",
     .doc = "the node that listens there is asked when no server is named"},
    {.name = NULL},
};
static const args_option doctor_options[] = {
    {.name = "prove", .doc = "try to break out of the sandbox, and say what held"},
    {.name = NULL},
};
static const args_option migrate_options[] = {
    {.name = "data", .value = "DIR", .env = "COGO_DATA", .doc = "folder of the journal"},
    {.name = "database-url",
     .value = "URL",
     .env = "DATABASE_URL",
     .no_flag = true,
     .doc = "the journal in PostgreSQL (postgres://...) or another file (sqlite:PATH)"},
    {.name = "dry-run", .doc = "only show what is missing"},
    {.name = NULL},
};

const cli_command ops_commands[] = {
    {"healthcheck", NULL, "", "exit 0 when the cluster is ready", healthcheck_options, 0, 0,
     healthcheck},
    {"doctor", NULL, "", "what is missing on this machine, and how to get it", doctor_options,
     0, 0, doctor},
    {"migrate", NULL, "", "bring the journal's schema up to date", migrate_options, 0, 0,
     migrate},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
