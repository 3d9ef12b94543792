/* Callbacks that do not return: they are noticed, and nobody else waits for them. */
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK = COGO_MSG_USER, NOTE, BEGIN, HOP, OTHERS = 32 };

/* What a test and its actors share. One scene at a time. */
static struct {
    int pipe_fds[2];
    sem_t noted, noticed, returned;
    cogo_stuck seen;
    char where[64];
    bool in_handler; // Its stack names the handler's object.
    char log[512];
    cogo_actor_id blocker, noter;
    atomic_uint arrived;
} s;

static cogo_err blocker_receive(cogo_context *ctx, void *state, cogo_msg *msg);

static void take(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}

static void on_stuck(void *ctx, const cogo_stuck *stuck)
{
    (void)ctx;
    s.seen = *stuck;
    (void)snprintf(s.where, sizeof s.where, "%s", stuck->where);
    for (uint32_t i = 0; i < stuck->frame_count; i++) {
        const char *frame = stuck->frames[i];
        const char *handler = (const char *)(uintptr_t)blocker_receive;
        s.in_handler = s.in_handler || (frame > handler && frame < handler + 1000);
    }
    (void)sem_post(stuck->returned ? &s.returned : &s.noticed);
}

static void on_log(void *ctx, cogo_log_level level, const char *line)
{
    (void)ctx;
    if (level == COGO_LOG_WARN) {
        (void)snprintf(s.log, sizeof s.log, "%s", line);
    }
}

static cogo_system *open_signalled(uint32_t lanes, int signal)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config,
        .lane_count = lanes,
        .log = on_log,
        .stuck_ns = 20 * SCENE_MS,
        .on_stuck = on_stuck,
        .stuck_signal = signal,
    };
    s.in_handler = false;
    cr_expect_eq(pipe(s.pipe_fds), 0);
    (void)sem_init(&s.noted, 0, 0);
    (void)sem_init(&s.noticed, 0, 0);
    (void)sem_init(&s.returned, 0, 0);
    atomic_store_explicit(&s.arrived, 0, memory_order_relaxed);
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    return system;
}

static cogo_system *open_scene(uint32_t lanes)
{
    return open_signalled(lanes, 0);
}

static void close_scene(cogo_system *system)
{
    scene_close(system);
    (void)close(s.pipe_fds[0]);
    (void)close(s.pipe_fds[1]);
}

static void release_one(void)
{
    cr_expect_eq(write(s.pipe_fds[1], "x", 1), 1);
}

static cogo_err blocker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, 1);
    }
    if (cogo_actor_id_is_set(s.noter)) { // Goes into the LIFO slot of the lane that we block.
        cogo_send(ctx, s.noter, cogo_msg_create(cogo_context_system(ctx), NOTE, 0));
    }
    char byte = 0;
    return read(s.pipe_fds[0], &byte, 1) == 1 ? COGO_OK : COGO_EIO;
}

static const cogo_behavior blocker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "blocker",
    .receive = blocker_receive,
};

/* On BEGIN it arms a timer on its lane and lets the blocker run there next. */
static cogo_err noter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == BEGIN) {
        cogo_err err = cogo_timer_start(ctx, SCENE_MS, 0, 1, NULL);
        cogo_send(ctx, s.blocker, cogo_msg_create(cogo_context_system(ctx), BLOCK, 0));
        return err;
    }
    (void)sem_post(&s.noted); // NOTE or COGO_MSG_TIMER.
    return COGO_OK;
}

static const cogo_behavior noter_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "noter",
    .receive = noter_receive,
};

/* A handler calls a library that reads from a dead peer. Who, in what, for how long? */
Test(stuck, a_handler_is_noticed_named_and_seen_to_return)
{
    cogo_system *system = open_scene(2);
    s.noter = COGO_NO_ACTOR;
    s.blocker = scene_spawn(system, &blocker_behavior, NULL, 0, 0);
    cogo_system_send(system, s.blocker, cogo_msg_create(system, BLOCK, 0));
    take(&s.noticed);
    cr_expect(cogo_actor_id_equal(s.seen.actor, s.blocker));
    cr_expect_str_eq(s.seen.behavior, "blocker");
    cr_expect_eq(s.seen.type, (cogo_msg_type)BLOCK);
    cr_expect_geq(s.seen.duration_ns, 20 * SCENE_MS);
    cr_expect_not_null(strstr(s.log, "blocker"));
    cr_expect_not_null(strstr(s.where, "thread "));
    cr_expect_eq(s.seen.frame_count, 0u, "no signal was allowed");
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.stuck, 1u);
    cr_expect_eq(stats.stuck_total, 1u);
    release_one();
    take(&s.returned);
    cr_expect(cogo_actor_id_equal(s.seen.actor, s.blocker));
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.stuck, 0u);
    close_scene(system);
}

/* "The busy actor strands the actor it just woke": it must not, nor the timers of its lane. */
Test(stuck, what_waits_in_the_lifo_slot_and_the_timers_of_that_lane_go_on)
{
    cogo_system *system = open_scene(2);
    s.blocker = scene_spawn(system, &blocker_behavior, NULL, 0, 0);
    s.noter = scene_spawn(system, &noter_behavior, NULL, 0, 0);
    cogo_system_send(system, s.noter, cogo_msg_create(system, BEGIN, 0));
    take(&s.noted); // The note from the slot and the timer: both while the blocker blocks.
    take(&s.noted);
    release_one();
    cr_expect_eq(scene_ask_u64(system, s.blocker), 1u);
    close_scene(system);
}

/* As `noter`, with an ask that nobody answers and that is too new to have a timer. */
static cogo_err young_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_system *system = cogo_context_system(ctx);
    uint64_t ask = 0;
    if (cogo_msg_type_of(msg) == BEGIN) {
        cogo_msg *block = cogo_msg_create(system, BLOCK, 0);
        return cogo_ask(ctx, s.blocker, block, 2 * SCENE_MS, &ask);
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED) {
        (void)sem_post(&s.noted);
    }
    return COGO_OK;
}

static const cogo_behavior young_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "young",
    .receive = young_receive,
};

Test(stuck, an_ask_of_that_lane_times_out_also_when_it_was_new)
{
    cogo_system *system = open_scene(2);
    s.noter = COGO_NO_ACTOR;
    s.blocker = scene_spawn(system, &blocker_behavior, NULL, 0, 0);
    cogo_actor_id asker = scene_spawn(system, &young_behavior, NULL, 0, 0);
    cogo_system_send(system, asker, cogo_msg_create(system, BEGIN, 0));
    take(&s.noted); // While the blocker blocks.
    release_one();
    cr_expect_eq(scene_ask_u64(system, s.blocker), 1u);
    close_scene(system);
}

static void own_handler(int number)
{
    (void)number;
}

/* Only a program that gave a signal away finds a handler in its table; then it gets the
 * stack. */
Test(stuck, with_a_signal_the_stack_shows_the_handler)
{
    int number = SIGRTMIN + 5;
    struct sigaction now;
    close_scene(open_scene(1));
    cr_expect_eq(sigaction(number, NULL, &now), 0);
    cr_expect(now.sa_handler == SIG_DFL);
    cogo_system *system = open_signalled(2, number);
    s.noter = COGO_NO_ACTOR;
    s.blocker = scene_spawn(system, &blocker_behavior, NULL, 0, 0);
    cogo_system_send(system, s.blocker, cogo_msg_create(system, BLOCK, 0));
    take(&s.noticed);
#if !defined(__SANITIZE_THREAD__) // It calls handlers later, from frames of its own.
    cr_expect(s.in_handler);
#endif
    release_one(); // The read goes on as if nothing had been.
    take(&s.returned);
    cr_expect_eq(scene_ask_u64(system, s.blocker), 1u);
    close_scene(system);
    struct sigaction own = {.sa_handler = own_handler};
    cr_expect_eq(sigaction(SIGRTMIN + 6, &own, NULL), 0);
    cogo_system_config config = {.struct_size = sizeof config, .stuck_signal = SIGRTMIN + 6};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_EEXIST);
    config.stuck_signal = 4000;
    cr_expect_eq(cogo_system_create(&config, &system), COGO_EINVAL);
}

Test(stuck, the_only_lane_says_that_the_system_stands_still)
{
    cogo_system *system = open_scene(1);
    s.noter = COGO_NO_ACTOR;
    s.blocker = scene_spawn(system, &blocker_behavior, NULL, 0, 0);
    cogo_system_send(system, s.blocker, cogo_msg_create(system, BLOCK, 0));
    take(&s.noticed);
    cr_expect_not_null(strstr(s.log, "no other lane"));
    release_one();
    take(&s.returned);
    close_scene(system);
}

/* A message that walks over all others, in order. */
static cogo_err walker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint64_t left = scene_u64(msg);
    if (left == 0) {
        (void)atomic_fetch_add_explicit(&s.arrived, 1, memory_order_relaxed);
        (void)sem_post(&s.noted);
        return COGO_OK;
    }
    cogo_actor_id to = cogo_self(ctx);
    to = cogo_msg_size(msg) >= sizeof(uint64_t) + sizeof to
             ? *(const cogo_actor_id *)(const void *)((char *)cogo_msg_payload(msg) + 8)
             : to;
    left--;
    memcpy(cogo_msg_payload(msg), &left, sizeof left);
    cogo_msg_take(ctx, msg);
    return cogo_send(ctx, to, msg);
}

static const cogo_behavior walker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "walker",
    .receive = walker_receive,
};

static void walk(cogo_system *system, cogo_actor_id from, cogo_actor_id to, uint64_t steps)
{
    cogo_msg *msg = cogo_msg_create(system, HOP, sizeof steps + sizeof to);
    memcpy(cogo_msg_payload(msg), &steps, sizeof steps);
    memcpy((char *)cogo_msg_payload(msg) + sizeof steps, &to, sizeof to);
    cogo_system_send(system, from, msg);
}

/* Four lanes per CPU, half of them held in a system call: the rest does all the work. (I4,
 * I6) */
Test(stuck, half_the_lanes_of_an_oversubscribed_system_hold_up_nobody)
{
    uint32_t cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t lanes = cpus * 4 < 64 ? cpus * 4 : 64;
    cogo_system *system = open_scene(lanes);
    s.noter = COGO_NO_ACTOR;
    for (uint32_t i = 0; i < lanes / 2; i++) {
        cogo_actor_id id = scene_spawn(system, &blocker_behavior, NULL, 0, 0);
        cogo_system_send(system, id, cogo_msg_create(system, BLOCK, 0));
    }
    for (uint32_t i = 0; i < lanes / 2; i++) {
        take(&s.noticed);
    }
    cogo_actor_id ids[OTHERS];
    for (uint32_t i = 0; i < OTHERS; i++) {
        ids[i] = scene_spawn(system, &walker_behavior, NULL, 0, 0);
    }
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < OTHERS; i++) {
            walk(system, ids[i], ids[(i * 7 + round) % OTHERS], 200);
        }
    }
    for (uint32_t i = 0; i < 20 * OTHERS; i++) {
        take(&s.noted);
    }
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_geq(stats.stuck_total, lanes / 2);
    cr_expect_eq(atomic_load_explicit(&s.arrived, memory_order_relaxed), 20u * OTHERS);
    for (uint32_t i = 0; i < lanes / 2; i++) {
        release_one();
    }
    for (uint32_t i = 0; i < lanes / 2; i++) {
        take(&s.returned);
    }
    close_scene(system);
}
