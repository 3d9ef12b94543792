#include "actors/queue/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(char error[256], const char *what)
{
    snprintf(error, 256,
             "REDIS_URL is not redis://[USER[:PASSWORD]@]HOST[:PORT][/DB] (or rediss://): %s",
             what);
    return false;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL && c != ' ' ? (int)(at - digits) : -1;
}

/* Percent-decoded, with its NUL. False: it does not fit, or is no such text. */
static bool decode(const char *text, size_t size, char *out, size_t out_size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (used + 1 >= out_size) {
            return false;
        }
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

/* "USER:PASSWORD", "USER" or ":PASSWORD". */
static bool take_user(address *a, const char *text, size_t size)
{
    const char *colon = memchr(text, ':', size);
    size_t user = colon != NULL ? (size_t)(colon - text) : size;
    return decode(text, user, a->user, sizeof a->user)
           && (colon == NULL
               || decode(colon + 1, size - user - 1, a->password, sizeof a->password));
}

/* "HOST", "HOST:PORT" or the same with [V6]. */
static bool take_host(address *a, const char *text, size_t size)
{
    const char *end = text + size;
    const char *close = size > 0 && text[0] == '[' ? memchr(text, ']', size) : NULL;
    const char *colon =
        close != NULL ? (close + 1 < end ? close + 1 : NULL) : memchr(text, ':', size);
    const char *host = close != NULL ? text + 1 : text;
    size_t host_size =
        close != NULL ? (size_t)(close - host) : (size_t)((colon != NULL ? colon : end) - host);
    if (!decode(host, host_size, a->host, sizeof a->host) || a->host[0] == '\0') {
        return false;
    }
    snprintf(a->port, sizeof a->port, "6379");
    if (colon == NULL) {
        return true;
    }
    size_t digits = (size_t)(end - colon - 1);
    return *colon == ':' && digits >= 1 && digits < sizeof a->port
           && decode(colon + 1, digits, a->port, sizeof a->port)
           && strspn(a->port, "0123456789") == digits && atoi(a->port) >= 1
           && atoi(a->port) <= 65535;
}

bool address_parse(const char *url, address *out, char error[256])
{
    memset(out, 0, sizeof *out);
    if (strncmp(url, "redis://", 8) == 0) {
        url += 8;
    } else if (strncmp(url, "rediss://", 9) == 0) {
        out->tls = true;
        url += 9;
    } else {
        return fail(error, "another scheme");
    }
    size_t size = strcspn(url, "/?#");
    const char *rest = url + size, *at = NULL;
    for (size_t i = 0; i < size; i++) {
        at = url[i] == '@' ? &url[i] : at;
    }
    if (at != NULL && !take_user(out, url, (size_t)(at - url))) {
        return fail(error, "user and password have to be percent-encoded, and not that long");
    }
    const char *host = at != NULL ? at + 1 : url;
    if (!take_host(out, host, (size_t)(rest - host))) {
        return fail(error, "no host, or a wrong port");
    }
    if (*rest == '/' && rest[1] != '\0') {
        char *end;
        long db = strtol(rest + 1, &end, 10);
        if (rest[1] < '0' || rest[1] > '9' || *end != '\0' || db > ADDRESS_DB_MAX) {
            return fail(error, "the database is not a number");
        }
        out->db = (int)db;
    } else if (*rest != '\0' && *rest != '/') {
        return fail(error, "it has parameters");
    }
    return true;
}

bool address_is_local(const address *a)
{
    return strcmp(a->host, "localhost") == 0 || strcmp(a->host, "::1") == 0
           || (strncmp(a->host, "127.", 4) == 0
               && strspn(a->host, "0123456789.") == strlen(a->host));
}
