/* WebSockets as the gateway actor sees them: who is at the other end, what they follow, which
 * of their frames wait for an answer. Used by the gateway actor. Never touches bytes of the
 * wire: the server thread does (frame.c). The protocol: WEBSOCKET.md of this room. */
#ifndef GATEWAY_WS_H
#define GATEWAY_WS_H

#include "actors/gateway/feeds.h"
#include "actors/gateway/frame.h"

enum {
    WS_SUBSCRIPTIONS_MAX = 256, /* Of one socket. */
    WS_ASKS_MAX = 64,           /* Frames of one socket that wait for an answer. */
    WS_FRAME_ID_MAX = 128,      /* Bytes of a frame's id. */
    WS_TYPE_MAX = 64,
};

typedef struct socket_link socket_link;
typedef struct ws_ask ws_ask;

struct socket_link {
    uint64_t exchange; /* Number that the server knows it by. */
    desk *desk;
    grant grant;
    uint8_t token_hash[32];
    uint64_t checked_ns; /* When the token was looked at last. */
    bool packed;         /* MessagePack. */
    size_t feed_count, ask_count;
    struct ws_feed *feeds;
    ws_ask *asks;
    cogo_actor_id worker; /* Of the worker at the other end; none: a client. */
    char traceparent[56];
};

/* A frame that came, and what its answers carry. */
typedef struct ws_frame {
    socket_link *socket;
    const json_t *json;
    const json_t *data;           /* An object, or NULL. */
    char id[WS_FRAME_ID_MAX + 1]; /* "": none. */
    cogo_arena arena;
} ws_frame;

/* One kind of frame: dispatch, rights and the AsyncAPI document come from this table. */
typedef struct ws_kind {
    const char *type;
    uint32_t scope;          /* Needed to send it; 0: the server sends it. */
    const cogo_record *data; /* What "data" holds; NULL: nothing, or see fields. */
    const char *fields;      /* Other members, one blank between them, "!" for required. */
    const char *summary;
    void (*handle)(ws_frame *f); /* NULL: a worker's frame, or sent by the server. */
} ws_kind;

extern const ws_kind ws_kinds[]; /* Ends with one without type. */

/* A message of a socket. */
void ws_message(desk *d, cogo_msg *msg);
void ws_gone(desk *d, uint64_t number);
/* True: @p ask was one of a socket's. */
bool ws_answered(desk *d, uint64_t ask, cogo_msg *msg);
/* Ends the sockets of a token that was revoked here. */
void ws_revoke(desk *d, const char *token_id);
/* Ends all: the gateway stops. */
void ws_end_all(desk *d);

/* Sends @p frame, which is taken; NULL: out of memory, the socket ends. */
void ws_send(socket_link *s, json_t *frame);
/* {"type": type, "id": id, "data": data}; takes @p data, which may be NULL. */
void ws_reply(const ws_frame *f, const char *type, json_t *data);
void ws_refuse(const ws_frame *f, const problem *p);
void ws_refuse_id(socket_link *s, const char *id, const problem *p);
void ws_close(socket_link *s, frame_code code, const char *reason);
socket_link *ws_find(const desk *d, uint64_t number);

/* Asks the orchestrator; @p step goes on with the answer, and anything but @p expected (0: it
 * sees all) is refused by itself. NULL: it could not be asked, which was told. */
typedef void (*ws_step)(ws_ask *a, cogo_msg *msg);
struct ws_ask {
    ws_ask *next;
    socket_link *socket;
    uint64_t ask;
    ws_step step;
    cogo_msg_type expected;
    struct ws_feed *feed; /* Whose page it is; NULL: nobody's any more. */
    cogo_msg_type wish;   /* What is to be done with the task once its owner is known. */
    int64_t after;
    char id[WS_FRAME_ID_MAX + 1];
};
ws_ask *ws_ask_for(socket_link *s, const char *id, cogo_msg_type type, const void *record,
                   cogo_msg_type expected, ws_step step);

/* A token is looked at as often as with requests, while anything goes over its socket. */
void ws_check_token(socket_link *s);

/* ws_client.c */
void ws_forget_feeds(socket_link *s);

/* ws_worker.c: workers at the other end; each has an actor that stands for it. */
void ws_worker_frame(ws_frame *f, cogo_msg *msg);
void ws_worker_gone(socket_link *s);
bool ws_worker_down(desk *d, const cogo_down *down);
/* A frame from a worker's actor to its socket. */
void ws_worker_out(desk *d, cogo_msg *msg);
void ws_worker_end_all(desk *d);

#endif
