/* cogo audit: who did what. */
#include "actors/cli/client.h"
#include "actors/cli/output.h"

enum { CALL_MS = 10000, PATH_SIZE = 2048 };

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"WHEN", "at"},         {"ACTION", "action"}, {"SUBJECT", "subject"},
        {"OUTCOME", "outcome"}, {"TOKEN", "tokenId"}, {"TENANT", "tenant"},
        {"DOOR", "door"},       {NULL, NULL},
    };
    static const char *const filters[][2] = {{"action", "action"},
                                             {"subject", "subject"},
                                             {"token-id", "tokenId"},
                                             {"page-size", "pageSize"},
                                             {"page-token", "pageToken"}};
    client c;
    json_t *answer;
    char path[PATH_SIZE] = "/v1/audit";
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        client_query(path, sizeof path, filters[i][1], args_value(a, filters[i][0]));
    }
    cli_exit code = client_call(&c, "GET", path, NULL, NULL, CALL_MS, &answer);
    if (code != CLI_OK) {
        return code;
    }
    if (args_flag(a, "json")) {
        output_json(answer);
    } else {
        output_page(columns, answer, "entries");
    }
    json_decref(answer);
    return CLI_OK;
}

static const args_option list_options[] = {
    {.name = "action", .value = "A", .doc = "only this, such as task.cancel"},
    {.name = "subject", .value = "ID", .doc = "only what was done to this id or name"},
    {.name = "token-id", .value = "ID", .doc = "only what was done with this token"},
    {.name = "page-size", .value = "N", .doc = "at most 1000", .fallback = "50"},
    {.name = "page-token", .value = "T", .doc = "go on where a page ended"},
    {.name = NULL},
};

const cli_command audit_commands[] = {
    {"audit", "list", "", "who did what, newest first", list_options, 0, 0, list},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
