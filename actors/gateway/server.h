/* The server thread: sockets, connections and their deadlines, on libwebsockets over libev.
 * Used by gateway.c; talks to the gateway actor by messages (door.h) and takes answers back.
 * Never looks into a body, never decides who may do what. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "actors/gateway/conn.h"
#include "actors/gateway/counts.h"

#include <cogo/actor.h>

enum {
    SERVER_CONNECTIONS_MAX = 2048, /* A count; more wait in the backlog. */
    SERVER_EXCHANGES_MAX = 512,    /* Requests with the actor at once; more get 503. */
    SERVER_WAITING_MAX = 512,      /* In the backlog; while more wait there, all get 503. */
    SERVER_DESCRIPTORS_MAX = 8192, /* Of the process, while the door takes connections. */
    SERVER_PROBES_MAX = 16,        /* Beyond them, for those that ask whether we live. */
    SERVER_HEAD_SECONDS = 10,
    SERVER_BODY_SECONDS = 30,  /* Without a byte. */
    SERVER_IDLE_SECONDS = 60,  /* Between two requests. */
    SERVER_PING_SECONDS = 7,   /* Without a byte of a WebSocket; twice that: it ends. */
    SERVER_WRITE_SECONDS = 60, /* Without a byte that the peer takes. */
};

typedef struct server server; /* Opaque. */

typedef struct server_config {
    int listen_fd; /* Taken over. */
    cogo_system *system;
    counts *counts;
    conn_limit_fn body_limit;
    const void *body_limit_ctx;
    bool (*is_probe)(
        const request_head *head); /* Asks how we are: never refused for want of room. */
} server_config;

/* Makes the loop and the libwebsockets context; no thread yet. NULL with @p error. */
server *server_create(const server_config *config, char error[256]);
/* Starts the thread; requests go to @p actor. */
COGO_MUST_USE cogo_err server_start(server *s, cogo_actor_id actor);

/* Takes @p a to its connection; drops it when that is gone. NULL: out of memory at the caller,
 * the exchange @p exchange ends with its connection. Any thread. */
void server_answer(server *s, uint64_t exchange, answer *a);
/* One message of the WebSocket @p exchange was dealt with: it may send another. Any thread. */
void server_credit(server *s, uint64_t exchange);
/* The actor has ended: whoever waits gets 503. Any thread. */
void server_orphan(server *s);

/* From now on every new request gets 503. Any thread. */
void server_drain(server *s);
/* Waits until no request is with the actor, at most @p timeout_ns. True: none is. */
bool server_await_quiet(server *s, uint64_t timeout_ns);
/* Writes what is queued for at most a second, closes all, ends the thread. */
void server_stop(server *s);
/* Frees a stopped server, or one that never started. NULL is allowed. */
void server_destroy(server *s);

#endif
