/* What a program gets that calls us wrongly: the error that the header promises, at once, and
 * nothing begun, kept or lost. Here: by jobs, descriptors and systems. */
#include "tests/unit/runtime/inside.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static cogo_msg *nothing(cogo_offload_job *job, void *arg)
{
    (void)job;
    (void)arg;
    return NULL;
}

static void offload_and_watch_wrongly(cogo_context *ctx, void *arg)
{
    const cogo_offload_options good = {.struct_size = sizeof good, .run = nothing};
    cogo_offload_options o = good;
    uint64_t number = 0, again = 0;
    int pipes[2];
    (void)arg;
    cr_expect_eq(cogo_offload(ctx, NULL, &number), COGO_EINVAL);
    cr_expect_eq(cogo_offload(ctx, &good, NULL), COGO_EINVAL);
    o.struct_size = 4;
    cr_expect_eq(cogo_offload(ctx, &o, &number), COGO_EINVAL);
    o = good;
    o.run = NULL;
    cr_expect_eq(cogo_offload(ctx, &o, &number), COGO_EINVAL);
    o = good;
    o.arg_size_bytes = 5;
    cr_expect_eq(cogo_offload(ctx, &o, &number), COGO_EINVAL);
    o.arg = "";
    o.arg_size_bytes = SIZE_MAX;
    cr_expect_eq(cogo_offload(ctx, &o, &number), COGO_ENOMEM);
    cogo_offload_cancel(ctx, 0);
    o = good;
    o.timeout_ns = UINT64_MAX;
    cr_expect_eq(cogo_offload(ctx, &o, &number), COGO_OK);
    cogo_offload_cancel(ctx, number);
    cogo_offload_cancel(ctx, number);
    cr_expect_eq(cogo_io_watch(ctx, -1, 0, &number), COGO_EINVAL);
    cr_expect_eq(cogo_io_watch(ctx, 0, 0, NULL), COGO_EINVAL);
    cr_assert_eq(pipe(pipes), 0);
    cr_expect_eq(cogo_io_watch(ctx, pipes[0], 0, &number), COGO_OK);
    cr_expect_eq(cogo_io_watch(ctx, pipes[0], 0, &again), COGO_EEXIST);
    cr_expect_eq(cogo_io_want(ctx, number, COGO_IO_READ), COGO_OK);
    cogo_io_unwatch(ctx, number);
    cogo_io_unwatch(ctx, number);
    close(pipes[0]);
    close(pipes[1]);
    FILE *file = tmpfile();
    cr_assert_not_null(file);
    cr_expect_eq(cogo_io_watch(ctx, fileno(file), 0, &number), COGO_EIO, "a file never waits");
    fclose(file);
}

Test(refusal, jobs_and_descriptors_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    inside(system, offload_and_watch_wrongly, NULL);
    scene_close(system);
}

static void watch_in_a_polled_system(cogo_context *ctx, void *arg)
{
    uint64_t number = 0;
    (void)arg;
    cr_expect_eq(cogo_io_watch(ctx, 0, 0, &number), COGO_EUNSUPPORTED);
}

Test(refusal, polled_systems_have_no_descriptors_and_no_node)
{
    cogo_system *system = NULL;
    cogo_system_config config = {.struct_size = sizeof config, .flags = COGO_SYSTEM_POLLED};
    cogo_node_config node = {.struct_size = sizeof node, .name = "n"};
    cr_expect_eq(cogo_system_create(&config, NULL), COGO_EINVAL);
    cr_assert_eq(cogo_system_create(&config, &system), COGO_OK);
    cr_expect_eq(cogo_node_start(system, &node), COGO_ESTATE);
    inside(system, watch_in_a_polled_system, NULL);
    scene_close(system);
}

Test(refusal, looks_into_nothing)
{
    cogo_system *system = scene_open(1);
    cogo_actor_info info = {.struct_size = 2};
    cogo_lane_stats lane = {.struct_size = 2};
    cogo_behavior_stats stats = {.struct_size = 2};
    uint32_t cursor = 0;
    cr_expect_eq(cogo_actor_info_read(system, COGO_NO_ACTOR, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_actor_info_read(system, COGO_NO_ACTOR, &info), COGO_EINVAL);
    info.struct_size = sizeof info;
    cr_expect_eq(cogo_actor_info_read(system, COGO_NO_ACTOR, &info), COGO_EGONE);
    cr_expect_eq(cogo_actor_list(system, &cursor, &info, 0), 0u);
    info.struct_size = 2;
    cr_expect_eq(cogo_actor_list(system, &cursor, &info, 1), 0u);
    cr_expect_eq(cogo_lane_stats_read(system, 0, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_lane_stats_read(system, 0, &lane), COGO_EINVAL);
    lane.struct_size = sizeof lane;
    cr_expect_eq(cogo_lane_stats_read(system, 77, &lane), COGO_EINVAL);
    cr_expect_eq(cogo_lane_waits_read(system, 0, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_behavior_stats_read(system, NULL, &stats), COGO_EINVAL);
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_EINVAL);
    cogo_log(system, COGO_LOG_DEBUG, "a program's own line: %d", 7);
    scene_close(system);
}

Test(refusal, systems_that_can_not_be)
{
    const cogo_system_config good = {.struct_size = sizeof good, .lane_count = 1};
    cogo_system_config c = good;
    cogo_system *system = NULL;
    c.lane_count = 100000;
    cr_expect_eq(cogo_system_create(&c, &system), COGO_EINVAL);
    c = good;
    c.actor_limit = UINT32_MAX;
    cr_expect_eq(cogo_system_create(&c, &system), COGO_EINVAL);
    c = good;
    c.offload_threads_max = UINT32_MAX;
    cr_expect_eq(cogo_system_create(&c, &system), COGO_EINVAL);
    c = good;
    c.offload_threads_max = 1;
    c.offload_threads_min = 2;
    cr_expect_eq(cogo_system_create(&c, &system), COGO_EINVAL);
    cr_expect_null(system);
    cogo_system_destroy(NULL);
}
