/* Orders to supervisors that run. */
#include "tests/unit/runtime/inside.h"
#include "tests/unit/runtime/tree.h"

Test(tree, orders_start_terminate_restart_and_delete_children)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec first = unit_child("a", &at, COGO_RESTART_PERMANENT);
    cogo_child_spec second = unit_child("b", &at, COGO_RESTART_PERMANENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &first, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_child_answer a =
        order(system, sup, (cogo_child_order){.action = COGO_CHILD_START, .spec = &second});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect(cogo_actor_id_equal(a.actor, cogo_supervisor_child(system, sup, "b")));
    cr_expect_eq(a.active, 2u);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_START, .spec = &second});
    cr_expect_eq(a.err, COGO_EEXIST);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_DELETE, .id = "b"});
    cr_expect_eq(a.err, COGO_ESTATE, "it runs");
    cogo_actor_id b = cogo_supervisor_child(system, sup, "b");
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "b"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, 1u);
    cr_expect_eq(a.specs, 2u, "its spec stays");
    cr_expect_eq(seen(&l.stops), 1u, "the answer comes after its end");
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, sup, "b")));
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_RESTART, .id = "b"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_not(cogo_actor_id_equal(a.actor, b), "a new actor");
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_RESTART, .id = "b"});
    cr_expect_eq(a.err, COGO_ESTATE);
    cogo_child_info list[4];
    cogo_child_order o = {.struct_size = sizeof o, .action = COGO_CHILD_LIST};
    cr_expect_eq(cogo_system_supervisor_order(system, sup, &o, SCENE_LONG_NS, &a, list, 4),
                 COGO_OK);
    cr_assert_eq(a.listed, 2u);
    cr_expect_str_eq(list[0].id, "a");
    cr_expect_str_eq(list[1].id, "b");
    cr_expect(cogo_actor_id_equal(list[1].actor, cogo_supervisor_child(system, sup, "b")));
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "b"});
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_DELETE, .id = "b"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.specs, 1u);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "b"});
    cr_expect_eq(a.err, COGO_ENOTFOUND);
    o = (cogo_child_order){.struct_size = sizeof o, .action = COGO_CHILD_TERMINATE};
    cr_expect_eq(cogo_system_supervisor_order(system, sup, &o, 1, NULL, NULL, 0), COGO_EINVAL);
    scene_close(system);
}

/* An operator stops what keeps failing, instead of waiting for its next try. */
Test(tree, a_child_that_waits_for_its_next_try_is_terminated_at_once)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    child.backoff_min_ns = SCENE_LONG_NS * 60;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_system_send(system, cogo_supervisor_child(system, sup, "it"),
                     cogo_msg_create(system, FAIL, 0));
    cogo_child_info info = {.restarting = false};
    cogo_child_order list = {.struct_size = sizeof list, .action = COGO_CHILD_LIST};
    while (!info.restarting) {
        cr_assert_eq(
            cogo_system_supervisor_order(system, sup, &list, SCENE_LONG_NS, NULL, &info, 1),
            COGO_OK);
    }
    cogo_child_answer a =
        order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "it"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, 0u);
    cr_expect_eq(a.specs, 1u);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "it"});
    cr_expect_eq(a.err, COGO_OK, "it is not up: nothing to do");
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_RESTART, .id = "it"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, 1u);
    scene_close(system);
}

typedef struct two_orders {
    cogo_actor_id sup;
    cogo_err first;
} two_orders;

static void terminate_from_inside(cogo_context *ctx, void *arg)
{
    two_orders *t = arg;
    uint64_t ask = 0;
    cogo_child_order o = {
        .struct_size = sizeof o, .action = COGO_CHILD_TERMINATE, .id = "slow"};
    t->first = cogo_supervisor_order(ctx, t->sup, &o, SCENE_LONG_NS, &ask);
}

/* Two operators at a time: the second hears that it is being done already. */
Test(tree, a_child_that_is_being_terminated_is_not_terminated_again)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec child = unit_child("slow", &at, COGO_RESTART_PERMANENT);
    child.shutdown_ns = SCENE_LONG_NS * 60;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    two_orders t = {.sup = start(system, &spec)};
    cogo_actor_id slow = cogo_supervisor_child(system, t.sup, "slow");
    cogo_system_send(system, slow, cogo_msg_create(system, STUBBORN, 0));
    cr_expect_eq(scene_ask_u64(system, slow), 0u);
    inside(system, terminate_from_inside, &t);
    cr_expect_eq(t.first, COGO_OK);
    cogo_child_answer a =
        order(system, t.sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "slow"});
    cr_expect_eq(a.err, COGO_ESTATE);
    cogo_exit_actor(system, slow, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, slow, SCENE_LONG_NS, NULL), COGO_OK);
    scene_close(system);
}
