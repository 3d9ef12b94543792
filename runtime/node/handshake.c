/* The handshake of a session: HELLO, CHALLENGE, PROOF, and WELCOME from both sides. */
#include "runtime/node/session_parts.h"

#include <string.h>

static bool is_text(cogo_value value, const char *text)
{
    size_t size = strlen(text);
    return value.size_bytes == size && (size == 0 || memcmp(value.data, text, size) == 0);
}

cogo_err cogo__session_hello(cogo__session *s)
{
    const cogo__session_config *c = &s->config;
    cogo__frame hello = {.kind = COGO__FRAME_HELLO};
    cogo_value bytes;
    hello.hello = (cogo__frame_hello){
        .version_min = COGO__WIRE_VERSION,
        .version_max = COGO__WIRE_VERSION,
        .incarnation = c->incarnation,
        .capabilities = c->capabilities,
        .connection = c->connection,
        .nonce = {c->nonce, sizeof c->nonce},
        .node = cogo__text(s->node),
        .cluster = cogo__text(s->cluster),
    };
    cogo_err err = cogo__session_say(s, &hello, &bytes);
    if (err == COGO_OK) {
        err = cogo__transcript_add(&s->transcript, bytes.data, bytes.size_bytes);
    }
    return err;
}

/* Fills the peer's name. False: refused. */
static bool take_name(cogo__session *s, cogo_value node, uint64_t incarnation)
{
    if (memchr(node.data, 0, node.size_bytes) != NULL) {
        return cogo__session_refuse(s, COGO_EINVAL, "node: a name without NUL is wanted");
    }
    memcpy(s->peer, node.data, node.size_bytes); // At most COGO__NODE_NAME_MAX: the table.
    s->peer[node.size_bytes] = '\0';
    s->peer_incarnation = incarnation;
    // Also what makes a recorded or mirrored greeting useless: nobody is greeted by itself.
    if (strcmp(s->peer, s->node) == 0) {
        bool me = incarnation == s->config.incarnation;
        return cogo__session_refuse(s, COGO_EEXIST,
                                    me ? "node: this is myself" : "node: this name is mine");
    }
    if (s->peer_wanted[0] != '\0' && strcmp(s->peer, s->peer_wanted) != 0) {
        return cogo__session_refuse(s, COGO_EAUTH, "node: another name than expected");
    }
    return true;
}

/* T: HELLO, and CHALLENGE with an empty proof; both sides write the same bytes. */
static cogo_err add_challenge(cogo__session *s, const cogo__frame_challenge *challenge)
{
    uint8_t bytes[512];
    cogo__frame blank = {.kind = COGO__FRAME_CHALLENGE, .challenge = *challenge};
    blank.challenge.proof = (cogo_value){NULL, 0};
    size_t size = cogo__frame_encode(&blank, NULL, bytes, sizeof bytes);
    return size == 0 ? COGO_EINVAL : cogo__transcript_add(&s->transcript, bytes, size);
}

/* The other side: HELLO came. */
static bool on_hello(cogo__session *s, const cogo__frame *frame, const uint8_t *bytes,
                     size_t size)
{
    const cogo__frame_hello *hello = &frame->hello;
    uint8_t proof[COGO__PROOF_BYTES];
    if (hello->version_min > COGO__WIRE_VERSION || hello->version_max < COGO__WIRE_VERSION) {
        return cogo__session_refuse(s, COGO_EINVAL, "version: only 1 is spoken here");
    }
    if (!is_text(hello->cluster, s->cluster)) {
        return cogo__session_refuse(s, COGO_EINVAL, "cluster: another one");
    }
    if (!take_name(s, hello->node, hello->incarnation)) {
        return false;
    }
    s->connection = (uint32_t)hello->connection;
    cogo__frame answer = {.kind = COGO__FRAME_CHALLENGE};
    answer.challenge = (cogo__frame_challenge){
        .version = COGO__WIRE_VERSION,
        .incarnation = s->config.incarnation,
        .capabilities = s->config.capabilities,
        .nonce = {s->config.nonce, sizeof s->config.nonce},
        .node = cogo__text(s->node),
    };
    cogo_err err = cogo__transcript_add(&s->transcript, bytes, size);
    err = err == COGO_OK ? add_challenge(s, &answer.challenge) : err;
    if (err == COGO_OK && cogo__transcript_prove(&s->transcript, COGO__PROOF_ACCEPT, proof)) {
        answer.challenge.proof = (cogo_value){proof, sizeof proof};
    }
    err = err == COGO_OK ? cogo__session_say(s, &answer, NULL) : err;
    if (err != COGO_OK) {
        return cogo__session_refuse(s, err, "the handshake can't go on");
    }
    s->state = COGO__SESSION_PROVING;
    return true;
}

/* The opener: CHALLENGE came. */
static bool on_challenge(cogo__session *s, const cogo__frame *frame)
{
    const cogo__frame_challenge *challenge = &frame->challenge;
    uint8_t proof[COGO__PROOF_BYTES];
    cogo__frame answer = {.kind = COGO__FRAME_PROOF};
    if (challenge->version != COGO__WIRE_VERSION) {
        return cogo__session_refuse(s, COGO_EINVAL, "version: not one that was offered");
    }
    if (!take_name(s, challenge->node, challenge->incarnation)) {
        return false;
    }
    cogo_err err = add_challenge(s, challenge);
    if (err != COGO_OK) {
        return cogo__session_refuse(s, err, "the handshake can't go on");
    }
    if (!cogo__transcript_check(&s->transcript, COGO__PROOF_ACCEPT, challenge->proof)) {
        return cogo__session_refuse(s, COGO_EAUTH, "proof: the secrets differ");
    }
    if (cogo__transcript_prove(&s->transcript, COGO__PROOF_OPEN, proof)) {
        answer.proof.proof = (cogo_value){proof, sizeof proof};
    }
    err = cogo__session_say(s, &answer, NULL);
    if (err != COGO_OK) {
        return cogo__session_refuse(s, err, "the handshake can't go on");
    }
    s->state = COGO__SESSION_WELCOMING;
    return true;
}

static cogo_err say_welcome(cogo__session *s)
{
    cogo__frame welcome = {.kind = COGO__FRAME_WELCOME,
                           .welcome = {s->config.window_bytes, s->config.heartbeat_ms}};
    return cogo__session_say(s, &welcome, NULL);
}

/* The one gate: whoever is admitted has proved itself, on either side. */
static bool admit(cogo__session *s)
{
    const char *why = "not admitted";
    cogo_err err = s->config.events.admit(s->config.events.ctx, s, &why);
    err = err == COGO_OK ? say_welcome(s) : err;
    return err == COGO_OK || cogo__session_refuse(s, err, why);
}

static bool on_proof(cogo__session *s, const cogo__frame *frame)
{
    if (!cogo__transcript_check(&s->transcript, COGO__PROOF_OPEN, frame->proof.proof)) {
        return cogo__session_refuse(s, COGO_EAUTH, "proof: the secrets differ");
    }
    s->state = COGO__SESSION_WELCOMING;
    return admit(s);
}

static bool on_welcome(cogo__session *s, const cogo__frame *frame)
{
    s->peer_window = (uint32_t)frame->welcome.window_bytes;
    s->peer_heartbeat_ms = (uint32_t)frame->welcome.heartbeat_ms;
    if (s->config.opens && !admit(s)) {
        return false;
    }
    s->state = COGO__SESSION_OPEN;
    return true;
}

bool cogo__session_greet(cogo__session *s, const cogo__frame *frame, const uint8_t *bytes,
                         size_t size)
{
    bool opens = s->config.opens;
    if (frame->kind == COGO__FRAME_HELLO && !opens && s->state == COGO__SESSION_GREETING) {
        return on_hello(s, frame, bytes, size);
    }
    if (frame->kind == COGO__FRAME_CHALLENGE && opens && s->state == COGO__SESSION_GREETING) {
        return on_challenge(s, frame);
    }
    if (frame->kind == COGO__FRAME_PROOF && s->state == COGO__SESSION_PROVING) {
        return on_proof(s, frame);
    }
    if (frame->kind == COGO__FRAME_WELCOME && s->state == COGO__SESSION_WELCOMING) {
        return on_welcome(s, frame);
    }
    return cogo__session_refuse(s, COGO_ESTATE,
                                "a frame that has no place here in the handshake");
}
