/* A session from inside. Used by session.c (bytes in and out, begin and end) and handshake.c
 * (until it is open). Never by its owner. */
#ifndef COGO_NODE_SESSION_PARTS_H
#define COGO_NODE_SESSION_PARTS_H

#include "runtime/node/proof.h"
#include "runtime/node/session.h"

enum { COGO__SESSION_WHY_SIZE = 256 };

struct cogo__session {
    cogo__session_config config; // Its pointers lead into this block, or are NULL.
    char node[COGO__NODE_NAME_MAX + 1], cluster[COGO__NODE_NAME_MAX + 1];
    char peer_wanted[COGO__NODE_NAME_MAX + 1];
    cogo__session_state state;
    cogo_err err;
    bool by_peer;
    char why[COGO__SESSION_WHY_SIZE];
    cogo__transcript transcript;
    char peer[COGO__NODE_NAME_MAX + 1];
    uint64_t peer_incarnation;
    uint64_t beyond, peer_beyond; // To be said; heard.
    uint32_t connection, peer_window, peer_heartbeat_ms;
    uint32_t before_open; // Bytes that came before it was open.
    uint8_t *out;
    size_t out_at, out_size, out_capacity; // Sent so far; end; room.
};

/** Appends @p frame to the output in any state; @p out_bytes: what it became, or NULL. As
 * cogo__session_send(). */
cogo_err cogo__session_say(cogo__session *s, const cogo__frame *frame, cogo_value *out_bytes);
/** Closes it: false, for whoever asks whether to go on. */
bool cogo__session_refuse(cogo__session *s, cogo_err err, const char *why);

/* --- handshake.c -------------------------------------------------------------------------- */

/** The opener begins. */
cogo_err cogo__session_hello(cogo__session *s);
/** @p frame came, as these bytes, before it was open. False: it is closed now. */
bool cogo__session_greet(cogo__session *s, const cogo__frame *frame, const uint8_t *bytes,
                         size_t size);

#endif
