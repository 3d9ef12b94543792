/* One connection as a state machine over bytes: requests out of what comes in, answers to
 * write. Used by the server, which owns the socket. Pure: no socket, no clock, no thread. Never
 * reads a second request before the first is answered: pipelined bytes wait, bounded. */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

#include "actors/gateway/answer.h"
#include "actors/gateway/chunks.h"
#include "actors/gateway/frame.h"
#include "actors/gateway/request.h"

enum {
    CONN_PIPELINE_LIMIT = 64 * 1024, /* Bytes kept while a request is being answered. */
    CONN_OUTPUT_LIMIT =
        64 * 1024 * 1024,  /* Bytes queued for a reader, one big answer at most. */
    CONN_PENDING_MAX = 64, /* Messages of a WebSocket with the actor; then none is read. */
    CONN_STREAM_LIMIT = 1024 * 1024, /* The same for a stream, whose reader may be slow. */
};

typedef enum conn_state {
    CONN_HEAD,   /* Reads a head, or idles between two requests. */
    CONN_BODY,   /* Reads the body. */
    CONN_WAIT,   /* A request is with the actor, or its answer is being written. */
    CONN_SOCKET, /* A WebSocket: frames both ways. */
    CONN_LINGER, /* All is written; reads and drops until the peer closes. */
} conn_state;

typedef struct conn {
    conn_state state;
    uint32_t slot;
    uint64_t exchange; /* 0: none with the actor. */
    uint64_t deadline_ns;
    void *wsi; /* The server's handle. */
    bool rx_off;

    char *in;
    size_t in_size, in_capacity, scanned;
    char *head_bytes; /* What head points into. */
    size_t head_size;
    request_head head;
    int64_t body_limit;
    chunks chunks; /* Of a body in chunks. */

    answer *out_first, *out_last;
    size_t out_offset, out_bytes;
    bool begun;    /* The head of the answer is queued or written. */
    bool answered; /* The last piece is queued. */
    bool close;    /* After the last piece. */

    /* A WebSocket. Its exchange is its name until it ends. */
    bool socket, pinged;
    uint32_t pending; /* Messages that the actor has not dealt with. */
    frame_reader reader;
} conn;

typedef enum conn_step {
    CONN_MORE,    /* Nothing to do until more bytes come. */
    CONN_REQUEST, /* conn->head and conn_body() hold a whole request. */
    CONN_REFUSE,  /* Not a request: conn_refusal says why; the connection must end. */
} conn_step;

typedef struct conn_refusal {
    int status;
    const char *why;
} conn_refusal;

/* Bytes that a request may have, by its head. */
typedef int64_t (*conn_limit_fn)(const void *ctx, const request_head *head);

/* False when out of memory. */
bool conn_feed(conn *c, const char *bytes, size_t size);
/* Goes on with what is there. */
conn_step conn_advance(conn *c, conn_limit_fn limit, const void *ctx, conn_refusal *refusal);
const char *conn_body(const conn *c);
/* Drops the request that was taken over; what follows it stays. */
void conn_consume(conn *c);

/* Takes @p a. False when the reader is too slow: the connection must end (@p a is freed). */
bool conn_queue(conn *c, answer *a);
/* Copies the next bytes to write to @p out, frees what is done. 0: nothing to write. */
size_t conn_take(conn *c, char *out, size_t capacity);
/* Drops what was read of the front: frames. */
void conn_drop(conn *c, size_t size);
/* Forgets what is queued but the piece that is being written. */
void conn_unqueue(conn *c);
/* Frees what @p c holds. */
void conn_finish(conn *c);

#endif
