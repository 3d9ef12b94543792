/* What a system costs that has nothing to do, and what is left of one that has ended. */
#include "tests/unit/runtime/scene.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static cogo_err echo(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 1) : COGO_OK;
}

static const cogo_behavior echo_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "echo",
    .state_size_bytes = 16,
    .receive = echo,
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Of the system's threads. The one that measures wakes up itself, and its pages may have been
 * taken from it meanwhile: to have them back can cost it milliseconds. Exact to what passes
 * between the two readings, so of two of these the later one may be less. */
static int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void pass_ns(uint64_t ns)
{
    struct timespec pause = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    (void)nanosleep(&pause, NULL); // Time that passes is what is measured here.
}

/* The threads of this process whose state is one of @p states, or all. */
static size_t thread_count(const char *states)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        char path[300], state = 0;
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/stat", task->d_name);
        FILE *stat = task->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (stat != NULL) {
            bool known = fscanf(stat, "%*d (%*[^)]) %c", &state) == 1;
            count += known && (states == NULL || strchr(states, state) != NULL);
            (void)fclose(stat);
        }
    }
    (void)closedir(tasks);
    return count;
}

/* A service with 16 lanes that waits for its next request all night must not keep a laptop or a
 * shared node awake. IDLE_SECONDS=10 is what the long tier sets. (I6) */
Test(idle, sixteen_lanes_wake_up_never_and_take_less_than_a_thousandth)
{
    const char *asked = getenv("IDLE_SECONDS");
    uint64_t seconds = asked != NULL ? strtoull(asked, NULL, 10) : 2;
    cogo_system *system = scene_open(16);
    for (int i = 0; i < 100; i++) {
        (void)scene_ask_u64(system, scene_spawn(system, &echo_behavior, NULL, 0, 0));
    }
    cogo_system_stats before = {.struct_size = sizeof before}, after = before;
    // The lanes come to rest, then the watcher; one that only lost its CPU does not rest.
    for (int quiet = 0; quiet < 10; quiet++) {
        cogo_system_stats_read(system, &before);
        pass_ns(50 * SCENE_MS);
        cogo_system_stats_read(system, &after);
        bool moved = before.parks != after.parks || before.watches != after.watches;
        quiet = moved || thread_count("RD") > 1 ? -1 : quiet;
    }
    int64_t cpu = cpu_ns();
    pass_ns(seconds * 1000 * SCENE_MS);
    cpu = cpu_ns() - cpu;
    cogo_system_stats_read(system, &after);
    cr_expect_eq(after.parks, before.parks, "no lane woke up");
    cr_expect_eq(after.wakes, before.wakes);
    cr_expect_eq(after.watches, before.watches, "nor did the watcher");
#if !defined( \
    __SANITIZE_THREAD__) // Which has a thread of its own that wakes up ten times a second.
    cr_expect_lt(cpu, (int64_t)seconds * 1000000, "under a thousandth of one CPU");
#endif
    scene_close(system);
}

/* A plug-in host that opens and closes its actors with each document; AddressSanitizer builds
 * look for leaks at the end. */
Test(idle, a_thousand_systems_in_a_row_leave_no_thread_and_no_memory)
{
    scene_close(scene_open(2)); // A sanitizer starts a thread of its own with our first.
    size_t before = thread_count(NULL);
    for (int same = 0; same < 300;
         same++) { // One that was joined is still listed for a moment.
        pass_ns(SCENE_MS);
        size_t now = thread_count(NULL);
        same = now == before ? same : 0;
        before = now;
    }
    for (int i = 0; i < 1000; i++) {
        cogo_system *system = scene_open(2);
        cogo_actor_id ids[4];
        for (uint32_t n = 0; n < 4; n++) {
            ids[n] = scene_spawn(system, &echo_behavior, NULL, 0,
                                 n == 3 && i % 10 == 0 ? COGO_SPAWN_DETACHED : 0);
            cogo_system_send(system, ids[n], cogo_msg_create(system, COGO_MSG_USER, 5000));
        }
        cr_expect_eq(scene_ask_u64(system, ids[i % 4]), 1u);
        scene_close(system);
    }
    for (int i = 0; i < 60000 && thread_count(NULL) != before; i++) {
        pass_ns(SCENE_MS);
    }
    cr_expect_eq(thread_count(NULL), before);
}
