/* A large payload is read from the socket straight into its message. Its frame must have begun
 * in the input buffer, so who expects one reads only a little into that: while large payloads
 * come, and once after the last. Not through TLS, whose bytes are copied anyway. */
#include "codec/frame_user.h"
#include "runtime/node/connection.h"

#include <string.h>

bool cogo__landing_begin(cogo__connection *c, const uint8_t *bytes, size_t size_bytes)
{
    cogo__landing *l = &c->incoming.landing;
    if (c->tls != NULL || !c->open || c->number != COGO__DATA
        || !cogo__frame_user_begins(bytes, size_bytes, &l->head)
        || l->head.payload.size_bytes < COGO__LANDING_LEAST) {
        return false;
    }
    l->msg = cogo__incoming_place(c, &l->head, &l->cost);
    if (l->msg == NULL) {
        return false;
    }
    l->have = (size_t)(bytes + size_bytes - l->head.payload.data);
    memcpy(cogo__msg_body(l->msg), l->head.payload.data, l->have);
    c->incoming.large = true;
    return true;
}

uint8_t *cogo__landing_room(const cogo__connection *c, size_t *out_room)
{
    const cogo__landing *l = &c->incoming.landing;
    *out_room = l->msg != NULL ? l->head.payload.size_bytes - l->have : 0;
    return l->msg != NULL ? (uint8_t *)cogo__msg_body(l->msg) + l->have : NULL;
}

size_t cogo__landing_came(cogo__connection *c, size_t size_bytes)
{
    cogo__landing *l = &c->incoming.landing;
    size_t room = 0;
    (void)cogo__landing_room(c, &room);
    size_t landed = size_bytes < room ? size_bytes : room;
    l->have += landed;
    c->incoming.large = l->msg != NULL;
    if (l->msg != NULL && landed == room) {
        cogo_msg *msg = l->msg;
        l->msg = NULL;
        cogo_err err = cogo__incoming_placed(c, &l->head, l->cost, msg);
        if (err != COGO_OK) {
            cogo__session_close(c->session, err, "a frame that can't be accepted");
        }
    }
    return landed;
}
