/* Functions that block, on the offload pool; and callbacks that charge their turn. */
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { GO = COGO_MSG_USER, RESULT, MANY };

static sem_t begun, released;
static atomic_uint finished, saw_cancel;

static void take(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}

/* What an actor is told to offload. */
typedef struct order {
    cogo_offload_fn run;
    uint64_t value, timeout_ns, count;
} order;

typedef struct asker {
    uint64_t sum, answers, failures, last_error, refused, wanted;
    uint64_t ask;
    cogo_actor_id waiting;
} asker;

static cogo_msg *doubled(cogo_offload_job *job, void *arg)
{
    uint64_t value = 0;
    memcpy(&value, arg, sizeof value);
    return scene_msg_u64(cogo_offload_system(job), RESULT, value * 2);
}

static cogo_msg *fails(cogo_offload_job *job, void *arg)
{
    (void)job, (void)arg;
    return NULL;
}

static cogo_msg *waits(cogo_offload_job *job, void *arg)
{
    (void)sem_post(&begun);
    take(&released);
    atomic_fetch_add_explicit(&finished, 1, memory_order_relaxed);
    if (cogo_offload_cancelled(job)) {
        atomic_fetch_add_explicit(&saw_cancel, 1, memory_order_relaxed);
    }
    return doubled(job, arg);
}

static void tell(cogo_context *ctx, asker *a)
{
    if (cogo_actor_id_is_set(a->waiting) && a->answers + a->failures == a->wanted) {
        cogo_send(ctx, a->waiting,
                  scene_msg_u64(cogo_context_system(ctx), RESULT, a->sum + a->last_error));
        a->waiting = COGO_NO_ACTOR;
    }
}

static cogo_err begin(cogo_context *ctx, asker *a, const order *o)
{
    cogo_offload_options options = {
        .struct_size = sizeof options,
        .run = o->run,
        .arg = &o->value,
        .arg_size_bytes = sizeof o->value,
        .timeout_ns = o->timeout_ns,
    };
    for (uint64_t i = 0; i < o->count; i++) {
        cogo_err err = cogo_offload(ctx, &options, &a->ask);
        if (err == COGO_EFULL) {
            a->refused++;
        } else if (err != COGO_OK) {
            return err;
        } else {
            a->wanted++;
        }
    }
    return COGO_OK;
}

static cogo_err asker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    asker *a = state;
    switch (cogo_msg_type_of(msg)) {
    case GO:
        return begin(ctx, a, cogo_msg_payload(msg));
    case MANY: // How many were refused?
        return scene_reply_u64(ctx, msg, a->refused);
    case SCENE_ASK:
        a->waiting = cogo_msg_reply_to(msg);
        break;
    case COGO_MSG_ASK_FAILED:
        a->failures++;
        a->last_error = ((const cogo_ask_failed *)cogo_msg_payload(msg))->err;
        break;
    default:
        cr_expect(cogo_msg_ask(msg) != 0);
        a->answers++;
        a->sum += scene_u64(msg);
    }
    tell(ctx, a);
    return COGO_OK;
}

static const cogo_behavior asker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "asker",
    .state_size_bytes = sizeof(asker),
    .receive = asker_receive,
};

static cogo_system *open_pool(uint32_t threads, uint32_t queue, uint64_t idle_ns)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config,
        .lane_count = 1,
        .offload_threads_max = threads,
        .offload_queue_limit = queue,
        .offload_idle_ns = idle_ns,
    };
    (void)sem_init(&begun, 0, 0);
    (void)sem_init(&released, 0, 0);
    atomic_store_explicit(&finished, 0, memory_order_relaxed);
    atomic_store_explicit(&saw_cancel, 0, memory_order_relaxed);
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    return system;
}

static void give(cogo_system *system, cogo_actor_id to, order o)
{
    cogo_msg *msg = cogo_msg_create(system, GO, sizeof o);
    memcpy(cogo_msg_payload(msg), &o, sizeof o);
    cogo_system_send(system, to, msg);
}

static uint64_t refused(cogo_system *system, cogo_actor_id from)
{
    cogo_msg *answer = NULL;
    uint64_t value = UINT64_MAX;
    if (cogo_system_ask(system, from, cogo_msg_create(system, MANY, 0), SCENE_LONG_NS, &answer)
        == COGO_OK) {
        value = scene_u64(answer);
        cogo_msg_destroy(answer);
    }
    return value;
}

Test(offload, each_job_has_one_outcome_and_the_lane_stays_free)
{
    cogo_system *system = open_pool(4, 0, 0);
    cogo_actor_id a = scene_spawn(system, &asker_behavior, NULL, 0, 0);
    give(system, a, (order){waits, 1, 0, 1}); // Held until we have seen that the lane is free.
    take(&begun);
    give(system, a, (order){doubled, 10, 0, 100});
    give(system, a, (order){fails, 0, 0, 10});
    cr_expect_eq(refused(system, a), 0u);
    (void)sem_post(&released);
    cr_expect_eq(scene_ask_u64(system, a), 2 + 100 * 20 + (uint64_t)COGO_EFAULT);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.offloads, 111u);
    cr_expect_leq(stats.offload_threads, 4u);
    scene_close(system);
}

Test(offload, a_full_queue_refuses_and_forgets_nothing)
{
    cogo_system *system = open_pool(2, 5, 0);
    cogo_actor_id a = scene_spawn(system, &asker_behavior, NULL, 0, 0);
    give(system, a, (order){waits, 1, 0, 2});
    take(&begun);
    take(&begun); // Both threads are held.
    give(system, a, (order){waits, 1, 0, 20});
    cr_expect_eq(refused(system, a), 15u);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.offloads_waiting, 5u);
    cr_expect_eq(stats.offloads_refused, 15u);
    for (int i = 0; i < 7; i++) {
        (void)sem_post(&released);
    }
    cr_expect_eq(scene_ask_u64(system, a), 7 * 2u);
    scene_close(system);
}

Test(offload, a_time_out_comes_in_place_of_the_result)
{
    cogo_system *system = open_pool(1, 0, 0);
    cogo_actor_id a = scene_spawn(system, &asker_behavior, NULL, 0, 0);
    give(system, a, (order){waits, 1, 20 * SCENE_MS, 1});
    cr_expect_eq(scene_ask_u64(system, a), (uint64_t)COGO_ETIMEOUT);
    (void)sem_post(&released);
    scene_close(system); // Its late result is a dead letter: the counts add up.
    // On a machine so slow that the time was over before it began, it did not begin at all.
    cr_expect_eq(atomic_load_explicit(&saw_cancel, memory_order_relaxed),
                 atomic_load_explicit(&finished, memory_order_relaxed));
}

/* A user closes the window while ten of its lookups wait behind a slow one. */
Test(offload, the_end_of_the_actor_cancels_what_waits_and_what_runs)
{
    cogo_system *system = open_pool(1, 0, 0);
    cogo_actor_id a = scene_spawn(system, &asker_behavior, NULL, 0, 0);
    give(system, a, (order){waits, 1, 0, 11});
    take(&begun);
    cogo_exit_actor(system, a, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, a, SCENE_LONG_NS, NULL), COGO_OK);
    (void)sem_post(&released);
    scene_close(system);
    cr_expect_eq(atomic_load_explicit(&finished, memory_order_relaxed), 1u);
    cr_expect_eq(atomic_load_explicit(&saw_cancel, memory_order_relaxed), 1u);
}

Test(offload, threads_end_when_they_have_been_idle)
{
    cogo_system *system = open_pool(8, 0, SCENE_MS);
    cogo_actor_id a = scene_spawn(system, &asker_behavior, NULL, 0, 0);
    for (uint64_t round = 1; round <= 3; round++) {
        give(system, a, (order){waits, 0, 0, 8});
        for (int i = 0; i < 8; i++) {
            take(&begun);
        }
        cogo_system_stats stats = {.struct_size = sizeof stats};
        cogo_system_stats_read(system, &stats);
        cr_expect_eq(stats.offload_threads, 8u);
        for (int i = 0; i < 8; i++) {
            (void)sem_post(&released);
        }
        cr_expect_eq(scene_ask_u64(system, a), 0u);
        do { // Their end is no event that a test could wait for.
            cogo_system_stats_read(system, &stats);
        } while (stats.offload_threads != 0);
    }
    scene_close(system);
}

/* --- Budget. ---------------------------------------------------------------------------- */

/* On GO it works until its turn is over, or charges all of it; then its other messages wait. */
static atomic_uint passed;

static cogo_err hog_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == GO) {
        while (!cogo_should_yield(ctx)) { // 200 us at most.
        }
        cogo_budget_consume(ctx, 1000);
        cr_expect(cogo_should_yield(ctx));
    } else if (cogo_msg_type_of(msg) == RESULT) {
        cogo_budget_consume(ctx, UINT32_MAX); // A sum that must not wrap.
        cogo_budget_consume(ctx, UINT32_MAX);
        cr_expect(cogo_should_yield(ctx));
    } else {
        return scene_reply_u64(ctx, msg, atomic_load_explicit(&passed, memory_order_relaxed));
    }
    return COGO_OK;
}

static const cogo_behavior hog_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "hog",
    .receive = hog_receive,
};

static cogo_err counter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx, (void)state, (void)msg;
    atomic_fetch_add_explicit(&passed, 1, memory_order_relaxed);
    return COGO_OK;
}

static const cogo_behavior counter_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "counter",
    .receive = counter_receive,
};

/* Runs first, so that hog and counter both have their messages before either runs. */
static cogo_err starter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    const cogo_actor_id *ids = cogo_msg_payload(msg);
    cogo_system *system = cogo_context_system(ctx);
    cogo_send(ctx, ids[1], cogo_msg_create(system, GO, 0));
    cogo_send(ctx, ids[0], cogo_msg_create(system, cogo_msg_type_of(msg), 0));
    cogo_msg *ask = cogo_msg_create(system, SCENE_ASK, 0);
    uint64_t number = 0;
    return cogo_ask(ctx, ids[0], ask, SCENE_LONG_NS, &number);
}

static cogo_actor_id waiting;

static cogo_err relay_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    if (cogo_msg_ask(msg) != 0) {
        return cogo_send(ctx, waiting,
                         scene_msg_u64(cogo_context_system(ctx), RESULT, scene_u64(msg)));
    }
    waiting = cogo_msg_reply_to(msg);
    return starter_receive(ctx, state, msg);
}

static const cogo_behavior starter_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "starter",
    .receive = relay_receive,
};

/* One lane, a hog with two messages and a neighbour with one: what the hog charges for its
 * first message makes its second wait until the neighbour had its turn. */
Test(budget, what_is_charged_lets_the_others_in)
{
    for (uint32_t type = GO; type <= RESULT; type++) {
        cogo_system *system = scene_open(1);
        atomic_store_explicit(&passed, 0, memory_order_relaxed);
        cogo_actor_id ids[2] = {
            scene_spawn(system, &hog_behavior, NULL, 0, 0),
            scene_spawn(system, &counter_behavior, NULL, 0, 0),
        };
        cogo_actor_id starter = scene_spawn(system, &starter_behavior, NULL, 0, 0);
        cogo_msg *msg = cogo_msg_create(system, type, sizeof ids);
        memcpy(cogo_msg_payload(msg), ids, sizeof ids);
        cogo_msg *answer = NULL;
        cr_expect_eq(cogo_system_ask(system, starter, msg, SCENE_LONG_NS, &answer), COGO_OK);
        cr_expect_eq(scene_u64(answer), 1u);
        cogo_msg_destroy(answer);
        scene_close(system);
    }
}

/* A handler that computes for ever must still be able to hear that it is to end. */
static cogo_err deaf_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state, (void)msg;
    (void)sem_post(&begun);
    while (!cogo_should_yield(ctx)) {
    }
    return COGO_OK;
}

static const cogo_behavior deaf_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "deaf",
    .receive = deaf_receive,
};

Test(budget, an_exit_signal_ends_the_turn_of_a_detached_actor)
{
    (void)sem_init(&begun, 0, 0);
    cogo_system *system = scene_open(1);
    cogo_actor_id id = scene_spawn(system, &deaf_behavior, NULL, 0, COGO_SPAWN_DETACHED);
    cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    take(&begun);
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cogo_reason reason;
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, &reason), COGO_OK);
    scene_close(system);
}
