/* What a program gets that calls us wrongly: the error that the header promises, at once, and
 * nothing begun, kept or lost. */
#include "tests/unit/runtime/inside.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static char long_text[400];

static const char *too_long(void)
{
    memset(long_text, 'n', sizeof long_text - 1);
    return long_text;
}

static cogo_actor_id nobody(const cogo_context *ctx)
{
    cogo_actor_id id = cogo_self(ctx);
    id.generation += 1000;
    return id;
}

static cogo_msg *any_msg(cogo_context *ctx)
{
    return cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, 0);
}

static cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior plain = {
    .struct_size = sizeof plain, .name = "plain", .receive = ignore};

/* --- Sending and asking. ------------------------------------------------------------------ */

static void send_wrongly(cogo_context *ctx, void *arg)
{
    uint64_t number = 0;
    (void)arg;
    cogo_actor_id self = cogo_self(ctx);
    cr_expect_eq(cogo_send(ctx, self, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_ask(ctx, self, NULL, SCENE_MS, &number), COGO_EINVAL);
    cr_expect_eq(cogo_ask(ctx, self, any_msg(ctx), 0, &number), COGO_EINVAL);
    cr_expect_eq(cogo_ask(ctx, self, any_msg(ctx), SCENE_MS, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_ask(ctx, nobody(ctx), any_msg(ctx), UINT64_MAX, &number), COGO_EGONE);
    cr_expect_eq(cogo_reply(ctx, NULL, any_msg(ctx)), COGO_EINVAL);
    cogo_timer_cancel(ctx, 0);
    cogo_timer_cancel(ctx, UINT64_MAX);
    cr_expect_eq(cogo_timer_start(ctx, UINT64_MAX, 0, 0, &number), COGO_OK);
    cogo_demonitor(ctx, number);      // A timer is no monitor,
    cogo_offload_cancel(ctx, number); // nor a job,
    cr_expect_eq(cogo_io_want(ctx, number, COGO_IO_READ), COGO_ENOTFOUND); // nor a watch.
    cogo_io_unwatch(ctx, number);
    cogo_timer_cancel(ctx, number);
    cr_expect_null(cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, SIZE_MAX));
    cr_expect_null(cogo_payload_create(cogo_context_system(ctx), SIZE_MAX));
    cr_expect_null(cogo_payload_create(NULL, 1));
    cr_expect_null(cogo_msg_create_record(cogo_context_system(ctx), SCENE_ASK, ctx));
}

Test(refusal, messages_and_asks_that_make_no_sense)
{
    cogo_system *system = scene_open(1);
    cogo_msg *answer = NULL;
    inside(system, send_wrongly, NULL);
    cr_expect_eq(cogo_system_send(system, COGO_NO_ACTOR, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_system_ask(system, COGO_NO_ACTOR, NULL, SCENE_MS, &answer), COGO_EINVAL);
    cogo_msg *msg = cogo_msg_create(system, SCENE_ASK, 0);
    cr_expect_eq(cogo_system_ask(system, COGO_NO_ACTOR, msg, SCENE_MS, NULL), COGO_EINVAL);
    scene_close(system);
}

/* A lane must not wait: what would is refused there. */
static void wait_on_a_lane(cogo_context *ctx, void *arg)
{
    cogo_system *system = cogo_context_system(ctx);
    cogo_msg *answer = NULL;
    (void)arg;
    cr_expect_eq(cogo_system_ask(system, cogo_self(ctx), any_msg(ctx), SCENE_MS, &answer),
                 COGO_ESTATE);
    cr_expect_eq(cogo_system_await(system, cogo_self(ctx), SCENE_MS, NULL), COGO_ESTATE);
    cr_expect_eq(cogo_system_stop(system, SCENE_MS), COGO_ESTATE);
    cr_expect_eq(cogo_node_stop(system, SCENE_MS), COGO_ESTATE);
}

Test(refusal, what_would_wait_is_refused_on_a_lane)
{
    cogo_system *system = scene_open(1);
    inside(system, wait_on_a_lane, NULL);
    scene_close(system);
}

/* Waiting for the end of somebody who goes on. */
Test(refusal, a_wait_for_an_end_that_does_not_come_times_out)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id id = scene_spawn(system, &plain, NULL, 0, 0);
    cr_expect_eq(cogo_system_await(system, id, 1, NULL), COGO_ETIMEOUT);
    cogo_exit_actor(system, id, COGO_EXIT_ERROR, NULL);
    cogo_reason reason;
    cr_expect_eq(cogo_system_await(system, id, UINT64_MAX, &reason), COGO_OK);
    scene_close(system);
}

/* --- Spawning. ---------------------------------------------------------------------------- */

static void expect_no_spawn(cogo_context *ctx, const cogo_spawn_options *o)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_system_spawn(cogo_context_system(ctx), o, &id), COGO_EINVAL);
    cr_expect_eq(cogo_spawn(ctx, o, &id), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(id));
}

static void spawn_wrongly(cogo_context *ctx, void *arg)
{
    const cogo_spawn_options good = {.struct_size = sizeof good, .behavior = &plain};
    cogo_spawn_options o = good;
    cogo_behavior b = plain;
    (void)arg;
    expect_no_spawn(ctx, NULL);
    o.struct_size = 8;
    expect_no_spawn(ctx, &o);
    o = good;
    o.behavior = NULL;
    expect_no_spawn(ctx, &o);
    o.behavior = &b;
    b.struct_size = 8;
    expect_no_spawn(ctx, &o);
    b = plain;
    b.receive = NULL;
    expect_no_spawn(ctx, &o);
    b = plain;
    b.name = NULL;
    expect_no_spawn(ctx, &o);
    b = plain;
    o.flags = UINT32_MAX & ~(uint32_t)(COGO_SPAWN_LINK | COGO_SPAWN_MONITOR);
    expect_no_spawn(ctx, &o);
    o = good;
    o.args_size_bytes = 3;
    expect_no_spawn(ctx, &o);
    o = good;
    o.pressure = (cogo_pressure)99;
    expect_no_spawn(ctx, &o);
    o = good;
    o.memory_policy = (cogo_memory_policy)99;
    expect_no_spawn(ctx, &o);
    o = good;
    b.state_size_bytes = 1000;
    o.behavior = &b;
    o.memory_limit_bytes = 10;
    expect_no_spawn(ctx, &o);
    o = good;
    o.behavior = cogo_supervisor_behavior();
    expect_no_spawn(ctx, &o);
    o = good;
    o.flags = COGO_SPAWN_LINK;
    cr_expect_eq(cogo_system_spawn(cogo_context_system(ctx), &o, NULL), COGO_EINVAL);
    o.flags |= COGO_SPAWN_DETACHED;
    o.name = too_long();
    cr_expect_eq(cogo_spawn(ctx, &o, NULL), COGO_EINVAL);
    o = good;
    cr_expect_eq(cogo_spawn(ctx, &o, NULL), COGO_OK, "nobody has to want the id");
}

Test(refusal, actors_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    inside(system, spawn_wrongly, NULL);
    scene_close(system);
}

/* --- Names, groups, topics, types. -------------------------------------------------------- */

static void name_wrongly(cogo_context *ctx, void *arg)
{
    cogo_system *system = cogo_context_system(ctx);
    cogo_actor_id self = cogo_self(ctx);
    uint64_t watch = 0;
    (void)arg;
    cr_expect_eq(cogo_name_register(system, NULL, self), COGO_EINVAL);
    cr_expect_eq(cogo_name_register(system, "", self), COGO_EINVAL);
    cr_expect_eq(cogo_name_register(system, too_long(), self), COGO_EINVAL);
    cr_expect_eq(cogo_name_register(system, "gone", nobody(ctx)), COGO_EGONE);
    cr_expect_eq(cogo_name_unregister(system, NULL), COGO_ENOTFOUND);
    cr_expect_eq(cogo_name_unregister(system, "unknown"), COGO_ENOTFOUND);
    cr_expect_not(cogo_actor_id_is_set(cogo_name_find(system, NULL)));
    cr_expect_eq(cogo_group_join(system, NULL, "g", self), COGO_EINVAL);
    cr_expect_eq(cogo_group_join(system, "s", NULL, self), COGO_EINVAL);
    cr_expect_eq(cogo_group_join(system, "s", "", self), COGO_EINVAL);
    cr_expect_eq(cogo_group_join(system, "s", too_long(), self), COGO_EINVAL);
    cr_expect_eq(cogo_group_join(system, "\x01", "g", self), COGO_EINVAL);
    cr_expect_eq(cogo_group_join(system, "s", "g", nobody(ctx)), COGO_EGONE);
    cr_expect_eq(cogo_group_leave(system, NULL, "g", self), COGO_ENOTFOUND);
    cr_expect_eq(cogo_group_leave(system, "s", NULL, self), COGO_ENOTFOUND);
    cr_expect_eq(cogo_group_leave(system, "s", "g", self), COGO_ENOTFOUND);
    cr_expect_eq(cogo_group_members(system, NULL, "g", NULL, 0), 0u);
    cr_expect_eq(cogo_group_members(system, "s", NULL, NULL, 0), 0u);
    cr_expect_eq(cogo_group_watch(ctx, NULL, NULL, &watch), COGO_EINVAL);
    cr_expect_eq(cogo_group_watch(ctx, "s", "", &watch), COGO_EINVAL);
    cr_expect_eq(cogo_group_watch(ctx, "s", NULL, NULL), COGO_OK);
    cr_expect_eq(cogo_group_watch(ctx, "s", "g", &watch), COGO_OK);
    cr_expect_eq(cogo_group_unwatch(ctx, watch + 100), COGO_ENOTFOUND);
    cr_expect_eq(cogo_group_unwatch(ctx, watch), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(system, NULL, 0, self), COGO_EINVAL);
    cr_expect_eq(cogo_topic_unsubscribe(system, NULL, self), COGO_ENOTFOUND);
    cr_expect_eq(cogo_topic_unsubscribe(system, "news", self), COGO_ENOTFOUND);
    cr_expect_eq(cogo_topic_publish(ctx, "news", NULL, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_topic_publish(ctx, NULL, any_msg(ctx), NULL), COGO_EINVAL);
    cr_expect_eq(cogo_topic_publish(ctx, "news*", any_msg(ctx), NULL), COGO_EINVAL);
    cr_expect_eq(cogo_dead_letter_unsubscribe(system, self), COGO_ENOTFOUND);
    cr_expect_str_eq(cogo_dead_reason_name((cogo_dead_reason)999), "unknown");
}

Test(refusal, names_and_groups_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    inside(system, name_wrongly, NULL);
    scene_close(system);
}

Test(refusal, types_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    const cogo_type good = {.struct_size = sizeof good, .number = SCENE_ASK, .name = "ask"};
    cogo_type type = good;
    cr_expect_eq(cogo_type_register(system, NULL), COGO_EINVAL);
    type.struct_size = 4;
    cr_expect_eq(cogo_type_register(system, &type), COGO_EINVAL);
    type = good;
    type.number = 1;
    cr_expect_eq(cogo_type_register(system, &type), COGO_EINVAL);
    type = good;
    type.name = NULL;
    cr_expect_eq(cogo_type_register(system, &type), COGO_EINVAL);
    type.name = "";
    cr_expect_eq(cogo_type_register(system, &type), COGO_EINVAL);
    cr_expect_eq(cogo_type_register(system, &good), COGO_OK);
    cr_expect_eq(cogo_type_register(system, &good), COGO_OK, "the same again changes nothing");
    type.name = "other";
    cr_expect_eq(cogo_type_register(system, &type), COGO_EEXIST);
    scene_close(system);
}

/* --- Links and monitors. ------------------------------------------------------------------ */

static void relate_wrongly(cogo_context *ctx, void *arg)
{
    cogo_system *system = cogo_context_system(ctx);
    uint64_t monitor = 0;
    (void)arg;
    cogo_demonitor(ctx, 0);
    cogo_demonitor(ctx, UINT64_MAX);
    cogo_unlink(ctx, nobody(ctx));
    cr_expect_eq(cogo_link(ctx, cogo_self(ctx)), COGO_OK, "linked to itself it is anyway");
    cogo_actor_id other = scene_spawn(system, &plain, NULL, 0, 0);
    cr_expect_eq(cogo_link(ctx, other), COGO_OK);
    cr_expect_eq(cogo_link(ctx, other), COGO_OK, "twice is once");
    cogo_unlink(ctx, other);
    cr_expect_eq(cogo_link(ctx, other), COGO_OK, "before the other side has answered");
    cogo_unlink(ctx, other);
    cr_expect_eq(cogo_monitor(ctx, nobody(ctx), &monitor), COGO_OK, "a DOWN says why");
    cogo_demonitor(ctx, monitor);
    cogo_trap_exit(ctx, true);
    cogo_trap_exit(ctx, false);
}

Test(refusal, links_and_monitors_of_nobody)
{
    cogo_system *system = scene_open(1);
    inside(system, relate_wrongly, NULL);
    scene_close(system);
}

/* --- Becoming and stashing. --------------------------------------------------------------- */

static void become_wrongly(cogo_context *ctx, void *arg)
{
    cogo_behavior b = plain;
    (void)arg;
    cr_expect_eq(cogo_become(ctx, NULL), COGO_EINVAL);
    b.struct_size = 1;
    cr_expect_eq(cogo_become(ctx, &b), COGO_EINVAL);
    b = plain;
    b.receive = NULL;
    cr_expect_eq(cogo_become(ctx, &b), COGO_EINVAL);
    b = plain;
    b.name = NULL;
    cr_expect_eq(cogo_become(ctx, &b), COGO_EINVAL);
    b = plain;
    b.state_size_bytes = 1000000;
    cr_expect_eq(cogo_become(ctx, &b), COGO_EINVAL);
    cr_expect_eq(cogo_become(ctx, cogo_supervisor_behavior()), COGO_EINVAL);
    cogo_unbecome(ctx);
    cr_expect_eq(cogo_stash(ctx, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_unstash_all(ctx), 0u);
    cogo_msg_take(ctx, NULL);
}

Test(refusal, behaviours_that_nobody_can_become)
{
    cogo_system *system = scene_open(1);
    inside(system, become_wrongly, NULL);
    scene_close(system);
}

/* --- Supervisors and pools. --------------------------------------------------------------- */

static cogo_child_spec child_of(const char *id)
{
    return (cogo_child_spec){
        .id = id, .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain}};
}

typedef struct family {
    cogo_actor_id top;
} family;

static void order_wrongly(cogo_context *ctx, void *arg)
{
    const family *f = arg;
    cogo_system *system = cogo_context_system(ctx);
    cogo_child_spec bad = child_of(NULL);
    uint64_t ask = 0;
    cogo_child_order wrong[] = {
        {.struct_size = 4, .action = COGO_CHILD_COUNT},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_COUNT, .id = "named"},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_TERMINATE},
        {.struct_size = sizeof wrong[0], .action = (cogo_child_action)99},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_COUNT, .args = "args"},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_COUNT, .spec = &bad},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_START, .spec = &bad},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_START, .args_size_bytes = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect_eq(cogo_supervisor_order(ctx, f->top, &wrong[i], SCENE_MS, &ask), COGO_EINVAL,
                     "order %zu", i);
    }
    cogo_child_order count = {.struct_size = sizeof count, .action = COGO_CHILD_COUNT};
    cr_expect_eq(cogo_supervisor_order(ctx, f->top, NULL, SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_supervisor_order(ctx, cogo_self(ctx), &count, SCENE_MS, &ask), COGO_EGONE,
                 "this is no supervisor");
    cr_expect_eq(cogo_supervisor_order(ctx, f->top, &count, SCENE_LONG_NS, &ask), COGO_OK);
    bad = child_of("new");
    cr_expect_eq(cogo_supervisor_add(system, cogo_self(ctx), &bad), COGO_EGONE);
    cr_expect_eq(cogo_supervisor_remove(system, f->top, NULL), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, f->top, NULL)));
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, f->top, "unknown")));
}

Test(refusal, orders_to_supervisors_that_make_no_sense)
{
    cogo_system *system = scene_open(1);
    cogo_child_spec children[] = {child_of("one"), child_of("two")};
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = children, .child_count = 2};
    family f;
    cr_assert_eq(cogo_supervisor_start(system, &spec, &f.top), COGO_OK);
    inside(system, order_wrongly, &f);
    cogo_child_order nothing = {.struct_size = sizeof nothing, .action = COGO_CHILD_START};
    cogo_child_answer answer;
    cr_expect_eq(
        cogo_system_supervisor_order(system, f.top, &nothing, SCENE_LONG_NS, &answer, NULL, 0),
        COGO_EINVAL, "what to start is not said");
    cogo_child_spec important = child_of("important");
    important.restart = COGO_RESTART_TRANSIENT;
    important.flags = COGO_CHILD_SIGNIFICANT;
    nothing.spec = &important;
    cr_expect_eq(
        cogo_system_supervisor_order(system, f.top, &nothing, SCENE_LONG_NS, NULL, NULL, 0),
        COGO_EINVAL, "nothing here ends with a significant child");
    cogo_child_info list[1];
    cogo_child_order all = {.struct_size = sizeof all, .action = COGO_CHILD_LIST};
    cr_expect_eq(
        cogo_system_supervisor_order(system, f.top, &all, SCENE_LONG_NS, &answer, list, 1),
        COGO_OK);
    cr_expect_eq(answer.listed, 2u, "how many there are, also without room for them");
    scene_close(system);
}

Test(refusal, trees_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    const cogo_child_spec good = child_of("one");
    cogo_child_spec child = good;
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, NULL, &id), COGO_EINVAL);
    child.id = "";
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child.id = too_long();
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.behavior = NULL;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.args_size_bytes = 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.struct_size = 3;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child.options.struct_size = sizeof(cogo_spawn_options) + 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.behavior = cogo_supervisor_behavior();
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    spec.intensity = UINT32_MAX - 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    spec.intensity = 0;
    spec.children = NULL;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(id));
    cr_expect_eq(cogo_supervisor_add(system, id, NULL), COGO_EINVAL);
    scene_close(system);
}

Test(refusal, pools_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    const cogo_pool_spec good = {
        .struct_size = sizeof good,
        .worker = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain},
        .size = 1};
    cogo_pool_spec s = good;
    cogo_actor_id id = COGO_NO_ACTOR, self = scene_spawn(system, &plain, NULL, 0, 0);
    cogo_pool_stats stats;
    cr_expect_eq(cogo_pool_start(system, NULL, &id), COGO_EINVAL);
    s.struct_size = 4;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.size = 0;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s.size = UINT32_MAX;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.worker.behavior = NULL;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.worker.struct_size = 4;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.worker.args_size_bytes = 4;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.routing = (cogo_routing)99;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.load_percent = 50;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(id));
    cr_expect_eq(cogo_pool_resize(system, self, 0), COGO_EINVAL);
    cr_expect_eq(cogo_pool_resize(system, self, UINT32_MAX), COGO_EINVAL);
    cr_expect_eq(cogo_pool_resize(system, self, 1), COGO_EGONE, "this is no pool");
    cr_expect_eq(cogo_pool_stats_read(system, self, SCENE_MS, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_pool_stats_read(system, self, SCENE_MS, &stats), COGO_EGONE);
    scene_close(system);
}

/* --- Offloading, descriptors, looking in. ------------------------------------------------- */

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
