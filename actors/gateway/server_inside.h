/* What the server is. Used by server.c, its thread, and server_calls.c, which other threads
 * call. Never seen outside of these two. */
#ifndef GATEWAY_SERVER_INSIDE_H
#define GATEWAY_SERVER_INSIDE_H

#include "actors/gateway/inbox.h"
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
    uint32_t conn_count;
    uint64_t serial;
    unsigned stop_ticks;
    bool stopping_seen;
    pthread_t thread;
    bool thread_runs;

    inbox inbox;
};

#endif
