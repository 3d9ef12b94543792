#include "actors/gateway/auth.h"

#include "actors/gateway/listen.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
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
    if (!a->has_token && host != NULL && !listen_is_local_name(host)
        && !is_given_host(a, host)) {
        return refuse(out, 403,
                      "The Host header names neither this machine nor the configured address.");
    }
    if (is_foreign_origin(head)) {
        return refuse(out, 403, "Requests from pages of another origin are refused.");
    }
    if (token != NULL) {
        (void)SHA256((const unsigned char *)token, strlen(token), out->hash);
        bool stored = strncmp(token, AUTH_TOKEN_PREFIX, sizeof AUTH_TOKEN_PREFIX - 1) == 0;
        if (a->has_token && CRYPTO_memcmp(out->hash, a->token_hash, sizeof out->hash) == 0) {
            return AUTH_ALL;
        }
        if (stored) {
            return AUTH_LOOK_UP;
        }
    }
    if (!a->has_token) {
        return AUTH_ALL;
    }
    return refuse(out, 401,
                  token == NULL ? "Send Authorization: Bearer TOKEN."
                                : "The bearer token is not one of this server.");
}

bool auth_make_secret(char out[AUTH_SECRET_SIZE])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[33] = {0}; /* 32 and one to fill the last group. */
    if (RAND_bytes(random, 32) != 1) {
        return false;
    }
    char *at = out + snprintf(out, AUTH_SECRET_SIZE, "%s", AUTH_TOKEN_PREFIX);
    for (size_t i = 0; i < sizeof random; i += 3) {
        uint32_t group =
            (uint32_t)random[i] << 16 | (uint32_t)random[i + 1] << 8 | random[i + 2];
        for (int k = 18; k >= 0 && at < out + AUTH_SECRET_SIZE - 1; k -= 6) {
            *at++ = letters[group >> k & 63];
        }
    }
    *at = '\0';
    OPENSSL_cleanse(random, sizeof random);
    return true;
}

void auth_hash_hex(const void *bytes, size_t size, char out[65])
{
    uint8_t hash[32];
    (void)SHA256(bytes, size, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    }
}
