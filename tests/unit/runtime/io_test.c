/* Waiting for descriptors: real socket pairs, from the other end of which the test speaks. */
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GO = COGO_MSG_USER, PART, SPIN, BLOCK, ROUNDS = 5000 };

typedef struct ends {
    int mine, theirs;
} ends;

static ends open_pair(void)
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

static cogo_err reader_start(cogo_context *ctx, void *state, const void *args)
{
    reader *r = state;
    r->args = *(const reader_args *)args;
    cogo_err err = cogo_io_watch(ctx, r->args.fd, 77, &r->watch);
    uint32_t stays = r->args.stays ? COGO_IO_STAYS : 0;
    return err == COGO_OK ? cogo_io_want(ctx, r->watch, COGO_IO_READ | stays) : err;
}

static void read_all(reader *r)
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

static cogo_err reader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
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

static void reader_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
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

static cogo_actor_id spawn_reader(cogo_system *system, int fd, bool echo, bool serve_once)
{
    reader_args args = {fd, echo, serve_once, false};
    return scene_spawn(system, &reader_behavior, &args, sizeof args, 0);
}

static cogo_actor_id spawn_staying(cogo_system *system, int fd, bool echo)
{
    reader_args args = {fd, echo, false, true};
    return scene_spawn(system, &reader_behavior, &args, sizeof args, 0);
}

/* The end was told << 63 | events << 32 | bytes, once there were @p bytes. */
static uint64_t wait_for(cogo_system *system, cogo_actor_id id, uint64_t bytes)
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

Test(io, a_message_comes_when_there_is_something_to_read)
{
    for (uint32_t lanes = 1; lanes <= 3; lanes++) {
        cogo_system *system = scene_open(lanes);
        ends pair = open_pair();
        cogo_actor_id id = spawn_reader(system, pair.mine, false, false);
        cr_expect_eq(write(pair.theirs, "hello", 5), 5);
        cr_expect_eq(wait_for(system, id, 5) & UINT32_MAX, 5u);
        cr_expect_eq(write(pair.theirs, "again", 5), 5);
        cr_expect_eq(wait_for(system, id, 10) & UINT32_MAX, 10u);
        close(pair.theirs);
        scene_close(system);
    }
}

Test(io, each_want_gives_one_message)
{
    cogo_system *system = scene_open(2);
    ends pair = open_pair();
    cogo_actor_id id = spawn_reader(system, pair.mine, false, true);
    cr_expect_eq(write(pair.theirs, "1", 1), 1);
    cr_expect_eq(wait_for(system, id, 1), UINT64_C(1) << 32 | 1);
    cr_expect_eq(write(pair.theirs, "2", 1), 1);
    // Nothing was wanted: only what follows makes it look.
    cr_expect_eq(wait_for(system, id, 1), UINT64_C(1) << 32 | 1);
    cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    cr_expect_eq(wait_for(system, id, 2), UINT64_C(2) << 32 | 2);
    close(pair.theirs);
    scene_close(system);
}

/* A server that answers over a socket: each answer is one sleep and one wake of a lane. */
Test(io, thousands_of_round_trips_lose_nothing)
{
    for (uint32_t lanes = 1; lanes <= 2; lanes++) {
        cogo_system *system = scene_open(lanes);
        ends pair = open_pair();
        cogo_actor_id id = spawn_reader(system, pair.mine, true, false);
        char byte = 0;
        for (int i = 0; i < ROUNDS; i++) {
            byte = (char)i;
            cr_assert_eq(write(pair.theirs, &byte, 1), 1);
            cr_assert_eq(read(pair.theirs, &byte, 1), 1);
            cr_assert_eq(byte, (char)i);
        }
        cr_expect_eq(wait_for(system, id, ROUNDS) & UINT32_MAX, (uint64_t)ROUNDS);
        close(pair.theirs);
        scene_close(system);
    }
}

static void send_block(cogo_system *system, cogo_actor_id id, int gate)
{
    cogo_msg *block = cogo_msg_create(system, BLOCK, sizeof gate);
    memcpy(cogo_msg_payload(block), &gate, sizeof gate);
    cr_expect_eq(cogo_system_send(system, id, block), COGO_OK);
}

/* The same with one want for all of them. */
Test(io, a_watch_that_stays_tells_of_all_that_comes)
{
    for (uint32_t lanes = 1; lanes <= 2; lanes++) {
        cogo_system *system = scene_open(lanes);
        ends pair = open_pair();
        cogo_actor_id id = spawn_staying(system, pair.mine, true);
        for (int i = 0; i < ROUNDS; i++) {
            char byte = (char)i;
            cr_assert_eq(write(pair.theirs, &byte, 1), 1);
            cr_assert_eq(read(pair.theirs, &byte, 1), 1);
            cr_assert_eq(byte, (char)i);
        }
        uint64_t told = wait_for(system, id, ROUNDS);
        cr_expect_eq(told & UINT32_MAX, (uint64_t)ROUNDS);
        cr_expect_eq(told >> 63, 0u);
        close(pair.theirs);
        scene_close(system);
    }
}

/* What comes while its actor is busy is told by one message, however often it changed. */
Test(io, a_watch_that_stays_has_one_message_at_a_time)
{
    cogo_system *system = scene_open(2);
    ends pair = open_pair(), gate = open_pair();
    (void)fcntl(gate.mine, F_SETFL, 0);
    cogo_actor_id id = spawn_staying(system, pair.mine, false);
    cr_expect_eq(wait_for(system, id, 0), 0u);
    send_block(system, id, gate.mine);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(write(pair.theirs, "x", 1), 1);
        usleep(1000); // So that each is a change of its own.
    }
    cr_expect_eq(write(gate.theirs, "g", 1), 1);
    cr_expect_eq(wait_for(system, id, 100), UINT64_C(1) << 32 | 100);
    close(pair.theirs);
    scene_close(system);
    close(gate.mine);
    close(gate.theirs);
}

/* Data and the end in one: a reader that stops at less than it asked for must know. */
Test(io, a_watch_that_stays_tells_the_end_together_with_what_came_before)
{
    cogo_system *system = scene_open(1);
    ends pair = open_pair();
    cr_expect_eq(write(pair.theirs, "last", 4), 4);
    close(pair.theirs);
    cogo_actor_id id = spawn_staying(system, pair.mine, false);
    cr_expect_eq(wait_for(system, id, 4), UINT64_C(1) << 63 | UINT64_C(1) << 32 | 4);
    scene_close(system);
}

/* A lane that waits for descriptors is a sleeping lane: messages and timers wake it. */
Test(io, messages_and_asks_wake_a_lane_that_waits_for_descriptors)
{
    for (uint32_t lanes = 1; lanes <= 2; lanes++) {
        cogo_system *system = scene_open(lanes);
        ends pair = open_pair();
        cogo_actor_id id = spawn_reader(system, pair.mine, false, false);
        for (int i = 0; i < ROUNDS; i++) {
            cr_assert_eq(wait_for(system, id, 0), 0u);
        }
        uint64_t before = cogo_system_now_ns(system);
        cogo_msg *answer = NULL;
        cogo_err err = cogo_system_ask(system, id, scene_msg_u64(system, SCENE_ASK, 1000),
                                       20 * SCENE_MS, &answer);
        cr_expect_eq(err, COGO_ETIMEOUT);
        cr_expect_lt(cogo_system_now_ns(system) - before, SCENE_LONG_NS / 2);
        close(pair.theirs);
        scene_close(system);
    }
}

Test(io, after_unwatch_nothing_comes_and_the_number_may_be_another_descriptor)
{
    cogo_system *system = scene_open(2);
    int reused = 0;
    for (int i = 0; i < 200; i++) {
        ends pair = open_pair(), next;
        cogo_actor_id id = spawn_reader(system, pair.mine, false, false);
        cr_expect_eq(write(pair.theirs, "x", 1), 1); // On its way, perhaps in the mailbox.
        cogo_system_send(system, id, cogo_msg_create(system, PART, 0));
        uint64_t seen = wait_for(system, id, 0);
        next = open_pair();               // Has the number that was closed.
        reused += next.mine == pair.mine; // Unless somebody else opened one meanwhile.
        cogo_actor_id other = spawn_reader(system, next.mine, false, false);
        cr_expect_eq(write(next.theirs, "yy", 2), 2);
        cr_expect_eq(wait_for(system, other, 2) & UINT32_MAX, 2u);
        cr_expect_eq(wait_for(system, id, 0), seen);
        cogo_exit_actor(system, id, COGO_EXIT_KILLED, "");
        cogo_exit_actor(system, other, COGO_EXIT_KILLED, "");
        cr_expect_eq(cogo_system_await(system, other, SCENE_LONG_NS, NULL), COGO_OK);
        close(pair.theirs);
        close(next.theirs);
    }
    cr_expect_gt(reused, 0);
    scene_close(system);
}

/* Closes its descriptor in stop(), as its owner may; another thread may get the number at once
 * and watch it. Were the watch given back after stop(), it would be that other's. */
typedef struct closer {
    int fd;
    cogo_err *seen;
} closer;

static cogo_err closer_start(cogo_context *ctx, void *state, const void *args)
{
    closer *c = state;
    uint64_t watch = 0;
    *c = *(const closer *)args;
    return cogo_io_watch(ctx, c->fd, 0, &watch);
}

static cogo_err closer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    cogo_exit(ctx, COGO_EXIT_NORMAL, "told to");
    return COGO_OK;
}

static void closer_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    const closer *c = state;
    uint64_t watch = 0;
    (void)reason;
    *c->seen = cogo_io_watch(ctx, c->fd, 0, &watch); // As that other thread would.
    cogo_io_unwatch(ctx, watch);
    close(c->fd);
}

static const cogo_behavior closer_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "closer",
    .state_size_bytes = sizeof(closer),
    .start = closer_start,
    .receive = closer_receive,
    .stop = closer_stop,
};

Test(io, an_actors_watches_are_gone_before_its_stop_closes_what_they_watched)
{
    cogo_system *system = scene_open(1);
    ends pair = open_pair();
    cogo_err seen = COGO_EFAULT;
    closer args = {pair.mine, &seen};
    cogo_actor_id id = scene_spawn(system, &closer_behavior, &args, sizeof args, 0);
    cogo_reason reason;
    cr_assert_eq(cogo_system_send(system, id, cogo_msg_create(system, GO, 0)), COGO_OK);
    cr_assert_eq(cogo_system_await(system, id, SCENE_LONG_NS, &reason), COGO_OK);
    cr_expect_eq(seen, COGO_OK, "%s", cogo_strerror(seen));
    close(pair.theirs);
    scene_close(system);
}

/* The other side hangs up: that is something to read, too. */
Test(io, the_end_of_the_other_side_is_told)
{
    cogo_system *system = scene_open(1);
    ends pair = open_pair();
    cogo_actor_id id = spawn_reader(system, pair.mine, false, true);
    cr_expect_eq(wait_for(system, id, 0), 0u);
    close(pair.theirs);
    while (wait_for(system, id, 0) >> 32 == 0) {
    }
    scene_close(system);
}

/* Sends itself messages for ever, or sits in a read of a pipe. */
static cogo_err busy_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == SPIN) {
        cogo_send(ctx, cogo_self(ctx), cogo_msg_create(cogo_context_system(ctx), SPIN, 0));
    } else if (cogo_msg_type_of(msg) == BLOCK) {
        char byte;
        int fd = *(const int *)cogo_msg_payload(msg);
        cr_expect_eq(read(fd, &byte, 1), 1);
    }
    return COGO_OK;
}

static const cogo_behavior busy_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "busy",
    .receive = busy_receive,
};

Test(io, lanes_that_never_sleep_still_look)
{
    for (uint32_t lanes = 1; lanes <= 2; lanes++) {
        cogo_system *system = scene_open(lanes);
        ends pair = open_pair();
        cogo_actor_id id = spawn_reader(system, pair.mine, true, false);
        for (uint32_t i = 0; i < lanes; i++) {
            cogo_actor_id busy = scene_spawn(system, &busy_behavior, NULL, 0, 0);
            cogo_system_send(system, busy, cogo_msg_create(system, SPIN, 0));
        }
        char byte = 'b';
        for (int i = 0; i < 50; i++) {
            cr_assert_eq(write(pair.theirs, &byte, 1), 1);
            cr_assert_eq(read(pair.theirs, &byte, 1), 1);
        }
        cr_expect_eq(wait_for(system, id, 50) & UINT32_MAX, 50u);
        close(pair.theirs);
        scene_close(system);
    }
}

/* The lane that would wait sits in a callback that blocks: the other one takes over. */
Test(io, a_stuck_lane_does_not_keep_the_others_from_waiting)
{
    cogo_system *system = scene_open(2);
    ends pair = open_pair(), gate = open_pair();
    (void)fcntl(gate.mine, F_SETFL, 0);
    cogo_actor_id id = spawn_reader(system, pair.mine, true, false);
    cogo_actor_id busy = scene_spawn(system, &busy_behavior, NULL, 0, 0);
    cr_expect_eq(wait_for(system, id, 0), 0u);
    send_block(system, busy, gate.mine);
    char byte = 'g';
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(write(pair.theirs, &byte, 1), 1);
        cr_assert_eq(read(pair.theirs, &byte, 1), 1);
    }
    cr_expect_eq(write(gate.theirs, &byte, 1), 1);
    close(pair.theirs);
    scene_close(system);
    close(gate.mine);
    close(gate.theirs);
}

Test(io, a_watch_costs_nothing_while_nothing_happens)
{
    cogo_system *system = scene_open(4);
    cogo_system_stats before = {.struct_size = sizeof before}, after = before;
    ends pair = open_pair();
    cogo_actor_id id = spawn_reader(system, pair.mine, false, false);
    cr_expect_eq(wait_for(system, id, 0), 0u);
    // Until all lanes have found their sleep; then a second without any.
    for (int quiet = 0; quiet < 10; quiet++) {
        cogo_system_stats_read(system, &before);
        usleep(100000);
        cogo_system_stats_read(system, &after);
        quiet = before.parks == after.parks && before.wakes == after.wakes ? quiet : -1;
    }
    cr_expect_eq(after.parks, before.parks);
    close(pair.theirs);
    scene_close(system);
}

Test(io, what_cannot_be_watched_is_refused)
{
    cogo_system *system = scene_open(1);
    reader_args args = {-1, false, false, false};
    cogo_actor_id id = scene_spawn(system, &reader_behavior, &args, sizeof args, 0);
    cogo_reason reason;
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, &reason), COGO_OK);
    cr_expect(reason.kind == COGO_EXIT_NOPROC || reason.err == COGO_EINVAL);
    scene_close(system);
}
