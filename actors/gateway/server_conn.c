/* One connection: it opens, bytes come and go, it is silent for too long, it closes. */
#include "actors/gateway/conn_socket.h"
#include "actors/gateway/door.h"
#include "actors/gateway/server_inside.h"

#include <cogo/system.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CHUNK = 16 * 1024 }; /* Bytes per write. */

/* libwebsockets does not read while it holds unwritten bytes, but polls for input all the same
 * and would spin: so input is off then, and also while enough pipelined bytes wait. */
void server_set_rx(conn *c)
{
    bool off = lws_partial_buffered(c->wsi) || c->pending >= CONN_PENDING_MAX
               || (c->state == CONN_WAIT && c->in_size > CONN_PIPELINE_LIMIT);
    if (off != c->rx_off) {
        c->rx_off = off;
        (void)lws_rx_flow_control(c->wsi, off ? 0 : 1);
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

void server_write_soon(conn *c)
{
    if (c->out_first != NULL || c->answered) {
        (void)lws_callback_on_writable(c->wsi);
    }
}

/* Whatever comes of it is written, and a socket that ends gets a moment for it. */
static void flush_socket(conn *c)
{
    if (c->answered) {
        server_set_deadline(c, SERVER_LINGER_SECONDS);
    }
    server_write_soon(c);
}

void server_end_socket(conn *c, frame_code code, const char *reason)
{
    conn_socket_end(c, code, reason);
    flush_socket(c);
}

void server_read_frames(server *s, conn *c)
{
    conn_socket_read(c, take_message, s);
    flush_socket(c);
}

/* Everything of an answer is with the kernel. */
static void answer_over(server *s, conn *c)
{
    server_exchange_over(s, c);
    c->answered = c->begun = false;
    if (c->close) {
        // Closing now could reset the connection and destroy the answer while the peer sends.
        (void)shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
        c->state = CONN_LINGER;
        server_set_deadline(c, SERVER_LINGER_SECONDS);
        return;
    }
    c->state = CONN_HEAD;
    server_set_deadline(c, SERVER_IDLE_SECONDS);
    if (c->in_size > 0) {
        server_set_deadline(c, SERVER_HEAD_SECONDS);
        server_advance(s, c);
        server_write_soon(c); /* Not now: a pipeline of refusals must not be a recursion. */
    }
}

int server_on_writable(server *s, conn *c)
{
    char block[LWS_PRE + CHUNK];
    size_t size = conn_take(c, block + LWS_PRE, CHUNK);
    if (size > 0) {
        if (c->state != CONN_SOCKET) {
            server_set_deadline(c, SERVER_WRITE_SECONDS);
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
    server_set_rx(c);
    return 0;
}

int server_write_now(server *s, conn *c)
{
    if (lws_partial_buffered(c->wsi) || (c->out_first == NULL && !c->answered)) {
        return 0; /* The library comes back when it has written its own. */
    }
    return server_on_writable(s, c);
}

int server_on_bytes(server *s, conn *c, const char *bytes, size_t size)
{
    bool first = c->state == CONN_HEAD && c->in_size == 0;
    if (c->state == CONN_SOCKET && c->answered) {
        return 0; /* Its close frame is on its way. */
    }
    if (!conn_feed(c, bytes, size)) {
        return -1;
    }
    if (first) {
        server_set_deadline(c,
                            SERVER_HEAD_SECONDS); /* For the whole head, not for each byte. */
    }
    if (c->state == CONN_HEAD || c->state == CONN_BODY) {
        server_advance(s, c);
        if (server_write_now(s, c) != 0) {
            return -1;
        }
    } else if (c->state == CONN_SOCKET && !c->answered) {
        c->pinged = false;
        server_set_deadline(c, SERVER_PING_SECONDS);
        server_read_frames(s, c);
    }
    server_set_rx(c);
    return 0;
}

int server_on_open(server *s, struct lws *wsi, conn **out)
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
    server_set_deadline(c, SERVER_HEAD_SECONDS);
    s->conns[slot] = c;
    if (s->conn_count++ == 0) {
        ev_timer_again(s->loop, &s->tick);
    }
    *out = c;
    return 0;
}

void server_on_close(server *s, conn *c)
{
    if (c->exchange != 0 && !c->answered && !c->socket) {
        server_tell_gone(s, c->exchange);
    }
    server_exchange_over(s, c);
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

void server_kill(conn *c)
{
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

void server_bytes(server *s, struct lws *wsi, const char *bytes, size_t size)
{
    conn *c = *(conn **)lws_wsi_user(wsi);
    if (c != NULL && server_on_bytes(s, c, bytes, size) != 0) {
        server_kill(c);
    }
}

void server_check_deadline(server *s, conn *c, uint64_t now)
{
    bool waits = c->state == CONN_WAIT && c->out_first == NULL && !c->answered;
    if (waits || now < c->deadline_ns) {
        return;
    }
    if (c->state == CONN_SOCKET && !c->answered && !c->pinged) {
        conn_socket_ping(c);
        flush_socket(c);
        server_set_deadline(c, SERVER_PING_SECONDS);
    } else if (c->state == CONN_SOCKET && !c->answered) {
        server_end_socket(c, CODE_SILENT, "Nothing came for too long, not even a pong.");
    } else if (c->state == CONN_BODY || (c->state == CONN_HEAD && c->in_size > 0)) {
        server_refuse(s, c, 408, "The request did not arrive in time.", 0);
        server_write_soon(c);
    } else {
        server_kill(c);
    }
}
