/* Seeing in: meters, counters of lanes, what is told of an actor. */
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

enum { GO = COGO_MSG_USER, HOLD };

static sem_t held, released;

static void sem_take(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}

static cogo_err obey(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, 0);
    case HOLD:
        sem_post(&held);
        sem_take(&released);
        return COGO_OK;
    default:
        return COGO_OK;
    }
}

static const cogo_behavior obedient = {
    .struct_size = sizeof(cogo_behavior),
    .name = "obe\"dient\n",
    .state_size_bytes = 40,
    .receive = obey,
};

static cogo_actor_info info_of(cogo_system *system, cogo_actor_id id)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
    return info;
}

Test(meters, tell_waits_and_runs_of_each_behaviour_and_lane)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &obedient, NULL, 0, 0);
    enum { MESSAGES = 1000 };
    for (int i = 0; i < MESSAGES; i++) { // A foreign thread's messages are all stamped.
        cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    }
    (void)scene_ask_u64(system, id);
    cogo_histogram all;
    cr_expect_eq(cogo_lane_waits_read(system, COGO_LANES_ALL, &all), COGO_OK);
    cr_expect_geq(all.count, (uint64_t)MESSAGES);
    cr_expect_gt(all.sum_ns, 0u);
    cr_expect_leq(cogo_histogram_quantile_ns(&all, 0.99), all.max_ns);
    uint64_t sum = 0;
    for (int32_t lane = COGO_LANES_NONE; lane < 3; lane++) {
        cogo_histogram one;
        if (lane != COGO_LANES_ALL) {
            cr_expect_eq(cogo_lane_waits_read(system, lane, &one), COGO_OK);
            sum += one.count;
        }
    }
    cr_expect_eq(sum, all.count);
    cogo_histogram none;
    cr_expect_eq(cogo_lane_waits_read(system, 3, &none), COGO_EINVAL);
    cr_expect_eq(cogo_lane_waits_read(system, -3, &none), COGO_EINVAL);
    uint32_t cursor = 0;
    cogo_behavior_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_OK);
    cr_expect_eq(stats.behavior, &obedient);
    cr_expect_eq(stats.waits.count, all.count);
    cr_expect_geq(stats.runs.count + 1, all.count, "the answer may come before the end");
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_ENOTFOUND);
    stats.struct_size = 0;
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_EINVAL);
    scene_close(system);
}

Test(meters, more_behaviours_than_have_a_place_share_the_last_one)
{
    enum { MANY = 600 };
    static cogo_behavior many[MANY];
    cogo_system *system = scene_open(1);
    for (int i = 0; i < MANY; i++) {
        many[i] = obedient;
        cogo_actor_id id = scene_spawn(system, &many[i], NULL, 0, 0);
        (void)scene_ask_u64(system, id);
    }
    uint32_t cursor = 0, own = 0;
    uint64_t samples = 0;
    cogo_behavior_stats stats = {.struct_size = sizeof stats};
    while (cogo_behavior_stats_read(system, &cursor, &stats) == COGO_OK) {
        own += stats.behavior != NULL;
        samples += stats.waits.count;
    }
    cr_expect_gt(own, 128u);
    cr_expect_leq(own, 256u);
    cr_expect_eq(samples, (uint64_t)MANY);
    scene_close(system);
}

Test(lanes, their_counters_add_up_to_those_of_the_system)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &obedient, NULL, 0, 0);
    (void)scene_ask_u64(system, id);
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
    cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    cogo_lane_stats others = {.struct_size = sizeof others};
    cogo_lane_stats all = others;
    cr_expect_eq(cogo_lane_stats_read(system, COGO_LANES_NONE, &others), COGO_OK);
    cr_expect_eq(others.actors_spawned, 1u);
    cr_expect_eq(others.actors_ended, 0u, "it ended on a lane");
    cr_expect_eq(others.dead_letters, 1u);
    uint64_t ended = 0;
    for (int32_t lane = 0; lane < 2; lane++) {
        cogo_lane_stats one = {.struct_size = sizeof one};
        cr_expect_eq(cogo_lane_stats_read(system, lane, &one), COGO_OK);
        ended += one.actors_ended;
    }
    cr_expect_eq(cogo_lane_stats_read(system, COGO_LANES_ALL, &all), COGO_OK);
    cr_expect_eq(ended, 1u);
    cr_expect_eq(all.actors_ended, 1u);
    cr_expect_eq(all.messages_sent, all.messages_handled + all.dead_letters);
    cr_expect_eq(cogo_lane_stats_read(system, 7, &all), COGO_EINVAL);
    // A program that was built when the struct was shorter.
    memset(&all, 0xab, sizeof all);
    all.struct_size = offsetof(cogo_lane_stats, steals);
    cr_expect_eq(cogo_lane_stats_read(system, COGO_LANES_ALL, &all), COGO_OK);
    cr_expect_eq(all.actors_ended, 1u);
    cr_expect_eq(all.steals, UINT64_C(0xabababababababab));
    scene_close(system);
}

Test(info, tells_state_relations_and_the_message_that_is_handled)
{
    sem_init(&held, 0, 0);
    sem_init(&released, 0, 0);
    cogo_system *system = scene_open(1);
    cogo_actor_id busy = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_actor_id waits = scene_spawn(system, &obedient, NULL, 0, 0);
    (void)scene_ask_u64(system, busy);
    (void)scene_ask_u64(system, waits);
    cogo_system_send(system, busy, cogo_msg_create(system, HOLD, 0));
    sem_take(&held);
    cogo_system_send(system, waits, cogo_msg_create(system, GO, 0));
    cogo_actor_info info = info_of(system, busy);
    cr_expect_eq(info.state, COGO_ACTOR_RUNNING);
    cr_expect_eq(info.message_type, (cogo_msg_type)HOLD);
    cr_expect_str_eq(info.behavior, "obe\"dient\n");
    cr_expect_geq(info.memory_bytes, 40u);
    cr_expect_eq(info.messages_handled, 2u);
    info = info_of(system, waits);
    cr_expect_eq(info.state, COGO_ACTOR_QUEUED);
    cr_expect_eq(info.message_type, 0u);
    cr_expect_eq(info.mailbox_depth, 1u);
    sem_post(&released);
    (void)scene_ask_u64(system, waits);
    info = (cogo_actor_info){0};
    cr_expect_eq(cogo_actor_info_read(system, busy, &info), COGO_EINVAL);
    // A program that was built when the struct was shorter.
    memset(&info, 0xab, sizeof info);
    info.struct_size = offsetof(cogo_actor_info, state);
    cr_expect_eq(cogo_actor_info_read(system, busy, &info), COGO_OK);
    cr_expect_eq(info.messages_handled, 2u);
    cr_expect_eq(info.message_type, UINT32_C(0xabababab));
    scene_close(system);
}

/* A page of actors written for a program whose struct was shorter. */
Test(info, a_list_keeps_to_the_size_of_its_callers_struct)
{
    enum { COUNT = 5 };
    cogo_system *system = scene_open(1);
    for (int i = 0; i < COUNT; i++) {
        (void)scene_spawn(system, &obedient, NULL, 0, 0);
    }
    const size_t old_size = offsetof(cogo_actor_info, state);
    char *page = calloc(COUNT + 1, old_size);
    memcpy(page, &old_size, sizeof old_size);
    uint32_t cursor = 0;
    cr_expect_eq(cogo_actor_list(system, &cursor, (cogo_actor_info *)(void *)page, COUNT),
                 (size_t)COUNT);
    for (int i = 0; i < COUNT; i++) {
        cogo_actor_info one;
        memcpy(&one, page + (size_t)i * old_size, old_size);
        cr_expect_str_eq(one.behavior, "obe\"dient\n");
    }
    size_t untouched = 1;
    memcpy(&untouched, page + COUNT * old_size, sizeof untouched);
    cr_expect_eq(untouched, 0u);
    free(page);
    cogo_actor_info none = {0};
    cr_expect_eq(cogo_actor_list(system, &cursor, &none, 1), 0u, "no struct_size");
    scene_close(system);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t least_info_ns(cogo_system *system, cogo_actor_id id)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        uint64_t begun = now_ns();
        (void)info_of(system, id);
        uint64_t took = now_ns() - begun;
        least = took < least ? took : least;
    }
    return least;
}

/* Asking about a process with a long queue has killed whole nodes elsewhere. */
Test(info, costs_the_same_with_a_million_messages_in_the_mailbox)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { MANY = 50000 };
#else
    enum { MANY = 1000000 };
#endif
    sem_init(&held, 0, 0);
    sem_init(&released, 0, 0);
    cogo_system *system = scene_open(1);
    cogo_actor_id full = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_actor_id empty = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_system_send(system, full, cogo_msg_create(system, HOLD, 0));
    sem_take(&held);
    for (int i = 0; i < MANY; i++) {
        cogo_system_send(system, full, cogo_msg_create(system, GO, 0));
    }
    cr_expect_eq(info_of(system, full).mailbox_depth, (uint32_t)MANY);
    uint64_t with = least_info_ns(system, full), without = least_info_ns(system, empty);
    cr_expect_leq(with, 4 * without + 10000, "%llu ns, with an empty one %llu ns",
                  (unsigned long long)with, (unsigned long long)without);
    sem_post(&released);
    (void)scene_ask_u64(system, full);
    scene_close(system);
}
