/* The strict HTTP/1.1 request head: bytes -> method, path, query and the headers that the door
 * uses. Used by the server (parsing) and by the gateway actor (reading). Never allocates and
 * never guesses: what two parsers could read differently is refused. */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REQUEST_HEAD_LIMIT = 16 * 1024, /* Bytes of request line and headers. */
    REQUEST_TARGET_LIMIT = 8 * 1024,
    REQUEST_HEADERS_MAX = 100, /* A count. */
};

#define HTTP_METHOD_MAP(X) X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS) X(OTHER)
#define X(name)            HTTP_METHOD_##name,
typedef enum http_method { HTTP_METHOD_MAP(X) HTTP_METHOD_COUNT } http_method;
#undef X

/* Headers that are kept; any other is checked for form and dropped. A second one of these is
 * refused, except Accept (the first counts) and Connection. */
// clang-format off
#define REQUEST_HEADER_MAP(X)                    \
    X(HOST, "host") \
    X(AUTHORIZATION, "authorization") \
    X(CONTENT_TYPE, "content-type") \
    X(CONTENT_LENGTH, "content-length") \
    X(TRANSFER_ENCODING, "transfer-encoding") \
    X(ACCEPT, "accept") \
    X(IDEMPOTENCY_KEY, "idempotency-key") \
    X(TRACEPARENT, "traceparent") \
    X(REQUEST_ID, "x-request-id") \
    X(LAST_EVENT_ID, "last-event-id") \
    X(IF_NONE_MATCH, "if-none-match") \
    X(RANGE, "range") \
    X(IF_RANGE, "if-range") \
    X(ORIGIN, "origin") \
    X(EXPECT, "expect") \
    X(CONNECTION, "connection") \
    X(CONTENT_ENCODING, "content-encoding") \
    X(UPGRADE, "upgrade") \
    X(SEC_WEBSOCKET_KEY, "sec-websocket-key") \
    X(SEC_WEBSOCKET_VERSION, "sec-websocket-version") \
    X(SEC_WEBSOCKET_PROTOCOL, "sec-websocket-protocol")
// clang-format on
#define X(name, text) REQUEST_##name,
typedef enum request_header { REQUEST_HEADER_MAP(X) REQUEST_HEADER_COUNT } request_header;
#undef X

/* Points into the bytes that were parsed. */
typedef struct request_head {
    http_method method;
    const char *path;                          /* Decoded; starts with '/'. */
    const char *query;                         /* Not decoded; "" when there is none. */
    const char *headers[REQUEST_HEADER_COUNT]; /* NULL: absent. */
    int64_t content_length;                    /* 0 when absent. */
    bool chunked; /* The body comes in chunks; content_length is known at its end. */
    bool keep_alive;
    bool expect_continue;
} request_head;

/* Looks for the end of a head in @p bytes, from @p *scanned on (0 at first; kept between
 * calls). Returns its size with the empty line, 0 when more is needed, -1 on a byte that no
 * head may have: NUL, other control bytes, CR or LF alone. */
long request_head_end(const char *bytes, size_t size, size_t *scanned);

/* Parses @p size bytes that request_head_end() measured, in place. Returns 0, or the HTTP
 * status to refuse it with and a sentence in @p *why. */
int request_parse(char *bytes, size_t size, request_head *out, const char **why);

/* Decodes %XX (and '+' as blank when @p plus) in place. False on a bad escape, on an escaped
 * control byte, and on an escaped slash when @p plus is false. */
bool request_decode(char *text, bool plus);

const char *http_method_name(http_method method);

#endif
