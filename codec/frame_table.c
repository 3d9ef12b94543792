#include "codec/frame_table.h"

enum {
    TEXT_MAX = 255,
    REASON_TEXT_MAX = 55, // cogo_reason.text without its end.
    ARGS_MAX = 65536,
    GROUP_NAME_MAX = 127,
};

#define UINT(type_, field, max_)                                              \
    {                                                                         \
#        field, COGO__FRAME_UINT, offsetof(cogo__frame, type_.field), 0, max_ \
    }
#define BYTES(type_, field, min_, max_)                                           \
    {                                                                             \
#        field, COGO__FRAME_BYTES, offsetof(cogo__frame, type_.field), min_, max_ \
    }
#define TEXT(type_, field, min_, max_)                                           \
    {                                                                            \
#        field, COGO__FRAME_TEXT, offsetof(cogo__frame, type_.field), min_, max_ \
    }
#define ACTOR(type_, field) UINT(type_, field, UINT64_MAX)
#define WORD(type_, field)  UINT(type_, field, UINT64_MAX)
#define SMALL(type_, field) UINT(type_, field, UINT32_MAX)

static const cogo__frame_field hello_fields[] = {
    SMALL(hello, version_min),
    SMALL(hello, version_max),
    WORD(hello, incarnation),
    WORD(hello, capabilities),
    UINT(hello, connection, 16),
    BYTES(hello, nonce, COGO__NONCE_BYTES, COGO__NONCE_BYTES),
    TEXT(hello, node, 1, COGO__NODE_NAME_MAX),
    TEXT(hello, cluster, 0, COGO__NODE_NAME_MAX),
};
static const cogo__frame_field challenge_fields[] = {
    SMALL(challenge, version),
    WORD(challenge, incarnation),
    WORD(challenge, capabilities),
    BYTES(challenge, nonce, COGO__NONCE_BYTES, COGO__NONCE_BYTES),
    BYTES(challenge, proof, 0, COGO__PROOF_BYTES),
    TEXT(challenge, node, 1, COGO__NODE_NAME_MAX),
};
static const cogo__frame_field proof_fields[] = {BYTES(proof, proof, 0, COGO__PROOF_BYTES)};
static const cogo__frame_field welcome_fields[] = {
    SMALL(welcome, window_bytes),
    SMALL(welcome, heartbeat_ms),
};
static const cogo__frame_field refuse_fields[] = {
    SMALL(refuse, code),
    TEXT(refuse, text, 0, TEXT_MAX),
    WORD(refuse, beyond),
};
static const cogo__frame_field type_fields[] = {
    SMALL(type, number),
    SMALL(type, version),
    WORD(type, hash),
    TEXT(type, name, 1, TEXT_MAX),
};
static const cogo__frame_field user_fields[] = {
    ACTOR(user, to),
    ACTOR(user, from),
    SMALL(user, type),
    WORD(user, ask),
    WORD(user, trace),
    BYTES(user, payload, 0, COGO__FRAME_PAYLOAD_MAX),
    TEXT(user, asker, 0, COGO__NODE_NAME_MAX),
    WORD(user, asker_incarnation),
};
static const cogo__frame_field first_fields[] = {
    WORD(first, stream),
    SMALL(first, total_bytes),
    ACTOR(first, to),
    ACTOR(first, from),
    SMALL(first, type),
    WORD(first, ask),
    WORD(first, trace),
    BYTES(first, payload, 1, COGO__FRAME_PAYLOAD_MAX),
    TEXT(first, asker, 0, COGO__NODE_NAME_MAX),
    WORD(first, asker_incarnation),
};
static const cogo__frame_field part_fields[] = {
    WORD(part, stream),
    BYTES(part, payload, 1, COGO__FRAME_PAYLOAD_MAX),
};
static const cogo__frame_field link_fields[] = {
    ACTOR(link, from),
    ACTOR(link, to),
    WORD(link, number),
};
static const cogo__frame_field exit_fields[] = {
    ACTOR(exit, from),   ACTOR(exit, to),  WORD(exit, number),
    SMALL(exit, reason), SMALL(exit, err), TEXT(exit, text, 0, REASON_TEXT_MAX),
};
static const cogo__frame_field spawn_fields[] = {
    WORD(spawn, request),
    ACTOR(spawn, from),
    SMALL(spawn, flags),
    SMALL(spawn, mailbox_limit),
    SMALL(spawn, pressure),
    TEXT(spawn, behavior, 1, TEXT_MAX),
    TEXT(spawn, name, 0, TEXT_MAX),
    BYTES(spawn, args, 0, ARGS_MAX),
};
static const cogo__frame_field spawned_fields[] = {
    WORD(spawned, request),
    SMALL(spawned, err),
    ACTOR(spawned, actor),
    WORD(spawned, link),
};
static const cogo__frame_field group_fields[] = {
    ACTOR(group, actor),
    TEXT(group, scope, 1, GROUP_NAME_MAX),
    TEXT(group, group, 1, GROUP_NAME_MAX),
    SMALL(group, type),
};
static const cogo__frame_field nack_fields[] = {
    SMALL(nack, code), SMALL(nack, type), ACTOR(nack, to),
    ACTOR(nack, from), WORD(nack, ask),   TEXT(nack, text, 0, TEXT_MAX),
};
static const cogo__frame_field ping_fields[] = {
    WORD(ping, number),
    WORD(ping, sent_ns),
    SMALL(ping, throttled_ms),
    WORD(ping, view),
};
static const cogo__frame_field credit_fields[] = {
    UINT(credit, connection, 16),
    WORD(credit, consumed_bytes),
};
static const cogo__frame_field probe_fields[] = {
    WORD(probe, number),
    UINT(probe, alive, 1),
    TEXT(probe, node, 0, COGO__NODE_NAME_MAX),
    WORD(probe, incarnation),
};
static const cogo__frame_field member_fields[] = {
    UINT(member, state, 4),
    WORD(member, incarnation),
    WORD(member, version),
    TEXT(member, node, 1, COGO__NODE_NAME_MAX),
    TEXT(member, address, 0, COGO__FRAME_ADDRESS_MAX),
};

static const cogo__frame_field claim_fields[] = {
    WORD(claim, number),
    WORD(claim, term),
    SMALL(claim, lease_ms),
    UINT(claim, release, 1),
    TEXT(claim, name, 1, COGO__CLAIM_NAME_MAX),
};
static const cogo__frame_field claimed_fields[] = {
    WORD(claimed, number),
    UINT(claimed, granted, 1),
    WORD(claimed, term),
    TEXT(claimed, name, 1, COGO__CLAIM_NAME_MAX),
};
static const cogo__frame_field held_fields[] = {
    WORD(held, term),
    ACTOR(held, actor),
    SMALL(held, lease_ms),
    TEXT(held, name, 1, COGO__CLAIM_NAME_MAX),
};

/* By number, so that finding one costs no search; the holes have no name. */
static const cogo__frame_layout layouts[] = {
#define X(name, number, type) \
    [number] = {number, #name, type##_fields, sizeof type##_fields / sizeof type##_fields[0]},
    COGO__FRAME_MAP(X)
#undef X
};

const cogo__frame_layout *cogo__frame_layout_of(uint64_t kind)
{
    if (kind >= sizeof layouts / sizeof layouts[0] || layouts[kind].name == NULL) {
        return NULL;
    }
    return &layouts[kind];
}
