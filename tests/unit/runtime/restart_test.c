/* What a restart keeps. */
#include "tests/unit/runtime/tree.h"

/* kameo#335: messages that waited were lost when their actor was restarted. */
Test(restart, ten_thousand_waiting_messages_survive_in_order_and_the_poison_does_not)
{
    enum { WAITING = 10000 };
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    cogo_system_send(system, it, cogo_msg_create(system, HOLD, 0));
    wait_for(&l.held, 1);
    for (uint64_t i = 1; i <= WAITING; i++) {
        if (i == 1 || i == WAITING / 2) {
            cogo_system_send(system, it, cogo_msg_create(system, FAIL, 0));
        }
        cogo_system_send(system, it, scene_msg_u64(system, PUT, i));
    }
    atomic_store_explicit(&l.release, 1, memory_order_release);
    cr_expect_eq(scene_ask_u64(system, it), (uint64_t)WAITING);
    cr_expect_eq(seen(&l.disorder), 0u);
    cr_expect_eq(seen(&l.fails), 2u, "each poison once");
    cr_expect_eq(seen(&l.starts), 3u);
    scene_close(system);
}

/* A kill in the middle of a handler: that message is done, none is handled twice, none is
 * lost. */
Test(restart, a_kill_in_the_middle_of_a_message_neither_repeats_nor_loses_one)
{
    enum { WAITING = 10000 };
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    cogo_system_send(system, it, cogo_msg_create(system, HOLD, 0));
    wait_for(&l.held, 1);
    for (uint64_t i = 1; i <= WAITING; i++) {
        cogo_system_send(system, it, scene_msg_u64(system, PUT, i));
    }
    cogo_exit_actor(system, it, COGO_EXIT_KILLED, "in the middle");
    atomic_store_explicit(&l.release, 1, memory_order_release);
    cr_expect_eq(scene_ask_u64(system, it), (uint64_t)WAITING);
    cr_expect_eq(seen(&l.disorder), 0u);
    cr_expect_eq(seen(&l.held), 1u);
    cr_expect_eq(seen(&l.ended[COGO_EXIT_KILLED]), 1u);
    scene_close(system);
}
