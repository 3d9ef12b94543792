/* A peer that knows the secret and the protocol, and then says what no node of ours would. Used
 * by tests of what a node believes. Blocks in recv(): the node always answers or closes. */
#ifndef TESTS_UNIT_RUNTIME_ROGUE_H
#define TESTS_UNIT_RUNTIME_ROGUE_H

#include "runtime/node/node.h"
#include "tests/unit/runtime/cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROGUE_IN = 131072 };

typedef struct rogue {
    int fds[COGO__CONNECTIONS];
    cogo__session *sessions[COGO__CONNECTIONS];
    uint8_t in[COGO__CONNECTIONS][ROGUE_IN];
    size_t have[COGO__CONNECTIONS];
    uint64_t wanted;                        /* The kind that is waited for, */
    bool (*fits)(const cogo__frame *frame); /* which of it (NULL: any), */
    bool found;                             /* and whether it has come: */
    cogo__frame frame;
    uint32_t heartbeat_ms; /* What it promises; 0: a minute. */
    uint64_t incarnation;  /* 0: 77. */
    uint32_t window_bytes; /* 0: 1 MiB. */
    int buffer_bytes;      /* Of its sockets, for what comes; 0: as the system has it. */
} rogue;

static cogo_err rogue_admit(void *ctx, cogo__session *session, const char **why)
{
    (void)ctx;
    (void)session;
    (void)why;
    return COGO_OK;
}

static cogo_err rogue_take(void *ctx, cogo__session *session, const cogo__frame *frame)
{
    rogue *r = ctx;
    (void)session;
    if (frame->kind == r->wanted && !r->found && (r->fits == NULL || r->fits(frame))) {
        r->frame = *frame;
        r->found = true;
    }
    return COGO_OK;
}

static inline void rogue_flush(rogue *r, uint32_t connection)
{
    size_t size = 0;
    const uint8_t *bytes = cogo__session_output(r->sessions[connection], &size);
    while (size != 0) {
        ssize_t put = send(r->fds[connection], bytes, size, MSG_NOSIGNAL);
        if (put <= 0) {
            break; // Closed: the next hearing tells.
        }
        cogo__session_sent(r->sessions[connection], (size_t)put);
        bytes = cogo__session_output(r->sessions[connection], &size);
    }
}

/* False: the node has closed. */
static inline bool rogue_hear(rogue *r, uint32_t connection)
{
    size_t *have = &r->have[connection];
    ssize_t got = recv(r->fds[connection], r->in[connection] + *have, ROGUE_IN - *have, 0);
    if (got <= 0) {
        return false;
    }
    *have += (size_t)got;
    size_t used = cogo__session_input(r->sessions[connection], r->in[connection], *have);
    *have -= used;
    memmove(r->in[connection], r->in[connection] + used, *have);
    rogue_flush(r, connection);
    return cogo__session_state_of(r->sessions[connection]) != COGO__SESSION_CLOSED;
}

static inline bool rogue_connect(rogue *r, const place *p, const char *name,
                                 uint32_t connection)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(cogo_node_port(p->system))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (r->buffer_bytes != 0) {
        cr_expect_eq(
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &r->buffer_bytes, sizeof r->buffer_bytes), 0);
    }
    cr_expect_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    cogo__session_config config = {
        .opens = true,
        .connection = connection,
        .node = name,
        .cluster = "",
        .incarnation = r->incarnation != 0 ? r->incarnation : 77,
        .window_bytes = r->window_bytes != 0 ? r->window_bytes : 1048576,
        .heartbeat_ms = r->heartbeat_ms != 0 ? r->heartbeat_ms : 60000,
        .secret = cluster_secret,
        .secret_size_bytes = sizeof cluster_secret - 1,
        .events = {r, rogue_admit, rogue_take}};
    memset(config.nonce, 'r' + (int)connection, sizeof config.nonce);
    r->fds[connection] = fd;
    cr_expect_eq(cogo__session_create(&config, &r->sessions[connection]), COGO_OK);
    rogue_flush(r, connection);
    while (cogo__session_state_of(r->sessions[connection]) != COGO__SESSION_OPEN) {
        if (!rogue_hear(r, connection)) {
            return false;
        }
    }
    return true;
}

static inline void rogue_say(rogue *r, uint32_t connection, const cogo__frame *frame)
{
    cr_expect_eq(cogo__session_send(r->sessions[connection], frame), COGO_OK);
    rogue_flush(r, connection);
}

/* Waits for a frame of @p kind. False: the node has closed. */
static inline bool rogue_await(rogue *r, uint32_t connection, uint64_t kind)
{
    r->wanted = kind;
    r->found = false;
    while (!r->found) {
        if (!rogue_hear(r, connection)) {
            break;
        }
    }
    return r->found;
}

static inline void rogue_close(rogue *r)
{
    for (int i = 0; i < COGO__CONNECTIONS; i++) {
        if (r->sessions[i] != NULL) {
            close(r->fds[i]);
            cogo__session_destroy(r->sessions[i]);
        }
    }
    *r = (rogue){.found = false};
}

/* Linked with @p p, which has noticed it. */
static inline void rogue_open(rogue *r, place *p)
{
    cr_expect(rogue_connect(r, p, "rogue", COGO__CONTROL));
    cr_expect(rogue_connect(r, p, "rogue", COGO__DATA));
    sem_wait(&p->ups);
}

static inline cogo_value rogue_text(const char *bytes)
{
    return (cogo_value){(const uint8_t *)bytes, strlen(bytes)};
}

#endif
