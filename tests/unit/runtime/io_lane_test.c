/* Waiting for descriptors: the lanes that do it, beside all that they do else. */
#include "tests/unit/runtime/reader.h"

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
