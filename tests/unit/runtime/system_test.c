/* Systems as a whole: starting, stopping, limits, detached actors, what is seen from
 * outside. */
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { GO = COGO_MSG_USER, FLUSH };

static cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 1) : COGO_OK;
}

static const cogo_behavior idle_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "idle",
    .state_size_bytes = 16,
    .receive = ignore,
};

Test(system, can_be_made_and_ended_200_times_beside_another_one)
{
    cogo_system *other = scene_open(1);
    cogo_actor_id stranger = scene_spawn(other, &idle_behavior, NULL, 0, 0);
    for (int i = 0; i < 200; i++) {
        cogo_system *system = scene_open(2);
        cogo_actor_id id = scene_spawn(system, &idle_behavior, NULL, 0, 0);
        cr_expect_eq(cogo_system_send(system, id, cogo_msg_create(system, GO, 8)), COGO_OK);
        cr_expect_eq(cogo_system_send(system, stranger, cogo_msg_create(system, GO, 8)),
                     COGO_EGONE);
        scene_close(system);
    }
    cr_expect_eq(scene_ask_u64(other, stranger), 1u);
    scene_close(other);
}

Test(system, refuses_configurations_that_make_no_sense)
{
    cogo_system *system = NULL;
    cogo_system_config config = {.struct_size = 3};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_EINVAL);
    config = (cogo_system_config){.struct_size = sizeof config, .lane_count = 100000};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_EINVAL);
    cr_expect_null(system);
    cogo_system_destroy(NULL);
}

Test(system, a_stale_id_stays_stale_when_its_cell_lives_again)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id first = scene_spawn(system, &idle_behavior, NULL, 0, 0);
    cogo_exit_actor(system, first, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, first, SCENE_LONG_NS, NULL), COGO_OK);
    for (int i = 0; i < 1000; i++) {
        cogo_actor_id next = scene_spawn(system, &idle_behavior, NULL, 0, 0);
        cr_expect_not(cogo_actor_id_equal(first, next));
        cr_expect_eq(cogo_system_send(system, first, cogo_msg_create(system, GO, 0)),
                     COGO_EGONE);
        cogo_exit_actor(system, next, COGO_EXIT_KILLED, NULL);
        cr_expect_eq(cogo_system_await(system, next, SCENE_LONG_NS, NULL), COGO_OK);
    }
    cogo_actor_id made_up = {first.node, first.incarnation, 4000000000u, 1};
    cr_expect_eq(cogo_system_send(system, made_up, cogo_msg_create(system, GO, 0)), COGO_EGONE);
    made_up = (cogo_actor_id){first.node, first.incarnation, 7, 0};
    cr_expect_eq(cogo_system_send(system, made_up, cogo_msg_create(system, GO, 0)), COGO_EGONE);
    scene_close(system);
}

/* Holds its lane until the test says go. */
static sem_t held, released;

static void sem_take(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}

static cogo_err holder_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    uint64_t *handled = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, *handled);
    }
    if (cogo_msg_type_of(msg) == GO) {
        (void)sem_post(&held);
        sem_take(&released);
    } else {
        (*handled)++;
    }
    return COGO_OK;
}

static const cogo_behavior holder_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "holder",
    .state_size_bytes = sizeof(uint64_t),
    .receive = holder_receive,
};

static uint64_t fill_held(cogo_system *system, cogo_pressure pressure, cogo_err expected)
{
    cogo_actor_id id;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &holder_behavior,
        .flags = COGO_SPAWN_DETACHED,
        .mailbox_limit = 10,
        .pressure = pressure,
    };
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_OK);
    cr_expect_eq(cogo_system_send(system, id, cogo_msg_create(system, GO, 0)), COGO_OK);
    sem_take(&held);
    for (int i = 0; i < 20; i++) {
        cogo_err err = cogo_system_send(system, id, cogo_msg_create(system, FLUSH, 0));
        cr_expect_eq(err, i < 10 ? COGO_OK : expected);
    }
    (void)sem_post(&released);
    uint64_t handled = UINT64_MAX;
    while (handled == UINT64_MAX) { // While it is full an ask is refused, too.
        handled = scene_ask_u64(system, id);
    }
    return handled;
}

Test(mailbox, at_its_limit_fails_or_drops_the_new)
{
    (void)sem_init(&held, 0, 0);
    (void)sem_init(&released, 0, 0);
    cogo_system *system = scene_open(1);
    cr_expect_eq(fill_held(system, COGO_PRESSURE_FAIL, COGO_EFULL), 10u);
    cr_expect_eq(fill_held(system, COGO_PRESSURE_DROP_NEW, COGO_OK), 10u);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_geq(stats.dead_letters, 20u);
    scene_close(system);
}

Test(detached, blocks_without_holding_a_lane_and_ends_well)
{
    (void)sem_init(&held, 0, 0);
    (void)sem_init(&released, 0, 0);
    cogo_system *system = scene_open(1);
    cogo_actor_id other = scene_spawn(system, &idle_behavior, NULL, 0, 0);
    for (int i = 0; i < 20; i++) {
        cogo_actor_id id = scene_spawn(system, &holder_behavior, NULL, 0, COGO_SPAWN_DETACHED);
        cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
        sem_take(&held);
        cr_expect_eq(scene_ask_u64(system, other), 1u, "the only lane is free");
        cogo_actor_info info = {.struct_size = sizeof info};
        cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
        cr_expect(info.detached);
        (void)sem_post(&released);
        cr_expect_eq(scene_ask_u64(system, id), 0u);
        if (i % 2 == 0) {
            cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
            cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
        }
    }
    scene_close(system);
}

Test(stop, is_patient_until_the_deadline_and_honest_after_it)
{
    (void)sem_init(&held, 0, 0);
    (void)sem_init(&released, 0, 0);
    cogo_system *system = scene_open(2);
    (void)scene_spawn(system, &idle_behavior, NULL, 0, COGO_SPAWN_TRAP_EXIT); // Will not end.
    cr_expect_eq(cogo_system_stop(system, 20 * SCENE_MS), COGO_ETIMEOUT);
    cr_expect_eq(cogo_system_stop(system, 1), COGO_ETIMEOUT, "the same answer again");
    cogo_actor_id id;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &idle_behavior};
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_ECLOSED);
    cogo_system_destroy(system);
}

/* Counts what it hears, and how often it was told that the mailbox is empty. */
typedef struct batcher {
    uint64_t unflushed, flushed, drains;
} batcher;

static cogo_err batcher_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    batcher *b = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, b->flushed * 1000000 + b->drains);
    }
    b->unflushed++;
    return COGO_OK;
}

static cogo_err batcher_drained(cogo_context *ctx, void *state)
{
    (void)ctx;
    batcher *b = state;
    b->flushed += b->unflushed;
    b->unflushed = 0;
    b->drains++;
    return COGO_OK;
}

static const cogo_behavior batcher_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "batcher",
    .state_size_bytes = sizeof(batcher),
    .receive = batcher_receive,
    .drained = batcher_drained,
};

Test(drained, follows_every_message_before_the_actor_idles)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &batcher_behavior, NULL, 0, 0);
    for (uint64_t i = 1; i <= 500; i++) {
        cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
        if (i % 50 == 0) {
            uint64_t seen = 0;
            while (seen / 1000000 != i) { // The ask itself may be in the batch.
                seen = scene_ask_u64(system, id);
            }
            cr_expect_geq(seen % 1000000, 1u);
        }
    }
    scene_close(system);
}

Test(actor, lists_are_complete_and_limits_are_kept)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 2, .actor_limit = 100};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    cogo_actor_id id;
    for (int i = 0; i < 100; i++) {
        id = scene_spawn(system, &idle_behavior, NULL, 0, 0);
    }
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &idle_behavior};
    cogo_actor_id none;
    cr_expect_eq(cogo_system_spawn(system, &options, &none), COGO_ELIMIT);
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
    while (cogo_system_spawn(system, &options, &none) == COGO_ELIMIT) {
        // Its place is free a moment after its end was told.
    }
    cogo_actor_info infos[7] = {{.struct_size = sizeof infos[0]}};
    uint32_t cursor = 0;
    size_t count = 0;
    do {
        count += cogo_actor_list(system, &cursor, infos, 7);
    } while (cursor != 0);
    cr_expect_eq(count, 100u);
    scene_close(system);
}

Test(random, follows_its_seed)
{
    uint64_t seen[2][4];
    for (int run = 0; run < 2; run++) {
        cogo_system *system = NULL;
        cogo_system_config config = {.struct_size = sizeof config, .lane_count = 1, .seed = 42};
        cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
        for (int i = 0; i < 4; i++) {
            seen[run][i] = cogo_system_random(system);
        }
        scene_close(system);
    }
    cr_expect_eq(memcmp(seen[0], seen[1], sizeof seen[0]), 0);
    cr_expect_neq(seen[0][0], seen[0][1]);
}
