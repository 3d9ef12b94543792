/* cogo audit: who did what. */
#include "actors/cli/list.h"

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"WHEN", "at"},         {"ACTION", "action"}, {"SUBJECT", "subject"},
        {"OUTCOME", "outcome"}, {"TOKEN", "tokenId"}, {"TENANT", "tenant"},
        {"DOOR", "door"},       {NULL, NULL},
    };
    static const list_filter filters[] = {
        {"action", "action"},      {"subject", "subject"},      {"token-id", "tokenId"},
        {"page-size", "pageSize"}, {"page-token", "pageToken"}, {NULL, NULL},
    };
    return list_show(a, "/v1/audit", filters, "entries", columns);
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
