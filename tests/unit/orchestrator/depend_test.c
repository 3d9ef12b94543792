#include "tests/unit/orchestrator/rig.h"

static void finish(rig *r, const rig_worker *w, const rig_offer *offer, int32_t status)
{
    say_result(r, w, offer, status, false);
    cr_expect(take_ack(w, "accepted"));
}

Test(depend, workflow_runs_in_the_order_of_its_dependencies_with_earlier_results)
{
    rig r;
    rig_start(&r);
    const char *const on_a[] = {"a"};
    const char *const on_both[] = {"b", "c"};
    const instruction diamond[] = {
        {.role = "echo", .ref = "d", .dependencies = {on_both, 2}},
        {.role = "echo", .ref = "b", .dependencies = {on_a, 1}},
        {.role = "echo", .ref = "c", .dependencies = {on_a, 1}},
        {.role = "echo", .ref = "a"},
    };
    submit_many(&r, diamond, 4, true, "assess", NULL, NULL);
    rig_ids got = take_submitted(&r);
    cr_expect_eq(strncmp(got.flow, "wfl_", 4), 0);
    ask(&r, &r.client, MSG_WORKFLOW_GET,
        &(workflow_get){.workflow_id = got.flow, .wait = 5000});
    cr_expect(client_has_nothing(&r)); // It waits.
    rig_worker w = worker_new(&r, "w", 1);
    rig_offer offers[4] = {{{0}, {0}, 0, 0, 0}};
    cr_assert_eq(work_all(&r, &w, offers, 4), 4u);
    cr_expect_str_eq(offers[0].task_id, got.ids[3]);
    cr_expect_str_eq(offers[3].task_id, got.ids[0]);
    cr_expect_eq(offers[1].previous_count, 1u);
    cr_expect_eq(offers[3].previous_count, 2u);
    cogo_msg *msg = take(&r.client, MSG_WORKFLOW);
    cr_assert_not_null(msg);
    const workflow *flow = cogo_msg_payload(msg);
    cr_expect_str_eq(flow->state, "succeeded");
    cr_expect_eq(flow->tasks.count, 4u);
    cogo_msg_destroy(msg);
    rig_end(&r);
}

Test(depend, failure_cancels_all_that_follow_and_names_the_dependency)
{
    rig r;
    rig_start(&r);
    const char *const on_a[] = {"a"};
    const char *const on_b[] = {"b"};
    const instruction chain[] = {{.role = "echo", .ref = "a"},
                                 {.role = "echo", .ref = "b", .dependencies = {on_a, 1}},
                                 {.role = "echo", .ref = "c", .dependencies = {on_b, 1}}};
    rig_ids got = submit(&r, chain, 3);
    rig_worker w = worker_new(&r, "w", 1);
    rig_offer offer = take_offer(&w);
    finish(&r, &w, &offer, RESULT_FAILED);
    task *last = await_end(&r, got.ids[2]);
    cr_assert_not_null(last);
    cr_expect_eq(last->state, TASK_CANCELLED);
    cr_expect_not_null(strstr(last->error, got.ids[1]));
    free(last);
    // Its dependency has not succeeded, so a retry would be in vain.
    ask(&r, &r.client, MSG_TASK_RETRY, &(task_command){.task_id = got.ids[2]});
    cr_expect(take_problem(&r.client, 409, "DEPENDENCY_FAILED", got.ids[1]));
    rig_end(&r);
}

Test(depend, finished_task_is_looked_up_by_task_or_instruction_id)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids first = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    finish(&r, &w, &offer, RESULT_SUCCESS);
    cr_expect_eq(end_state(&r, first.ids[0]), TASK_SUCCEEDED);
    char instruction_id[40];
    (void)snprintf(instruction_id, sizeof instruction_id, "ins%s", first.ids[0] + 3);
    const char *const on[] = {first.ids[0], instruction_id};
    (void)submit(&r, &(instruction){.role = "echo", .dependencies = {on, 2}}, 1);
    offer = take_offer(&w);
    cr_expect_eq(offer.previous_count, 1u); // Twice the same is once.
    finish(&r, &w, &offer, RESULT_SUCCESS);
    rig_end(&r);
}

Test(depend, task_that_depends_on_a_failed_one_is_cancelled_at_once)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids first = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    finish(&r, &w, &offer, RESULT_FAILED);
    cr_expect_eq(end_state(&r, first.ids[0]), TASK_FAILED);
    const char *const on[] = {first.ids[0]};
    rig_ids next = submit(&r, &(instruction){.role = "echo", .dependencies = {on, 1}}, 1);
    cr_expect_eq(end_state(&r, next.ids[0]), TASK_CANCELLED);
    rig_end(&r);
}

/* The failed task and its workflow have left memory; both must come back for the retry. */
Test(depend, retry_brings_the_whole_workflow_back)
{
    rig r;
    rig_start(&r);
    const instruction pair[] = {{.role = "echo", .ref = "a"}, {.role = "echo", .ref = "b"}};
    submit_many(&r, pair, 2, true, "pair", NULL, NULL);
    rig_ids got = take_submitted(&r);
    rig_worker w = worker_new(&r, "w", 2);
    rig_offer a = take_offer(&w);
    rig_offer b = take_offer(&w);
    finish(&r, &w, &a, RESULT_SUCCESS);
    finish(&r, &w, &b, RESULT_FAILED);
    cr_expect_eq(end_state(&r, got.ids[1]), TASK_FAILED);
    ask(&r, &r.client, MSG_TASK_RETRY, &(task_command){.task_id = got.ids[1]});
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_assert_not_null(msg);
    cogo_msg_destroy(msg);
    b = take_offer(&w);
    ask(&r, &r.client, MSG_WORKFLOW_GET,
        &(workflow_get){.workflow_id = got.flow, .wait = 5000});
    cr_expect(client_has_nothing(&r)); // It waits.
    finish(&r, &w, &b, RESULT_SUCCESS);
    msg = take(&r.client, MSG_WORKFLOW);
    cr_assert_not_null(msg);
    const workflow *flow = cogo_msg_payload(msg);
    cr_expect_str_eq(flow->state, "succeeded");
    cr_expect_eq(flow->tasks.count, 2u);
    cogo_msg_destroy(msg);
    rig_end(&r);
}

Test(depend, wait_that_runs_out_tells_how_things_are)
{
    rig r;
    rig_start(&r);
    rig_ids got = submit_echo(&r);
    ask(&r, &r.client, MSG_TASK_GET, &(task_get){.task_id = got.ids[0], .wait = 5});
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_assert_not_null(msg);
    cr_expect_eq(((const task *)cogo_msg_payload(msg))->state, TASK_QUEUED);
    cogo_msg_destroy(msg);
    rig_end(&r);
}
