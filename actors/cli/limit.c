/* cogo limit: how many tasks of a key may run at once, or begin in a time. */
#include "actors/cli/list.h"

#include <stdlib.h>

enum { CALL_MS = 10000, LIMIT_MAX = 1000000 };

static bool add_number(const args *a, const char *option, json_t *request)
{
    const char *text = args_value(a, option);
    char *end = NULL;
    long number = text == NULL ? 0 : strtol(text, &end, 10);
    if (text == NULL) {
        return true;
    }
    if (end == text || *end != '\0' || number < 0 || number > LIMIT_MAX) {
        (void)cli_fail(CLI_USAGE, "--%s '%s' is not 0 to %d", option, text, LIMIT_MAX);
        return false;
    }
    json_object_set_new(request, option, json_integer(number));
    return true;
}

static cli_exit set(const args *a)
{
    client c;
    json_t *answer;
    int64_t per_ms = 0;
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    if (args_value(a, "per") != NULL && !args_duration_ms(args_value(a, "per"), &per_ms)) {
        return cli_fail(CLI_USAGE, "--per '%s' is no duration like 1s or 1m",
                        args_value(a, "per"));
    }
    json_t *request = json_pack("{s:s}", "name", a->positionals[0]);
    if (!add_number(a, "concurrency", request) || !add_number(a, "rate", request)
        || !add_number(a, "burst", request)) {
        json_decref(request);
        return CLI_USAGE;
    }
    if (per_ms > 0) {
        json_object_set_new(request, "per", json_integer(per_ms));
    }
    cli_exit code = client_call(&c, "POST", "/v1/limits", request, NULL, CALL_MS, &answer);
    json_decref(request);
    if (code == CLI_OK) {
        output_json(answer);
        json_decref(answer);
    }
    return code;
}

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"LIMIT", "name"}, {"AT ONCE", "concurrency"}, {"RATE", "rate"}, {"PER ms", "per"},
        {"USED", "used"},  {"WAITING", "waiting"},     {NULL, NULL},
    };
    return list_show(a, "/v1/limits", NULL, "limits", columns);
}

static cli_exit forget(const args *a)
{
    client c;
    json_t *answer;
    char path[512];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    char *name = client_escape(a->positionals[0]);
    snprintf(path, sizeof path, "/v1/limits/%s", name == NULL ? "" : name);
    free(name);
    cli_exit code = client_call(&c, "DELETE", path, NULL, NULL, CALL_MS, &answer);
    if (code == CLI_OK) {
        output_json(answer);
        json_decref(answer);
    }
    return code;
}

static const args_option set_options[] = {
    {.name = "concurrency", .value = "N", .doc = "attempts of one key that may run at once"},
    {.name = "rate", .value = "N", .doc = "attempts of one key that may begin in --per"},
    {.name = "per", .value = "TIME", .doc = "default 1s"},
    {.name = "burst", .value = "N", .doc = "beginnings that may be saved up (default: --rate)"},
    {.name = NULL},
};

const cli_command limit_commands[] = {
    {"limit", "set", "NAME", "limit the tasks that name it, or NAME:KEY each by itself",
     set_options, 1, 1, set},
    {"limit", "list", "", "limits, with what runs and waits", NULL, 0, 0, list},
    {"limit", "delete", "NAME", "delete a limit", NULL, 1, 1, forget},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
