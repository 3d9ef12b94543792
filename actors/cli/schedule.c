/* cogo schedule: tasks that are submitted again and again. */
#include "actors/cli/instruction.h"
#include "actors/cli/list.h"

#include <stdlib.h>

enum { CALL_MS = 10000 };

static void print_one(const args *a, const json_t *one)
{
    char cell[300];
    if (args_flag(a, "json")) {
        output_json(one);
        return;
    }
    printf("%s  ", output_value(one, "scheduleId", cell, sizeof cell));
    printf("%s  ", output_value(one, "cron", cell, sizeof cell));
    printf("%s  ", output_value(one, "timeZone", cell, sizeof cell));
    if (json_is_true(json_object_get(one, "paused"))) {
        puts("paused");
    } else {
        printf("next %s\n", output_value(one, "nextSlot", cell, sizeof cell));
    }
    if (*output_value(one, "lastError", cell, sizeof cell) != '\0') {
        fputs("  ", stdout);
        output_text(stdout, OUTPUT_RED, cell);
        putchar('\n');
    }
}

static cli_exit create(const args *a)
{
    static const char *const options[] = {"cron", "time-zone", "overlap", "missed", "name"};
    static const char *const keys[] = {"cron", "timeZone", "overlap", "missed", "name"};
    client c;
    json_t *answer;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    if (args_value(a, "cron") == NULL) {
        return cli_fail(CLI_USAGE, "--cron is needed, for example --cron '*/5 * * * *'");
    }
    json_t *instruction = instruction_read(a);
    if (instruction == NULL) {
        return CLI_USAGE;
    }
    json_t *request = json_object();
    json_object_set_new(request, "instruction", instruction);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (args_value(a, options[i]) != NULL) {
            json_object_set_new(request, keys[i], json_string(args_value(a, options[i])));
        }
    }
    cli_exit code = client_call(&c, "POST", "/v1/schedules", request, NULL, CALL_MS, &answer);
    json_decref(request);
    if (code == CLI_OK) {
        print_one(a, answer);
        json_decref(answer);
    }
    return code;
}

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"SCHEDULE", "scheduleId"}, {"NAME", "name"},     {"CRON", "cron"},
        {"ZONE", "timeZone"},       {"NEXT", "nextSlot"}, {"LAST", "lastSlot"},
        {"TASK", "lastTaskId"},     {"PAUSED", "paused"}, {NULL, NULL},
    };
    return list_show(a, "/v1/schedules", NULL, "schedules", columns);
}

static cli_exit one(const args *a, const char *method, const char *suffix)
{
    client c;
    json_t *answer;
    char path[512];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    char *id = client_escape(a->positionals[0]);
    snprintf(path, sizeof path, "/v1/schedules/%s%s", id == NULL ? "" : id, suffix);
    free(id);
    cli_exit code = client_call(&c, method, path, NULL, NULL, CALL_MS, &answer);
    if (code == CLI_OK) {
        print_one(a, answer);
        json_decref(answer);
    }
    return code;
}

static cli_exit get(const args *a)
{
    return one(a, "GET", "");
}

static cli_exit forget(const args *a)
{
    return one(a, "DELETE", "");
}

static cli_exit pause_it(const args *a)
{
    return one(a, "POST", ":pause");
}

static cli_exit resume(const args *a)
{
    return one(a, "POST", ":resume");
}

static const args_option create_options[] = {
    {.name = "cron",
     .value = "EXPR",
     .doc = "minute hour day month weekday, or @hourly, @daily, @weekly, @monthly, @yearly"},
    {.name = "time-zone", .value = "ZONE", .doc = "such as Europe/Berlin (default UTC)"},
    {.name = "overlap",
     .value = "POLICY",
     .doc = "while an earlier task is at work: skip (default), allow or cancel it"},
    {.name = "missed",
     .value = "POLICY",
     .doc = "times that passed while nobody could submit: once (default), skip or all"},
    {.name = "name", .value = "NAME", .doc = "for people"},
    {.name = "context", .value = "JSON|@FILE", .doc = "what the role works on (@- is stdin)"},
    {.name = "priority", .value = "P", .doc = "low, medium, high or urgent"},
    {.name = "timeout", .value = "TIME", .doc = "of one attempt, like 30s"},
    {.name = NULL},
};

const cli_command schedule_commands[] = {
    {"schedule", "create", "ROLE", "submit a task at the times of a cron expression",
     create_options, 1, 1, create},
    {"schedule", "list", "", "schedules and their next times", NULL, 0, 0, list},
    {"schedule", "get", "ID", "one schedule", NULL, 1, 1, get},
    {"schedule", "delete", "ID", "delete a schedule; its tasks stay", NULL, 1, 1, forget},
    {"schedule", "pause", "ID", "submit nothing until it is resumed", NULL, 1, 1, pause_it},
    {"schedule", "resume", "ID", "go on with the next time", NULL, 1, 1, resume},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
