/* A blocking HTTP client on libcurl: one call is one request with every limit named.
 * Used by the command line (the HTTP door of a node) and by whatever talks to a model.
 * Never follows redirects, never reads .netrc, never prints or logs a token. */
#ifndef LLM_HTTP_H
#define LLM_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_CONNECT_TIMEOUT_MS = 5000,         /* Default of http_request.connect_timeout_ms. */
    HTTP_TIMEOUT_MS = 120000,               /* Default of http_request.timeout_ms. */
    HTTP_RESPONSE_LIMIT = 32 * 1024 * 1024, /* Default of http_request.response_limit, bytes. */
    HTTP_HEADERS_LIMIT = 64 * 1024,         /* Bytes of response headers that are kept. */
    HTTP_REQUEST_HEADERS_MAX = 32,          /* A count. */
};

typedef enum http_outcome {
    HTTP_ANSWERED,    /* There is a status, whatever it is. */
    HTTP_UNREACHABLE, /* No connection: refused, no such host, TLS refused. Nothing was sent. */
    HTTP_TIMED_OUT,   /* Connected or not, the time was over. The server may have acted. */
    HTTP_TOO_LARGE,   /* The answer is over the limit. */
    HTTP_BROKEN,  /* The connection ended before the answer did. The server may have acted. */
    HTTP_STOPPED, /* The caller's callback said so. */
    HTTP_INVALID, /* The request itself is wrong; nothing was sent. */
} http_outcome;

/* Zero-initialise, then set url. Everything is borrowed for the call. */
typedef struct http_request {
    const char *method; /* NULL: GET, or POST with a body. */
    const char *url;    /* http or https only. */
    const char *token;  /* Bearer token; NULL: none. */
    const void *body;
    size_t body_size;
    const char *content_type;    /* Of the body; NULL: application/json. */
    const char *const *headers;  /* "Name: value" lines; ends with NULL; may be NULL. */
    uint64_t connect_timeout_ms; /* 0: the default. */
    uint64_t timeout_ms;         /* Whole call; for streams: silence. 0: the default. */
    size_t response_limit;       /* Bytes of body; 0: the default. For streams: of one event. */
    bool (*stopped)(void *); /* Asked about once a second and at each arrival; NULL: never. */
    void *stopped_ctx;
} http_request;

/* Filled by each call, also a failed one. */
typedef struct http_response {
    http_outcome outcome;
    int status; /* 0 unless a status line came. */
    char *body; /* Ends with NUL, which body_size does not count. NULL when there is none. */
    size_t body_size;
    char *headers;   /* Raw lines, for http_response_header(). May be NULL. */
    char error[256]; /* One sentence when outcome is not HTTP_ANSWERED. */
} http_response;

/* Sends @p request and waits for the whole answer. Any thread; the caller ends @p response with
 * http_response_finish(), whatever the outcome. Returns response->outcome. */
http_outcome http_send(const http_request *request, http_response *response);

/* Body bytes of a 2xx answer as they come. False ends the call with HTTP_STOPPED. */
typedef bool (*http_bytes_fn)(void *ctx, const char *bytes, size_t size);

/* As http_send(), but gives the body of a 2xx answer to @p on_bytes; every other body is kept
 * in
 * @p response. timeout_ms bounds the silence, not the whole. */
http_outcome http_stream(const http_request *request, http_bytes_fn on_bytes, void *ctx,
                         http_response *response);

/* The value of header @p name in @p out (cut to @p capacity), without blanks around it.
 * False when the answer has none; @p out is "" then. */
bool http_response_header(const http_response *response, const char *name, char *out,
                          size_t capacity);

/* Frees what @p response holds and zeroes it. */
void http_response_finish(http_response *response);

#endif
