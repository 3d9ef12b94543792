/* Waiting for descriptors: what an actor is told of them. */
#include "tests/unit/runtime/reader.h"

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
