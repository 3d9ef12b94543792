/* One connection to a Redis server: commands out, replies in, never blocking. Used by the Redis
 * door, which has two. hiredis writes commands and reads replies; bytes go through cogo_io of
 * the actor, because the hiredis of Debian 12 (0.14) looks names up blocking, knows neither TLS
 * nor a limit in time, and would want a loop of its own. */
#ifndef QUEUE_WIRE_H
#define QUEUE_WIRE_H

#include "actors/queue/address.h"

#include <cogo/io.h>

#include <hiredis/hiredis.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

enum {
    WIRE_ANSWER_MS = 10000,     /* For a connection, and for each reply. */
    WIRE_REPLY_MAX = 128 << 20, /* Bytes of one reply; beyond it the connection is given up. */
    WIRE_UNSENT_BUSY = 4 << 20, /* Bytes unsent, or */
    WIRE_UNANSWERED_BUSY = 10000, /* commands unanswered, from which on it is busy. */
    WIRE_WHY_SIZE = 160,
};

typedef enum wire_state {
    WIRE_DOWN,
    WIRE_CONNECTING,
    WIRE_TLS,
    WIRE_GREETING,
    WIRE_UP
} wire_state;

typedef struct wire wire;
typedef struct wire_owner {
    /* It is up: commands may be sent. */
    void (*up)(wire *w);
    /* The reply to the oldest unanswered command, whose kind it is. Freed afterwards. The wire
     * may be closed inside. */
    void (*reply)(wire *w, int kind, redisReply *r);
    /* It is down, by itself; @p why for people. */
    void (*down)(wire *w, const char *why);
} wire_owner;

struct wire {
    cogo_context *ctx; /* Of the callback that runs; set by the owner. */
    const wire_owner *owner;
    void *owner_ctx;
    const address *address;
    uint64_t cookie; /* Of its COGO_MSG_IO. */
    wire_state state;
    int fd;
    uint64_t watch;
    SSL_CTX *tls;
    SSL *ssl;
    redisReader *reader;
    char *out;
    size_t out_size, out_sent, out_capacity;
    uint8_t *kinds; /* Of unanswered commands, oldest first, a ring. */
    size_t kinds_first, kinds_count, kinds_capacity;
    size_t greetings;   /* Replies that greet() waits for. */
    size_t reply_bytes; /* Of the reply that is coming. */
    uint64_t alive_ns;  /* When something last moved. */
    bool too_large;     /* What it was last given up for. */
    bool want_write;    /* TLS wants to write before it reads. */
    bool broken;        /* A command could not be kept: given up at the next tick. */
    char why[WIRE_WHY_SIZE];
};

/* @p address and @p owner outlive the wire. */
void wire_init(wire *w, const wire_owner *owner, void *owner_ctx, const address *a,
               uint64_t cookie);
/* Begins; up() or down() follows, perhaps at once. */
void wire_connect(wire *w, const struct sockaddr *to, socklen_t size);
/* COGO_MSG_IO with its cookie. */
void wire_ready(wire *w, const cogo_io_ready *ready);
/* Looks whether the server has been silent for too long; called about once a second. */
void wire_tick(wire *w);
/* A command of @p count parts. @p kind is the owner's, for its reply. */
void wire_send(wire *w, int kind, int count, const char **parts, const size_t *sizes);
/* True: no more than what is needed should be sent now. */
bool wire_busy(const wire *w);
/* Tells nobody. Also of one that is down. */
void wire_close(wire *w);

#endif
