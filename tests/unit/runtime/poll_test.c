/* Systems without lanes, run by the loop of the program that they live in. */
#include "tests/unit/runtime/scene.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum { GO = COGO_MSG_USER, RESULT, SENDERS = 3, PER_SENDER = 2000 };

static cogo_system *open_polled(void)
{
    cogo_system *system = NULL;
    cogo_system_config config = {.struct_size = sizeof config, .flags = COGO_SYSTEM_POLLED};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    return system;
}

static bool readable(cogo_system *system, int timeout_ms)
{
    struct pollfd wanted = {.fd = cogo_system_poll_fd(system), .events = POLLIN};
    return poll(&wanted, 1, timeout_ms) == 1;
}

typedef struct notes {
    pthread_t thread;
    uint64_t handled, timers, offloaded;
    cogo_err nested;
} notes;

static notes seen; // Of the one actor of a test; read between two polls.

static cogo_msg *work(cogo_offload_job *job, void *arg)
{
    (void)arg;
    return scene_msg_u64(cogo_offload_system(job), RESULT, 7);
}

static cogo_err noter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    seen.thread = pthread_self();
    uint64_t ask = 0;
    cogo_offload_options offload = {.struct_size = sizeof offload, .run = work};
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        seen.nested = cogo_system_poll(cogo_context_system(ctx), 0, NULL);
        return scene_reply_u64(ctx, msg, seen.handled);
    case COGO_MSG_TIMER:
        seen.timers++;
        return COGO_OK;
    case COGO_MSG_BYTES:
        return cogo_timer_start(ctx, 20 * SCENE_MS, 0, 1, NULL);
    case RESULT:
        seen.offloaded += scene_u64(msg);
        return COGO_OK;
    case RESULT + 1:
        return cogo_offload(ctx, &offload, &ask);
    default:
        seen.handled++;
        return COGO_OK;
    }
}

static const cogo_behavior noter_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "noter",
    .receive = noter_receive,
};

Test(poll, actors_run_on_the_hosts_thread_and_only_when_it_polls)
{
    seen = (notes){0};
    cogo_system *system = open_polled();
    cogo_actor_id id = scene_spawn(system, &noter_behavior, NULL, 0, 0);
    for (int i = 0; i < 10; i++) {
        cogo_system_send(system, id, cogo_msg_create(system, GO, 8));
    }
    cr_expect_eq(seen.handled, 0u);
    cr_expect_eq(cogo_system_poll_timeout_ns(system), 0u);
    uint64_t timeout = 0;
    cr_expect_eq(cogo_system_poll(system, UINT64_MAX, &timeout), COGO_OK);
    cr_expect_eq(seen.handled, 10u);
    cr_expect_eq(timeout, UINT64_MAX);
    cr_expect(pthread_equal(seen.thread, pthread_self()));
    cr_expect_eq(scene_ask_u64(system, id), 10u, "the host's own ask runs the system");
    cr_expect_eq(seen.nested, COGO_ESTATE, "a callback can't poll its own system");
    scene_close(system);
}

/* A GUI gives its actors 0 ns per frame: they get one turn each time, and it is told to come
 * back at once. */
Test(poll, a_poll_ends_when_its_time_is_over)
{
    seen = (notes){0};
    cogo_system *system = open_polled();
    cogo_actor_id id = scene_spawn(system, &noter_behavior, NULL, 0, 0);
    for (int i = 0; i < 1000; i++) { // 16 turns.
        cogo_system_send(system, id, cogo_msg_create(system, GO, 8));
    }
    uint64_t timeout = 1, polls = 0;
    while (timeout == 0 || polls == 0) {
        uint64_t before = seen.handled;
        cr_assert_eq(cogo_system_poll(system, 0, &timeout), COGO_OK);
        cr_expect_leq(seen.handled - before, 64u);
        polls++;
    }
    cr_expect_eq(seen.handled, 1000u);
    cr_expect_geq(polls, 16u);
    scene_close(system);
}

typedef struct sender {
    cogo_system *system;
    cogo_actor_id to;
} sender;

static void *sender_main(void *arg)
{
    sender *s = arg;
    for (int i = 0; i < PER_SENDER; i++) {
        cogo_system_send(s->system, s->to, cogo_msg_create(s->system, GO, 8));
    }
    return NULL;
}

/* The host sleeps without a time limit: a lost ring would let this test hang. */
Test(poll, messages_of_other_threads_ring_and_none_is_missed)
{
    seen = (notes){0};
    cogo_system *system = open_polled();
    sender s = {system, scene_spawn(system, &noter_behavior, NULL, 0, 0)};
    (void)cogo_system_poll(system, UINT64_MAX, NULL);
    cr_expect_not(readable(system, 0), "silent when nothing is ready");
    pthread_t threads[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, sender_main, &s), 0);
    }
    while (seen.handled < SENDERS * PER_SENDER) {
        uint64_t timeout = 0;
        cr_assert_eq(cogo_system_poll(system, 50000, &timeout), COGO_OK);
        if (timeout == UINT64_MAX && seen.handled < SENDERS * PER_SENDER) {
            cr_assert(readable(system, 60000));
        }
    }
    for (int i = 0; i < SENDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)cogo_system_poll(system, UINT64_MAX, NULL);
    cr_expect_not(readable(system, 0));
    scene_close(system);
}

/* As a main loop does: wait for the descriptor at most until the next timer. */
static void loop_until(cogo_system *system, const uint64_t *counter, uint64_t wanted)
{
    while (*counter < wanted) {
        uint64_t timeout = 0;
        cr_assert_eq(cogo_system_poll(system, SCENE_MS, &timeout), COGO_OK);
        if (*counter < wanted && timeout != 0) {
            (void)readable(system, timeout == UINT64_MAX ? -1 : (int)(timeout / SCENE_MS) + 1);
        }
    }
}

Test(poll, timers_and_offloaded_functions_come_through_the_loop)
{
    seen = (notes){0};
    cogo_system *system = open_polled();
    cogo_actor_id id = scene_spawn(system, &noter_behavior, NULL, 0, 0);
    cogo_system_send(system, id, cogo_msg_create(system, COGO_MSG_BYTES, 0));
    uint64_t timeout = 0, before = cogo_system_now_ns(system);
    (void)cogo_system_poll(system, UINT64_MAX, &timeout);
    cr_expect(timeout > 0 || cogo_system_now_ns(system) - before >= 20 * SCENE_MS);
    cr_expect_leq(timeout, 30 * SCENE_MS);
    loop_until(system, &seen.timers, 1);
    cogo_system_send(system, id, cogo_msg_create(system, RESULT + 1, 0));
    loop_until(system, &seen.offloaded, 7);
    scene_close(system);
}

static void *asker_main(void *arg)
{
    sender *s = arg;
    for (int i = 0; i < 100; i++) {
        cr_expect_neq(scene_ask_u64(s->system, s->to), UINT64_MAX);
    }
    cogo_system_send(s->system, s->to, cogo_msg_create(s->system, GO, 0));
    return NULL;
}

/* Other threads' asks wait for the host; detached actors have their own threads as ever. */
Test(poll, foreign_asks_and_detached_actors_work_beside_the_loop)
{
    seen = (notes){0};
    cogo_system *system = open_polled();
    sender s = {system, scene_spawn(system, &noter_behavior, NULL, 0, 0)};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, asker_main, &s), 0);
    loop_until(system, &seen.handled, 1);
    (void)pthread_join(thread, NULL);
    cr_expect(pthread_equal(seen.thread, pthread_self()));
    cogo_actor_id own = scene_spawn(system, &noter_behavior, NULL, 0, COGO_SPAWN_DETACHED);
    cr_expect_eq(scene_ask_u64(system, own), 1u);
    cr_expect_not(pthread_equal(seen.thread, pthread_self()));
    cogo_exit_actor(system, own, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, own, SCENE_LONG_NS, NULL), COGO_OK);
    scene_close(system);
}

Test(poll, is_refused_where_it_makes_no_sense)
{
    cogo_system *lanes = scene_open(1);
    cr_expect_eq(cogo_system_poll(lanes, 0, NULL), COGO_ESTATE);
    cr_expect_eq(cogo_system_poll_fd(lanes), -1);
    scene_close(lanes);
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config, .flags = COGO_SYSTEM_POLLED, .lane_count = 2};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_EINVAL);
    config = (cogo_system_config){.struct_size = sizeof config, .flags = 1u << 31};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_EINVAL);
    system = open_polled();
    cr_expect_eq(cogo_system_stop(system, SCENE_LONG_NS), COGO_OK);
    cr_expect_eq(cogo_system_poll(system, 0, NULL), COGO_ESTATE, "it has stopped");
    cogo_system_destroy(system);
}
