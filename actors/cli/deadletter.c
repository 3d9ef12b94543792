/* cogo task deadletters, cogo task redrive: tasks that used up their attempts. */
#include "actors/cli/list.h"

#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 30000 };

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"TASK", "taskId"},      {"ROLE", "role"},   {"ATTEMPTS", "attempt"},
        {"ENDED", "finishedAt"}, {"ERROR", "error"}, {NULL, NULL},
    };
    static const list_filter filters[] = {
        {"role", "role"}, {"page-size", "pageSize"}, {"page-token", "pageToken"}, {NULL, NULL}};
    return list_show(a, "/v1/deadletters", filters, "deadletters", columns);
}

/* NULL: said what is wrong. */
static json_t *request_from(const args *a)
{
    json_t *request = json_object();
    const char *limit = args_value(a, "limit");
    if (a->positional_count > 0) {
        json_t *ids = json_array();
        for (size_t i = 0; i < a->positional_count; i++) {
            json_array_append_new(ids, json_string(a->positionals[i]));
        }
        json_object_set_new(request, "taskIds", ids);
    }
    if (args_value(a, "role") != NULL) {
        json_object_set_new(request, "roles", json_pack("[s]", args_value(a, "role")));
    }
    if (args_flag(a, "all")) {
        json_object_set_new(request, "all", json_true());
    }
    if (json_object_size(request) != 1) {
        (void)cli_fail(CLI_USAGE, "name tasks, or --role, or --all: one of them");
        json_decref(request);
        return NULL;
    }
    if (limit != NULL) {
        char *end = NULL;
        long number = strtol(limit, &end, 10);
        if (*end != '\0' || number < 1 || number > 1000) {
            (void)cli_fail(CLI_USAGE, "--limit '%s' is not 1 to 1000", limit);
            json_decref(request);
            return NULL;
        }
        json_object_set_new(request, "limit", json_integer(number));
    }
    return request;
}

/* One line each; how many were refused. */
static size_t print_each(const json_t *tasks)
{
    size_t i, refused = 0;
    json_t *one;
    char id[64], text[300];
    json_array_foreach(tasks, i, one)
    {
        if (json_object_get(one, "taskId") != NULL) {
            printf("%s  %s\n", output_value(one, "taskId", id, sizeof id),
                   output_value(one, "state", text, sizeof text));
        } else {
            refused++;
            fprintf(stderr, "%s\n", output_value(one, "detail", text, sizeof text));
        }
    }
    return refused;
}

static cli_exit redrive(const args *a)
{
    client c;
    json_t *answer;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    json_t *request = request_from(a);
    if (request == NULL) {
        return CLI_USAGE;
    }
    cli_exit code =
        client_call(&c, "POST", "/v1/deadletters:redrive", request, NULL, CALL_MS, &answer);
    json_decref(request);
    if (code != CLI_OK) {
        return code;
    }
    if (args_flag(a, "json")) {
        output_json(answer);
    } else if (print_each(json_object_get(answer, "tasks")) > 0) {
        code = CLI_CONFLICT;
    }
    json_decref(answer);
    return code;
}

static const args_option list_options[] = {
    {.name = "role", .value = "R", .doc = "only dead letters of this role"},
    {.name = "page-size", .value = "N", .doc = "at most 1000", .fallback = "50"},
    {.name = "page-token", .value = "T", .doc = "go on where a page ended"},
    {.name = NULL},
};
static const args_option redrive_options[] = {
    {.name = "role", .value = "R", .doc = "the newest dead letters of this role"},
    {.name = "all", .doc = "the newest dead letters of all roles"},
    {.name = "limit", .value = "N", .doc = "at most so many, up to 1000 (default 100)"},
    {.name = NULL},
};

const cli_command deadletter_commands[] = {
    {"task", "deadletters", "", "tasks that used up their attempts", list_options, 0, 0, list},
    {"task", "redrive", "[ID...]", "try dead letters again", redrive_options, 0,
     ARGS_POSITIONALS_MAX, redrive},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
