/* Frames: what two nodes say to each other, as WIRE.md writes it down.
 * Used by the links of runtime/node.
 * Never allocates, and never believes a count that the bytes left can't hold. */
#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H

#include <cogo/error.h>
#include <cogo/record.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COGO__FRAME_PREFIX = 4,        /**< Bytes of the length before each frame. */
    COGO__FRAME_BYTES_MAX = 66560, /**< 65 KiB, prefix not counted. */
    COGO__FRAME_PAYLOAD_MAX =
        65536,                    /**< Bytes of a message in one frame; more is fragmented. */
    COGO__FRAME_EXTRA_MAX = 32,   /**< Fields of a newer version that are stepped over. */
    COGO__FRAME_OPTIONAL = 64,    /**< Kinds from here on may be stepped over if not known. */
    COGO__FRAME_HELLO_MAX = 4096, /**< Bytes that anybody may send before it is known. */
    COGO__NONCE_BYTES = 32,
    COGO__PROOF_BYTES = 32,
    COGO__NODE_NAME_MAX = 128,
    COGO__CLAIM_NAME_MAX = 127,
    COGO__FRAME_ADDRESS_MAX = 63, /**< Bytes of an address as text. */
};

/* X(NAME, number, struct): one line is one kind of frame. A number is never used again. */
#define COGO__FRAME_MAP(X)     \
    X(HELLO, 1, hello)         \
    X(CHALLENGE, 2, challenge) \
    X(PROOF, 3, proof)         \
    X(WELCOME, 4, welcome)     \
    X(REFUSE, 5, refuse)       \
    X(TYPE, 16, type)          \
    X(USER, 17, user)          \
    X(FIRST, 18, first)        \
    X(PART, 19, part)          \
    X(LINK, 20, link)          \
    X(UNLINK, 21, link)        \
    X(UNLINKED, 22, link)      \
    X(MONITOR, 23, link)       \
    X(DEMONITOR, 24, link)     \
    X(EXIT, 25, exit)          \
    X(DOWN, 26, exit)          \
    X(SPAWN, 27, spawn)        \
    X(SPAWNED, 28, spawned)    \
    X(NACK, 29, nack)          \
    X(FORGET, 30, link)        \
    X(PING, 48, ping)          \
    X(PONG, 49, ping)          \
    X(CREDIT, 50, credit)      \
    X(PROBE, 51, probe)        \
    X(PROBED, 52, probe)       \
    X(GOODBYE, 53, refuse)     \
    X(JOIN, 70, group)         \
    X(LEAVE, 71, group)        \
    X(MEMBER, 80, member)      \
    X(CLAIM, 81, claim)        \
    X(CLAIMED, 82, claimed)    \
    X(HELD, 83, held)

typedef enum cogo__frame_kind {
#define X(name, number, type) COGO__FRAME_##name = (number),
    COGO__FRAME_MAP(X)
#undef X
} cogo__frame_kind;

/* An actor of one of the two nodes: generation * 2^32 + slot. 0: none. */
typedef uint64_t cogo__wire_actor;

/* Bytes and texts are borrowed: from the caller when encoding, from the input when decoded. */
typedef struct cogo__frame_hello {
    uint64_t version_min, version_max, incarnation, capabilities, connection;
    cogo_value nonce, node, cluster;
} cogo__frame_hello;

typedef struct cogo__frame_challenge {
    uint64_t version, incarnation, capabilities;
    cogo_value nonce, proof, node;
} cogo__frame_challenge;

typedef struct cogo__frame_proof {
    cogo_value proof;
} cogo__frame_proof;

typedef struct cogo__frame_welcome {
    uint64_t window_bytes, heartbeat_ms;
} cogo__frame_welcome;

typedef struct cogo__frame_refuse {
    uint64_t code;
    cogo_value text;
    uint64_t beyond;
} cogo__frame_refuse;

typedef struct cogo__frame_type {
    uint64_t number, version, hash;
    cogo_value name;
} cogo__frame_type;

typedef struct cogo__frame_user {
    cogo__wire_actor to, from;
    uint64_t type, ask, trace;
    cogo_value payload, asker;
    uint64_t asker_incarnation;
} cogo__frame_user;

typedef struct cogo__frame_first {
    uint64_t stream, total_bytes;
    cogo__wire_actor to, from;
    uint64_t type, ask, trace;
    cogo_value payload, asker;
    uint64_t asker_incarnation;
} cogo__frame_first;

typedef struct cogo__frame_part {
    uint64_t stream;
    cogo_value payload;
} cogo__frame_part;

typedef struct cogo__frame_link {
    cogo__wire_actor from, to;
    uint64_t number;
} cogo__frame_link;

typedef struct cogo__frame_exit {
    cogo__wire_actor from, to;
    uint64_t number, reason, err;
    cogo_value text;
} cogo__frame_exit;

typedef struct cogo__frame_spawn {
    uint64_t request;
    cogo__wire_actor from;
    uint64_t flags, mailbox_limit, pressure;
    cogo_value behavior, name, args;
} cogo__frame_spawn;

typedef struct cogo__frame_spawned {
    uint64_t request, err;
    cogo__wire_actor actor;
    uint64_t link;
} cogo__frame_spawned;

typedef struct cogo__frame_group {
    cogo__wire_actor actor;
    cogo_value scope, group;
    uint64_t type;
} cogo__frame_group;

typedef struct cogo__frame_nack {
    uint64_t code, type;
    cogo__wire_actor to, from;
    uint64_t ask;
    cogo_value text;
} cogo__frame_nack;

typedef struct cogo__frame_ping {
    uint64_t number, sent_ns, throttled_ms, view;
} cogo__frame_ping;

typedef struct cogo__frame_credit {
    uint64_t connection, consumed_bytes;
} cogo__frame_credit;

typedef struct cogo__frame_probe {
    uint64_t number, alive;
    cogo_value node;
    uint64_t incarnation;
} cogo__frame_probe;

typedef struct cogo__frame_member {
    uint64_t state, incarnation, version;
    cogo_value node, address;
} cogo__frame_member;

typedef struct cogo__frame_claim {
    uint64_t number, term, lease_ms, release;
    cogo_value name;
} cogo__frame_claim;

typedef struct cogo__frame_claimed {
    uint64_t number, granted, term;
    cogo_value name;
} cogo__frame_claimed;

typedef struct cogo__frame_held {
    uint64_t term;
    cogo__wire_actor actor;
    uint64_t lease_ms;
    cogo_value name;
} cogo__frame_held;

typedef struct cogo__frame {
    uint64_t kind; /**< A cogo__frame_kind, or a number that this version does not know. */
    union {
        cogo__frame_hello hello;
        cogo__frame_challenge challenge;
        cogo__frame_proof proof;
        cogo__frame_welcome welcome;
        cogo__frame_refuse refuse;
        cogo__frame_type type;
        cogo__frame_user user;
        cogo__frame_first first;
        cogo__frame_part part;
        cogo__frame_link link;
        cogo__frame_exit exit;
        cogo__frame_spawn spawn;
        cogo__frame_spawned spawned;
        cogo__frame_group group;
        cogo__frame_nack nack;
        cogo__frame_ping ping;
        cogo__frame_credit credit;
        cogo__frame_probe probe;
        cogo__frame_member member;
        cogo__frame_claim claim;
        cogo__frame_claimed claimed;
        cogo__frame_held held;
    };
} cogo__frame;

/** Most bytes that @p frame takes with its prefix; 0 if its kind is not known. */
size_t cogo__frame_bound(const cogo__frame *frame);
/**
 * Writes prefix and frame, except the content of @p loose if that is not NULL: it must be the
 * last field that is written, and the caller sends it after the bytes written here.
 * Returns bytes written; 0 if a field breaks its limits or @p room_bytes is too little.
 */
size_t cogo__frame_encode(const cogo__frame *frame, const cogo_value *loose, uint8_t *out,
                          size_t room_bytes);

typedef enum cogo__frame_state {
    COGO__FRAME_READY,  /**< The first @p out_bytes are prefix and frame. */
    COGO__FRAME_SHORT,  /**< More bytes have to come. */
    COGO__FRAME_BROKEN, /**< Its length is 0 or beyond the limit. */
} cogo__frame_state;

/** Looks at the prefix of @p size_bytes bytes; @p max_bytes: of a frame, prefix not counted. */
cogo__frame_state cogo__frame_measure(const uint8_t *bytes, size_t size_bytes, size_t max_bytes,
                                      size_t *out_bytes);
/**
 * Decodes one frame, prefix not included. A kind of COGO__FRAME_OPTIONAL or more that is not
 * known is no error: @p out has only its kind then.
 * Returns NULL, or what is wrong, a constant text that names the field.
 */
const char *cogo__frame_decode(const uint8_t *bytes, size_t size_bytes, cogo__frame *out);
/** For logs and documents: "USER"; NULL if not known. */
const char *cogo__frame_name(uint64_t kind);

#endif
