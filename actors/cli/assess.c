/* cogo assess: the main job. Submits one workflow (index, then validate, scan and test side by
 * side), shows it live, and turns the results into one report. */
#include "actors/cli/artifact.h"
#include "actors/cli/live.h"
#include "actors/cli/log.h"
#include "actors/cli/output.h"
#include "actors/cli/place.h"
#include "actors/cli/report.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CALL_MS = 20000,
    LIVE_MS = 150,     /* Between two looks on a terminal. */
    QUIET_WAIT_S = 20, /* One long poll in a pipe. */
    TIMEOUT_DEFAULT_MS = 900000,
    TIMEOUT_LEAST_MS = 1000, /* With less no role can look at anything. */
    RETRY_MS = 1000,         /* Between two looks for a cluster that went away. */
    RETRIES_MAX = 60,
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL); /* The next one ends at once. */
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

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&pause, NULL); /* A signal cuts it short. */
}

static cli_exit is_ready(const place *p)
{
    int status = 0;
    json_t *answer = NULL;
    cli_exit code = client_probe(&p->c, "/ready", RETRY_MS, &status, &answer);
    json_decref(answer);
    return code;
}

/* As client_call(), again and again until a cluster that went away is there again. */
static cli_exit call_again(const place *p, const char *method, const char *path,
                           const json_t *body, const char *key, int64_t timeout_ms,
                           json_t **out)
{
    cli_exit code = CLI_UNAVAILABLE;
    for (int tries = 0; tries < RETRIES_MAX && code == CLI_UNAVAILABLE && !interrupted;
         tries++) {
        pause_ms(RETRY_MS);
        code = is_ready(p);
        if (code == CLI_OK) {
            code = client_call(&p->c, method, path, body, key, timeout_ms, out);
        }
    }
    return code;
}

/* One look at the workflow. A cluster that restarts has it in its journal: it is waited for. */
static cli_exit look(const place *p, const char *path, const char *id, json_t **out)
{
    const int64_t timeout_ms = QUIET_WAIT_S * 1000 + CALL_MS;
    cli_exit code = client_call(&p->c, "GET", path, NULL, NULL, timeout_ms, out);
    if (code != CLI_UNAVAILABLE || p->own != NULL || interrupted) {
        return code;
    }
    fprintf(stderr, "cogo: waiting for the cluster; workflow %s is in its journal\n", id);
    return call_again(p, "GET", path, NULL, NULL, timeout_ms, out);
}

/* Once, however often it is sent: a cluster that goes away before it answers may have it. */
static cli_exit submit(const place *p, const json_t *body, json_t **out)
{
    char key[2 * PLACE_TOKEN_BYTES + 1];
    bool lost = false;
    if (!place_token(key)) {
        return cli_fail(CLI_FAILED, "no random numbers: %s", strerror(errno));
    }
    cli_exit code = client_try(&p->c, "POST", "/v1/workflows", body, key, CALL_MS, out, &lost);
    if (!lost || p->own != NULL || interrupted) {
        return code;
    }
    fprintf(stderr, "cogo: waiting for the cluster\n");
    return call_again(p, "POST", "/v1/workflows", body, key, CALL_MS, out);
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
            fputs("cogo: cancelling the tasks (again: leave at once)\n", stderr);
            cancel_tasks(&(client){.server = p->c.server, .token = p->c.token}, *workflow);
            return cli_fail(CLI_INTERRUPTED, "interrupted; its tasks are cancelled");
        }
        char path[128];
        json_t *next;
        const char *id = json_string_value(json_object_get(*workflow, "workflowId"));
        if (l.on) {
            pause_ms(LIVE_MS);
            snprintf(path, sizeof path, "/v1/workflows/%s", id);
        } else {
            snprintf(path, sizeof path, "/v1/workflows/%s?wait=%ds", id, QUIET_WAIT_S);
        }
        code = look(p, path, id, &next);
        if (code == CLI_OK) {
            json_decref(*workflow);
            *workflow = next;
        } else if (interrupted) {
            code = CLI_OK; /* The next round cancels. */
        }
    }
    live_stop(&l);
    if (code != CLI_OK && p->own == NULL) {
        fprintf(stderr,
                "cogo: the workflow goes on in the cluster; its report later: cogo assess "
                "--workflow %s\n",
                json_string_value(json_object_get(*workflow, "workflowId")));
    }
    return code;
}

static cli_exit print_report(const args *a, const json_t *report)
{
    char folder[PATH_MAX];
    json_t *sarif = report_sarif(report);
    bool saved = report_save(report, sarif, folder, sizeof folder);
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

/* Submits a workflow for @p path; or takes up the one that was named with --workflow. */
static cli_exit begin(const args *a, const place *p, const char *path, int64_t timeout_ms,
                      json_t **workflow)
{
    const char *known = args_value(a, "workflow");
    if (known == NULL) {
        json_t *body = workflow_body(path, timeout_ms);
        cli_exit code = submit(p, body, workflow);
        json_decref(body);
        return code;
    }
    char route[256];
    char *id = client_escape(known);
    snprintf(route, sizeof route, "/v1/workflows/%.200s", id == NULL ? "" : id);
    free(id);
    return client_call(&p->c, "GET", route, NULL, NULL, CALL_MS, workflow);
}

static cli_exit run_in(const args *a, const place *p, const char *path, int64_t timeout_ms)
{
    json_t *workflow = NULL;
    int64_t start = now_ms();
    cli_exit code = begin(a, p, path, timeout_ms, &workflow);
    if (code == CLI_OK) {
        code = follow(p, &workflow, start);
    }
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        code = code == CLI_OK ? artifact_fill(&p->c, task) : code;
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

/* Finds or makes a cluster, and lets it work. */
static cli_exit run(const args *a, const char *path, int64_t timeout_ms)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    place p = {.own = NULL};
    cli_exit code = place_find(&p, a);
    p.c.stop = &interrupted;
    if (code == CLI_OK) {
        code = run_in(a, &p, path, timeout_ms);
        place_leave(&p);
    }
    return interrupted ? CLI_INTERRUPTED : code;
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
    if (timeout_ms < TIMEOUT_LEAST_MS) {
        return cli_fail(CLI_USAGE, "--timeout '%s' is less than 1s (a number alone is ms)",
                        args_value(a, "timeout"));
    }
    if (!log_configure(error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    const char *known = args_value(a, "workflow");
    if ((known == NULL) == (a->positional_count == 0)) {
        return cli_fail(CLI_USAGE, "give either a PATH or --workflow ID");
    }
    if (known != NULL) {
        snprintf(path, sizeof path, "(workflow %.200s)", known);
        return run(a, path, timeout_ms);
    }
    if (realpath(a->positionals[0], path) == NULL || stat(path, &st) != 0) {
        return cli_fail(errno == ENOENT ? CLI_NOT_FOUND : CLI_FAILED, "%s: %s",
                        a->positionals[0], strerror(errno));
    }
    if (access(path, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK) != 0) {
        return cli_fail(CLI_FAILED, "%s: %s", a->positionals[0], strerror(errno));
    }
    return run(a, path, timeout_ms);
}

static const args_option assess_options[] = {
    {.name = "format", .value = "FORMAT", .fallback = "text", .doc = "text, json or sarif"},
    {.name = "fail-on",
     .value = "LEVEL",
     .fallback = "never",
     .doc = "exit 1 on a finding this bad: critical, high, medium, low; or on tests"},
    {.name = "timeout", .value = "TIME", .fallback = "15m", .doc = "of each role"},
    {.name = "workflow",
     .value = "ID",
     .doc = "the report of an assessment that was begun earlier"},
    {.name = "verbose", .doc = "log what the in-process cluster does"},
    {.name = NULL},
};

const cli_command assess_commands[] = {
    {"assess", NULL, "PATH", "assess a source tree: build, test, analyze, report",
     assess_options, 0, 1, assess},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
