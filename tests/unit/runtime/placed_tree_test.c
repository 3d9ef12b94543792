/* Supervised actors on another node: lost and begun again under one id, stopped in order. */
#include "tests/unit/runtime/placed.h"

#include <stdio.h>

static cogo_child_spec child_at(const char *id, const char *placement,
                                const cogo_behavior *behavior)
{
    return (cogo_child_spec){.id = id,
                             .options = at(placement, behavior),
                             .backoff_min_ns = 5 * SCENE_MS,
                             .backoff_max_ns = 20 * SCENE_MS};
}

static cogo_supervisor_spec spec_of(const cogo_child_spec *children, size_t count,
                                    uint32_t intensity)
{
    return (cogo_supervisor_spec){.struct_size = sizeof(cogo_supervisor_spec),
                                  .intensity = intensity,
                                  .children = children,
                                  .child_count = count};
}

static cogo_actor_id supervise(place *p, const cogo_child_spec *children, size_t count)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    const cogo_supervisor_spec spec = spec_of(children, count, 1000000);
    cr_expect_eq(cogo_supervisor_start(p->system, &spec, &id), COGO_OK);
    return id;
}

/* Why a supervisor of this child gives up. */
static cogo_reason end_of_tree(place *p, const cogo_child_spec *child)
{
    const cogo_supervisor_spec spec = spec_of(child, 1, 3);
    cogo_spawn_options options = at(NULL, cogo_supervisor_behavior());
    options.args = &spec;
    options.args_size_bytes = sizeof spec;
    return end_of(p, options);
}

Test(placed, a_supervised_one_that_fails_there_is_begun_there_again)
{
    place a, b;
    open_two(&a, &b);
    cogo_child_spec child = child_at("e", "node:a", &echo_behavior);
    cogo_actor_id supervisor = supervise(&b, &child, 1);
    cogo_actor_id id = cogo_supervisor_child(b.system, supervisor, "e");
    for (uint64_t i = 0; i < 3; i++) {
        cogo_system_send(b.system, id, scene_msg_u64(b.system, CLUSTER_COUNT, 0));
        cr_expect_eq(scene_ask_u64(b.system, id), 1u, "a new one each time");
        cogo_actor_id witness = mourn(&b, id);
        cogo_system_send(b.system, id, cogo_msg_create(b.system, CLUSTER_QUIT, 0));
        cogo_reason why = reason_of(&b, witness);
        cr_expect_eq(why.kind, COGO_EXIT_ERROR);
        cr_expect_str_eq(why.text, "told to");
    }
    cr_expect(cogo_actor_id_equal(cogo_supervisor_child(b.system, supervisor, "e"), id));
    cr_expect_eq(scene_ask_u64(b.system, id), 0u);
    place_close(&b);
    place_close(&a);
}

/* A transient one that ended well stays away; one that can't begin is given up. */
Test(placed, restart_type_and_intensity_are_those_of_any_child)
{
    place a, b;
    open_two(&a, &b);
    uint64_t before = actors_of(&a);
    cogo_child_spec child = child_at("s", "node:a", &stubborn);
    child.restart = COGO_RESTART_TRANSIENT;
    cogo_actor_id supervisor = supervise(&b, &child, 1);
    cogo_actor_id id = cogo_supervisor_child(b.system, supervisor, "s");
    cogo_system_send(b.system, id, cogo_msg_create(b.system, CLUSTER_QUIT, 0));
    cr_expect_eq(cogo_system_await(b.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(actors_of(&a), before);
    child = child_at("b", "node:a", &broken);
    cr_expect_eq(end_of_tree(&b, &child).err, COGO_ELIMIT);
    child = child_at("n", "node:nobody", &stubborn);
    cr_expect_eq(end_of_tree(&b, &child).err, COGO_ELIMIT, "one that never comes");
    place_close(&b);
    place_close(&a);
}

Test(placed, a_node_that_was_lost_gets_the_child_again_when_it_is_back)
{
    char address[32];
    place a, b;
    open_two(&a, &b);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(a.system));
    cogo_child_spec child = child_at("e", "node:a", &echo_behavior);
    cogo_actor_id supervisor = supervise(&b, &child, 1);
    cogo_actor_id id = cogo_supervisor_child(b.system, supervisor, "e");
    cogo_system_send(b.system, id, scene_msg_u64(b.system, CLUSTER_COUNT, 0));
    cr_expect_eq(scene_ask_u64(b.system, id), 1u);
    cogo_actor_id witness = mourn(&b, id);
    cr_expect_eq(cogo_node_stop(a.system, SCENE_LONG_NS), COGO_OK);
    cogo_reason why = reason_of(&b, witness);
    cr_expect_eq(why.kind, COGO_EXIT_NOCONNECTION);
    cr_expect_str_eq(why.text, "node a was lost");
    cogo_node_config again = cluster_config("a");
    again.listen = address;
    cr_assert_eq(cogo_node_start(a.system, &again), COGO_OK);
    cr_expect_eq(scene_ask_u64(b.system, id), 0u, "another one, and the ask has waited for it");
    place_close(&b);
    place_close(&a);
}

/* The last ends first; one that does not want to is killed after its deadline. */
Test(placed, a_supervisor_stops_them_in_order_and_within_their_deadlines)
{
    place a, b;
    open_two(&a, &b);
    uint64_t before = actors_of(&a), mine = actors_of(&b);
    cogo_child_spec children[] = {child_at("first", "node:a", &echo_behavior),
                                  child_at("second", "node:a", &stubborn)};
    children[1].options.flags = COGO_SPAWN_TRAP_EXIT;
    children[1].shutdown_ns = 20 * SCENE_MS;
    cogo_actor_id supervisor = supervise(&b, children, 2);
    cogo_actor_id first = cogo_supervisor_child(b.system, supervisor, "first");
    cogo_actor_id second = cogo_supervisor_child(b.system, supervisor, "second");
    cr_expect_eq(scene_ask_u64(b.system, first), 0u);
    cr_expect_eq(scene_ask_u64(b.system, second), 7u);
    cogo_actor_id witness = mourn(&b, second);
    cogo_exit_actor(b.system, supervisor, COGO_EXIT_SHUTDOWN, "enough");
    cr_expect_eq(reason_of(&b, witness).kind, COGO_EXIT_KILLED);
    cr_expect_eq(cogo_system_await(b.system, supervisor, SCENE_LONG_NS, NULL), COGO_OK);
    await_actors(&a, before);
    cogo_exit_actor(b.system, witness, COGO_EXIT_SHUTDOWN, "");
    await_actors(&b, mine);
    place_close(&b);
    place_close(&a);
}
