/* cogo task: submit, look, wait, cancel, retry. */
#include "actors/cli/artifact.h"
#include "actors/cli/instruction.h"
#include "actors/cli/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CALL_MS = 10000,
    WAIT_SLICE_S = 25, /* One long poll. */
    PATH_SIZE = 2048,
};

/* The exit code that says how a finished task ended. */
static cli_exit exit_of_task(const json_t *task)
{
    const char *state = json_string_value(json_object_get(task, "state"));
    if (state == NULL || strcmp(state, "succeeded") == 0 || strcmp(state, "partial") == 0) {
        return CLI_OK;
    }
    return strcmp(state, "expired") == 0 ? CLI_TIMED_OUT : CLI_FAILED;
}

static bool is_terminal(const json_t *task)
{
    static const char *const ends[] = {"succeeded", "partial", "failed",
                                       "cancelled", "expired", "deadlettered"};
    const char *state = json_string_value(json_object_get(task, "state"));
    for (size_t i = 0; state != NULL && i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(state, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void print_task(const args *a, const client *c, json_t *task)
{
    char cell[200];
    if (artifact_fill(c, task) != CLI_OK) {
        fputs("cogo: the task is shown without its output\n", stderr);
    }
    if (args_flag(a, "json")) {
        output_json(task);
        return;
    }
    printf("%s  ", output_value(task, "taskId", cell, sizeof cell));
    output_value(task, "state", cell, sizeof cell);
    output_text(stdout,
                exit_of_task(task) != CLI_OK && is_terminal(task) ? OUTPUT_RED
                : is_terminal(task)                               ? OUTPUT_GREEN
                                                                  : OUTPUT_YELLOW,
                cell);
    printf("  %s", output_value(task, "role", cell, sizeof cell));
    printf("  attempt %s\n", output_value(task, "attempt", cell, sizeof cell));
    if (*output_value(task, "error", cell, sizeof cell) != '\0') {
        fputs("  ", stdout);
        output_text(stdout, OUTPUT_RED, cell);
        putchar('\n');
    }
    json_t *output = json_object_get(json_object_get(task, "result"), "output");
    if (output != NULL) {
        output_json(output);
    }
}

/* Follows one task by long polls until it is terminal. */
static cli_exit wait_for(const client *c, const char *path_of_task, json_t **task)
{
    while (!is_terminal(*task)) {
        char path[PATH_SIZE + 16];
        json_t *next;
        snprintf(path, sizeof path, "%s?wait=%ds", path_of_task, WAIT_SLICE_S);
        cli_exit code =
            client_call(c, "GET", path, NULL, NULL, WAIT_SLICE_S * 1000 + CALL_MS, &next);
        if (code != CLI_OK) {
            return code;
        }
        json_decref(*task);
        *task = next;
    }
    return CLI_OK;
}

static void path_to(const char *task, const char *suffix, char out[PATH_SIZE])
{
    char *id = client_escape(task);
    snprintf(out, PATH_SIZE, "/v1/tasks/%s%s", id == NULL ? "" : id, suffix);
    free(id);
}

static cli_exit submit(const args *a)
{
    client c;
    json_t *task;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    const char *key = args_value(a, "key");
    if (key != NULL && *key == '\0') {
        return cli_fail(CLI_USAGE, "--key is empty");
    }
    json_t *instruction = instruction_read(a);
    if (instruction == NULL) {
        return CLI_USAGE;
    }
    cli_exit code =
        client_call(&c, "POST", "/v1/tasks", instruction, args_value(a, "key"), CALL_MS, &task);
    json_decref(instruction);
    if (code != CLI_OK) {
        return code;
    }
    if (args_flag(a, "wait")) {
        char id[64], path[PATH_SIZE];
        path_to(output_value(task, "taskId", id, sizeof id), "", path);
        code = wait_for(&c, path, &task);
        code = code == CLI_OK ? exit_of_task(task) : code;
    }
    print_task(a, &c, task);
    json_decref(task);
    return code;
}

/* GET or POST on one task. @p task_answer: the answer is a Task. */
static cli_exit one(const args *a, const char *method, const char *suffix, bool task_answer)
{
    client c;
    json_t *answer;
    char path[PATH_SIZE];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    path_to(a->positionals[0], suffix, path);
    cli_exit code = client_call(&c, method, path, NULL, NULL, CALL_MS, &answer);
    if (code != CLI_OK) {
        return code;
    }
    if (task_answer) {
        print_task(a, &c, answer);
    } else {
        output_json(answer);
    }
    json_decref(answer);
    return CLI_OK;
}

static cli_exit get(const args *a)
{
    return one(a, "GET", "", true);
}

static cli_exit cancel(const args *a)
{
    return one(a, "POST", ":cancel", true);
}

static cli_exit retry(const args *a)
{
    return one(a, "POST", ":retry", true);
}

static cli_exit decide(const args *a, const char *verb)
{
    char suffix[1500];
    char *by = client_escape(args_value(a, "by") == NULL ? "" : args_value(a, "by"));
    char *note = client_escape(args_value(a, "note") == NULL ? "" : args_value(a, "note"));
    int size = snprintf(suffix, sizeof suffix, ":%s?by=%s&note=%s", verb, by == NULL ? "" : by,
                        note == NULL ? "" : note);
    free(by);
    free(note);
    if (size < 0 || (size_t)size >= sizeof suffix) {
        return cli_fail(CLI_USAGE, "--by and --note are too long");
    }
    return one(a, "POST", suffix, true);
}

static cli_exit approve(const args *a)
{
    return decide(a, "approve");
}

static cli_exit reject(const args *a)
{
    return decide(a, "reject");
}

static cli_exit events(const args *a)
{
    static const output_column columns[] = {
        {"SEQ", "sequence"}, {"TIME", "time"}, {"EVENT", "type"}, {NULL, NULL}};
    char path[PATH_SIZE];
    path_to(a->positionals[0], "/events", path);
    return list_show(a, path, NULL, "events", columns);
}

static cli_exit why(const args *a)
{
    client c;
    json_t *answer, *reason;
    char path[PATH_SIZE], cell[400];
    size_t i;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    path_to(a->positionals[0], "/explain", path);
    cli_exit code = client_call(&c, "GET", path, NULL, NULL, CALL_MS, &answer);
    if (code == CLI_OK && args_flag(a, "json")) {
        output_json(answer);
    } else if (code == CLI_OK) {
        puts(output_value(answer, "summary", cell, sizeof cell));
        json_array_foreach(json_object_get(answer, "reasons"), i, reason)
        {
            printf("  %s\n", json_string_value(reason));
        }
    }
    json_decref(answer);
    return code;
}

static cli_exit watch(const args *a)
{
    client c;
    json_t *task;
    char path[PATH_SIZE];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    path_to(a->positionals[0], "", path);
    cli_exit code = client_call(&c, "GET", path, NULL, NULL, CALL_MS, &task);
    if (code == CLI_OK) {
        code = wait_for(&c, path, &task);
        code = code == CLI_OK ? exit_of_task(task) : code;
        print_task(a, &c, task);
        json_decref(task);
    }
    return code;
}

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"TASK", "taskId"},       {"ROLE", "role"},       {"STATE", "state"},
        {"PRIORITY", "priority"}, {"ATTEMPT", "attempt"}, {"CREATED", "createdAt"},
        {"ERROR", "error"},       {NULL, NULL},
    };
    static const list_filter filters[] = {
        {"state", "state"},          {"role", "role"},
        {"workflow", "workflow"},    {"page-size", "pageSize"},
        {"page-token", "pageToken"}, {NULL, NULL},
    };
    return list_show(a, "/v1/tasks", filters, "tasks", columns);
}

static const args_option submit_options[] = {
    {.name = "context", .value = "JSON|@FILE", .doc = "what the role works on (@- is stdin)"},
    {.name = "priority", .value = "P", .doc = "low, medium, high or urgent"},
    {.name = "timeout", .value = "TIME", .doc = "of one attempt, like 30s"},
    {.name = "depends-on", .value = "ID,...", .doc = "tasks that must succeed first"},
    {.name = "parent", .value = "ID", .doc = "unfinished task that pays for it"},
    {.name = "budget",
     .value = "JSON",
     .doc = "tokens, cost, time (ms), calls, tasks and depth that it may take"},
    {.name = "approval", .value = "PROMPT", .doc = "somebody has to approve it first"},
    {.name = "labels", .value = "K=V,...", .doc = "labels that the worker must have"},
    {.name = "prefer", .value = "K=V,...", .doc = "labels of workers that go first"},
    {.name = "fairness-key", .value = "K", .doc = "tasks of different keys take turns"},
    {.name = "sticky-key", .value = "K", .doc = "to the worker that had the last task of it"},
    {.name = "sticky-policy",
     .value = "P",
     .doc = "prefer that worker (default), or require it"},
    {.name = "sticky-timeout", .value = "TIME", .doc = "any other worker after it"},
    {.name = "limits", .value = "NAME,...", .doc = "limits that it counts for, or NAME:KEY"},
    {.name = "key", .value = "K", .doc = "idempotency key: the same key submits once"},
    {.name = "wait", .doc = "wait for the result; the exit code is the task's"},
    {.name = NULL},
};
static const args_option decide_options[] = {
    {.name = "by", .value = "NAME", .doc = "who decides"},
    {.name = "note", .value = "TEXT", .doc = "what is to be known about it"},
    {.name = NULL},
};
static const args_option list_options[] = {
    {.name = "state", .value = "S", .doc = "only tasks in this state"},
    {.name = "role", .value = "R", .doc = "only tasks of this role"},
    {.name = "workflow", .value = "ID", .doc = "only tasks of this workflow"},
    {.name = "page-size", .value = "N", .doc = "at most 1000", .fallback = "50"},
    {.name = "page-token", .value = "T", .doc = "go on where a page ended"},
    {.name = NULL},
};

const cli_command task_commands[] = {
    {"task", "submit", "ROLE", "submit a task", submit_options, 1, 1, submit},
    {"task", "get", "ID", "one task with its result", NULL, 1, 1, get},
    {"task", "list", "", "tasks, newest first", list_options, 0, 0, list},
    {"task", "watch", "ID", "wait until a task has ended", NULL, 1, 1, watch},
    {"task", "cancel", "ID", "cancel a task, also a running one", NULL, 1, 1, cancel},
    {"task", "retry", "ID", "try a failed task again", NULL, 1, 1, retry},
    {"task", "approve", "ID", "let a task run that waits for it", decide_options, 1, 1,
     approve},
    {"task", "reject", "ID", "cancel a task that waits for an approval", decide_options, 1, 1,
     reject},
    {"task", "events", "ID", "what happened to a task", NULL, 1, 1, events},
    {"task", "why", "ID", "why a task waits, or where it ran", NULL, 1, 1, why},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
