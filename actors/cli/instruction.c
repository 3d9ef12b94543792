#include "actors/cli/instruction.h"

#include "actors/cli/cli.h"
#include "codec/json/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTEXT_FILE_MAX = 1024 * 1024, /* Bytes of @FILE; the door's limit for a body. */
    DEPENDENCIES_MAX = 10000,
};

static json_t *read_context(const char *text)
{
    char *content = NULL;
    size_t size = 0;
    const char *name = text;
    if (text[0] == '@') {
        FILE *file = strcmp(text, "@-") == 0 ? stdin : fopen(text + 1, "re");
        if (file == NULL) {
            (void)cli_fail(CLI_USAGE, "--context %s: %s", text, strerror(errno));
            return NULL;
        }
        content = malloc(CONTEXT_FILE_MAX + 1);
        size = content == NULL ? 0 : fread(content, 1, CONTEXT_FILE_MAX + 1, file);
        if (file != stdin) {
            fclose(file);
        }
        if (size > CONTEXT_FILE_MAX) {
            (void)cli_fail(CLI_USAGE, "--context %s: more than %d bytes", text,
                           CONTEXT_FILE_MAX);
            free(content);
            return NULL;
        }
        text = content == NULL ? "" : content;
    } else {
        size = strlen(text);
        name = "(argument)";
    }
    cogo_record_error error = {"", ""};
    json_t *json = json_parse(text, size, &error);
    if (json == NULL) {
        (void)cli_fail(CLI_USAGE, "--context %s: %s", name, error.detail);
    }
    free(content);
    return json;
}

static bool add_list(json_t *instruction, const char *key, const char *text)
{
    json_t *items = json_array();
    char *copy = strdup(text), *save = NULL;
    for (char *part = copy == NULL ? NULL : strtok_r(copy, ",", &save); part != NULL;
         part = strtok_r(NULL, ",", &save)) {
        json_array_append_new(items, json_string(part));
    }
    free(copy);
    json_object_set_new(instruction, key, items);
    return json_array_size(items) > 0 && json_array_size(items) <= DEPENDENCIES_MAX;
}

static bool add_context(json_t *instruction, const args *a)
{
    const char *context = args_value(a, "context");
    json_t *value = context != NULL ? read_context(context) : NULL;
    if (value != NULL) {
        json_object_set_new(instruction, "context", value);
    }
    return context == NULL || value != NULL;
}

static bool add_texts(json_t *instruction, const args *a)
{
    static const char *const texts[][2] = {{"priority", "priority"},
                                           {"parent", "parent"},
                                           {"fairness-key", "fairnessKey"},
                                           {"sticky-key", "stickyKey"},
                                           {"sticky-policy", "stickyPolicy"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (args_value(a, texts[i][0]) != NULL) {
            json_object_set_new(instruction, texts[i][1],
                                json_string(args_value(a, texts[i][0])));
        }
    }
    if (args_value(a, "approval") != NULL) {
        json_object_set_new(instruction, "approval",
                            json_pack("{s:s}", "prompt", args_value(a, "approval")));
    }
    return true;
}

static bool add_lists(json_t *instruction, const args *a)
{
    static const char *const lists[][2] = {
        {"labels", "labels"}, {"prefer", "preferredLabels"}, {"limits", "limits"}};
    const char *depends = args_value(a, "depends-on");
    if (depends != NULL && !add_list(instruction, "dependencies", depends)) {
        (void)cli_fail(CLI_USAGE, "--depends-on '%s' names no task, or more than %d", depends,
                       DEPENDENCIES_MAX);
        return false;
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const char *given = args_value(a, lists[i][0]);
        if (given != NULL && !add_list(instruction, lists[i][1], given)) {
            (void)cli_fail(CLI_USAGE, "--%s '%s' names nothing", lists[i][0], given);
            return false;
        }
    }
    return true;
}

static bool add_budget(json_t *instruction, const args *a)
{
    const char *budget = args_value(a, "budget");
    json_t *allowed = budget != NULL ? json_loads(budget, 0, NULL) : NULL;
    if (budget != NULL && !json_is_object(allowed)) {
        (void)cli_fail(CLI_USAGE, "--budget '%s' is no JSON object like {\"tokens\":1000}",
                       budget);
        json_decref(allowed);
        return false;
    }
    if (allowed != NULL) {
        json_object_set_new(instruction, "budget", allowed);
    }
    return true;
}

static bool add_times(json_t *instruction, const args *a)
{
    static const char *const times[][2] = {{"timeout", "timeout"},
                                           {"sticky-timeout", "stickyTimeout"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t ms;
        const char *given = args_value(a, times[i][0]);
        if (given != NULL && !args_duration_ms(given, &ms)) {
            (void)cli_fail(CLI_USAGE, "--%s '%s' is no duration like 500ms, 30s or 2m",
                           times[i][0], given);
            return false;
        }
        if (given != NULL) {
            json_object_set_new(instruction, times[i][1], json_integer(ms));
        }
    }
    return true;
}

json_t *instruction_read(const args *a)
{
    json_t *instruction = json_object();
    json_object_set_new(instruction, "role", json_string(a->positionals[0]));
    if (add_context(instruction, a) && add_texts(instruction, a) && add_lists(instruction, a)
        && add_budget(instruction, a) && add_times(instruction, a)) {
        return instruction;
    }
    json_decref(instruction);
    return NULL;
}
