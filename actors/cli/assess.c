/* cogo assess: the main job. Submits one workflow (index, then validate, scan and test side by
 * side), shows it live, and turns the results into one report. */
#include "actors/cli/client.h"
#include "actors/cli/live.h"
#include "actors/cli/log.h"
#include "actors/cli/node.h"
#include "actors/cli/output.h"
#include "actors/cli/report.h"
#include "actors/sandbox/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PROBE_MS = 400,
    CALL_MS = 20000,
    LIVE_MS = 150,     /* Between two looks on a terminal. */
    QUIET_WAIT_S = 20, /* One long poll in a pipe. */
    TIMEOUT_DEFAULT_MS = 900000,
    TOKEN_BYTES = 24,
};
#define STOP_DEADLINE_NS UINT64_C(5000000000)

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* Where the workflow runs: a running cluster, or a node of our own in a folder of its own. */
typedef struct place {
    client c;
    node *own;
    char url[64], token[2 * TOKEN_BYTES + 1], folder[64];
} place;

static bool random_token(char out[2 * TOKEN_BYTES + 1])
{
    unsigned char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

static cli_exit start_own(place *p, const args *a)
{
    char error[256];
    signal(SIGPIPE, SIG_IGN);
    log_set_level(args_flag(a, "verbose") ? COGO_LOG_INFO : COGO_LOG_ERROR);
    snprintf(p->folder, sizeof p->folder, "/tmp/cogo-assess-XXXXXX");
    if (mkdtemp(p->folder) == NULL || !random_token(p->token)) {
        return cli_fail(CLI_FAILED, "no temporary folder: %s", strerror(errno));
    }
    node_config config = {.data_dir = p->folder,
                          .host = "127.0.0.1",
                          .port = 0,
                          .token = p->token,
                          .workers = "quality-assurance,indexing"};
    if (node_start(&config, &p->own, error) != COGO_OK) {
        sandbox_folder_remove(p->folder);
        return cli_fail(CLI_FAILED, "%s", error);
    }
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", node_port(p->own));
    p->c = (client){.server = p->url, .token = p->token};
    return CLI_OK;
}

/* A cluster that was named must answer; the default one is used when it is there and able. */
static cli_exit find_place(place *p, const args *a)
{
    json_t *roles = NULL;
    int status = 0;
    if (!client_from_args(a, &p->c)) {
        return CLI_USAGE;
    }
    if (args_value(a, "server") != NULL) {
        return CLI_OK;
    }
    bool able = false;
    if (client_probe(&p->c, "/v1/roles", PROBE_MS, &status, &roles) == CLI_OK) {
        size_t i;
        json_t *role;
        json_array_foreach(json_object_get(roles, "roles"), i, role)
        {
            const char *name = json_string_value(json_object_get(role, "role"));
            able = able || (name != NULL && strcmp(name, "code-validator") == 0);
        }
    }
    json_decref(roles);
    if (status == 401) {
        fprintf(stderr,
                "cogo: the cluster at %s wants a token (COGO_API_TOKEN); working without "
                "it, in this process\n",
                p->c.server);
    }
    return able ? CLI_OK : start_own(p, a);
}

static void leave_place(place *p)
{
    if (p->own != NULL) {
        node_stop(p->own, STOP_DEADLINE_NS);
        node_destroy(p->own);
        sandbox_folder_remove(p->folder);
    }
}

static json_t *workflow_body(const char *path, int64_t timeout_ms)
{
    char name[PATH_MAX + 16];
    snprintf(name, sizeof name, "assess %s", path);
    json_int_t t = (json_int_t)timeout_ms;
    return json_pack("{s:s, s:[{s:s, s:s, s:{s:s}, s:I, s:I},"
                     "         {s:s, s:s, s:{s:s, s:[s,s,s]}, s:[s], s:I, s:I},"
                     "         {s:s, s:s, s:{s:s}, s:[s], s:I, s:I},"
                     "         {s:s, s:s, s:{s:s}, s:[s], s:I, s:I}]}",
                     "name", name, "tasks", /**/
                     "ref", "index", "role", "code-indexer", "context", "path", path, "timeout",
                     t, "maxAttempts", (json_int_t)2, /**/
                     "ref", "validate", "role", "code-validator", "context", "path", path,
                     "dimensions", "syntax", "semantics", "architecture", "dependencies",
                     "index", "timeout", t, "maxAttempts", (json_int_t)2, /**/
                     "ref", "scan", "role", "security-scanner", "context", "path", path,
                     "dependencies", "index", "timeout", t, "maxAttempts", (json_int_t)2, /**/
                     "ref", "test", "role", "test-runner", "context", "path", path,
                     "dependencies", "index", "timeout", t, "maxAttempts", (json_int_t)2);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void cancel_tasks(const client *c, const json_t *workflow)
{
    size_t i;
    json_t *task, *answer;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        char path[128];
        const char *state = json_string_value(json_object_get(task, "state"));
        if (state != NULL
            && (strcmp(state, "succeeded") == 0 || strcmp(state, "partial") == 0)) {
            continue;
        }
        snprintf(path, sizeof path, "/v1/tasks/%s:cancel",
                 json_string_value(json_object_get(task, "taskId")));
        if (client_call(c, "POST", path, NULL, NULL, CALL_MS, &answer) == CLI_OK) {
            json_decref(answer);
        }
    }
}

/* Looks at the workflow until it has ended; @p workflow is replaced by its latest state. */
static cli_exit follow(const place *p, json_t **workflow, int64_t start)
{
    live l;
    live_start(&l);
    cli_exit code = CLI_OK;
    while (code == CLI_OK) {
        const char *state = json_string_value(json_object_get(*workflow, "state"));
        live_draw(&l, *workflow, now_ms() - start);
        if (state == NULL || strcmp(state, "running") != 0) {
            break;
        }
        if (interrupted) {
            live_stop(&l);
            cancel_tasks(&p->c, *workflow);
            return cli_fail(CLI_INTERRUPTED, "interrupted; its tasks are cancelled");
        }
        char path[128];
        json_t *next;
        const char *id = json_string_value(json_object_get(*workflow, "workflowId"));
        if (l.on) {
            struct timespec pause = {.tv_nsec = LIVE_MS * 1000000L};
            nanosleep(&pause, NULL);
            snprintf(path, sizeof path, "/v1/workflows/%s", id);
        } else {
            snprintf(path, sizeof path, "/v1/workflows/%s?wait=%ds", id, QUIET_WAIT_S);
        }
        code =
            client_call(&p->c, "GET", path, NULL, NULL, QUIET_WAIT_S * 1000 + CALL_MS, &next);
        if (code == CLI_OK) {
            json_decref(*workflow);
            *workflow = next;
        }
    }
    live_stop(&l);
    return code;
}

static bool save_text(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool good = fputs(text, file) >= 0;
    return fclose(file) == 0 && good;
}

/* Writes report.json, report.sarif and report.txt. False when the folder can't be written
 * (said). */
static bool save(const json_t *report, const json_t *sarif, char *folder, size_t size)
{
    char state[PATH_MAX], cell[64];
    node_state_folder(state, sizeof state);
    output_value(report, "workflowId", cell, sizeof cell);
    snprintf(folder, size, "%s/reports/%s", state, cell);
    char *json_text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    char *sarif_text = json_dumps(sarif, JSON_INDENT(2));
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/report.txt", folder);
    bool good = json_text != NULL && sarif_text != NULL && node_make_folder(folder)
                && save_text(folder, "report.json", json_text)
                && save_text(folder, "report.sarif", sarif_text);
    FILE *file = good ? fopen(path, "we") : NULL;
    if (file != NULL) {
        report_print_text(report, folder, file);
        good = fclose(file) == 0;
    }
    if (!good) {
        fprintf(stderr, "cogo: the report could not be saved in %s: %s\n", folder,
                strerror(errno));
    }
    free(json_text);
    free(sarif_text);
    return good;
}

static cli_exit print_report(const args *a, const json_t *report)
{
    char folder[PATH_MAX];
    json_t *sarif = report_sarif(report);
    bool saved = save(report, sarif, folder, sizeof folder);
    const char *format = args_flag(a, "json") ? "json" : args_value(a, "format");
    if (strcmp(format, "json") == 0) {
        output_json(report);
    } else if (strcmp(format, "sarif") == 0) {
        output_json(sarif);
    } else {
        report_print_text(report, saved ? folder : NULL, stdout);
    }
    json_decref(sarif);
    const char *level = args_value(a, "fail-on");
    return level != NULL && strcmp(level, "never") != 0 && report_reaches(report, level)
               ? CLI_FAILED
               : CLI_OK;
}

/* Roles that could not finish at all leave nothing to report on. */
static bool nothing_finished(const json_t *workflow)
{
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        if (json_is_object(json_object_get(json_object_get(task, "result"), "output"))) {
            return false;
        }
    }
    return true;
}

static cli_exit run_in(const args *a, const place *p, const char *path, int64_t timeout_ms)
{
    json_t *workflow = NULL;
    json_t *body = workflow_body(path, timeout_ms);
    int64_t start = now_ms();
    cli_exit code = client_call(&p->c, "POST", "/v1/workflows", body, NULL, CALL_MS, &workflow);
    json_decref(body);
    if (code == CLI_OK) {
        code = follow(p, &workflow, start);
    }
    if (code == CLI_OK && nothing_finished(workflow)) {
        json_t *first = json_array_get(json_object_get(workflow, "tasks"), 0);
        const char *why = json_string_value(json_object_get(first, "error"));
        code = cli_fail(CLI_FAILED, "no role could finish: %s", why ? why : "unknown reason");
    }
    if (code == CLI_OK) {
        json_t *report = report_build(workflow, path, now_ms() - start);
        code = report == NULL ? cli_fail(CLI_FAILED, "out of memory") : print_report(a, report);
        json_decref(report);
    }
    json_decref(workflow);
    return code;
}

static bool one_of(const char *value, const char *const *known)
{
    for (; *known != NULL; known++) {
        if (strcmp(value, *known) == 0) {
            return true;
        }
    }
    return false;
}

static cli_exit assess(const args *a)
{
    static const char *const formats[] = {"text", "json", "sarif", NULL};
    static const char *const levels[] = {"critical", "high",  "medium", "low",
                                         "tests",    "never", NULL};
    char path[PATH_MAX], error[256];
    struct stat st;
    int64_t timeout_ms = TIMEOUT_DEFAULT_MS;
    if (!one_of(args_value(a, "format"), formats)) {
        return cli_fail(CLI_USAGE, "--format '%s' is none of text, json, sarif",
                        args_value(a, "format"));
    }
    if (!one_of(args_value(a, "fail-on"), levels)) {
        return cli_fail(CLI_USAGE,
                        "--fail-on '%s' is none of critical, high, medium, low, tests, never",
                        args_value(a, "fail-on"));
    }
    if (!args_duration_ms(args_value(a, "timeout"), &timeout_ms)) {
        return cli_fail(CLI_USAGE, "--timeout '%s' is no duration like 90s or 15m",
                        args_value(a, "timeout"));
    }
    if (!log_configure(error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (realpath(a->positionals[0], path) == NULL || stat(path, &st) != 0) {
        return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED, "%s: %s",
                        a->positionals[0], strerror(errno));
    }
    if (access(path, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) != 0) {
        return cli_fail(CLI_FAILED, "%s: %s", a->positionals[0], strerror(errno));
    }
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    place p = {.own = NULL};
    cli_exit code = find_place(&p, a);
    if (code == CLI_OK) {
        code = run_in(a, &p, path, timeout_ms);
        leave_place(&p);
    }
    return interrupted ? CLI_INTERRUPTED : code;
}

static const args_option assess_options[] = {
    {.name = "format", .value = "FORMAT", .fallback = "text", .doc = "text, json or sarif"},
    {.name = "fail-on",
     .value = "LEVEL",
     .fallback = "never",
     .doc = "exit 1 on a finding this bad: critical, high, medium, low; or on tests"},
    {.name = "timeout", .value = "TIME", .fallback = "15m", .doc = "of each role"},
    {.name = "verbose", .doc = "log what the in-process cluster does"},
    {.name = NULL},
};

const cli_command assess_commands[] = {
    {"assess", NULL, "PATH", "assess a source tree: build, test, analyze, report",
     assess_options, 1, 1, assess},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
