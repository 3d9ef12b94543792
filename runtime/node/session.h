/* One connection between two nodes, without its socket: handshake, authentication, limits and
 * the cutting of bytes into frames. Bytes go in, frames and bytes to send come out.
 * Used by links, and by tests that connect two of them with a buffer.
 * Never reads a clock, a socket or a source of randomness: what it needs it is given. */
#ifndef COGO_NODE_SESSION_H
#define COGO_NODE_SESSION_H

#include "codec/frame.h"

#include <cogo/allocator.h>

#include <string.h>

enum {
    COGO__WIRE_VERSION = 1,
    COGO__SESSION_OUT_MAX = 1048576, /**< Bytes that wait to be sent; more is refused. */
    COGO__SESSION_SECRET_MIN = 16,   /**< Bytes. */
};

typedef enum cogo__session_state {
    COGO__SESSION_GREETING,  /**< Opener: HELLO is out. Other: waits for it. */
    COGO__SESSION_PROVING,   /**< Other: waits for the opener's proof. */
    COGO__SESSION_WELCOMING, /**< Opener: waits for WELCOME. Other: for the opener's. */
    COGO__SESSION_OPEN,      /**< Both have proved who they are. */
    COGO__SESSION_CLOSED,    /**< For ever; see `err` and `why`. */
} cogo__session_state;

struct cogo__session;

/* What the owner is asked and told. A callback must not touch the session but for
 * cogo__session_send() and cogo__session_close(). */
typedef struct cogo__session_events {
    void *ctx;
    /** The peer has proved itself. COGO_OK, or why it may not come in, with a text. */
    cogo_err (*admit)(void *ctx, struct cogo__session *session, const char **why);
    /** One frame, after the handshake only. COGO_OK; else the session closes with that. */
    cogo_err (*frame)(void *ctx, struct cogo__session *session, const cogo__frame *frame);
} cogo__session_events;

/* All is copied, but for the allocator. */
typedef struct cogo__session_config {
    bool opens;                 /**< This side opened the connection. */
    uint32_t connection;        /**< Opener: 0 control, 1 and up data. */
    const char *node, *cluster; /**< Own name, and the cluster's ("" if it has none). */
    const char *peer;           /**< Name that the peer must have, or NULL. */
    uint64_t incarnation, capabilities;
    uint32_t window_bytes, heartbeat_ms;
    const void *secret; /**< Shared by the cluster; NULL: none. */
    size_t secret_size_bytes;
    uint8_t nonce[COGO__NONCE_BYTES]; /**< From a source that nobody can guess; never reused. */
    const cogo_allocator *allocator;  /**< Outlives the session; NULL: malloc. */
    cogo__session_events events;
} cogo__session_config;

typedef struct cogo__session cogo__session;

/** A text as a field of a frame. */
static inline cogo_value cogo__text(const char *text)
{
    return (cogo_value){(const uint8_t *)text, strlen(text)};
}

/** COGO_OK; COGO_EINVAL (a name or the secret breaks its limits); COGO_ENOMEM. */
cogo_err cogo__session_create(const cogo__session_config *config, cogo__session **out_session);
void cogo__session_destroy(cogo__session *session);

/**
 * Takes bytes that came in. Returns how many were used up: the rest has to be given again with
 * what follows it. A session that closes uses all.
 */
size_t cogo__session_input(cogo__session *session, const uint8_t *bytes, size_t size_bytes);
/** Both ends have @p binding, and nobody else: proofs are over it too. Before any input.
 * COGO_OK or COGO_EINVAL (too long). */
cogo_err cogo__session_bind(cogo__session *session, const void *binding, size_t size_bytes);
/** Bytes to send now; @p out_size 0: none. Valid until the next call. */
const uint8_t *cogo__session_output(const cogo__session *session, size_t *out_size);
/** The first @p size_bytes of the output have been sent. */
void cogo__session_sent(cogo__session *session, size_t size_bytes);
/** Appends a frame. COGO_OK; COGO_ESTATE (not open); COGO_EFULL; COGO_EINVAL; COGO_ENOMEM. */
cogo_err cogo__session_send(cogo__session *session, const cogo__frame *frame);
/** As cogo__session_send(), without the content of @p loose, which must be the last field of
 * @p frame that is written: the caller sends it behind what is the output now. */
cogo_err cogo__session_send_loose(cogo__session *session, const cogo__frame *frame,
                                  const cogo_value *loose);
/** Appends whole frames that were encoded elsewhere. As cogo__session_send(). */
cogo_err cogo__session_append(cogo__session *session, const uint8_t *frames, size_t size_bytes);
/** As above for an open session whose output is empty, without a copy: it keeps the block, and
 * the caller gets its own, emptied, in place of it. Both are of the session's allocator. */
void cogo__session_swap(cogo__session *session, uint8_t **frames, size_t *size_bytes,
                        size_t *capacity_bytes);
/** Says GOODBYE or REFUSE, once; the owner sends what is left of the output, then closes. */
void cogo__session_close(cogo__session *session, cogo_err err, const char *why);

/** REFUSE, if it is said, tells the incarnation that the peer would have to be beyond. */
void cogo__session_set_beyond(cogo__session *session, uint64_t incarnation);
/** The peer has proved itself and refused us so: what it said; else 0. */
uint64_t cogo__session_beyond(const cogo__session *session);

cogo__session_state cogo__session_state_of(const cogo__session *session);
/** Why it closed, for logs: never NULL; names the peer's fault or its own words. */
const char *cogo__session_why(const cogo__session *session);
cogo_err cogo__session_err(const cogo__session *session);
/** True when the peer closed it, not we. */
bool cogo__session_closed_by_peer(const cogo__session *session);
/* Known from admit() on. */
const char *cogo__session_peer(const cogo__session *session);
uint64_t cogo__session_peer_incarnation(const cogo__session *session);
uint32_t cogo__session_connection(const cogo__session *session);
uint32_t cogo__session_peer_window(const cogo__session *session);
uint32_t cogo__session_peer_heartbeat_ms(const cogo__session *session);

#endif
