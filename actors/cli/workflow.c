/* cogo workflow: graphs of tasks. */
#include "actors/cli/list.h"
#include "actors/cli/yaml.h"
#include "codec/json/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 20000, WAIT_SLICE_S = 25, FILE_MAX_BYTES = 16 * 1024 * 1024 };

static json_t *read_file(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file == NULL) {
        (void)cli_fail(CLI_NOT_FOUND, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = malloc(FILE_MAX_BYTES + 2);
    size_t size = text == NULL ? 0 : fread(text, 1, FILE_MAX_BYTES + 1, file);
    if (text != NULL) {
        text[size] = '\0';
    }
    if (file != stdin) {
        fclose(file);
    }
    cogo_record_error error = {"", ""};
    char yaml_error[256] = "";
    json_t *json = NULL;
    size_t first = text == NULL ? 0 : strspn(text, " \t\r\n");
    bool is_json = text != NULL && first < size && text[first] == '{';
    if (size > FILE_MAX_BYTES) {
        snprintf(yaml_error, sizeof yaml_error, "more than 16 MiB");
    } else if (is_json) {
        json = json_parse(text, size, &error);
    } else {
        json = yaml_to_json(text == NULL ? "" : text, size, yaml_error);
    }
    if (json == NULL) {
        (void)cli_fail(CLI_USAGE, "%s: %s", path, is_json ? error.detail : yaml_error);
    }
    free(text);
    return json;
}

static void print_workflow(const args *a, const json_t *workflow)
{
    static const output_column columns[] = {
        {"TASK", "taskId"},     {"REF", "ref"},     {"ROLE", "role"}, {"STATE", "state"},
        {"ATTEMPT", "attempt"}, {"ERROR", "error"}, {NULL, NULL}};
    char cell[200];
    if (args_flag(a, "json")) {
        output_json(workflow);
        return;
    }
    printf("%s  ", output_value(workflow, "workflowId", cell, sizeof cell));
    printf("%s  ", output_value(workflow, "state", cell, sizeof cell));
    puts(output_value(workflow, "name", cell, sizeof cell));
    output_table(columns, json_object_get(workflow, "tasks"));
}

static bool is_running(const json_t *workflow)
{
    const char *state = json_string_value(json_object_get(workflow, "state"));
    return state != NULL && strcmp(state, "running") == 0;
}

static bool ended_well(const json_t *entry)
{
    const char *state = json_string_value(json_object_get(entry, "state"));
    return state != NULL && (strcmp(state, "succeeded") == 0 || strcmp(state, "partial") == 0);
}

/* Shows @p workflow, with --wait once it has ended; takes it. The exit code is its end's. */
static cli_exit show(const args *a, const client *c, json_t *workflow)
{
    cli_exit code = CLI_OK;
    while (code == CLI_OK && args_flag(a, "wait") && is_running(workflow)) {
        char path[160], id[64];
        json_t *next;
        output_value(workflow, "workflowId", id, sizeof id);
        snprintf(path, sizeof path, "/v1/workflows/%s?wait=%ds", id, WAIT_SLICE_S);
        code = client_call(c, "GET", path, NULL, NULL, WAIT_SLICE_S * 1000 + CALL_MS, &next);
        if (code == CLI_OK) {
            json_decref(workflow);
            workflow = next;
        }
    }
    if (code == CLI_OK) {
        print_workflow(a, workflow);
        code = args_flag(a, "wait") && !ended_well(workflow) ? CLI_FAILED : CLI_OK;
    }
    json_decref(workflow);
    return code;
}

static cli_exit run(const args *a)
{
    client c;
    json_t *workflow;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    json_t *body = read_file(a->positionals[0]);
    if (body == NULL) {
        return CLI_USAGE;
    }
    cli_exit code = client_call(&c, "POST", "/v1/workflows", body, args_value(a, "key"),
                                CALL_MS, &workflow);
    json_decref(body);
    return code == CLI_OK ? show(a, &c, workflow) : code;
}

static cli_exit fetch(const args *a, const client *c, json_t **out)
{
    char path[512];
    char *id = client_escape(a->positionals[0]);
    snprintf(path, sizeof path, "/v1/workflows/%s", id == NULL ? "" : id);
    free(id);
    return client_call(c, "GET", path, NULL, NULL, CALL_MS, out);
}

/* Does @p task depend on one of @p open, whose keys are task ids? */
static bool depends_on(const json_t *task, const json_t *open)
{
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(task, "dependencies"), i, id)
    {
        if (json_object_get(open, json_string_value(id)) != NULL) {
            return true;
        }
    }
    return false;
}

/* The tasks that have ended, but not well, by their ids. */
static json_t *unsuccessful(const json_t *workflow)
{
    static const char *const ends[] = {"failed", "cancelled", "expired", "deadlettered"};
    json_t *open = json_object(), *task;
    size_t i;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        const char *state = json_string_value(json_object_get(task, "state"));
        for (size_t k = 0; state != NULL && k < sizeof ends / sizeof ends[0]; k++) {
            if (strcmp(state, ends[k]) == 0) {
                json_object_set(open, json_string_value(json_object_get(task, "taskId")), task);
            }
        }
    }
    return open;
}

/* Retries all of @p open, a task after those that it depends on: before, it is refused. */
static cli_exit retry_all(const client *c, json_t *open)
{
    cli_exit code = CLI_OK;
    for (bool more = true; more && code == CLI_OK;) {
        const char *id;
        void *next;
        json_t *task, *answer;
        more = false;
        json_object_foreach_safe(open, next, id, task)
        {
            char path[160];
            if (code != CLI_OK || depends_on(task, open)) {
                continue;
            }
            snprintf(path, sizeof path, "/v1/tasks/%s:retry", id);
            code = client_call(c, "POST", path, NULL, NULL, CALL_MS, &answer);
            if (code == CLI_OK) {
                json_decref(answer);
                json_object_del(open, id);
                more = true;
            }
        }
    }
    return code;
}

static cli_exit retry(const args *a)
{
    client c;
    json_t *workflow = NULL;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    cli_exit code = fetch(a, &c, &workflow);
    if (code != CLI_OK) {
        return code;
    }
    json_t *open = unsuccessful(workflow);
    json_decref(workflow);
    code = json_object_size(open) > 0
               ? retry_all(&c, open)
               : cli_fail(CLI_CONFLICT, "nothing to retry: no task of %s has failed",
                          a->positionals[0]);
    json_decref(open);
    code = code == CLI_OK ? fetch(a, &c, &workflow) : code;
    return code == CLI_OK ? show(a, &c, workflow) : code;
}

static cli_exit get(const args *a)
{
    client c;
    json_t *workflow;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    cli_exit code = fetch(a, &c, &workflow);
    if (code == CLI_OK) {
        print_workflow(a, workflow);
        json_decref(workflow);
    }
    return code;
}

static cli_exit list(const args *a)
{
    static const output_column columns[] = {{"WORKFLOW", "workflowId"},
                                            {"STATE", "state"},
                                            {"CREATED", "createdAt"},
                                            {"NAME", "name"},
                                            {NULL, NULL}};
    return list_show(a, "/v1/workflows", list_page_filters, "workflows", columns);
}

static const args_option run_options[] = {
    {.name = "key", .value = "K", .doc = "idempotency key: the same key submits once"},
    {.name = "wait", .doc = "wait until all its tasks have ended"},
    {.name = NULL},
};

static const args_option retry_options[] = {
    {.name = "wait", .doc = "wait until all its tasks have ended"},
    {.name = NULL},
};

const cli_command workflow_commands[] = {
    {"workflow", "run", "FILE", "submit a graph of tasks (YAML or JSON: name, tasks)",
     run_options, 1, 1, run},
    {"workflow", "get", "ID", "one workflow with its tasks", NULL, 1, 1, get},
    {"workflow", "retry", "ID", "try again what of it failed, and what depends on that",
     retry_options, 1, 1, retry},
    {"workflow", "list", "", "workflows, newest first", list_page_options, 0, 0, list},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
