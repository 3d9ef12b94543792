#include "actors/queue/wire.h"

#include "actors/queue/wire_tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN_SIZE = 64 * 1024, READS_MAX = 16 /* In one turn. */, KIND_GREETING = 255 };

void wire_init(wire *w, const wire_owner *owner, void *owner_ctx, const address *a,
               uint64_t cookie)
{
    *w = (wire){
        .owner = owner, .owner_ctx = owner_ctx, .address = a, .cookie = cookie, .fd = -1};
}

void wire_close(wire *w)
{
    if (w->watch != 0) {
        cogo_io_unwatch(w->ctx, w->watch);
    }
    wire_tls_finish(w);
    if (w->fd >= 0) {
        (void)close(w->fd);
    }
    if (w->reader != NULL) {
        redisReaderFree(w->reader);
    }
    free(w->out);
    free(w->kinds);
    bool too_large = w->too_large;
    cogo_context *ctx = w->ctx;
    wire_init(w, w->owner, w->owner_ctx, w->address, w->cookie);
    w->ctx = ctx;
    w->too_large = too_large;
}

static void give_up(wire *w, const char *why)
{
    char text[WIRE_WHY_SIZE];
    snprintf(text, sizeof text, "%s", why);
    wire_close(w);
    w->owner->down(w, text);
}

/* False: it can't be waited for. */
static bool want(wire *w)
{
    bool writes = w->state == WIRE_CONNECTING || w->want_write || w->out_sent < w->out_size;
    uint32_t events = COGO_IO_READ | (writes ? (uint32_t)COGO_IO_WRITE : 0);
    if (w->state == WIRE_CONNECTING) {
        events = COGO_IO_WRITE;
    }
    return cogo_io_want(w->ctx, w->watch, events) == COGO_OK;
}

static void want_or_give_up(wire *w)
{
    if (!want(w)) {
        give_up(w, "its descriptor can't be waited for");
    }
}

static ssize_t put_bytes(wire *w, const char *bytes, size_t size)
{
    return w->ssl != NULL ? wire_tls_write(w, bytes, size)
                          : send(w->fd, bytes, size, MSG_NOSIGNAL);
}

/* 0: the end. Less: an error, or EAGAIN. */
static ssize_t get_bytes(wire *w, char *bytes, size_t size)
{
    return w->ssl != NULL ? wire_tls_read(w, bytes, size) : recv(w->fd, bytes, size, 0);
}

/* False: it was given up. */
static bool flush(wire *w)
{
    while (w->out_sent < w->out_size) {
        ssize_t sent = put_bytes(w, w->out + w->out_sent, w->out_size - w->out_sent);
        if (sent < 0 && errno == EAGAIN) {
            return true;
        }
        if (sent < 0) {
            give_up(w, w->why[0] != '\0' ? w->why : strerror(errno));
            return false;
        }
        w->out_sent += (size_t)sent;
        w->alive_ns = cogo_now_ns(w->ctx);
    }
    w->out_size = w->out_sent = 0;
    return true;
}

static bool push_kind(wire *w, int kind)
{
    if (w->kinds_count == w->kinds_capacity) {
        size_t capacity = w->kinds_capacity == 0 ? 64 : 2 * w->kinds_capacity;
        uint8_t *larger = malloc(capacity);
        if (larger == NULL) {
            return false;
        }
        for (size_t i = 0; i < w->kinds_count; i++) {
            larger[i] = w->kinds[(w->kinds_first + i) % w->kinds_capacity];
        }
        free(w->kinds);
        w->kinds = larger;
        w->kinds_first = 0;
        w->kinds_capacity = capacity;
    }
    w->kinds[(w->kinds_first + w->kinds_count++) % w->kinds_capacity] = (uint8_t)kind;
    return true;
}

static bool append(wire *w, const char *bytes, size_t size)
{
    if (w->out_size + size > w->out_capacity) {
        size_t capacity = 2 * w->out_capacity > w->out_size + size ? 2 * w->out_capacity
                                                                   : w->out_size + size + 4096;
        char *larger = realloc(w->out, capacity);
        if (larger == NULL) {
            return false;
        }
        w->out = larger;
        w->out_capacity = capacity;
    }
    memcpy(w->out + w->out_size, bytes, size);
    w->out_size += size;
    return true;
}

void wire_send(wire *w, int kind, int count, const char **parts, const size_t *sizes)
{
    char *command = NULL;
    if (w->state < WIRE_GREETING) {
        return; /* What it was for is begun anew with the next connection. */
    }
    if (w->kinds_count == 0) {
        w->alive_ns = cogo_now_ns(w->ctx);
    }
    bool first = w->out_size == w->out_sent;
    int size = redisFormatCommandArgv(&command, count, parts, sizes);
    bool good = size > 0 && append(w, command, (size_t)size) && push_kind(w, kind);
    redisFreeCommand(command);
    /* Written when there is room, with all that is sent until then. */
    w->broken = w->broken || !good || (first && !want(w));
}

bool wire_busy(const wire *w)
{
    return w->out_size - w->out_sent > WIRE_UNSENT_BUSY
           || w->kinds_count > WIRE_UNANSWERED_BUSY;
}

static void greet(wire *w)
{
    const address *a = w->address;
    w->state = WIRE_GREETING;
    w->greetings = 1;
    if (a->password[0] != '\0') {
        const char *auth[] = {"AUTH", a->user, a->password};
        const char *plain[] = {"AUTH", a->password};
        w->greetings++;
        wire_send(w, KIND_GREETING, a->user[0] != '\0' ? 3 : 2,
                  a->user[0] != '\0' ? auth : plain, NULL);
    }
    if (a->db != 0) {
        char db[16];
        snprintf(db, sizeof db, "%d", a->db);
        const char *select[] = {"SELECT", db};
        w->greetings++;
        wire_send(w, KIND_GREETING, 2, select, NULL);
    }
    const char *ping[] = {"PING"}; /* Refused while it loads its data, and without AUTH. */
    wire_send(w, KIND_GREETING, 1, ping, NULL);
}

/* The reply to the oldest command. False: the wire is closed. */
static bool take_reply(wire *w, redisReply *r)
{
    if (w->kinds_count == 0) {
        give_up(w, "a reply that nobody asked for");
        return false;
    }
    int kind = w->kinds[w->kinds_first];
    w->kinds_first = (w->kinds_first + 1) % w->kinds_capacity;
    w->kinds_count--;
    if (kind != KIND_GREETING) {
        w->owner->reply(w, kind, r);
        return w->state != WIRE_DOWN;
    }
    if (r->type == REDIS_REPLY_ERROR) {
        give_up(w, r->str);
        return false;
    }
    if (--w->greetings == 0) {
        w->state = WIRE_UP;
        w->owner->up(w);
    }
    return w->state != WIRE_DOWN;
}

/* All whole replies that have come. False: the wire is closed. */
static bool take_replies(wire *w)
{
    void *reply = NULL;
    while (redisReaderGetReply(w->reader, &reply) == REDIS_OK) {
        if (reply == NULL) {
            w->too_large = w->reply_bytes > WIRE_REPLY_MAX;
            if (w->too_large) {
                give_up(w, "a reply is too large");
            }
            return !w->too_large;
        }
        w->reply_bytes = 0;
        bool open = take_reply(w, reply);
        freeReplyObject(reply);
        if (!open) {
            return false;
        }
    }
    give_up(w, "it does not speak the protocol of Redis");
    return false;
}

/* What is there, or a part of it. False: the wire is closed. */
static bool read_some(wire *w)
{
    char bytes[IN_SIZE];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t size = get_bytes(w, bytes, sizeof bytes);
        if (size < 0 && errno == EAGAIN) {
            return true;
        }
        if (size <= 0) {
            give_up(w, size == 0           ? "the server closed the connection"
                       : w->why[0] != '\0' ? w->why
                                           : strerror(errno));
            return false;
        }
        w->alive_ns = cogo_now_ns(w->ctx);
        w->reply_bytes += (size_t)size;
        if (redisReaderFeed(w->reader, bytes, (size_t)size) != REDIS_OK) {
            give_up(w, "out of memory");
            return false;
        }
        if (!take_replies(w)) {
            return false;
        }
    }
    return true;
}

/* TLS, if any, then the greeting. */
static void shake_hands(wire *w)
{
    int done = w->address->tls ? wire_tls_handshake(w) : 1;
    if (done < 0) {
        give_up(w, w->why);
        return;
    }
    if (done > 0) {
        greet(w);
    }
    if (w->state != WIRE_DOWN) {
        want_or_give_up(w);
    }
}

static void connected(wire *w)
{
    int error = 0, on = 1;
    socklen_t size = sizeof error;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        give_up(w, strerror(error != 0 ? error : errno));
        return;
    }
    (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    w->state = WIRE_TLS;
    if (w->address->tls && !wire_tls_start(w)) {
        give_up(w, w->why);
        return;
    }
    shake_hands(w);
}

void wire_connect(wire *w, const struct sockaddr *to, socklen_t size)
{
    wire_close(w);
    w->too_large = false;
    w->reader = redisReaderCreate();
    w->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    w->alive_ns = cogo_now_ns(w->ctx);
    w->state = WIRE_CONNECTING;
    if (w->reader == NULL || w->fd < 0) {
        give_up(w, w->fd < 0 ? strerror(errno) : "out of memory");
    } else if (connect(w->fd, to, size) != 0 && errno != EINPROGRESS) {
        give_up(w, strerror(errno));
    } else if (cogo_io_watch(w->ctx, w->fd, w->cookie, &w->watch) != COGO_OK) {
        give_up(w, "its descriptor can't be watched");
    } else {
        want_or_give_up(w);
    }
}

void wire_ready(wire *w, const cogo_io_ready *ready)
{
    if (w->state == WIRE_DOWN || ready->watch != w->watch) {
        return; /* Of a connection that was given up. */
    }
    w->want_write = false;
    if (w->state == WIRE_CONNECTING) {
        connected(w);
    } else if (w->state == WIRE_TLS) {
        shake_hands(w);
    } else if (read_some(w) && flush(w)) {
        want_or_give_up(w);
    }
}

void wire_tick(wire *w)
{
    bool waits = w->state != WIRE_DOWN && (w->state != WIRE_UP || w->kinds_count > 0);
    uint64_t now_ns = cogo_now_ns(w->ctx);
    if (waits && now_ns - w->alive_ns > WIRE_ANSWER_MS * UINT64_C(1000000)) {
        give_up(w, "no answer in time");
    } else if (w->broken) {
        give_up(w, "out of memory");
    }
}
