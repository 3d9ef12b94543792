/* What the server is, and what its files do for each other. Used by server*.c: server_calls.c
 * is called by other threads, all else runs in the server's own. Never seen outside of these.
 */
#ifndef GATEWAY_SERVER_INSIDE_H
#define GATEWAY_SERVER_INSIDE_H

#include "actors/gateway/inbox.h"
#include "actors/gateway/refusal.h"
#include "actors/gateway/server.h"

#include <ev.h>
#include <libwebsockets.h>
#include <pthread.h>

enum { SERVER_LINGER_SECONDS = 2 }; /* For a peer that still sends while we have answered. */

struct server {
    server_config config;
    cogo_actor_id actor;
    struct ev_loop *loop;
    struct lws_context *context;
    struct lws_vhost *vhost;
    ev_io accept;
    ev_async wake;
    ev_timer tick; /* Runs only while there are connections. */
    conn *conns[SERVER_CONNECTIONS_MAX];
    uint32_t conn_count, next_slot;
    int descriptors_max;   /* Of the library's table. */
    uint64_t rest_said_ns; /* When it was last said that none can be taken. */
    refusal_form refusal;
    uint64_t serial;
    unsigned stop_ticks;
    bool stopping_seen;
    pthread_t thread;
    bool thread_runs;

    inbox inbox;
};

/* server_accept.c: the listening socket has connections. */
void server_on_accept(struct ev_loop *loop, ev_io *watcher, int events);

/* The library's context. Its table of descriptors is as long as the soft limit when it starts,
 * and the one of Debian looks through all of it whenever a connection closes: 17 us at 20,000.
 * So the limit is lowered meanwhile. With the library's own, fd_limit_per_thread, it would look
 * through its table for each event, too. */
struct lws_context *server_context(const struct lws_context_creation_info *info,
                                   int *out_descriptors);

/* An id for a request that the actor does not see. */
void server_request_id(const server *s, char out[ID_SIZE]);
/* The 503 for want of room to a request of @p method, counted. NULL when out of memory. */
answer *server_refusal(server *s, http_method method);

/* server_conn.c: what libwebsockets tells of one connection. An int that is not 0 ends it. */
int server_on_open(server *s, struct lws *wsi, conn **out);
void server_on_close(server *s, conn *c);
int server_on_bytes(server *s, conn *c, const char *bytes, size_t size);
int server_on_writable(server *s, conn *c);
/* The first bytes of a connection that was just adopted. */
void server_bytes(server *s, struct lws *wsi, const char *bytes, size_t size);
void server_check_deadline(server *s, conn *c, uint64_t now_ns);

/* What is queued is written when the loop comes to it, */
void server_write_soon(conn *c);
/* or now, without a turn of the loop for it, if nothing is in the way. Not 0: it has to end. */
int server_write_now(server *s, conn *c);
void server_set_rx(conn *c);
void server_kill(conn *c);

/* Messages of a WebSocket, as many as are there and may be read; its end. */
void server_read_frames(server *s, conn *c);
void server_end_socket(conn *c, frame_code code, const char *reason);

/* server_request.c: goes on with the request that @p c is reading. */
void server_advance(server *s, conn *c);
/* Answers without the actor and ends the connection. */
void server_refuse(server *s, conn *c, int status, const char *why, int64_t retry_after_ms);
void server_exchange_over(server *s, conn *c);
/* Nobody is at the other end of this exchange any more. */
void server_tell_gone(server *s, uint64_t exchange);
uint64_t server_now_ns(void);
void server_set_deadline(conn *c, unsigned seconds);

/* server_inbox.c: takes what other threads have put in; what else they want is in @p out_flags.
 */
void server_take_inbox(server *s, inbox_flags *out_flags);

#endif
