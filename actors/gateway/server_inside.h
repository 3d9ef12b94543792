/* What the server is. Used by server.c and server_accept.c, its thread, and server_calls.c,
 * which other threads call. Never seen outside of these. */
#ifndef GATEWAY_SERVER_INSIDE_H
#define GATEWAY_SERVER_INSIDE_H

#include "actors/gateway/inbox.h"
#include "actors/gateway/refusal.h"
#include "actors/gateway/server.h"

#include <ev.h>
#include <libwebsockets.h>
#include <pthread.h>

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
/* The first bytes of a connection that was just adopted. */
void server_bytes(server *s, struct lws *wsi, const char *bytes, size_t size);

#endif
