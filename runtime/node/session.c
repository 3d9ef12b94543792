#include "runtime/node/session.h"

#include "runtime/base/alloc.h"
#include "runtime/node/proof.h"

#include <stdio.h>
#include <string.h>

enum {
    TEXT_SIZE = 256,
    OUT_FIRST = 4096, // Bytes of the output buffer at first.
};

struct cogo__session {
    cogo__session_config config; // Its pointers lead into this block, or are NULL.
    char node[COGO__NODE_NAME_MAX + 1], cluster[COGO__NODE_NAME_MAX + 1];
    char peer_wanted[COGO__NODE_NAME_MAX + 1];
    cogo__session_state state;
    cogo_err err;
    bool by_peer;
    char why[TEXT_SIZE];
    cogo__transcript transcript;
    char peer[COGO__NODE_NAME_MAX + 1];
    uint64_t peer_incarnation;
    uint64_t beyond, peer_beyond; // To be said; heard.
    uint32_t connection, peer_window, peer_heartbeat_ms;
    uint32_t before_open; // Bytes that came before it was open.
    uint8_t *out;
    size_t out_at, out_size, out_capacity; // Sent so far; end; room.
};

static cogo_value text_of(const char *text)
{
    return (cogo_value){(const uint8_t *)text, strlen(text)};
}

static bool is_text(cogo_value value, const char *text)
{
    size_t size = strlen(text);
    return value.size_bytes == size && (size == 0 || memcmp(value.data, text, size) == 0);
}

static bool name_fits(const char *name, bool may_be_empty)
{
    size_t size = name != NULL ? strlen(name) : 0;
    return name != NULL && size <= COGO__NODE_NAME_MAX && (size > 0 || may_be_empty);
}

/* --- Output. ---------------------------------------------------------------------------- */

static cogo_err reserve(cogo__session *s, size_t more)
{
    if (s->out_at == s->out_size) {
        s->out_at = s->out_size = 0;
    }
    if (s->out_size + more <= s->out_capacity) {
        return COGO_OK;
    }
    if (s->out_at > 0) {
        memmove(s->out, s->out + s->out_at, s->out_size - s->out_at);
        s->out_size -= s->out_at;
        s->out_at = 0;
    }
    if (s->out_size + more > COGO__SESSION_OUT_MAX) {
        return COGO_EFULL;
    }
    size_t capacity = s->out_capacity != 0 ? s->out_capacity : OUT_FIRST;
    while (capacity < s->out_size + more) {
        capacity *= 2;
    }
    uint8_t *out = cogo__realloc(s->config.allocator, s->out, capacity);
    if (out == NULL) {
        return COGO_ENOMEM;
    }
    s->out = out;
    s->out_capacity = capacity;
    return COGO_OK;
}

/* Appends @p frame. @p out_bytes (may be NULL): where it was put. */
static cogo_err append(cogo__session *s, const cogo__frame *frame, cogo_value *out_bytes)
{
    size_t bound = cogo__frame_bound(frame);
    cogo_err err = bound == 0 ? COGO_EINVAL : reserve(s, bound);
    if (err != COGO_OK) {
        return err;
    }
    size_t size = cogo__frame_encode(frame, NULL, s->out + s->out_size, bound);
    if (size == 0) {
        return COGO_EINVAL;
    }
    if (out_bytes != NULL) {
        *out_bytes = (cogo_value){s->out + s->out_size, size};
    }
    s->out_size += size;
    return COGO_OK;
}

const uint8_t *cogo__session_output(const cogo__session *s, size_t *out_size)
{
    *out_size = s->out_size - s->out_at;
    return s->out + s->out_at;
}

cogo_err cogo__session_append(cogo__session *s, const uint8_t *frames, size_t size_bytes)
{
    cogo_err err = s->state == COGO__SESSION_OPEN ? reserve(s, size_bytes) : COGO_ESTATE;
    if (err == COGO_OK) {
        memcpy(s->out + s->out_size, frames, size_bytes);
        s->out_size += size_bytes;
    }
    return err;
}

void cogo__session_swap(cogo__session *s, uint8_t **frames, size_t *size_bytes,
                        size_t *capacity_bytes)
{
    uint8_t *out = s->out;
    size_t capacity = s->out_capacity;
    s->out = *frames;
    s->out_at = 0;
    s->out_size = *size_bytes;
    s->out_capacity = *capacity_bytes;
    *frames = out;
    *size_bytes = 0;
    *capacity_bytes = capacity;
}

void cogo__session_sent(cogo__session *s, size_t size_bytes)
{
    size_t left = s->out_size - s->out_at;
    s->out_at += size_bytes < left ? size_bytes : left;
}

/* --- The end. --------------------------------------------------------------------------- */

static void end(cogo__session *s, cogo_err err, bool by_peer, const char *why, size_t size)
{
    s->state = COGO__SESSION_CLOSED;
    s->err = err;
    s->by_peer = by_peer;
    (void)snprintf(s->why, sizeof s->why, "%.*s", (int)size, why);
    for (char *c = s->why; *c != '\0'; c++) { // A peer's words go to logs.
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
    }
}

void cogo__session_close(cogo__session *s, cogo_err err, const char *why)
{
    if (s->state == COGO__SESSION_CLOSED) {
        return;
    }
    bool known = s->state == COGO__SESSION_OPEN;
    cogo__frame last = {.kind = known ? COGO__FRAME_GOODBYE : COGO__FRAME_REFUSE,
                        .refuse = {(uint64_t)err, text_of(why), known ? 0 : s->beyond}};
    (void)append(s, &last, NULL); // Without room the peer only sees the connection close.
    end(s, err, false, why, strlen(why));
}

static bool refuse(cogo__session *s, cogo_err err, const char *why)
{
    cogo__session_close(s, err, why);
    return false;
}

/* --- Handshake. ------------------------------------------------------------------------- */

static cogo_err say_hello(cogo__session *s)
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
        .node = text_of(s->node),
        .cluster = text_of(s->cluster),
    };
    cogo_err err = append(s, &hello, &bytes);
    if (err == COGO_OK) {
        err = cogo__transcript_add(&s->transcript, bytes.data, bytes.size_bytes);
    }
    return err;
}

/* Fills the peer's name. False: refused. */
static bool take_name(cogo__session *s, cogo_value node, uint64_t incarnation)
{
    if (memchr(node.data, 0, node.size_bytes) != NULL) {
        return refuse(s, COGO_EINVAL, "node: a name without NUL is wanted");
    }
    memcpy(s->peer, node.data, node.size_bytes); // At most COGO__NODE_NAME_MAX: the table.
    s->peer[node.size_bytes] = '\0';
    s->peer_incarnation = incarnation;
    // Also what makes a recorded or mirrored greeting useless: nobody is greeted by itself.
    if (strcmp(s->peer, s->node) == 0) {
        bool me = incarnation == s->config.incarnation;
        return refuse(s, COGO_EEXIST, me ? "node: this is myself" : "node: this name is mine");
    }
    if (s->peer_wanted[0] != '\0' && strcmp(s->peer, s->peer_wanted) != 0) {
        return refuse(s, COGO_EAUTH, "node: another name than expected");
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
        return refuse(s, COGO_EINVAL, "version: only 1 is spoken here");
    }
    if (!is_text(hello->cluster, s->cluster)) {
        return refuse(s, COGO_EINVAL, "cluster: another one");
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
        .node = text_of(s->node),
    };
    cogo_err err = cogo__transcript_add(&s->transcript, bytes, size);
    err = err == COGO_OK ? add_challenge(s, &answer.challenge) : err;
    if (err == COGO_OK && cogo__transcript_prove(&s->transcript, COGO__PROOF_ACCEPT, proof)) {
        answer.challenge.proof = (cogo_value){proof, sizeof proof};
    }
    err = err == COGO_OK ? append(s, &answer, NULL) : err;
    if (err != COGO_OK) {
        return refuse(s, err, "the handshake can't go on");
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
        return refuse(s, COGO_EINVAL, "version: not one that was offered");
    }
    if (!take_name(s, challenge->node, challenge->incarnation)) {
        return false;
    }
    cogo_err err = add_challenge(s, challenge);
    if (err != COGO_OK) {
        return refuse(s, err, "the handshake can't go on");
    }
    if (!cogo__transcript_check(&s->transcript, COGO__PROOF_ACCEPT, challenge->proof)) {
        return refuse(s, COGO_EAUTH, "proof: the secrets differ");
    }
    if (cogo__transcript_prove(&s->transcript, COGO__PROOF_OPEN, proof)) {
        answer.proof.proof = (cogo_value){proof, sizeof proof};
    }
    err = append(s, &answer, NULL);
    if (err != COGO_OK) {
        return refuse(s, err, "the handshake can't go on");
    }
    s->state = COGO__SESSION_WELCOMING;
    return true;
}

static cogo_err say_welcome(cogo__session *s)
{
    cogo__frame welcome = {.kind = COGO__FRAME_WELCOME,
                           .welcome = {s->config.window_bytes, s->config.heartbeat_ms}};
    return append(s, &welcome, NULL);
}

/* The one gate: whoever is admitted has proved itself, on either side. */
static bool admit(cogo__session *s)
{
    const char *why = "not admitted";
    cogo_err err = s->config.events.admit(s->config.events.ctx, s, &why);
    err = err == COGO_OK ? say_welcome(s) : err;
    return err == COGO_OK || refuse(s, err, why);
}

static bool on_proof(cogo__session *s, const cogo__frame *frame)
{
    if (!cogo__transcript_check(&s->transcript, COGO__PROOF_OPEN, frame->proof.proof)) {
        return refuse(s, COGO_EAUTH, "proof: the secrets differ");
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

/* --- Input. ----------------------------------------------------------------------------- */

static bool greet(cogo__session *s, const cogo__frame *frame, const uint8_t *bytes, size_t size)
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
    return refuse(s, COGO_ESTATE, "a frame that has no place here in the handshake");
}

static bool take_frame(cogo__session *s, const uint8_t *bytes, size_t size)
{
    cogo__frame frame;
    const char *wrong =
        cogo__frame_decode(bytes + COGO__FRAME_PREFIX, size - COGO__FRAME_PREFIX, &frame);
    if (wrong != NULL) {
        return refuse(s, COGO_EDECODE, wrong);
    }
    if (frame.kind == COGO__FRAME_REFUSE || frame.kind == COGO__FRAME_GOODBYE) {
        // From WELCOMING on the peer has proved who it is: before that it is a stranger's word.
        s->peer_beyond = s->state >= COGO__SESSION_WELCOMING && frame.refuse.code == COGO_EGONE
                             ? frame.refuse.beyond
                             : 0;
        end(s, (cogo_err)frame.refuse.code, true, (const char *)frame.refuse.text.data,
            frame.refuse.text.size_bytes);
        return false;
    }
    if (s->state != COGO__SESSION_OPEN) {
        return greet(s, &frame, bytes, size);
    }
    bool user = frame.kind == COGO__FRAME_USER; // Nearly always: then nothing is looked up.
    if (!user && cogo__frame_name(frame.kind) == NULL) {
        return true; // Of a newer version, and may be ignored.
    }
    if (!user && frame.kind <= COGO__FRAME_WELCOME) {
        return refuse(s, COGO_ESTATE, "the handshake is over");
    }
    cogo_err err = s->config.events.frame(s->config.events.ctx, s, &frame);
    return err == COGO_OK ? s->state != COGO__SESSION_CLOSED
                          : refuse(s, err, "a frame that can't be accepted");
}

size_t cogo__session_input(cogo__session *s, const uint8_t *bytes, size_t size_bytes)
{
    size_t used = 0;
    while (s->state != COGO__SESSION_CLOSED) {
        bool open = s->state == COGO__SESSION_OPEN;
        size_t whole = 0;
        size_t most = open ? COGO__FRAME_BYTES_MAX : COGO__FRAME_HELLO_MAX;
        cogo__frame_state state =
            cogo__frame_measure(bytes + used, size_bytes - used, most, &whole);
        if (state == COGO__FRAME_SHORT) {
            return used;
        }
        if (state == COGO__FRAME_BROKEN) {
            bool tls = !open && bytes[used] == 0x16 && bytes[used + 1] == 0x03; // Its hello.
            (void)refuse(s, COGO_EDECODE,
                         tls ? "the peer speaks TLS, this node does not"
                             : "length: beyond the limit");
            break;
        }
        s->before_open += open ? 0 : (uint32_t)whole;
        if (s->before_open > COGO__FRAME_HELLO_MAX) {
            (void)refuse(s, COGO_ELIMIT, "too many bytes before the handshake was done");
            break;
        }
        if (!take_frame(s, bytes + used, whole)) {
            break;
        }
        used += whole;
    }
    return size_bytes;
}

void cogo__session_set_beyond(cogo__session *s, uint64_t incarnation)
{
    s->beyond = incarnation;
}

uint64_t cogo__session_beyond(const cogo__session *s)
{
    return s->peer_beyond;
}

cogo_err cogo__session_send(cogo__session *s, const cogo__frame *frame)
{
    return s->state == COGO__SESSION_OPEN ? append(s, frame, NULL) : COGO_ESTATE;
}

/* --- Life. ------------------------------------------------------------------------------ */

cogo_err cogo__session_create(const cogo__session_config *config, cogo__session **out_session)
{
    bool secret = config->secret != NULL;
    if (!name_fits(config->node, false) || !name_fits(config->cluster, true)
        || (config->peer != NULL && !name_fits(config->peer, false))
        || (secret && config->secret_size_bytes < COGO__SESSION_SECRET_MIN)) {
        return COGO_EINVAL;
    }
    cogo__session *s = cogo__alloc_zeroed(config->allocator, 1, sizeof *s);
    if (s == NULL) {
        return COGO_ENOMEM;
    }
    s->config = *config;
    s->connection = config->connection;
    memcpy(s->node, config->node, strlen(config->node) + 1);
    memcpy(s->cluster, config->cluster, strlen(config->cluster) + 1);
    if (config->peer != NULL) {
        memcpy(s->peer_wanted, config->peer, strlen(config->peer) + 1);
    }
    cogo_err err =
        cogo__transcript_init(&s->transcript, config->secret, config->secret_size_bytes);
    s->config.secret = NULL; // The transcript has its own copy.
    s->config.node = s->config.cluster = s->config.peer = NULL;
    if (err == COGO_OK && config->opens) {
        err = say_hello(s);
    }
    if (err != COGO_OK) {
        cogo__session_destroy(s);
        return err;
    }
    *out_session = s;
    return COGO_OK;
}

cogo_err cogo__session_bind(cogo__session *s, const void *binding, size_t size_bytes)
{
    return cogo__transcript_bind(&s->transcript, binding, size_bytes);
}

void cogo__session_destroy(cogo__session *s)
{
    if (s == NULL) {
        return;
    }
    cogo__transcript_finish(&s->transcript);
    cogo__free(s->out);
    cogo__free(s);
}

cogo__session_state cogo__session_state_of(const cogo__session *s)
{
    return s->state;
}

const char *cogo__session_why(const cogo__session *s)
{
    return s->why;
}

cogo_err cogo__session_err(const cogo__session *s)
{
    return s->err;
}

bool cogo__session_closed_by_peer(const cogo__session *s)
{
    return s->by_peer;
}

const char *cogo__session_peer(const cogo__session *s)
{
    return s->peer;
}

uint64_t cogo__session_peer_incarnation(const cogo__session *s)
{
    return s->peer_incarnation;
}

uint32_t cogo__session_connection(const cogo__session *s)
{
    return s->connection;
}

uint32_t cogo__session_peer_window(const cogo__session *s)
{
    return s->peer_window;
}

uint32_t cogo__session_peer_heartbeat_ms(const cogo__session *s)
{
    return s->peer_heartbeat_ms;
}
