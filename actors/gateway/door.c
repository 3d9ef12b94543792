#include "actors/gateway/door.h"

#include <string.h>

static const char *rebase(const char *at, const conn *c, const door_request *to)
{
    bool inside = at != NULL && at >= c->head_bytes && at < c->head_bytes + c->head_size;
    return inside ? to->bytes + (at - c->head_bytes) : at;
}

cogo_msg *door_message(cogo_system *system, const conn *c)
{
    size_t body_size = (size_t)c->head.content_length;
    cogo_msg *msg = cogo_msg_create(system, GATEWAY_MSG_REQUEST,
                                    sizeof(door_request) + c->head_size + body_size + 1);
    if (msg == NULL) {
        return NULL;
    }
    door_request *r = cogo_msg_payload(msg);
    memset(r, 0, sizeof *r);
    r->exchange = c->exchange;
    r->head = c->head;
    r->body_size = body_size;
    memcpy(r->bytes, c->head_bytes, c->head_size);
    char *body = r->bytes + c->head_size;
    if (body_size > 0) {
        memcpy(body, conn_body(c), body_size);
    }
    body[body_size] = '\0';
    r->body = body;
    r->head.path = rebase(c->head.path, c, r);
    r->head.query = rebase(c->head.query, c, r);
    for (int i = 0; i < REQUEST_HEADER_COUNT; i++) {
        r->head.headers[i] = rebase(c->head.headers[i], c, r);
    }
    return msg;
}
