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
    while (code == CLI_OK && args_flag(a, "wait") && is_running(workflow)) {
        char path[160], id[64];
        json_t *next;
        output_value(workflow, "workflowId", id, sizeof id);
        snprintf(path, sizeof path, "/v1/workflows/%s?wait=%ds", id, WAIT_SLICE_S);
        code = client_call(&c, "GET", path, NULL, NULL, WAIT_SLICE_S * 1000 + CALL_MS, &next);
        if (code == CLI_OK) {
            json_decref(workflow);
            workflow = next;
        }
    }
    if (code == CLI_OK) {
        print_workflow(a, workflow);
        const char *state = json_string_value(json_object_get(workflow, "state"));
        bool failed = state != NULL && strcmp(state, "failed") == 0;
        code = failed && args_flag(a, "wait") ? CLI_FAILED : CLI_OK;
        json_decref(workflow);
    }
    return code;
}

static cli_exit get(const args *a)
{
    client c;
    json_t *workflow;
    char path[512];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    char *id = client_escape(a->positionals[0]);
    snprintf(path, sizeof path, "/v1/workflows/%s", id == NULL ? "" : id);
    free(id);
    cli_exit code = client_call(&c, "GET", path, NULL, NULL, CALL_MS, &workflow);
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

const cli_command workflow_commands[] = {
    {"workflow", "run", "FILE", "submit a graph of tasks (YAML or JSON: name, tasks)",
     run_options, 1, 1, run},
    {"workflow", "get", "ID", "one workflow with its tasks", NULL, 1, 1, get},
    {"workflow", "list", "", "workflows, newest first", list_page_options, 0, 0, list},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
