/* Spare lanes: the work goes on while all lanes are stuck, with a bounded number of threads. */
#include "tests/unit/runtime/scene.h"

#include <cogo/poll.h>

#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK = COGO_MSG_USER, ARM, LEAVE, LANES = 2 };

/* One scene at a time. */
static struct {
    int gate[2], second[2];
    sem_t noticed, returned, ticked, all_stuck;
    cogo_actor_id left[2];
} s;

static void take(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}

static void on_stuck(void *ctx, const cogo_stuck *stuck)
{
    (void)ctx;
    (void)sem_post(stuck->returned ? &s.returned : &s.noticed);
}

static void on_log(void *ctx, cogo_log_level level, const char *line)
{
    (void)ctx;
    if (level == COGO_LOG_WARN && strstr(line, "so are all others") != NULL) {
        (void)sem_post(&s.all_stuck);
    }
}

static cogo_system *open_scene(uint32_t lanes, uint32_t spares)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config,
        .lane_count = lanes,
        .spare_lanes = spares,
        .stuck_ns = 20 * SCENE_MS,
        .on_stuck = on_stuck,
        .log = on_log,
    };
    cr_expect_eq(pipe(s.gate), 0);
    (void)sem_init(&s.noticed, 0, 0);
    (void)sem_init(&s.returned, 0, 0);
    (void)sem_init(&s.ticked, 0, 0);
    (void)sem_init(&s.all_stuck, 0, 0);
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    return system;
}

static void close_scene(cogo_system *system)
{
    scene_close(system);
    (void)close(s.gate[0]);
    (void)close(s.gate[1]);
}

static const cogo_behavior behavior;

/* Makes two ready, which wait on its lane, and gets stuck. */
static cogo_err leave(cogo_context *ctx)
{
    const cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &behavior};
    char byte = 0;
    cogo_err err = cogo_spawn(ctx, &options, &s.left[0]);
    err = err == COGO_OK ? cogo_spawn(ctx, &options, &s.left[1]) : err;
    (void)sem_post(&s.ticked);
    return err == COGO_OK && read(s.second[0], &byte, 1) != 1 ? COGO_EIO : err;
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    char byte = 0;
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, 1);
    case BLOCK:
        return read(s.gate[0], &byte, 1) == 1 ? COGO_OK : COGO_EIO;
    case ARM:
        return cogo_timer_start(ctx, 100 * SCENE_MS, 0, 1, NULL);
    case LEAVE:
        return leave(ctx);
    default: // COGO_MSG_TIMER
        (void)sem_post(&s.ticked);
        return COGO_OK;
    }
}

static const cogo_behavior behavior = {
    .struct_size = sizeof(cogo_behavior), .name = "worker", .receive = receive};

static cogo_actor_id spawn(cogo_system *system)
{
    return scene_spawn(system, &behavior, NULL, 0, 0);
}

static cogo_system_stats stats_of(cogo_system *system)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    return stats;
}

static void block(cogo_system *system, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cogo_system_send(system, spawn(system), cogo_msg_create(system, BLOCK, 0));
    }
    do { // A lane that had no CPU for 20 ms was noticed, too: they are counted, not its
         // notices.
        take(&s.noticed);
    } while (stats_of(system).stuck < count);
}

static void release(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(write(s.gate[1], "x", 1), 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        take(&s.returned);
    }
    while (sem_trywait(&s.noticed) == 0) { // Of lanes that had no CPU.
    }
}

static uint32_t threads_named(const char *start)
{
    uint32_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char path[300], name[32] = "";
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *comm = task->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (comm != NULL) {
            count += fgets(name, sizeof name, comm) != NULL
                     && strncmp(name, start, strlen(start)) == 0;
            (void)fclose(comm);
        }
    }
    (void)closedir(tasks);
    return count;
}

/* The watcher sends it to rest at the look that sees the callbacks return. */
static void await_rest(cogo_system *system, cogo_actor_id busy)
{
    while (stats_of(system).spare_lanes_working != 0) {
        cr_assert_eq(scene_ask_u64(system, busy), 1u); // Keeps the watcher's clock going.
    }
}

/* Both lanes wait for a dead peer's answer: "the whole node hangs". It must not. (I12) */
Test(spare, a_lane_takes_over_when_all_are_stuck_and_rests_when_they_return)
{
    cogo_system *system = open_scene(LANES, 0);
    cogo_actor_id other = spawn(system);
    cr_expect_eq(stats_of(system).spare_lanes, 1u, "that is the default");
    cr_expect_eq(threads_named("cogo-spare"), 0u, "none before it is needed");
    for (uint64_t round = 1; round <= 3; round++) {
        block(system, LANES);
        for (int i = 0; i < 100 || stats_of(system).spare_lanes_working == 0; i++) {
            cr_expect_eq(scene_ask_u64(system, other), 1u);
        }
        cogo_system_stats stats = stats_of(system);
        cr_expect_eq(stats.spare_lanes_working, 1u);
        cr_expect_geq(stats.takeovers, round, "and more if a lane had no CPU for so long");
        cr_expect_eq(threads_named("cogo-spare"), 1u, "and it is used again");
        release(LANES);
        await_rest(system, other);
    }
    close_scene(system);
}

/* Their number is bounded: then the log says what is the matter, and nothing is lost. */
Test(spare, when_the_spare_ones_are_stuck_too_the_log_says_so)
{
    cogo_system *system = open_scene(LANES, 2);
    block(system, LANES + 2);
    take(&s.all_stuck);
    cr_expect_eq(threads_named("cogo-spare"), 2u);
    cogo_actor_id other = spawn(system);
    cogo_system_send(system, other, cogo_msg_create(system, BLOCK, 0)); // Has to wait.
    cr_expect_eq(write(s.gate[1], "x", 1), 1); // For whoever comes first.
    release(LANES + 2);
    cr_expect_eq(scene_ask_u64(system, other), 1u);
    close_scene(system);
}

/* What a spare lane armed fires after it was sent to rest. The only lane has one if asked. */
Test(spare, its_timers_outlast_its_duty)
{
    cogo_system *system = open_scene(1, 1);
    cogo_actor_id other = spawn(system);
    block(system, 1);
    cogo_system_send(system, other, cogo_msg_create(system, ARM, 0));
    cr_expect_eq(scene_ask_u64(system, other), 1u); // By the spare lane.
    release(1);
    take(&s.ticked);
    await_rest(system, other);
    cr_expect_geq(stats_of(system).takeovers, 1u);
    close_scene(system);
}

/* It gets stuck itself: what it had is there for the others. */
Test(spare, what_it_leaves_is_taken)
{
    cogo_system *system = open_scene(1, 1);
    cr_expect_eq(pipe(s.second), 0);
    block(system, 1);
    cogo_system_send(system, spawn(system), cogo_msg_create(system, LEAVE, 0));
    take(&s.ticked);
    release(1); // And not the spare one.
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(scene_ask_u64(system, s.left[i]), 1u);
    }
    cr_expect_eq(write(s.second[1], "x", 1), 1);
    close_scene(system);
    (void)close(s.second[0]);
    (void)close(s.second[1]);
}

Test(spare, without_one_a_stuck_system_waits_for_its_lane)
{
    cogo_system *system = open_scene(LANES, UINT32_MAX);
    cogo_actor_id other = spawn(system);
    block(system, LANES);
    cogo_msg *answer = NULL;
    cogo_err err = cogo_system_ask(system, other, cogo_msg_create(system, SCENE_ASK, 0),
                                   50 * SCENE_MS, &answer);
    cr_expect_eq(err, COGO_ETIMEOUT);
    cr_expect_eq(stats_of(system).takeovers, 0u);
    release(LANES);
    cr_expect_eq(scene_ask_u64(system, other), 1u);
    close_scene(system);
}

Test(spare, numbers_that_make_no_sense_are_refused)
{
    cogo_system *system = NULL;
    cogo_system_config polled = {
        .struct_size = sizeof polled, .flags = COGO_SYSTEM_POLLED, .spare_lanes = 1};
    cogo_system_config many = {.struct_size = sizeof many, .lane_count = 250, .spare_lanes = 7};
    cr_expect_eq(cogo_system_create(&polled, &system), COGO_EINVAL);
    cr_expect_eq(cogo_system_create(&many, &system), COGO_EINVAL);
}

static cogo_msg *wait_at_the_gate(cogo_offload_job *job, void *arg)
{
    (void)job, (void)arg;
    char byte = 0;
    (void)sem_post(&s.noticed);
    (void)!read(s.gate[0], &byte, 1);
    return NULL;
}

static cogo_err offload_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state, (void)args;
    cogo_offload_options options = {.struct_size = sizeof options, .run = wait_at_the_gate};
    uint64_t ask = 0;
    return cogo_offload(ctx, &options, &ask);
}

static const cogo_behavior offloader = {.struct_size = sizeof(cogo_behavior),
                                        .name = "offloader",
                                        .start = offload_start,
                                        .receive = receive};

/* A plug-in host closes a document whose actor hangs in a driver: stop() comes back and says
 * that memory is still in use; destroy() then leaves it alone. */
Test(stop, says_EFAULT_when_a_callback_does_not_return_and_frees_nothing)
{
    cogo_system *system = open_scene(LANES, UINT32_MAX);
    block(system, 1);
    cr_expect_eq(cogo_system_stop(system, 10 * SCENE_MS), COGO_EFAULT);
    cr_expect_eq(cogo_system_stop(system, 10 * SCENE_MS), COGO_EFAULT, "as often as asked");
    cr_expect_eq(stats_of(system).actors, 1u);
    cogo_system_destroy(system);
    release(1); // Its thread finds all that it needs.
    cr_expect_eq(stats_of(system).stuck, 0u);
}

Test(stop, says_EFAULT_when_an_offloaded_function_does_not_return)
{
    cogo_system *system = open_scene(LANES, UINT32_MAX);
    (void)scene_spawn(system, &offloader, NULL, 0, 0);
    take(&s.noticed); // It runs.
    cr_expect_eq(cogo_system_stop(system, 10 * SCENE_MS), COGO_EFAULT);
    cogo_system_destroy(system);
    cr_expect_eq(stats_of(system).actors, 0u); // Its thread stays at the gate: nobody joins it.
}
