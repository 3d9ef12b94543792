/* What other threads have put into the inbox: answers to connections, and that it is over. */
#include "actors/gateway/conn_socket.h"
#include "actors/gateway/server_inside.h"

#include <stdlib.h>

/* The socket may send another message. */
static void take_credit(server *s, conn *c)
{
    c->pending--;
    server_read_frames(s, c);
    server_set_rx(c);
}

/* What a piece that is queued makes of its connection. */
static void go_on(server *s, conn *c, bool upgrade)
{
    if (upgrade) {
        inbox_leave(&s->inbox); /* A socket is no request that a stop waits for. */
        c->socket = true;
        c->state = CONN_SOCKET;
        server_set_deadline(c, SERVER_PING_SECONDS);
    } else if (c->state != CONN_SOCKET) {
        server_set_deadline(c, SERVER_WRITE_SECONDS);
    } else if (c->answered) {
        c->close = true; /* The actor's close frame. */
        server_set_deadline(c, SERVER_LINGER_SECONDS);
    }
    if (upgrade && c->in_size > 0) {
        server_read_frames(s, c);
    }
    if (server_write_now(s, c) != 0) {
        server_kill(c);
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
        take_credit(s, c);
        return;
    }
    bool upgrade = a->upgrade;
    bool broken = a->last && a->size_bytes == 0 && c->out_first == NULL && a->close;
    bool queued = conn_queue(c, a);
    if (!queued && c->socket) {
        server_end_socket(c, CODE_SLOW_READER, "The messages are not read fast enough.");
    } else if (!queued || broken) {
        c->answered = false; /* So that the actor hears that the exchange is gone. */
        server_kill(c);
    } else {
        go_on(s, c, upgrade);
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

/* The actor has ended, and with it whatever @p c waits for. */
static void end_orphan(server *s, conn *c)
{
    if (c->socket) {
        server_end_socket(c, CODE_GOING_AWAY, "The server is stopping.");
    } else if (c->begun) { /* A stream; its reader comes back with the last id. */
        end_stream(c);
    } else {
        server_refuse(s, c, 503, "The server is stopping.", REFUSAL_RETRY_AFTER_MS);
        server_write_soon(c);
    }
}

void server_take_inbox(server *s, inbox_flags *out_flags)
{
    answer *a = inbox_take(&s->inbox, out_flags);
    while (a != NULL) {
        answer *next = a->next;
        deliver(s, a);
        a = next;
    }
    for (uint32_t i = 0; out_flags->orphaned && i < SERVER_CONNECTIONS_MAX; i++) {
        conn *c = s->conns[i];
        if (c != NULL && c->exchange != 0 && !c->answered) {
            end_orphan(s, c);
        }
    }
}
