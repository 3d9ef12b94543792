/* One request while the gateway actor works on it: what came, what is asked, what is answered.
 * Used by every route. Lives from the request to its last byte or to the client's leaving.
 * Never blocks: an ask names the step that goes on with its answer. */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "actors/doors/rate.h"
#include "actors/gateway/auth.h"
#include "actors/gateway/door.h"
#include "actors/gateway/query.h"
#include "actors/gateway/server.h"
#include "codec/contract/messages.h"
#include "codec/contract/trace_context.h"
#include "codec/json/json.h"

#include <cogo/actor.h>

enum {
    EXCHANGE_ASK_MS = 30000, /* The orchestrator's time for an answer; a wait comes on top. */
    EXCHANGE_WAIT_MAX_MS = 600000,
    EXCHANGE_REQUEST_ID_MAX = 128,
};

typedef struct exchange exchange;
typedef struct route route;
/* Goes on with the answer of an ask; @p msg lives until the step returns. */
typedef void (*exchange_step)(exchange *x, cogo_msg *msg);

/* The state of the gateway actor. */
typedef struct desk {
    cogo_context *ctx; /* Of the callback that runs. */
    cogo_system *system;
    cogo_actor_id orchestrator;
    cogo_actor_id beside[2]; /* Others whose metrics and health are shown too; or none. */
    cogo_actor_id spans;     /* Who exports them, or nobody. */
    double trace_ratio;      /* Of traces that begin here. */
    uint64_t spans_refused;  /* The exporter had no room for them. */
    bool node_only;          /* It is not one, but answers for this node. */
    server *server;
    counts *counts;
    const auth *auth;
    grants *grants;
    rates *rates;                                        /* Of requests. */
    rates *socket_rates;                                 /* Of frames. */
    exchange *first;                                     /* All exchanges, newest first. */
    struct stream *streams;                              /* Event streams; see sse.h. */
    struct desk_feed *feeds;                             /* Of streams and WebSockets. */
    struct socket_link *sockets[SERVER_CONNECTIONS_MAX]; /* By the slot of the connection. */
    size_t socket_count;
    uint64_t socket_frames;    /* Messages of theirs, ever. */
    struct ws_worker *workers; /* At the other end of WebSockets. */
    uint64_t keep_alive_timer;
} desk;

struct exchange {
    exchange *next, *previous;
    desk *desk;
    cogo_msg *msg; /* Owns the request. */
    const door_request *request;
    const route *route;
    const char *allow; /* Methods of the path, when none of its routes takes this one. */
    grant grant;       /* What the caller may do. */
    uint8_t token_hash[32];
    const char *id;   /* What stands for the first {...} in the path; NULL: none. */
    const char *part; /* And for the second. */
    query query;
    cogo_arena arena; /* All that lives as long as the exchange. */
    uint64_t ask;
    exchange_step step; /* NULL: no ask is under way. */
    cogo_msg_type expected;
    bool answered;
    bool streaming; /* Answered in pieces; ends with the stream. */
    bool opened;    /* The head of the stream is sent: no other answer can follow. */
    uint64_t trace;
    char request_id[EXCHANGE_REQUEST_ID_MAX + 1];
    trace_context context;          /* With our own span. */
    char parent_span[SPAN_ID_SIZE]; /* The caller's; "": none. */
    char traceparent[TRACEPARENT_SIZE];
    uint64_t began_ns;
    int64_t began_wall_ms;
    const char *extra; /* Header lines with CRLF for the answer; NULL: none. */
    void *data;        /* The route's own, in the arena. */
    /* Turns a problem of the orchestrator into one about the request as the client sent it,
     * before it is answered. NULL: it stays as it is. */
    const problem *(*translate)(exchange *x, const problem *p);
};

/* Asks the orchestrator. When that fails now or later, the client gets a problem, and a problem
 * as the answer goes to the client too: the step sees only the answer @p expected. @p wait_ms
 * comes on top of EXCHANGE_ASK_MS; less than 0 shortens it. */
void exchange_ask(exchange *x, cogo_msg_type type, const void *record, int64_t wait_ms,
                  cogo_msg_type expected, exchange_step step);
/* The same of another actor. */
void exchange_ask_other(exchange *x, cogo_actor_id whom, cogo_msg_type type, const void *record,
                        int64_t wait_ms, cogo_msg_type expected, exchange_step step);

/* A copy of @p record that lives as long as the exchange. NULL: answered with a problem. */
void *exchange_keep(exchange *x, const cogo_record *type, const void *record);

/* Each of these answers, exactly once per exchange. */
void exchange_json(exchange *x, int status, json_t *json); /* Takes @p json; NULL: no memory. */
void exchange_record(exchange *x, int status, const cogo_record *type, const void *record);
/* A step: 200 with the record that came. */
void exchange_pass(exchange *x, cogo_msg *msg);
/* What the store's reader found; @p error: why it has nothing, NULL: it has. */
void exchange_page(exchange *x, const cogo_record *type, const void *page, const char *error);
void exchange_text(exchange *x, int status, const char *content_type, const char *text);
/* @p bytes are not looked at when the request is HEAD. */
void exchange_bytes(exchange *x, int status, const char *content_type, const void *bytes,
                    size_t size);
void exchange_fail(exchange *x, const problem *p);
void exchange_problem(exchange *x, int status, const char *code, const char *detail);
/* 422 that names one field of the body or one parameter. */
void exchange_invalid(exchange *x, const char *pointer, const char *detail);

/* 101: the connection becomes a WebSocket, the exchange is over. */
void exchange_upgrade(exchange *x);

/* The head that goes with @p status, from what the exchange knows. */
answer_head exchange_head(const exchange *x, int status, const char *content_type);
/* Adds a header line to the answer. Values come from us or are checked before. */
void exchange_add_header(exchange *x, const char *name, const char *value);

/* The JSON body as an object, with the media type checked; NULL: answered with a problem. The
 * caller owns it. */
json_t *exchange_body(exchange *x);
/* The same as a record of @p type, in the exchange's arena. */
const void *exchange_take(exchange *x, const cogo_record *type);
/* The parameter `wait` in ms, 0 when absent. False: answered with a problem. */
bool exchange_wait(exchange *x, int64_t *out_ms);
/* The parameter `pageSize`, PAGE_SIZE_DEFAULT when absent. False: answered with a problem. */
bool exchange_page_size(exchange *x, int64_t *out_size);

/* Takes @p msg. NULL when out of memory (@p msg is freed). */
exchange *exchange_open(desk *d, cogo_msg *msg);
void exchange_close(exchange *x);
/* Tells the answer, or the failure, of @p x's ask. */
void exchange_answered(exchange *x, cogo_msg *msg);

#endif
