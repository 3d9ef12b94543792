#include "actors/gateway/server_inside.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STOP_FLUSH_TICKS = 10 }; /* Tenths of a second to write what is queued at the end. */

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t size)
{
    conn **c = user;
    server *s = lws_context_user(lws_get_context(wsi));
    if (reason == LWS_CALLBACK_RAW_ADOPT) {
        return server_on_open(s, wsi, c);
    }
    if (c == NULL || *c == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX) {
        return server_on_bytes(s, *c, in, size);
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE) {
        return server_on_writable(s, *c);
    }
    if (reason == LWS_CALLBACK_RAW_CLOSE) {
        server_on_close(s, *c);
        *c = NULL;
    }
    return 0;
}

static void stop_tick(server *s)
{
    bool busy = false;
    s->stop_ticks++;
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        busy = busy || (s->conns[i] != NULL && s->conns[i]->out_first != NULL);
    }
    if (!busy || s->stop_ticks > STOP_FLUSH_TICKS) {
        ev_break(s->loop, EVBREAK_ALL);
    }
}

static void on_tick(struct ev_loop *loop, ev_timer *watcher, int events)
{
    server *s = watcher->data;
    (void)events;
    if (s->stopping_seen) {
        stop_tick(s);
        return;
    }
    uint64_t now = server_now_ns();
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (s->conns[i] != NULL) {
            server_check_deadline(s, s->conns[i], now);
        }
    }
    if (s->conn_count < SERVER_CONNECTIONS_MAX) {
        ev_io_start(loop, &s->accept);
    }
    if (s->conn_count == 0) {
        ev_timer_stop(loop, watcher);
    }
}

static void on_wake(struct ev_loop *loop, ev_async *watcher, int events)
{
    server *s = watcher->data;
    (void)events;
    inbox_flags flags;
    server_take_inbox(s, &flags);
    if (flags.stopping && !s->stopping_seen) {
        s->stopping_seen = true;
        ev_io_stop(loop, &s->accept);
        s->tick.repeat = 0.1;
        ev_timer_again(loop, &s->tick);
        stop_tick(s);
    }
}

static void *run(void *arg)
{
    server *s = arg;
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL); /* Signals belong to the program's threads. */
    (void)ev_run(s->loop, 0);
    return NULL;
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = on_lws, .per_session_data_size = sizeof(conn *)},
    {.name = NULL},
};

server *server_create(const server_config *config, char error[256])
{
    server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)close(config->listen_fd);
        snprintf(error, 256, "out of memory");
        return NULL;
    }
    s->config = *config;
    inbox_init(&s->inbox);
    s->loop = ev_loop_new(EVFLAG_AUTO);
    if (s->loop != NULL) {
        void *loops[1] = {s->loop};
        struct lws_context_creation_info info;
        memset(&info, 0, sizeof info);
        info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
        info.protocols = protocols;
        info.options = LWS_SERVER_OPTION_LIBEV;
        info.foreign_loops = loops;
        info.user = s;
        info.pt_serv_buf_size = 32 * 1024;
        info.vhost_name = "door";
        lws_set_log_level(LLL_ERR, NULL);
        s->context = server_context(&info, &s->descriptors_max);
        s->vhost = s->context != NULL ? lws_get_vhost_by_name(s->context, "door") : NULL;
    }
    if (s->vhost == NULL) {
        snprintf(error, 256, "libwebsockets does not start (is libwebsockets-evlib-ev there?)");
        server_destroy(s);
        return NULL;
    }
    ev_io_init(&s->accept, server_on_accept, config->listen_fd, EV_READ);
    ev_set_priority(&s->accept, EV_MAXPRI);
    ev_async_init(&s->wake, on_wake);
    ev_timer_init(&s->tick, on_tick, 0., 1.);
    s->accept.data = s->wake.data = s->tick.data = s;
    return s;
}

cogo_err server_start(server *s, cogo_actor_id actor)
{
    s->actor = actor;
    ev_io_start(s->loop, &s->accept);
    ev_async_start(s->loop, &s->wake);
    s->thread_runs = pthread_create(&s->thread, NULL, run, s) == 0;
    return s->thread_runs ? COGO_OK : COGO_EIO;
}

void server_destroy(server *s)
{
    if (s == NULL) {
        return;
    }
    s->stopping_seen = true;
    if (s->loop != NULL) {
        ev_io_stop(s->loop, &s->accept);
        ev_async_stop(s->loop, &s->wake);
        ev_timer_stop(s->loop, &s->tick);
    }
    if (s->context != NULL) {
        /* This order and once each: the context, one turn of the loop, the loop. */
        lws_context_destroy(s->context);
        (void)ev_run(s->loop, EVRUN_NOWAIT);
    }
    if (s->loop != NULL) {
        ev_loop_destroy(s->loop);
    }
    inbox_finish(&s->inbox);
    refusal_finish(&s->refusal);
    (void)close(s->config.listen_fd);
    free(s);
}
