#include "actors/cli/client.h"

#include "actors/llm/http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char default_server[] = "http://127.0.0.1:3000";
enum { URL_MAX = 2048 };

bool client_from_args(const args *a, client *out)
{
    const char *server = args_value(a, "server");
    out->stop = NULL;
    out->server = server != NULL ? server : default_server;
    out->token = args_value(a, "api-token");
    if (strncmp(out->server, "http://", 7) != 0 && strncmp(out->server, "https://", 8) != 0) {
        (void)cli_fail(CLI_USAGE, "server '%s' is not an http:// or https:// URL", out->server);
        return false;
    }
    return true;
}

static cli_exit exit_of_status(int status)
{
    switch (status) {
    case 401:
    case 403:
        return CLI_AUTH;
    case 404:
        return CLI_NOT_FOUND;
    case 409:
        return CLI_CONFLICT;
    case 400:
    case 413:
    case 415:
    case 422:
        return CLI_USAGE;
    case 429:
    case 502:
    case 503:
        return CLI_UNAVAILABLE;
    case 504:
        return CLI_TIMED_OUT;
    default:
        return CLI_FAILED;
    }
}

static void print_token_hint(int status)
{
    if (status == 401) {
        fputs("  set COGO_API_TOKEN to the cluster's token\n", stderr);
    }
}

static void print_problem(int status, const json_t *problem)
{
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    const json_t *fields = json_object_get(problem, "errors");
    size_t i;
    json_t *field;
    fprintf(stderr, "cogo: %s\n", detail ? detail : title ? title : "the server refused");
    if (json_array_size(fields) == 1) {
        print_token_hint(status); /* The detail has said the rest. */
        return;
    }
    json_array_foreach(fields, i, field)
    {
        const char *pointer = json_string_value(json_object_get(field, "pointer"));
        const char *what = json_string_value(json_object_get(field, "detail"));
        fprintf(stderr, "  %s: %s\n", pointer ? pointer : "", what ? what : "");
    }
    print_token_hint(status);
}

static bool is_stopped(void *ctx)
{
    const client *c = ctx;
    return c->stop != NULL && *c->stop != 0;
}

/* Fills @p response; the caller finishes it. */
static http_outcome send_one(const client *c, const char *method, const char *path,
                             const json_t *body, const char *key, int64_t timeout_ms,
                             http_response *response)
{
    char url[URL_MAX], key_line[300];
    client asked = *c;
    const char *headers[] = {NULL, NULL};
    snprintf(url, sizeof url, "%s%s", c->server, path);
    if (key != NULL) {
        snprintf(key_line, sizeof key_line, "Idempotency-Key: %s", key);
        headers[0] = key_line;
    }
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    http_request request = {
        .method = method,
        .url = url,
        .token = c->token,
        .body = text,
        .body_size = text == NULL ? 0 : strlen(text),
        .headers = headers,
        .connect_timeout_ms = timeout_ms < HTTP_CONNECT_TIMEOUT_MS ? (uint64_t)timeout_ms : 0,
        .timeout_ms = (uint64_t)timeout_ms,
        .stopped = is_stopped,
        .stopped_ctx = &asked,
    };
    http_outcome outcome = http_send(&request, response);
    free(text);
    return outcome;
}

cli_exit client_probe(const client *c, const char *path, int64_t timeout_ms, int *out_status,
                      json_t **out)
{
    http_response response;
    http_outcome outcome = send_one(c, "GET", path, NULL, NULL, timeout_ms, &response);
    *out_status = response.status;
    *out = response.body == NULL
               ? NULL
               : json_loadb(response.body, response.body_size, JSON_DECODE_ANY, NULL);
    http_response_finish(&response);
    return outcome == HTTP_ANSWERED && *out_status < 300 ? CLI_OK : CLI_UNAVAILABLE;
}

static cli_exit not_answered(const client *c, http_outcome outcome, const char *error)
{
    if (outcome == HTTP_STOPPED) {
        return CLI_INTERRUPTED;
    }
    if (outcome == HTTP_TIMED_OUT) {
        return cli_fail(CLI_TIMED_OUT, "%s did not answer in time", c->server);
    }
    if (outcome == HTTP_UNREACHABLE) {
        return cli_fail(CLI_UNAVAILABLE, "no cluster answers at %s (start one: cogo dev): %s",
                        c->server, error);
    }
    return cli_fail(CLI_UNAVAILABLE, "%s: %s", c->server, error);
}

cli_exit client_call(const client *c, const char *method, const char *path, const json_t *body,
                     const char *idempotency_key, int64_t timeout_ms, json_t **out)
{
    bool lost;
    return client_try(c, method, path, body, idempotency_key, timeout_ms, out, &lost);
}

cli_exit client_try(const client *c, const char *method, const char *path, const json_t *body,
                    const char *idempotency_key, int64_t timeout_ms, json_t **out,
                    bool *out_lost)
{
    http_response response;
    http_outcome outcome =
        send_one(c, method, path, body, idempotency_key, timeout_ms, &response);
    cli_exit code = CLI_OK;
    json_t *json = NULL;
    *out = NULL;
    *out_lost = outcome == HTTP_BROKEN;
    if (outcome != HTTP_ANSWERED) {
        code = not_answered(c, outcome, response.error);
        goto done;
    }
    if (response.body_size > 0) {
        json = json_loadb(response.body, response.body_size, JSON_DECODE_ANY, NULL);
    }
    if (response.status >= 300) {
        print_problem(response.status, json);
        code = exit_of_status(response.status);
        goto done;
    }
    if (json == NULL && response.body_size > 0) {
        code = cli_fail(CLI_FAILED, "%s answered with something that is not JSON", c->server);
        goto done;
    }
    *out = json == NULL ? json_null() : json;
    json = NULL;
done:
    json_decref(json);
    http_response_finish(&response);
    return code;
}

cli_exit client_bytes(const client *c, const char *path, int64_t timeout_ms, char **out,
                      size_t *out_size)
{
    http_response response;
    http_outcome outcome = send_one(c, "GET", path, NULL, NULL, timeout_ms, &response);
    cli_exit code = CLI_OK;
    *out = NULL;
    if (outcome != HTTP_ANSWERED) {
        code = not_answered(c, outcome, response.error);
    } else if (response.status >= 300) {
        json_t *json = response.body == NULL ? NULL
                                             : json_loadb(response.body, response.body_size,
                                                          JSON_DECODE_ANY, NULL);
        print_problem(response.status, json);
        json_decref(json);
        code = exit_of_status(response.status);
    } else {
        *out = response.body != NULL ? response.body : calloc(1, 1);
        *out_size = response.body_size;
        response.body = NULL;
        code = *out == NULL ? cli_fail(CLI_FAILED, "out of memory") : CLI_OK;
    }
    http_response_finish(&response);
    return code;
}

char *client_escape(const char *text)
{
    char *out = malloc(3 * strlen(text) + 1), *p = out;
    if (out == NULL) {
        return NULL;
    }
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (isalnum(byte) || strchr("-._~", byte) != NULL) {
            *p++ = (char)byte;
        } else {
            p += sprintf(p, "%%%02X", byte);
        }
    }
    *p = '\0';
    return out;
}

void client_query(char *path, size_t size, const char *key, const char *value)
{
    char *escaped = value == NULL ? NULL : client_escape(value);
    size_t used = strlen(path);
    if (escaped != NULL) {
        snprintf(path + used, size - used, "%c%s=%s", strchr(path, '?') ? '&' : '?', key,
                 escaped);
    }
    free(escaped);
}
