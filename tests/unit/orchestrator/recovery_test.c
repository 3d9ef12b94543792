#include "tests/unit/orchestrator/rig.h"

static void restart(rig *r)
{
    rig_crash(r);
    orchestrator_config config = rig_config(r);
    config.term = 2;
    rig_run(r, &config);
}

/* kill -9 in the middle of work: what was acknowledged is there again, what ran is tried again,
 * and a result from before counts for nothing. */
Test(recovery, tasks_that_ran_are_tried_again_with_leases_of_the_new_term)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit_echo(&r);
    rig_offer before = take_offer(&a);
    restart(&r);
    cr_expect(cogo_actor_id_equal(cogo_name_find(r.system, ORCHESTRATOR_NAME), r.orchestrator));
    rig_worker b = worker_new(&r, "b", 1);
    rig_offer after = take_offer(&b);
    cr_expect_str_eq(after.task_id, got.ids[0]);
    cr_expect_geq(after.lease, INT64_C(2) << 32);
    say_result(&r, &b, &before, RESULT_FAILED, false);
    cr_expect(take_ack(&b, "fenced"));
    say_result(&r, &b, &after, RESULT_SUCCESS, false);
    cr_expect(take_ack(&b, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

Test(recovery, blocked_task_finds_its_finished_dependency_and_its_workflow)
{
    rig r;
    rig_start(&r);
    const char *const on_a[] = {"a"};
    const char *const on_b[] = {"b"};
    const instruction chain[] = {{.role = "echo", .ref = "a"},
                                 {.role = "echo", .ref = "b", .dependencies = {on_a, 1}},
                                 {.role = "echo", .ref = "c", .dependencies = {on_b, 1}}};
    submit_many(&r, chain, 3, true, "chain", NULL, NULL);
    rig_ids got = take_submitted(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_offer offer = take_offer(&a);
    tell(&r, &a.probe, MSG_WORKER_STATUS,
         &(worker_agent_status){.agent_id = "a", .draining = true});
    say_result(&r, &a, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "accepted"));
    restart(&r);
    rig_worker b = worker_new(&r, "b", 1);
    offer = take_offer(&b);
    cr_expect_str_eq(offer.task_id, got.ids[1]);
    cr_expect_eq(offer.previous_count, 1u);
    ask(&r, &r.client, MSG_WORKFLOW_GET, &(workflow_get){.workflow_id = got.flow});
    cogo_msg *msg = take(&r.client, MSG_WORKFLOW);
    cr_assert_not_null(msg);
    const workflow *flow = cogo_msg_payload(msg);
    cr_expect_str_eq(flow->state, "running");
    cr_expect_eq(flow->tasks.count, 3u);
    cogo_msg_destroy(msg);
    rig_end(&r);
}

Test(recovery, orchestrator_ends_when_the_store_can_not_be_read)
{
    rig r;
    rig_open(&r);
    store_fail(&r);
    orchestrator_config config = rig_config(&r);
    cr_assert_eq(orchestrator_start(r.system, &config, &r.orchestrator), COGO_OK);
    cr_assert_eq(cogo_system_await(r.system, r.orchestrator, RIG_PATIENCE_NS, NULL), COGO_OK);
    cr_expect_not(cogo_actor_id_is_set(cogo_name_find(r.system, ORCHESTRATOR_NAME)));
    rig_end(&r);
}
