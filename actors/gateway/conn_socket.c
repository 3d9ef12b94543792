#include "actors/gateway/conn_socket.h"

#include <string.h>

static void queue_frame(conn *c, const uint8_t *bytes, size_t size, bool last)
{
    answer *a = answer_piece(c->exchange, (const char *)bytes, size, last);
    if (a != NULL) {
        (void)conn_queue(c, a); /* Too slow for a pong: the actor's next frame ends it. */
    }
}

void conn_socket_end(conn *c, frame_code code, const char *reason)
{
    uint8_t bytes[FRAME_HEAD_MAX + FRAME_CONTROL_MAX];
    if (c->answered) {
        return;
    }
    if (code == CODE_SLOW_READER) {
        conn_unqueue(c);
    }
    c->close = true;
    queue_frame(c, bytes, frame_close(bytes, code, reason), true);
    c->answered = true;
}

void conn_socket_ping(conn *c)
{
    uint8_t ping[FRAME_HEAD_MAX];
    c->pinged = true;
    queue_frame(c, ping, frame_head(ping, FRAME_PING, 0), false);
}

static void take_control(conn *c, const frame_found *found)
{
    uint8_t bytes[FRAME_HEAD_MAX + FRAME_CONTROL_MAX];
    if (found->opcode == FRAME_CLOSE) {
        conn_socket_end(c, found->code, "");
    } else if (found->opcode == FRAME_PING) {
        size_t head = frame_head(bytes, FRAME_PONG, found->size);
        memcpy(bytes + head, found->bytes, found->size);
        queue_frame(c, bytes, head + found->size, false);
    }
}

void conn_socket_read(conn *c, conn_message_fn take, void *ctx)
{
    frame_step step = FRAME_QUIET;
    while (step != FRAME_MORE && !c->answered && c->pending < CONN_PENDING_MAX) {
        frame_found found = {.code = CODE_NO_CODE};
        size_t used = 0;
        step = frame_read(&c->reader, (uint8_t *)c->in, c->in_size, &used, &found);
        if (step == FRAME_MESSAGE && !take(ctx, c, found.opcode)) {
            conn_socket_end(c, CODE_TRY_LATER, "The gateway can't take the message.");
        } else if (step == FRAME_CONTROL) {
            take_control(c, &found);
        } else if (step == FRAME_BAD) {
            conn_socket_end(c, found.code, found.why);
        }
        if (step == FRAME_MESSAGE) {
            frame_reader_clear(&c->reader);
        }
        conn_drop(c, used);
    }
}
