/* An actor that finds every last block taken: a runaway neighbour, a small device. Each call
 * says so and leaves nothing behind; when memory is back, all goes on. */
#include "tests/unit/runtime/hoard.h"
#include "tests/unit/runtime/inside.h"

static cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior plain = {
    .struct_size = sizeof plain, .name = "plain", .receive = ignore};

static cogo_msg *no_answer(cogo_offload_job *job, void *arg)
{
    (void)job;
    (void)arg;
    return NULL;
}

/* What needs no new memory may still go well. */
static void expect_poor(cogo_err err, const char *what)
{
    (void)what; // Shown by one of the two runners only.
    cr_expect(err == COGO_ENOMEM || err == COGO_OK || err == COGO_ELIMIT, "%s: %s", what,
              cogo_strerror(err));
}

static void actors_and_relations(cogo_context *ctx, void *arg)
{
    const cogo_actor_id *other = arg;
    cogo_system *system = cogo_context_system(ctx);
    cogo_actor_id id = COGO_NO_ACTOR;
    uint64_t number = 0;
    cogo_spawn_options o = {.struct_size = sizeof o, .behavior = &plain};
    take_all(ctx);
    cr_expect_eq(cogo_spawn(ctx, &o, &id), COGO_ENOMEM);
    o.flags = COGO_SPAWN_LINK | COGO_SPAWN_MONITOR;
    cr_expect_eq(cogo_spawn(ctx, &o, &id), COGO_ENOMEM);
    o.flags = COGO_SPAWN_DETACHED;
    cr_expect_eq(cogo_spawn(ctx, &o, &id), COGO_ENOMEM);
    cr_expect_eq(
        cogo_system_spawn(
            system, &(cogo_spawn_options){.struct_size = sizeof o, .behavior = &plain}, &id),
        COGO_ENOMEM);
    cr_expect_eq(cogo_monitor(ctx, *other, &number), COGO_ENOMEM);
    cr_expect_eq(cogo_link(ctx, *other), COGO_ENOMEM);
    cogo_exit_actor(system, *other, COGO_EXIT_ERROR, "is lost, and logged");
    expect_poor(cogo_become(ctx, &plain), "become");
    give_all();
    cogo_unbecome(ctx);
    cr_expect_eq(cogo_monitor(ctx, *other, &number), COGO_OK);
    cr_expect_eq(cogo_link(ctx, *other), COGO_OK);
    cogo_unlink(ctx, *other);
    cogo_demonitor(ctx, number);
}

static void names_and_groups(cogo_context *ctx, void *arg)
{
    cogo_system *system = cogo_context_system(ctx);
    cogo_actor_id self = cogo_self(ctx);
    uint64_t number = 0;
    const cogo_type type = {.struct_size = sizeof type, .number = SCENE_ASK + 3, .name = "t"};
    cogo_msg *news = cogo_msg_create(system, SCENE_ASK, 0);
    (void)arg;
    take_all(ctx);
    cr_expect_eq(cogo_name_register(system, "me", self), COGO_ENOMEM);
    cr_expect_eq(cogo_group_join(system, "s", "g", self), COGO_ENOMEM);
    cr_expect_eq(cogo_group_watch(ctx, "s", "g", &number), COGO_ENOMEM);
    cr_expect_eq(cogo_topic_subscribe(system, "news", 0, self), COGO_ENOMEM);
    expect_poor(cogo_topic_publish(ctx, "news", news, NULL), "publish");
    expect_poor(cogo_type_register(system, &type), "type");
    expect_poor(cogo_dead_letter_subscribe(system, self, 10), "dead letters");
    cr_expect_null(cogo_payload_create(system, 100000));
    give_all();
    cr_expect_eq(cogo_name_register(system, "me", self), COGO_OK);
    cr_expect_eq(cogo_group_join(system, "s", "g", self), COGO_OK);
}

static void work_and_timers(cogo_context *ctx, void *arg)
{
    uint64_t number = 0;
    cogo_offload_options job = {.struct_size = sizeof job, .run = no_answer};
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_system *system = cogo_context_system(ctx);
    cogo_child_spec child = {
        .id = "one",
        .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain}};
    cogo_supervisor_spec tree = {
        .struct_size = sizeof tree, .children = &child, .child_count = 1};
    cogo_pool_spec pool = {.struct_size = sizeof pool, .worker = child.options, .size = 2};
    cogo_msg *request = cogo_msg_create(system, SCENE_ASK + 4, 0); // Ignored.
    (void)arg;
    take_all(ctx);
    expect_poor(cogo_timer_start(ctx, SCENE_LONG_NS, 0, 0, &number), "timer");
    expect_poor(cogo_ask(ctx, cogo_self(ctx), request, SCENE_LONG_NS, &number), "ask");
    cr_expect_eq(cogo_offload(ctx, &job, &number), COGO_ENOMEM);
    cr_expect_eq(cogo_supervisor_start(system, &tree, &id), COGO_ENOMEM);
    cr_expect_eq(cogo_supervisor_start_link(ctx, &tree, &id), COGO_ENOMEM);
    cr_expect_eq(cogo_pool_start(system, &pool, &id), COGO_ENOMEM);
    give_all();
    cr_expect_eq(cogo_supervisor_start(system, &tree, &id), COGO_OK);
    cr_expect_eq(cogo_offload(ctx, &job, &number), COGO_OK);
}

/* Twice in one system: the first time has to leave it as it was. */
static void in_scarcity(void (*story)(cogo_context *ctx, void *arg))
{
    cogo_system *system = NULL;
    cogo_allocator allocator = purse_open(&money);
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 1, .allocator = &allocator};
    cr_assert_eq(cogo_system_create(&config, &system), COGO_OK);
    cogo_actor_id other = scene_spawn(system, &plain, NULL, 0, 0);
    inside(system, story, &other);
    inside(system, story, &other);
    scene_close(system);
    purse_close(&money);
}

Test(scarce, actors_and_relations_are_refused_and_come_later)
{
    in_scarcity(actors_and_relations);
}

Test(scarce, names_and_groups_are_refused_and_come_later)
{
    in_scarcity(names_and_groups);
}

Test(scarce, work_and_timers_are_refused_and_come_later)
{
    in_scarcity(work_and_timers);
}

Test(scarce, a_trace_that_found_no_memory_may_begin_later)
{
    cogo_system *system = NULL;
    cogo_allocator allocator = purse_open(&money);
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 2, .allocator = &allocator};
    cr_assert_eq(cogo_system_create(&config, &system), COGO_OK);
    close_purse(true);
    cr_expect_eq(cogo_system_trace_start(system, NULL), COGO_ENOMEM);
    close_purse(false);
    cr_expect_eq(cogo_system_trace_stop(system), COGO_ESTATE);
    cr_expect_eq(cogo_system_trace_start(system, NULL), COGO_OK);
    cr_expect_eq(cogo_system_trace_stop(system), COGO_OK);
    scene_close(system);
    purse_close(&money);
}
