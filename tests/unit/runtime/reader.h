/* An actor that watches one end of a socket pair, and counts what the test says at the
 * other. */
#ifndef TESTS_UNIT_RUNTIME_READER_H
#define TESTS_UNIT_RUNTIME_READER_H

#include "tests/unit/runtime/scene.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GO = COGO_MSG_USER, PART, SPIN, BLOCK, ROUNDS = 5000 };

typedef struct ends {
    int mine, theirs;
} ends;

static inline ends open_pair(void)
{
    int fds[2] = {-1, -1};
    cr_expect_neq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), -1);
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    return (ends){fds[0], fds[1]};
}

/* Counts bytes that come in, and echoes them when told to. */
typedef struct reader_args {
    int fd;
    bool echo, serve_once, stays;
} reader_args;

typedef struct reader {
    reader_args args;
    uint64_t watch, bytes, events, ended;
    cogo_actor_id waiting;
    uint64_t wanted;
} reader;

static inline cogo_err reader_start(cogo_context *ctx, void *state, const void *args)
{
    reader *r = state;
    r->args = *(const reader_args *)args;
    cogo_err err = cogo_io_watch(ctx, r->args.fd, 77, &r->watch);
    uint32_t stays = r->args.stays ? COGO_IO_STAYS : 0;
    return err == COGO_OK ? cogo_io_want(ctx, r->watch, COGO_IO_READ | stays) : err;
}

static inline void read_all(reader *r)
{
    char buffer[4096];
    ssize_t got;
    while ((got = read(r->args.fd, buffer, sizeof buffer)) > 0) {
        r->bytes += (uint64_t)got;
        if (r->args.echo) {
            cr_expect_eq(write(r->args.fd, buffer, (size_t)got), got);
        }
    }
}

static inline cogo_err reader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    reader *r = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_IO: {
        const cogo_io_ready *ready = cogo_msg_payload(msg);
        cr_expect_eq(ready->cookie, 77u);
        cr_expect_eq(ready->watch, r->watch);
        cr_expect((ready->events & COGO_IO_READ) != 0);
        r->events++;
        r->ended = (ready->events & COGO_IO_END) != 0 ? 1 : r->ended;
        read_all(r);
        if (!r->args.serve_once && !r->args.stays) {
            cr_expect_eq(cogo_io_want(ctx, r->watch, COGO_IO_READ), COGO_OK);
        }
        break;
    }
    case BLOCK: { // Until a byte comes from another descriptor.
        char byte;
        cr_expect_eq(read(*(const int *)cogo_msg_payload(msg), &byte, 1), 1);
        break;
    }
    case GO: // Wants again.
        cr_expect_eq(cogo_io_want(ctx, r->watch, COGO_IO_READ), COGO_OK);
        break;
    case PART: // Leaves the descriptor, closes it.
        cogo_io_unwatch(ctx, r->watch);
        cr_expect_eq(cogo_io_want(ctx, r->watch, COGO_IO_READ), COGO_ENOTFOUND);
        close(r->args.fd);
        r->args.fd = -1;
        break;
    case SCENE_ASK: // Answers once so many bytes have come.
        r->waiting = cogo_msg_reply_to(msg);
        r->wanted = 0;
        if (cogo_msg_size(msg) == sizeof r->wanted) {
            memcpy(&r->wanted, cogo_msg_payload(msg), sizeof r->wanted);
        }
        break;
    default:
        break;
    }
    if (cogo_actor_id_is_set(r->waiting) && r->bytes >= r->wanted) {
        uint64_t both = r->ended << 63 | r->events << 32 | r->bytes;
        cogo_send(ctx, r->waiting, scene_msg_u64(cogo_context_system(ctx), SCENE_ASK, both));
        r->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static inline void reader_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    const reader *r = state;
    (void)ctx, (void)reason;
    if (r->args.fd >= 0) {
        close(r->args.fd);
    }
}

static const cogo_behavior reader_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "reader",
    .state_size_bytes = sizeof(reader),
    .start = reader_start,
    .receive = reader_receive,
    .stop = reader_stop,
};

static inline cogo_actor_id spawn_reader(cogo_system *system, int fd, bool echo,
                                         bool serve_once)
{
    reader_args args = {fd, echo, serve_once, false};
    return scene_spawn(system, &reader_behavior, &args, sizeof args, 0);
}

static inline cogo_actor_id spawn_staying(cogo_system *system, int fd, bool echo)
{
    reader_args args = {fd, echo, false, true};
    return scene_spawn(system, &reader_behavior, &args, sizeof args, 0);
}

static inline void send_block(cogo_system *system, cogo_actor_id id, int gate)
{
    cogo_msg *block = cogo_msg_create(system, BLOCK, sizeof gate);
    memcpy(cogo_msg_payload(block), &gate, sizeof gate);
    cr_expect_eq(cogo_system_send(system, id, block), COGO_OK);
}

/* The end was told << 63 | events << 32 | bytes, once there were @p bytes. */
static inline uint64_t wait_for(cogo_system *system, cogo_actor_id id, uint64_t bytes)
{
    cogo_msg *answer = NULL;
    cogo_err err = cogo_system_ask(system, id, scene_msg_u64(system, SCENE_ASK, bytes),
                                   SCENE_LONG_NS, &answer);
    cr_expect_eq(err, COGO_OK);
    uint64_t value = UINT64_MAX;
    if (err == COGO_OK) {
        memcpy(&value, cogo_msg_payload(answer), sizeof value);
        cogo_msg_destroy(answer);
    }
    return value;
}

#endif
