#include "actors/gateway/auth.h"

#include "actors/gateway/listen.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void auth_init(auth *a, const char *token, const char *host)
{
    memset(a, 0, sizeof *a);
    snprintf(a->host, sizeof a->host, "%s", host);
    if (token != NULL) {
        a->has_token = true;
        (void)SHA256((const unsigned char *)token, strlen(token), a->token_hash);
    }
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

static bool has_valid_token(const auth *a, const char *header)
{
    uint8_t hash[32];
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0) {
        return false;
    }
    const char *token = header + 7;
    token += strspn(token, " ");
    (void)SHA256((const unsigned char *)token, strlen(token), hash);
    return CRYPTO_memcmp(hash, a->token_hash, sizeof hash) == 0;
}

int auth_check(const auth *a, const request_head *head, bool open, const char **why)
{
    const char *host = head->headers[REQUEST_HOST];
    /* Without a token a page on the internet could reach this door through a name of its own
     * that resolves to 127.0.0.1. Such a request names a foreign host. */
    if (!a->has_token && host != NULL && !listen_is_local_name(host)
        && !is_given_host(a, host)) {
        *why = "The Host header names neither this machine nor the configured address.";
        return 403;
    }
    if (is_foreign_origin(head)) {
        *why = "Requests from pages of another origin are refused.";
        return 403;
    }
    if (a->has_token && !open && !has_valid_token(a, head->headers[REQUEST_AUTHORIZATION])) {
        *why = head->headers[REQUEST_AUTHORIZATION] == NULL
                   ? "Send Authorization: Bearer TOKEN."
                   : "The bearer token is not the one of this server.";
        return 401;
    }
    return 0;
}

void auth_hash_hex(const void *bytes, size_t size, char out[65])
{
    uint8_t hash[32];
    (void)SHA256(bytes, size, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}
