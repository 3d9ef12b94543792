#include "tests/unit/orchestrator/rig.h"

static void restart_as(rig *r, int64_t reattach_ms, bool closed_world)
{
    rig_crash(r);
    orchestrator_config config = rig_config(r);
    config.term = 2;
    config.reattach_ms = reattach_ms;
    config.closed_world = closed_world;
    rig_run(r, &config);
}

static void restart(rig *r)
{
    restart_as(r, 1, false);
}

/* The worker registers again, and names one lease that it holds, or none. */
static void come_back(rig *r, const rig_worker *w, const rig_offer *held)
{
    char text[80];
    const char *const running[] = {text};
    role_capability echo = {.role = "echo", .version = 1, .slots = 1, .llm = "none"};
    worker_register as = {.worker_id = w->id,
                          .worker_type = "indexing",
                          .capabilities = {.items = &echo, .count = 1},
                          .slots = 1};
    if (held != NULL) {
        snprintf(text, sizeof text, "%s:%lld", held->task_id, (long long)held->lease);
        as.running = (cogo_strings){running, 1};
    }
    ask(r, &w->probe, MSG_WORKER_REGISTER, &as);
    cogo_msg *msg = take(&w->probe, MSG_WORKER_WELCOME);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
}

enum { NEVER_MS = 3600000, ASKS_MOST = 100000 };

static bool await_state(rig *r, const char *task_id, int32_t state)
{
    for (int i = 0; i < ASKS_MOST; i++) {
        ask(r, &r->client, MSG_TASK_GET, &(task_get){.task_id = task_id});
        cogo_msg *msg = take(&r->client, MSG_TASK);
        bool there = msg != NULL && ((const task *)cogo_msg_payload(msg))->state == state;
        cogo_msg_destroy(msg);
        if (there) {
            return true;
        }
    }
    return false;
}

/* The answer to a question comes after whatever was sent to it before. */
static bool worker_has_nothing(rig *r, const rig_worker *w)
{
    ask(r, &w->probe, MSG_HEALTH_READ, &(empty){0});
    cogo_msg *msg = take_any(&w->probe);
    bool nothing = msg != NULL && cogo_msg_type_of(msg) == MSG_HEALTH;
    cogo_msg_destroy(msg);
    return nothing;
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

/* The orchestrator alone was restarted: what runs elsewhere goes on, once. */
Test(recovery, a_worker_that_comes_back_keeps_what_it_runs)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&a);
    say_started(&r, &a, &offer);
    cr_expect(await_state(&r, got.ids[0], TASK_RUNNING));
    restart_as(&r, NEVER_MS, false);
    rig_worker b = worker_new(&r, "b", 1);
    come_back(&r, &a, &offer);
    cr_expect(worker_has_nothing(&r, &b), "nobody else is offered the task");
    say_result(&r, &a, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "accepted"));
    say_result(&r, &a, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "fenced"), "once");
    task *done = await_end(&r, got.ids[0]);
    cr_assert_not_null(done);
    cr_expect_eq(done->state, TASK_SUCCEEDED);
    cr_expect_eq(done->attempt, 1);
    free(done);
    rig_end(&r);
}

Test(recovery, what_a_worker_that_comes_back_does_not_name_is_tried_again)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit_echo(&r);
    rig_offer before = take_offer(&a);
    say_started(&r, &a, &before);
    cr_expect(await_state(&r, got.ids[0], TASK_RUNNING));
    restart_as(&r, NEVER_MS, false);
    come_back(&r, &a, NULL);
    rig_offer after = take_offer(&a);
    cr_expect_str_eq(after.task_id, got.ids[0]);
    cr_expect_eq(after.attempt, 2);
    say_result(&r, &a, &before, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "fenced"));
    say_result(&r, &a, &after, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "accepted"));
    rig_end(&r);
}

/* Its worker is asked to stop as soon as it can be. */
Test(recovery, a_task_is_cancelled_while_its_worker_is_not_back)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&a);
    say_started(&r, &a, &offer);
    cr_expect(await_state(&r, got.ids[0], TASK_RUNNING));
    restart_as(&r, NEVER_MS, false);
    ask(&r, &r.client, MSG_TASK_CANCEL, &(task_command){.task_id = got.ids[0]});
    cogo_msg_destroy(take(&r.client, MSG_TASK));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_CANCELLED);
    come_back(&r, &a, &offer);
    tell(&r, &a.probe, MSG_WORKER_STATUS, &(worker_agent_status){.agent_id = "a"});
    cogo_msg *stop = take(&a.probe, MSG_INSTRUCTION_CANCEL);
    cr_assert_not_null(stop);
    cr_expect_eq(((const instruction_cancel *)cogo_msg_payload(stop))->lease, offer.lease);
    cogo_msg_destroy(stop);
    say_result(&r, &a, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "fenced"));
    rig_end(&r);
}

Test(recovery, what_goes_on_after_a_restart_counts_for_its_limit)
{
    rig r;
    rig_start(&r);
    ask(&r, &r.client, MSG_LIMIT_SET, &(task_limit){.name = "l", .concurrency = 1});
    cogo_msg_destroy(take(&r.client, MSG_LIMIT));
    const char *const keys[] = {"l"};
    const instruction two[] = {{.role = "echo", .ref = "a", .limits = {keys, 1}},
                               {.role = "echo", .ref = "b", .limits = {keys, 1}}};
    submit_many(&r, two, 2, false, NULL, NULL, NULL);
    rig_ids got = take_submitted(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_offer offer = take_offer(&a);
    say_started(&r, &a, &offer);
    cr_expect(await_state(&r, offer.task_id, TASK_RUNNING));
    restart_as(&r, NEVER_MS, false);
    come_back(&r, &a, &offer);
    rig_worker b = worker_new(&r, "b", 1);
    cr_expect(worker_has_nothing(&r, &b), "the limit is used up");
    tell(&r, &a.probe, MSG_WORKER_STATUS,
         &(worker_agent_status){.agent_id = "a", .draining = true});
    say_result(&r, &a, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "accepted"));
    rig_offer next = take_offer(&b);
    bool first = strcmp(offer.task_id, got.ids[0]) == 0;
    cr_expect_str_eq(next.task_id, got.ids[first ? 1 : 0], "and free again");
    rig_end(&r);
}

/* In one process everything ended together: nobody is waited for. */
Test(recovery, in_a_closed_world_what_ran_is_tried_again_at_once)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    (void)submit_echo(&r);
    (void)take_offer(&a);
    restart_as(&r, NEVER_MS, true);
    rig_worker b = worker_new(&r, "b", 1);
    rig_offer after = take_offer(&b);
    cr_expect_eq(after.attempt, 2);
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

/* It can't even ask; what it had until then is given back, which LeakSanitizer looks after. */
Test(recovery, orchestrator_ends_when_there_is_no_store)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    cogo_exit_actor(r.system, r.store_id, COGO_EXIT_KILLED, "gone");
    cr_assert_eq(cogo_system_await(r.system, r.store_id, RIG_PATIENCE_NS, NULL), COGO_OK);
    cr_assert_eq(orchestrator_start(r.system, &config, &r.orchestrator), COGO_OK);
    cr_assert_eq(cogo_system_await(r.system, r.orchestrator, RIG_PATIENCE_NS, NULL), COGO_OK);
    rig_end(&r);
}
