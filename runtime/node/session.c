#include "runtime/base/alloc.h"
#include "runtime/node/session_parts.h"

#include <stdio.h>
#include <string.h>

enum { OUT_FIRST = 4096 }; // Bytes of the output buffer at first.

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

/* Appends @p frame, without @p loose if that is not NULL. @p out_bytes (may be NULL): where it
 * was put. */
static cogo_err append_all_but(cogo__session *s, const cogo__frame *frame,
                               const cogo_value *loose, cogo_value *out_bytes)
{
    size_t bound = cogo__frame_bound(frame) - (loose != NULL ? loose->size_bytes : 0);
    cogo_err err = bound == 0 ? COGO_EINVAL : reserve(s, bound);
    if (err != COGO_OK) {
        return err;
    }
    size_t size = cogo__frame_encode(frame, loose, s->out + s->out_size, bound);
    if (size == 0) {
        return COGO_EINVAL;
    }
    if (out_bytes != NULL) {
        *out_bytes = (cogo_value){s->out + s->out_size, size};
    }
    s->out_size += size;
    return COGO_OK;
}

cogo_err cogo__session_say(cogo__session *s, const cogo__frame *frame, cogo_value *out_bytes)
{
    return append_all_but(s, frame, NULL, out_bytes);
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

cogo_err cogo__session_send(cogo__session *s, const cogo__frame *frame)
{
    return s->state == COGO__SESSION_OPEN ? cogo__session_say(s, frame, NULL) : COGO_ESTATE;
}

cogo_err cogo__session_send_loose(cogo__session *s, const cogo__frame *frame,
                                  const cogo_value *loose)
{
    return s->state == COGO__SESSION_OPEN ? append_all_but(s, frame, loose, NULL) : COGO_ESTATE;
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
                        .refuse = {(uint64_t)err, cogo__text(why), known ? 0 : s->beyond}};
    (void)cogo__session_say(s, &last,
                            NULL); // Without room the peer only sees the connection close.
    end(s, err, false, why, strlen(why));
}

bool cogo__session_refuse(cogo__session *s, cogo_err err, const char *why)
{
    cogo__session_close(s, err, why);
    return false;
}

void cogo__session_set_beyond(cogo__session *s, uint64_t incarnation)
{
    s->beyond = incarnation;
}

uint64_t cogo__session_beyond(const cogo__session *s)
{
    return s->peer_beyond;
}

/* --- Input. ----------------------------------------------------------------------------- */

static bool take_frame(cogo__session *s, const uint8_t *bytes, size_t size)
{
    cogo__frame frame;
    const char *wrong =
        cogo__frame_decode(bytes + COGO__FRAME_PREFIX, size - COGO__FRAME_PREFIX, &frame);
    if (wrong != NULL) {
        return cogo__session_refuse(s, COGO_EDECODE, wrong);
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
        return cogo__session_greet(s, &frame, bytes, size);
    }
    bool user = frame.kind == COGO__FRAME_USER; // Nearly always: then nothing is looked up.
    if (!user && cogo__frame_name(frame.kind) == NULL) {
        return true; // Of a newer version, and may be ignored.
    }
    if (!user && frame.kind <= COGO__FRAME_WELCOME) {
        return cogo__session_refuse(s, COGO_ESTATE, "the handshake is over");
    }
    cogo_err err = s->config.events.frame(s->config.events.ctx, s, &frame);
    return err == COGO_OK ? s->state != COGO__SESSION_CLOSED
                          : cogo__session_refuse(s, err, "a frame that can't be accepted");
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
            (void)cogo__session_refuse(s, COGO_EDECODE,
                                       tls ? "the peer speaks TLS, this node does not"
                                           : "length: beyond the limit");
            break;
        }
        s->before_open += open ? 0 : (uint32_t)whole;
        if (s->before_open > COGO__FRAME_HELLO_MAX) {
            (void)cogo__session_refuse(s, COGO_ELIMIT,
                                       "too many bytes before the handshake was done");
            break;
        }
        if (!take_frame(s, bytes + used, whole)) {
            break;
        }
        used += whole;
    }
    return size_bytes;
}

/* --- Life. ------------------------------------------------------------------------------ */

static bool name_fits(const char *name, bool may_be_empty)
{
    size_t size = name != NULL ? strlen(name) : 0;
    return name != NULL && size <= COGO__NODE_NAME_MAX && (size > 0 || may_be_empty);
}

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
        err = cogo__session_hello(s);
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
