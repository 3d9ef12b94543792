/* What a program gets that calls us wrongly: the error that the header promises, at once, and
 * nothing begun, kept or lost. Here: by what an actor does. */
#include "tests/unit/runtime/refusal.h"

#include <stdint.h>

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
