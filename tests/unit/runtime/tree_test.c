/* Trees of supervisors: nested and simple ones, shutdown, significant children, backoff,
 * specs. */
#include "tests/unit/runtime/tree.h"

#include <stdio.h>

Test(tree, a_supervisor_below_is_restarted_with_its_children)
{
    static log inner, outer;
    log *in = &inner, *out = &outer;
    memset(&inner, 0, sizeof inner);
    memset(&outer, 0, sizeof outer);
    cogo_system *system = scene_open(2);
    cogo_child_spec leaves[2] = {unit_child("x", &in, COGO_RESTART_PERMANENT),
                                 unit_child("y", &in, COGO_RESTART_PERMANENT)};
    leaves[0].options.name = "tree.x"; // Has to be free again when the supervisor restarts.
    cogo_supervisor_spec below = spec_of(COGO_ONE_FOR_ONE, leaves, 2);
    below.intensity = COGO_INTENSITY_NONE;
    below.name = "tree.below";
    cogo_child_spec children[2] = {unit_child("leaf", &out, COGO_RESTART_PERMANENT),
                                   tree_child("below", &below)};
    cogo_supervisor_spec top = spec_of(COGO_ONE_FOR_ONE, children, 2);
    cogo_actor_id sup = start(system, &top);
    memset(leaves, 0, sizeof leaves); // All was copied.
    memset(&below, 0, sizeof below);
    wait_for(&inner.starts, 2);
    cogo_actor_id id = cogo_supervisor_child(system, sup, "below");
    cr_expect(cogo_actor_id_equal(id, cogo_name_find(system, "tree.below")));
    cogo_child_answer count =
        order(system, sup, (cogo_child_order){.action = COGO_CHILD_COUNT});
    cr_expect_eq(count.specs, 2u);
    cr_expect_eq(count.active, 2u);
    cr_expect_eq(count.supervisors, 1u);
    cr_expect_eq(count.workers, 1u);
    for (uint32_t round = 1; round <= 3; round++) {
        cogo_actor_id x = cogo_supervisor_child(system, id, "x");
        cogo_system_send(system, x, cogo_msg_create(system, FAIL, 0));
        wait_for(&inner.starts, 2 + 2 * round); // No restart allowed below: it goes up.
        cr_expect_eq(seen(&inner.stops), 2 * round);
    }
    cr_expect(cogo_actor_id_equal(id, cogo_supervisor_child(system, sup, "below")));
    cr_expect_eq(seen(&outer.starts), 1u);
    scene_close(system);
    cr_expect_eq(seen(&inner.starts), seen(&inner.stops));
    cr_expect_eq(seen(&outer.stops), 1u);
}

/* In OTP a killed supervisor leaves its children to their links; here it ends after them. */
Test(tree, a_killed_supervisor_ends_after_its_children)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec children[3] = {unit_child("a", &at, COGO_RESTART_PERMANENT),
                                   unit_child("b", &at, COGO_RESTART_PERMANENT),
                                   unit_child("c", &at, COGO_RESTART_PERMANENT)};
    children[1].shutdown_ns = COGO_SHUTDOWN_FOREVER;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 3);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id b = cogo_supervisor_child(system, sup, "b");
    cogo_system_send(system, b, cogo_msg_create(system, STUBBORN, 0));
    cr_expect_eq(scene_ask_u64(system, b), 0u);
    wait_for(&l.starts, 3);
    cogo_exit_actor(system, sup, COGO_EXIT_SHUTDOWN, NULL); // Would wait for b for ever ...
    cogo_exit_actor(system, sup, COGO_EXIT_KILLED, NULL);   // ... but killing is killing.
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cogo_err err = cogo_system_await(system, sup, SCENE_LONG_NS, &reason);
    cr_expect_eq(err, COGO_OK);
    cr_expect(reason.kind == COGO_EXIT_KILLED || reason.kind == COGO_EXIT_NOPROC);
    cr_expect_eq(seen(&l.stops), 3u, "all of them have ended before it");
    scene_close(system);
}

Test(tree, a_child_that_does_not_end_in_time_is_killed_and_one_may_be_killed_at_once)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec children[2] = {unit_child("late", &at, COGO_RESTART_PERMANENT),
                                   unit_child("brutal", &at, COGO_RESTART_PERMANENT)};
    children[0].shutdown_ns = 5 * SCENE_MS;
    children[1].shutdown_ns = COGO_SHUTDOWN_KILL;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 2);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id late = cogo_supervisor_child(system, sup, "late");
    cogo_system_send(system, late, cogo_msg_create(system, STUBBORN, 0));
    cr_expect_eq(scene_ask_u64(system, late), 0u);
    scene_close(system);
    cr_expect_eq(seen(&l.ended[COGO_EXIT_KILLED]), 2u);
}

/* A connection each, as a server has them: no names, any number, own args. */
Test(tree, a_simple_supervisor_runs_any_number_of_one_kind)
{
    enum { MANY = 300 };
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    log *none = NULL;
    cogo_child_spec child = unit_child(NULL, &none, COGO_RESTART_TRANSIENT);
    cogo_supervisor_spec spec = spec_of(COGO_SIMPLE_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_child_order o = {
        .action = COGO_CHILD_START, .args = &at, .args_size_bytes = sizeof at};
    cogo_actor_id ids[MANY];
    for (int i = 0; i < MANY; i++) {
        ids[i] = order(system, sup, o).actor;
        cr_expect(cogo_actor_id_is_set(ids[i]));
    }
    wait_for(&l.starts, MANY);
    cogo_system_send(system, ids[7], cogo_msg_create(system, FAIL, 0));
    wait_for(&l.starts, MANY + 1); // Restarted with the args that it was started with.
    for (int i = 0; i < MANY; i += 2) {
        cogo_system_send(system, ids[i], cogo_msg_create(system, WELL, 0));
    }
    wait_for(&l.stops, 1 + MANY / 2);
    cogo_child_answer a;
    do { // Until it has heard of all of them.
        a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_COUNT});
    } while (a.active != MANY / 2);
    cr_expect_eq(a.workers, (uint32_t)MANY / 2);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .actor = ids[1]});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, (uint32_t)MANY / 2 - 1);
    scene_close(system);
    cr_expect_eq(seen(&l.starts), seen(&l.stops));
}

Test(tree, significant_children_end_their_supervisor)
{
    for (int all = 0; all <= 1; all++) {
        static log l;
        log *at = &l;
        memset(&l, 0, sizeof l);
        cogo_system *system = scene_open(2);
        cogo_child_spec children[3] = {unit_child("a", &at, COGO_RESTART_TRANSIENT),
                                       unit_child("b", &at, COGO_RESTART_TEMPORARY),
                                       unit_child("c", &at, COGO_RESTART_PERMANENT)};
        children[0].flags = children[1].flags = COGO_CHILD_SIGNIFICANT;
        cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 3);
        spec.auto_shutdown = all ? COGO_AUTO_SHUTDOWN_ALL : COGO_AUTO_SHUTDOWN_ANY;
        cogo_actor_id sup = start(system, &spec);
        cogo_actor_id a = cogo_supervisor_child(system, sup, "a");
        cogo_actor_id b = cogo_supervisor_child(system, sup, "b");
        cogo_system_send(system, a, cogo_msg_create(system, FAIL, 0)); // Restarted: no end.
        cr_expect_eq(scene_ask_u64(system, a), 0u);
        cogo_system_send(system, b, cogo_msg_create(system, FAIL, 0)); // Not restarted.
        if (all) {
            while (order(system, sup, (cogo_child_order){.action = COGO_CHILD_COUNT}).active
                   != 2) {
            }
            cogo_system_send(system, a, cogo_msg_create(system, WELL, 0));
        }
        cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
        cr_expect_eq(cogo_system_await(system, sup, SCENE_LONG_NS, &reason), COGO_OK);
        cr_expect(reason.kind == COGO_EXIT_SHUTDOWN || reason.kind == COGO_EXIT_NOPROC);
        cr_expect_eq(seen(&l.starts), seen(&l.stops));
        scene_close(system);
    }
}

Test(tree, backoff_grows_and_leaves_off_a_random_part)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    child.backoff_min_ns = 8 * SCENE_MS;
    child.backoff_max_ns = 16 * SCENE_MS;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    const uint64_t least[3] = {6 * SCENE_MS, 12 * SCENE_MS, 12 * SCENE_MS};
    for (int i = 0; i < 3; i++) {
        uint64_t before = cogo_system_now_ns(system);
        cogo_system_send(system, it, cogo_msg_create(system, FAIL, 0));
        cr_expect_eq(scene_ask_u64(system, it), 0u);
        cr_expect_geq(cogo_system_now_ns(system) - before, least[i]);
    }
    scene_close(system);
}

Test(tree, specs_of_an_older_library_are_read_as_they_were)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec children[2] = {unit_child("a", &at, COGO_RESTART_PERMANENT),
                                   unit_child("b", &at, COGO_RESTART_PERMANENT)};
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 2);
    spec.struct_size = offsetof(cogo_supervisor_spec, memory_limit_bytes);
    memset((char *)&spec + spec.struct_size, 0xff, sizeof spec - spec.struct_size);
    cogo_actor_id sup = start(system, &spec);
    cr_expect_eq(scene_ask_u64(system, cogo_supervisor_child(system, sup, "b")), 0u);
    scene_close(system);
}

Test(tree, specs_that_make_no_sense_are_refused)
{
    static log l;
    log *at = &l;
    cogo_system *system = scene_open(1);
    cogo_actor_id id;
    cogo_child_spec child = unit_child("a", &at, COGO_RESTART_TRANSIENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    child.flags = COGO_CHILD_SIGNIFICANT;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "never counts");
    spec.auto_shutdown = COGO_AUTO_SHUTDOWN_ANY;
    child.restart = COGO_RESTART_PERMANENT;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "never ends");
    child.flags = 1 << 7;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = tree_child("a", &spec);
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "without an end");
    spec = spec_of(COGO_SIMPLE_ONE_FOR_ONE, NULL, 0);
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "no template");
    scene_close(system);
}
