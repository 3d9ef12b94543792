/* cogo token: access tokens are made, listed and taken back. A secret is printed once, on
 * stdout, and is never read from the command line. */
#include "actors/cli/list.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALL_MS = 10000, SCOPES_MAX = 8, PATH_SIZE = 512 };

/* "read,submit" -> ["read", "submit"]. */
static json_t *split(const char *text)
{
    json_t *list = json_array();
    for (int i = 0; *text != '\0' && i < SCOPES_MAX; i++) {
        size_t size = strcspn(text, ",");
        (void)json_array_append_new(list, json_stringn(text, size));
        text += size;
        text += *text == ',';
    }
    return list;
}

/* "30d", or what args_duration_ms() takes. */
static bool take_lifetime(const char *text, int64_t *out_ms)
{
    char *end;
    long days = strtol(text, &end, 10);
    if (strcmp(end, "d") == 0 && days > 0 && days <= 36500) {
        *out_ms = (int64_t)days * 24 * 3600 * 1000;
        return true;
    }
    return args_duration_ms(text, out_ms) && *out_ms > 0;
}

static bool put_end(json_t *body, const char *lifetime)
{
    struct timespec now;
    struct tm parts;
    int64_t ms;
    char text[40];
    if (!take_lifetime(lifetime, &ms)) {
        return false;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    time_t at = now.tv_sec + (time_t)(ms / 1000);
    bool good = gmtime_r(&at, &parts) != NULL
                && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts) > 0;
    return good && json_object_set_new(body, "expiresAt", json_string(text)) == 0;
}

static cli_exit create(const args *a)
{
    client c;
    json_t *answer;
    const char *expires = args_value(a, "expires");
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    json_t *body = json_pack("{s:o, s:s*, s:s*}", "scopes", split(args_value(a, "scope")),
                             "tenant", args_value(a, "tenant"), "name", args_value(a, "name"));
    if (body != NULL && expires != NULL && !put_end(body, expires)) {
        json_decref(body);
        return cli_fail(CLI_USAGE, "--expires '%s' is not a time such as 12h or 30d", expires);
    }
    cli_exit code = client_call(&c, "POST", "/v1/tokens", body, NULL, CALL_MS, &answer);
    json_decref(body);
    if (code != CLI_OK) {
        return code;
    }
    if (args_flag(a, "json")) {
        output_json(answer);
    } else {
        char id[64];
        puts(json_string_value(json_object_get(answer, "token")));
        fprintf(stderr, "token %s; it is not shown again: use it as COGO_API_TOKEN\n",
                output_value(answer, "tokenId", id, sizeof id));
    }
    json_decref(answer);
    return CLI_OK;
}

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"TOKEN", "tokenId"},     {"TENANT", "tenant"},
        {"SCOPES", "scopes"},     {"NAME", "name"},
        {"CREATED", "createdAt"}, {"EXPIRES", "expiresAt"},
        {"REVOKED", "revokedAt"}, {NULL, NULL},
    };
    return list_show(a, "/v1/tokens", list_page_filters, "tokens", columns);
}

static cli_exit revoke(const args *a)
{
    client c;
    json_t *answer;
    char path[PATH_SIZE];
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    char *id = client_escape(a->positionals[0]);
    snprintf(path, sizeof path, "/v1/tokens/%s", id != NULL ? id : "");
    free(id);
    cli_exit code = client_call(&c, "DELETE", path, NULL, NULL, CALL_MS, &answer);
    if (code == CLI_OK) {
        if (args_flag(a, "json")) {
            output_json(answer);
        }
        json_decref(answer);
    }
    return code;
}

static const args_option create_options[] = {
    {.name = "scope",
     .value = "SCOPE,...",
     .fallback = "read,submit",
     .doc = "read, submit (with read), admin (all), work (external workers; needs tenant *)"},
    {.name = "tenant",
     .value = "NAME",
     .doc = "whose tasks it sees and submits; * for all (default: default)"},
    {.name = "name", .value = "TEXT", .doc = "what it is for, for people"},
    {.name = "expires", .value = "TIME", .doc = "ends by itself, such as 12h or 30d"},
    {.name = NULL},
};

const cli_command token_commands[] = {
    {"token", "create", "", "make an access token; its secret is shown once", create_options, 0,
     0, create},
    {"token", "list", "", "access tokens, without their secrets", list_page_options, 0, 0,
     list},
    {"token", "revoke", "ID", "take an access token back, for good", NULL, 1, 1, revoke},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
