#include "actors/gateway/auth.h"

#include "actors/gateway/listen.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool auth_init(auth *a, const char *token, const char *host, char error[256])
{
    memset(a, 0, sizeof *a);
    snprintf(a->host, sizeof a->host, "%s", host);
    return token_rule_init(&a->token, token, error);
}

/* "host" or "host:port" with the configured host. */
static bool is_given_host(const auth *a, const char *authority)
{
    size_t size = strlen(a->host);
    return size > 0 && strncasecmp(authority, a->host, size) == 0
           && (authority[size] == '\0' || authority[size] == ':');
}

/* A browser names the page that asks: only pages of this very door may. */
static bool is_foreign_origin(const request_head *head)
{
    const char *origin = head->headers[REQUEST_ORIGIN];
    const char *host = head->headers[REQUEST_HOST];
    if (origin == NULL) {
        return false;
    }
    const char *authority = strstr(origin, "://");
    return authority == NULL || host == NULL || strcasecmp(authority + 3, host) != 0;
}

/* The token of "Bearer TOKEN"; NULL: another kind, or none. */
static const char *bearer(const request_head *head)
{
    const char *header = head->headers[REQUEST_AUTHORIZATION];
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0) {
        return NULL;
    }
    return header + 7 + strspn(header + 7, " ");
}

static auth_verdict refuse(auth_answer *out, int status, const char *why)
{
    out->status = status;
    out->why = why;
    return AUTH_REFUSED;
}

auth_verdict auth_check(const auth *a, const request_head *head, auth_answer *out)
{
    const char *host = head->headers[REQUEST_HOST];
    const char *token = bearer(head);
    /* Without a token a page on the internet could reach this door through a name of its own
     * that resolves to 127.0.0.1. Such a request names a foreign host. */
    if (!a->token.has_token && host != NULL && !listen_is_local_name(host)
        && !is_given_host(a, host)) {
        return refuse(out, 403,
                      "The Host header names neither this machine nor the configured address.");
    }
    if (is_foreign_origin(head)) {
        return refuse(out, 403, "Requests from pages of another origin are refused.");
    }
    switch (token_check(&a->token, token, out->hash)) {
    case TOKEN_ALL:
        return AUTH_ALL;
    case TOKEN_LOOK_UP:
        return AUTH_LOOK_UP;
    case TOKEN_MISSING:
        return refuse(out, 401, "Send Authorization: Bearer TOKEN.");
    case TOKEN_UNKNOWN:
        break;
    }
    return refuse(out, 401, "The bearer token is not one of this server.");
}
