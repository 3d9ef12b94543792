#include "actors/cli/list.h"

enum { CALL_MS = 30000, PATH_SIZE = 2048 };

const args_option list_page_options[] = {
    {.name = "page-size", .value = "N", .doc = "at most 1000", .fallback = "50"},
    {.name = "page-token", .value = "T", .doc = "go on where a page ended"},
    {.name = NULL},
};

const list_filter list_page_filters[] = {
    {"page-size", "pageSize"}, {"page-token", "pageToken"}, {NULL, NULL}};

cli_exit list_show(const args *a, const char *path, const list_filter *filters, const char *key,
                   const output_column *columns)
{
    client c;
    json_t *answer;
    char full[PATH_SIZE];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    snprintf(full, sizeof full, "%s", path);
    for (const list_filter *f = filters; f != NULL && f->option != NULL; f++) {
        client_query(full, sizeof full, f->query, args_value(a, f->option));
    }
    cli_exit code = client_call(&c, "GET", full, NULL, NULL, CALL_MS, &answer);
    if (code != CLI_OK) {
        return code;
    }
    if (args_flag(a, "json")) {
        output_json(answer);
    } else if (filters != NULL) {
        output_page(columns, answer, key);
    } else {
        output_table(columns, json_object_get(answer, key));
    }
    json_decref(answer);
    return CLI_OK;
}
