#include "actors/gateway/ws.h"

#include "actors/gateway/problem.h"

#include <stdlib.h>
#include <string.h>

socket_link *ws_find(const desk *d, uint64_t number)
{
    socket_link *s = d->sockets[number & (SERVER_CONNECTIONS_MAX - 1)];
    return s != NULL && s->exchange == number ? s : NULL;
}

static void forget(socket_link *s)
{
    ws_forget_feeds(s);
    ws_worker_gone(s);
    while (s->asks != NULL) {
        ws_ask *next = s->asks->next;
        free(s->asks);
        s->asks = next;
    }
    s->desk->sockets[s->exchange & (SERVER_CONNECTIONS_MAX - 1)] = NULL;
    s->desk->socket_count--;
    free(s);
}

void ws_close(socket_link *s, frame_code code, const char *reason)
{
    uint8_t bytes[FRAME_HEAD_MAX + FRAME_CONTROL_MAX];
    size_t size = frame_close(bytes, code, reason);
    server_answer(s->desk->server, s->exchange,
                  answer_piece(s->exchange, (const char *)bytes, size, true));
    forget(s);
}

void ws_gone(desk *d, uint64_t number)
{
    socket_link *s = ws_find(d, number);
    if (s != NULL) {
        forget(s);
    }
}

void ws_revoke(desk *d, const char *token_id)
{
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (d->sockets[i] != NULL && strcmp(d->sockets[i]->grant.token_id, token_id) == 0) {
            ws_close(d->sockets[i], CODE_POLICY, "The token was revoked.");
        }
    }
}

void ws_end_all(desk *d)
{
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (d->sockets[i] != NULL) {
            ws_close(d->sockets[i], CODE_GOING_AWAY, "The server is stopping.");
        }
    }
    ws_worker_end_all(d);
}

/* One whole message as bytes for the wire. */
static void send_bytes(socket_link *s, const void *bytes, size_t size)
{
    uint8_t head[FRAME_HEAD_MAX];
    size_t head_size = frame_head(head, s->packed ? FRAME_BINARY : FRAME_TEXT, size);
    char *whole = malloc(head_size + size);
    answer *a = NULL;
    if (whole != NULL) {
        memcpy(whole, head, head_size);
        memcpy(whole + head_size, bytes, size);
        a = answer_piece(s->exchange, whole, head_size + size, false);
        free(whole);
    }
    server_answer(s->desk->server, s->exchange, a);
}

void ws_send(socket_link *s, json_t *frame)
{
    ws_check_token(s);
    if (s->packed && frame != NULL) {
        cogo_arena arena;
        cogo_value value = {0};
        cogo_arena_init(&arena, 0);
        if (json_to_value(frame, &arena, &value) == COGO_OK) {
            send_bytes(s, value.data, value.size_bytes);
        }
        cogo_arena_finish(&arena);
    } else {
        char *text = frame != NULL ? json_dumps(frame, JSON_COMPACT) : NULL;
        if (text != NULL) {
            send_bytes(s, text, strlen(text));
        } else {
            server_answer(s->desk->server, s->exchange, NULL); /* Ends it. */
        }
        free(text);
    }
    json_decref(frame);
}

static void reply(socket_link *s, const char *id, const char *type, json_t *data)
{
    ws_send(s, json_pack("{s:s, s:s*, s:o*}", "type", type, "id", id[0] != '\0' ? id : NULL,
                         "data", data));
}

void ws_reply(const ws_frame *f, const char *type, json_t *data)
{
    reply(f->socket, f->id, type, data);
}

void ws_refuse_id(socket_link *s, const char *id, const problem *p)
{
    problem full = problem_fill(p);
    reply(s, id, "problem", problem_to_json(&full));
}

void ws_refuse(const ws_frame *f, const problem *p)
{
    ws_refuse_id(f->socket, f->id, p);
}
