#include "actors/gateway/conn_socket.h"
#include "actors/gateway/door.h"
#include "actors/gateway/problem.h"
#include "actors/gateway/server_inside.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK = 16 * 1024,     /* Bytes per write. */
    LINGER_SECONDS = 2,    /* For a peer that still sends while we have answered. */
    STOP_FLUSH_TICKS = 10, /* Tenths of a second to write what is queued at the end. */
    SLOT_BITS = 11,
};
_Static_assert(SERVER_CONNECTIONS_MAX == 1 << SLOT_BITS, "an exchange number holds its slot");

static uint64_t now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void set_deadline(conn *c, unsigned seconds)
{
    c->deadline_ns = now_ns() + seconds * UINT64_C(1000000000);
}

/* libwebsockets does not read while it holds unwritten bytes, but polls for input all the same
 * and would spin: so input is off then, and also while enough pipelined bytes wait. */
static void set_rx(conn *c)
{
    bool off = lws_partial_buffered(c->wsi) || c->pending >= CONN_PENDING_MAX
               || (c->state == CONN_WAIT && c->in_size > CONN_PIPELINE_LIMIT);
    if (off != c->rx_off) {
        c->rx_off = off;
        (void)lws_rx_flow_control(c->wsi, off ? 0 : 1);
    }
}

/* Nobody is at the other end of this exchange any more. */
static void tell_gone(server *s, uint64_t exchange)
{
    cogo_msg *msg = cogo_msg_create(s->config.system, GATEWAY_MSG_GONE, sizeof(door_gone));
    if (msg != NULL) {
        ((door_gone *)cogo_msg_payload(msg))->exchange = exchange;
        (void)cogo_system_send(s->config.system, s->actor, msg); /* Gone: it knows. */
    }
}

static void exchange_over(server *s, conn *c)
{
    if (c->exchange != 0 && c->socket) {
        tell_gone(s, c->exchange);
    } else if (c->exchange != 0) {
        inbox_leave(&s->inbox);
    }
    c->exchange = 0;
}

/* The connection gets @p a, which the actor has no part in. NULL: it just ends. */
static void answer_here(server *s, conn *c, answer *a)
{
    exchange_over(s, c);
    c->state = CONN_WAIT;
    c->close = c->close || a == NULL;
    c->answered = true;
    if (a != NULL) {
        (void)conn_queue(c, a);
    }
    set_deadline(c, SERVER_WRITE_SECONDS);
}

/* Answers without the actor and ends the connection. */
static void refuse(server *s, conn *c, int status, const char *why, int64_t retry_after_ms)
{
    char request_id[ID_SIZE];
    server_request_id(s, request_id);
    problem p = {.status = status, .detail = why, .retry_after_ms = retry_after_ms};
    answer *a = problem_answer(c->exchange, (answer_head){.request_id = request_id}, &p);
    counts_add(s->config.counts, c->head.method, "refused", status);
    c->close = true;
    answer_here(s, c, a);
}

/* May one more request go to the actor? */
static inbox_verdict enter(server *s, const request_head *head)
{
    inbox_verdict verdict = inbox_enter(&s->inbox, SERVER_EXCHANGES_MAX);
    if (verdict == INBOX_FULL && s->config.is_probe(head)) { /* Much to do is not dead. */
        verdict = inbox_enter(&s->inbox, SERVER_EXCHANGES_MAX + SERVER_PROBES_MAX);
    }
    return verdict;
}

static bool tell_actor(server *s, conn *c)
{
    c->exchange = ++s->serial << SLOT_BITS | c->slot;
    cogo_msg *msg = door_message(s->config.system, c);
    return msg != NULL && cogo_system_send(s->config.system, s->actor, msg) == COGO_OK;
}

/* A whole request is there: it goes to the actor. Who is refused for want of room keeps the
 * connection: a new one for the next try would cost both sides more. */
static void hand_over(server *s, conn *c)
{
    inbox_verdict verdict = enter(s, &c->head);
    bool told = verdict == INBOX_ENTERED && tell_actor(s, c);
    c->close = !c->head.keep_alive;
    c->state = CONN_WAIT;
    conn_consume(c);
    if (verdict == INBOX_FULL) {
        answer_here(s, c, server_refusal(s, c->head.method));
    } else if (verdict == INBOX_CLOSED) {
        refuse(s, c, 503, "The server is stopping.", REFUSAL_RETRY_AFTER_MS);
    } else if (!told) {
        refuse(s, c, 503, "The gateway can't take the request.", REFUSAL_RETRY_AFTER_MS);
    }
}

static void advance(server *s, conn *c)
{
    conn_refusal refusal;
    bool started = c->in_size > 0;
    switch (conn_advance(c, s->config.body_limit, s->config.body_limit_ctx, &refusal)) {
    case CONN_REQUEST:
        hand_over(s, c);
        break;
    case CONN_REFUSE:
        refuse(s, c, refusal.status, refusal.why, 0);
        break;
    case CONN_MORE:
        if (c->state == CONN_BODY) {
            set_deadline(c, SERVER_BODY_SECONDS);
            if (c->head.expect_continue && c->in_size == 0 && c->out_first == NULL) {
                static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
                answer *a = answer_piece(0, go_on, sizeof go_on - 1, false);
                if (a != NULL) {
                    (void)conn_queue(c, a);
                }
                c->head.expect_continue = false;
            }
        } else if (!started) {
            set_deadline(c, SERVER_IDLE_SECONDS);
        }
        break;
    }
}

/* A whole message goes to the actor. */
static bool take_message(void *ctx, conn *c, frame_opcode opcode)
{
    server *s = ctx;
    size_t size = c->reader.size;
    cogo_msg *msg = cogo_msg_create(s->config.system, GATEWAY_MSG_SOCKET,
                                    sizeof(door_message_in) + size + 1);
    if (msg == NULL) {
        return false;
    }
    door_message_in *in = cogo_msg_payload(msg);
    in->exchange = c->exchange;
    in->text = opcode == FRAME_TEXT;
    in->size = size;
    if (size > 0) {
        memcpy(in->bytes, c->reader.bytes, size);
    }
    in->bytes[size] = '\0';
    c->pending++;
    return cogo_system_send(s->config.system, s->actor, msg) == COGO_OK;
}

/* What is queued is written when the loop comes to it. */
static void write_soon(conn *c)
{
    if (c->out_first != NULL || c->answered) {
        (void)lws_callback_on_writable(c->wsi);
    }
}

/* Whatever comes of it is written, and a socket that ends gets a moment for it. */
static void flush_socket(conn *c)
{
    if (c->answered) {
        set_deadline(c, LINGER_SECONDS);
    }
    write_soon(c);
}

static void end_socket(conn *c, frame_code code, const char *reason)
{
    conn_socket_end(c, code, reason);
    flush_socket(c);
}

static void read_frames(server *s, conn *c)
{
    conn_socket_read(c, take_message, s);
    flush_socket(c);
}

static int on_writable(server *s, conn *c);

/* Writes what is queued now, without a turn of the loop for it, if nothing is in the way. */
static int write_now(server *s, conn *c)
{
    if (lws_partial_buffered(c->wsi) || (c->out_first == NULL && !c->answered)) {
        return 0; /* The library comes back when it has written its own. */
    }
    return on_writable(s, c);
}

static int on_bytes(server *s, conn *c, const char *bytes, size_t size)
{
    bool first = c->state == CONN_HEAD && c->in_size == 0;
    if (c->state == CONN_SOCKET && c->answered) {
        return 0; /* Its close frame is on its way. */
    }
    if (!conn_feed(c, bytes, size)) {
        return -1;
    }
    if (first) {
        set_deadline(c, SERVER_HEAD_SECONDS); /* For the whole head, not for each byte. */
    }
    if (c->state == CONN_HEAD || c->state == CONN_BODY) {
        advance(s, c);
        if (write_now(s, c) != 0) {
            return -1;
        }
    } else if (c->state == CONN_SOCKET && !c->answered) {
        c->pinged = false;
        set_deadline(c, SERVER_PING_SECONDS);
        read_frames(s, c);
    }
    set_rx(c);
    return 0;
}

/* Everything of an answer is with the kernel. */
static void answer_over(server *s, conn *c)
{
    exchange_over(s, c);
    c->answered = c->begun = false;
    if (c->close) {
        /* Closing now could reset the connection and destroy the answer while the peer sends.
         */
        (void)shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
        c->state = CONN_LINGER;
        set_deadline(c, LINGER_SECONDS);
        return;
    }
    c->state = CONN_HEAD;
    set_deadline(c, SERVER_IDLE_SECONDS);
    if (c->in_size > 0) {
        set_deadline(c, SERVER_HEAD_SECONDS);
        advance(s, c);
        write_soon(c); /* Not now: a pipeline of refusals must not be a recursion. */
    }
}

static int on_writable(server *s, conn *c)
{
    char block[LWS_PRE + CHUNK];
    size_t size = conn_take(c, block + LWS_PRE, CHUNK);
    if (size > 0) {
        if (c->state != CONN_SOCKET) {
            set_deadline(c, SERVER_WRITE_SECONDS);
        }
        if (lws_write(c->wsi, (unsigned char *)block + LWS_PRE, size, LWS_WRITE_RAW) < 0) {
            return -1;
        }
    }
    if (c->out_first != NULL || lws_partial_buffered(c->wsi)) {
        (void)lws_callback_on_writable(c->wsi);
    } else if (c->answered) {
        answer_over(s, c);
    }
    set_rx(c);
    return 0;
}

static int on_open(server *s, struct lws *wsi, conn **out)
{
    uint32_t slot = s->next_slot, tried = 0;
    while (tried < SERVER_CONNECTIONS_MAX && s->conns[slot] != NULL) {
        slot = (slot + 1) % SERVER_CONNECTIONS_MAX;
        tried++;
    }
    conn *c = tried < SERVER_CONNECTIONS_MAX ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) {
        return -1;
    }
    s->next_slot = (slot + 1) % SERVER_CONNECTIONS_MAX;
    c->wsi = wsi;
    c->slot = slot;
    set_deadline(c, SERVER_HEAD_SECONDS);
    s->conns[slot] = c;
    if (s->conn_count++ == 0) {
        ev_timer_again(s->loop, &s->tick);
    }
    *out = c;
    return 0;
}

static void on_close(server *s, conn *c)
{
    if (c->exchange != 0 && !c->answered && !c->socket) {
        tell_gone(s, c->exchange);
    }
    exchange_over(s, c);
    s->conns[c->slot] = NULL;
    conn_finish(c);
    free(c);
    if (--s->conn_count == 0 && !s->stopping_seen) {
        ev_timer_stop(s->loop, &s->tick);
    }
    if (!s->stopping_seen) {
        ev_io_start(s->loop, &s->accept);
    }
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                  size_t size)
{
    conn **c = user;
    server *s = lws_context_user(lws_get_context(wsi));
    if (reason == LWS_CALLBACK_RAW_ADOPT) {
        return on_open(s, wsi, c);
    }
    if (c == NULL || *c == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_RX) {
        return on_bytes(s, *c, in, size);
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE) {
        return on_writable(s, *c);
    }
    if (reason == LWS_CALLBACK_RAW_CLOSE) {
        on_close(s, *c);
        *c = NULL;
    }
    return 0;
}

static void kill_conn(conn *c)
{
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

void server_bytes(server *s, struct lws *wsi, const char *bytes, size_t size)
{
    conn *c = *(conn **)lws_wsi_user(wsi);
    if (c != NULL && on_bytes(s, c, bytes, size) != 0) {
        kill_conn(c);
    }
}

static void check_deadline(server *s, conn *c, uint64_t now)
{
    bool waits = c->state == CONN_WAIT && c->out_first == NULL && !c->answered;
    if (waits || now < c->deadline_ns) {
        return;
    }
    if (c->state == CONN_SOCKET && !c->answered && !c->pinged) {
        conn_socket_ping(c);
        flush_socket(c);
        set_deadline(c, SERVER_PING_SECONDS);
    } else if (c->state == CONN_SOCKET && !c->answered) {
        end_socket(c, CODE_SILENT, "Nothing came for too long, not even a pong.");
    } else if (c->state == CONN_BODY || (c->state == CONN_HEAD && c->in_size > 0)) {
        refuse(s, c, 408, "The request did not arrive in time.", 0);
        write_soon(c);
    } else {
        kill_conn(c);
    }
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
    uint64_t now = now_ns();
    for (uint32_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (s->conns[i] != NULL) {
            check_deadline(s, s->conns[i], now);
        }
    }
    if (s->conn_count < SERVER_CONNECTIONS_MAX) {
        ev_io_start(loop, &s->accept);
    }
    if (s->conn_count == 0) {
        ev_timer_stop(loop, watcher);
    }
}

/* An answer without bytes ends its exchange: nothing better can be said without memory. */
static void deliver(server *s, answer *a)
{
    conn *c = s->conns[a->exchange & (SERVER_CONNECTIONS_MAX - 1)];
    if (c == NULL || c->exchange != a->exchange || c->answered) {
        free(a);
        return;
    }
    if (a->credit) {
        free(a);
        c->pending--;
        read_frames(s, c);
        set_rx(c);
        return;
    }
    bool upgrade = a->upgrade;
    bool broken = a->last && a->size_bytes == 0 && c->out_first == NULL && a->close;
    bool queued = conn_queue(c, a);
    if (!queued && c->socket) {
        end_socket(c, CODE_SLOW_READER, "The messages are not read fast enough.");
        return;
    }
    if (!queued || broken) {
        c->answered = false; /* So that the actor hears that the exchange is gone. */
        kill_conn(c);
        return;
    }
    if (upgrade) {
        inbox_leave(&s->inbox); /* A socket is no request that a stop waits for. */
        c->socket = true;
        c->state = CONN_SOCKET;
        set_deadline(c, SERVER_PING_SECONDS);
    } else if (c->state != CONN_SOCKET) {
        set_deadline(c, SERVER_WRITE_SECONDS);
    } else if (c->answered) {
        c->close = true; /* The actor's close frame. */
        set_deadline(c, LINGER_SECONDS);
    }
    if (upgrade && c->in_size > 0) {
        read_frames(s, c);
    }
    if (write_now(s, c) != 0) {
        kill_conn(c);
    }
}

static void end_stream(conn *c)
{
    answer *end = answer_piece(c->exchange, NULL, 0, true);
    if (end != NULL) {
        (void)conn_queue(c, end);
        (void)lws_callback_on_writable(c->wsi);
    }
}

static void on_wake(struct ev_loop *loop, ev_async *watcher, int events)
{
    server *s = watcher->data;
    (void)events;
    inbox_flags flags;
    answer *a = inbox_take(&s->inbox, &flags);
    while (a != NULL) {
        answer *next = a->next;
        deliver(s, a);
        a = next;
    }
    for (uint32_t i = 0; flags.orphaned && i < SERVER_CONNECTIONS_MAX; i++) {
        conn *c = s->conns[i];
        if (c != NULL && c->exchange != 0 && !c->answered) {
            if (c->socket) {
                end_socket(c, CODE_GOING_AWAY, "The server is stopping.");
            } else if (c->begun) { /* A stream ends here; its reader comes back with the last
                                      id. */
                end_stream(c);
            } else {
                refuse(s, c, 503, "The server is stopping.", REFUSAL_RETRY_AFTER_MS);
                write_soon(c);
            }
        }
    }
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
