/* Bytes between the socket and the session of a connection, through TLS if the node has it. */
#include "runtime/actor/send.h"
#include "runtime/base/call.h"
#include "runtime/node/connection.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    READ_FIRST = 8192, // Bytes of the input buffer of a stranger: its frames have room;
    READ_MOST = COGO__LARGE_BUFFER, // and of a peer: a few of the largest frames have.
    READ_BUDGET = 524288,           // Bytes per turn.
    READ_AHEAD = 4096, // Bytes, where a large payload is expected: its frame begins there.
    TLS_PIECE = 16384, // Bytes that are taken from the socket at a time.
};

static cogo__large *store_of(const cogo__connection *c)
{
    return c->ctx->heap != NULL ? &c->ctx->heap->large : NULL;
}

/* The buffer comes from the lane's store, and goes back there when nothing is left in it: a
 * connection that is idle has none. True if there is room to read into. */
static bool make_room(cogo__connection *c)
{
    size_t capacity = c->open ? READ_MOST : READ_FIRST;
    if (c->in != NULL && c->in_capacity >= capacity) {
        return c->in_size < c->in_capacity;
    }
    const cogo_allocator *from = c->node->system->config.allocator;
    uint8_t *in = capacity == READ_MOST ? cogo__large_buffer_take(store_of(c), from)
                                        : cogo__large_alloc(store_of(c), from, capacity);
    if (in == NULL) {
        cogo__session_close(c->session, COGO_ENOMEM, "no memory to read");
        return false;
    }
    if (c->in_size != 0) {
        memcpy(in, c->in, c->in_size);
    }
    cogo__large_free(store_of(c), c->in);
    c->in = in;
    c->in_capacity = capacity;
    return true;
}

void cogo__bytes_finish(cogo__connection *c)
{
    if (c->in_capacity == READ_MOST) {
        cogo__large_buffer_give(store_of(c), c->in);
    } else {
        cogo__large_free(store_of(c), c->in);
    }
    c->in = NULL;
    c->in_size = c->in_capacity = 0;
}

static bool is_closed(const cogo__connection *c)
{
    return cogo__session_state_of(c->session) == COGO__SESSION_CLOSED;
}

/* What became of a read into @p room bytes: -1 for "nothing now" and 0 for the end, which is
 * noted; else as recv(). */
static ssize_t took(cogo__connection *c, ssize_t got, size_t room)
{
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        c->hung_up = true;
    }
    // Less than there is room for is all that there was, and what comes next is told. But the
    // end may have been told with it. And who sends large payloads is often writing still: one
    // look more costs less than to be woken for the rest.
    bool more = (size_t)got == room || c->to_end || c->incoming.large;
    c->unread = !c->hung_up && got > 0 && more;
    return c->hung_up ? 0 : got;
}

static ssize_t take(cogo__connection *c, uint8_t *into, size_t room)
{
    ssize_t got = -1;
    do {
        got = cogo__call_recv(c->fd, into, room);
    } while (got < 0 && errno == EINTR);
    return took(c, got, room);
}

/* The rest of a large payload to where it stays, and a little of what follows it. */
static __attribute__((noinline)) ssize_t take_large(cogo__connection *c)
{
    size_t rest = 0, room = c->in_capacity - c->in_size;
    uint8_t *at = cogo__landing_room(c, &rest);
    room = room < READ_AHEAD ? room : READ_AHEAD;
    if (rest == 0) {
        return take(c, c->in + c->in_size, room);
    }
    struct iovec pieces[2] = {{at, rest}, {c->in + c->in_size, room}};
    ssize_t got = -1;
    do {
        got = cogo__call_recv_pieces(c->fd, pieces, 2);
    } while (got < 0 && errno == EINTR);
    return took(c, got, rest + room);
}

static void feed_session(cogo__connection *c, size_t more)
{
    c->in_size += c->incoming.large ? more - cogo__landing_came(c, more) : more;
    size_t used = cogo__session_input(c->session, c->in, c->in_size);
    c->in_size -= used;
    if (c->in_size != 0 && cogo__landing_begin(c, c->in + used, c->in_size)) {
        c->in_size = 0;
    } else if (c->in_size != 0) {
        memmove(c->in, c->in + used, c->in_size);
    }
}

static size_t read_plain(cogo__connection *c)
{
    size_t total = 0;
    while (total < READ_BUDGET && make_room(c)) {
        ssize_t got = c->incoming.large
                          ? take_large(c)
                          : take(c, c->in + c->in_size, c->in_capacity - c->in_size);
        if (got <= 0) {
            break;
        }
        total += (size_t)got;
        feed_session(c, (size_t)got);
        if (is_closed(c) || !c->unread) {
            break;
        }
    }
    return total;
}

/* All content that came in one piece of the wire. */
static void drain_tls(cogo__connection *c)
{
    while (!is_closed(c) && make_room(c)) {
        size_t room = c->in_capacity - c->in_size;
        size_t got = cogo__tls_read(c->tls, c->in + c->in_size, room);
        if (got == 0) {
            break;
        }
        feed_session(c, got);
    }
}

static void bind_session(cogo__connection *c)
{
    uint8_t binding[COGO__TLS_BINDING];
    if (!cogo__tls_binding(c->tls, binding)
        || cogo__session_bind(c->session, binding, sizeof binding) != COGO_OK) {
        cogo__session_close(c->session, COGO_EAUTH, "tls: no binding");
    }
}

static size_t read_tls(cogo__connection *c)
{
    uint8_t piece[TLS_PIECE];
    size_t total = 0;
    while (total < READ_BUDGET && !is_closed(c)) {
        ssize_t got = take(c, piece, sizeof piece);
        if (got <= 0) {
            break;
        }
        bool before = cogo__tls_open(c->tls);
        total += (size_t)got;
        bool fine = cogo__tls_input(c->tls, piece, (size_t)got);
        if (fine && !before && cogo__tls_open(c->tls)) {
            bind_session(c);
        }
        drain_tls(c);
        if (cogo__tls_broken(c->tls)) {
            bool known = c->open; // Then it is a link that ends, not a stranger.
            cogo__session_close(c->session, known ? COGO_EIO : COGO_EAUTH,
                                cogo__tls_why(c->tls));
            break;
        }
        if (!c->unread) {
            break;
        }
    }
    return total;
}

void cogo__bytes_read(cogo__connection *c)
{
    size_t total = c->tls != NULL ? read_tls(c) : read_plain(c);
    cogo__incoming_push(c);
    if (c->in_size == 0) {
        cogo__bytes_finish(c);
    }
    if (total != 0 && c->number == COGO__CONTROL) {
        c->heard_ns = cogo_now_ns(c->ctx);
    }
    if (total != 0 && c->peer != NULL) {
        cogo__u64_bump(&c->peer->bytes_in[c->number], total);
    }
}

/* Bytes that go to the wire next. */
static const uint8_t *next_bytes(cogo__connection *c, size_t *out_size)
{
    size_t taken = 1;
    if (c->tls == NULL) {
        return cogo__session_output(c->session, out_size);
    }
    while (taken != 0) {
        const uint8_t *bytes = cogo__session_output(c->session, out_size);
        taken = cogo__tls_write(c->tls, bytes, *out_size);
        cogo__session_sent(c->session, taken);
    }
    return cogo__tls_output(c->tls, out_size);
}

static __attribute__((noinline)) ssize_t give_large(cogo__connection *c)
{
    struct iovec pieces[COGO__LOOSE_PIECES];
    int count = cogo__loose_gather(&c->out.loose, c->session, pieces);
    return cogo__call_send_pieces(c->fd, pieces, count);
}

/* As send(); 0: there is nothing to write. */
static inline ssize_t give(cogo__connection *c)
{
    if (__builtin_expect(c->out.loose.count != 0, 0)) {
        return give_large(c);
    }
    size_t size = 0;
    const uint8_t *bytes = next_bytes(c, &size);
    return size != 0 ? cogo__call_send(c->fd, bytes, size) : 0;
}

bool cogo__bytes_write(cogo__connection *c, size_t *total)
{
    ssize_t put = 0;
    while ((put = give(c)) != 0) {
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            c->hung_up = c->hung_up || (errno != EAGAIN);
            return false;
        }
        if (c->tls != NULL) {
            cogo__tls_sent(c->tls, (size_t)put);
        } else if (c->out.loose.count == 0) {
            cogo__session_sent(c->session, (size_t)put);
        } else {
            cogo__loose_sent(&c->out.loose, c->session, c->ctx->heap, (size_t)put);
        }
        *total += (size_t)put;
        if (c->peer != NULL) {
            cogo__u64_bump(&c->peer->bytes_out[c->number], (size_t)put);
        }
    }
    return true;
}
