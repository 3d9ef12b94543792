#include "tests/unit/orchestrator/rig.h"

static const instruction echo = {.role = "echo", .priority = -1};

Test(submit, task_goes_to_a_worker_and_its_end_is_told)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    cr_expect_eq(got.count, 1u);
    cr_expect_eq(strncmp(got.ids[0], "tsk_", 4), 0);
    rig_offer offer = take_offer(&w);
    cr_expect_str_eq(offer.task_id, got.ids[0]);
    cr_expect_eq(offer.attempt, 1);
    cr_expect_gt(offer.lease, INT64_C(1) << 32);
    say_started(&r, &w, &offer);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    task *t = await_end(&r, got.ids[0]);
    cr_assert_not_null(t);
    cr_expect_eq(t->state, TASK_SUCCEEDED);
    cr_expect_str_eq(t->worker_id, "w1");
    cr_expect_not_null(t->result);
    cr_expect_eq(strncmp(t->result->result_id, "res_", 4), 0);
    cr_expect_eq(strcmp(t->result->result_id, "res_of_worker") == 0, false);
    free(t);
    rig_end(&r);
}

/* Nothing accepted is ever lost: 202 leaves only after the commit. */
Test(submit, nothing_is_answered_before_the_commit)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    store_hold(&r);
    submit_many(&r, &echo, 1, true, NULL, NULL, NULL);
    rig_offer offer = take_offer(&w); // An offer does not wait for the store.
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    ask(&r, &w.probe, MSG_HEALTH_READ, &(empty){0});
    cogo_msg *first = take(&w.probe, MSG_HEALTH); // And not the acknowledgement.
    cr_expect_not_null(first);
    cogo_msg_destroy(first);
    cr_expect(client_has_nothing(&r));
    store_go(&r);
    rig_ids got = take_submitted(&r);
    cr_expect_eq(got.count, 1u);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

Test(submit, unknown_role_names_the_nearest)
{
    rig r;
    rig_start(&r);
    submit_many(&r, &(instruction){.role = "code-indexr"}, 1, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "UNKNOWN_ROLE", "Unknown role: code-indexr"));
    submit_many(&r, &(instruction){.role = "code-indexr"}, 1, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "UNKNOWN_ROLE", "did you mean code-indexer"));
    submit_many(&r, &(instruction){.role = NULL}, 1, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "VALIDATION", "role"));
    submit_many(&r, NULL, 0, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "VALIDATION", "At least one"));
    rig_end(&r);
}

Test(submit, closed_world_refuses_a_role_that_none_offers)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    config.closed_world = true;
    rig_run(&r, &config);
    (void)worker_new(&r, "w1", 1);
    submit_many(&r, &(instruction){.role = "researcher"}, 1, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "ROLE_UNAVAILABLE", "type research"));
    cr_expect_eq(submit_echo(&r).count, 1u);
    rig_end(&r);
}

Test(submit, open_world_queues_and_explains_that_no_worker_offers_the_role)
{
    rig r;
    rig_start(&r);
    rig_ids got = submit(&r, &(instruction){.role = "researcher"}, 1);
    ask(&r, &r.client, MSG_TASK_EXPLAIN, &(task_command){.task_id = got.ids[0]});
    cogo_msg *msg = take(&r.client, MSG_EXPLANATION);
    cr_assert_not_null(msg);
    const explanation *why = cogo_msg_payload(msg);
    cr_expect_not_null(strstr(why->summary, "no worker offers the role researcher"));
    cr_expect_eq(why->queue_position, 1);
    cogo_msg_destroy(msg);
    rig_end(&r);
}

Test(submit, cycle_among_refs_is_shown)
{
    rig r;
    rig_start(&r);
    const char *const on_b[] = {"b"};
    const char *const on_a[] = {"a"};
    const instruction both[] = {{.role = "echo", .ref = "a", .dependencies = {on_b, 1}},
                                {.role = "echo", .ref = "b", .dependencies = {on_a, 1}}};
    submit_many(&r, both, 2, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "DEPENDENCY_CYCLE", "a -> b -> a"));
    rig_end(&r);
}

Test(submit, unknown_dependency_is_named_with_its_pointer)
{
    rig r;
    rig_start(&r);
    const char *const on[] = {"nowhere"};
    submit_many(&r, &(instruction){.role = "echo", .dependencies = {on, 1}}, 1, true, NULL,
                NULL, NULL);
    cogo_msg *msg = take(&r.client, MSG_PROBLEM);
    cr_assert_not_null(msg);
    const problem *why = cogo_msg_payload(msg);
    const field_problem *errors = why->errors.items;
    cr_expect_str_eq(why->code, "UNKNOWN_DEPENDENCY");
    cr_assert_eq(why->errors.count, 1u);
    cr_expect_str_eq(errors[0].pointer, "/instructions/0/dependencies/0");
    cogo_msg_destroy(msg);
    // Well formed, so the store is asked; it does not know it either.
    const char *const gone[] = {"tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV"};
    submit_many(&r, &(instruction){.role = "echo", .dependencies = {gone, 1}}, 1, true, NULL,
                NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "UNKNOWN_DEPENDENCY", "tsk_01ARZ3"));
    rig_end(&r);
}

Test(submit, batch_refuses_single_tasks_unless_it_is_atomic)
{
    rig r;
    rig_start(&r);
    const char *const on_bad[] = {"bad"};
    const instruction some[] = {{.role = "echo"},
                                {.role = "ecko", .ref = "bad"},
                                {.role = "echo", .dependencies = {on_bad, 1}}};
    submit_many(&r, some, 3, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "UNKNOWN_ROLE", "ecko"));
    submit_many(&r, some, 3, false, NULL, NULL, NULL);
    cogo_msg *msg = take(&r.client, MSG_TASK_SUBMITTED);
    cr_assert_not_null(msg);
    const task_submitted *answer = cogo_msg_payload(msg);
    const submit_item *items = answer->items.items;
    cr_assert_eq(answer->items.count, 3u);
    cr_expect_not_null(items[0].task);
    cr_expect_str_eq(items[1].problem->code, "UNKNOWN_ROLE");
    cr_expect_str_eq(items[2].problem->code, "DEPENDENCY_REFUSED");
    cogo_msg_destroy(msg);
    rig_end(&r);
}

Test(submit, too_many_unfinished_tasks_are_refused_with_a_time_to_try_again)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    config.unfinished_limit = 2;
    rig_run(&r, &config);
    cr_expect_eq(submit_echo(&r).count, 1u);
    cr_expect_eq(submit_echo(&r).count, 1u);
    submit_many(&r, &echo, 1, true, NULL, NULL, NULL);
    cogo_msg *msg = take(&r.client, MSG_PROBLEM);
    cr_assert_not_null(msg);
    const problem *why = cogo_msg_payload(msg);
    cr_expect_eq(why->status, 503);
    cr_expect_gt(why->retry_after_ms, 0);
    cogo_msg_destroy(msg);
    rig_end(&r);
}

Test(submit, same_key_gives_the_same_task_in_flight_and_later)
{
    rig r;
    rig_start(&r);
    store_hold(&r);
    submit_many(&r, &echo, 1, true, NULL, "k1", "h1");
    submit_many(&r, &echo, 1, true, NULL, "k1", "h1");
    submit_many(&r, &echo, 1, true, NULL, "k1", "other");
    cr_expect(take_problem(&r.client, 422, "IDEMPOTENCY_KEY_REUSED", "key"));
    store_go(&r);
    rig_ids first = take_submitted(&r);
    rig_ids second = take_submitted(&r);
    cr_expect_not(first.replayed);
    cr_expect(second.replayed);
    cr_expect_str_eq(first.ids[0], second.ids[0]);
    submit_many(&r, &echo, 1, true, NULL, "k1", "h1");
    rig_ids third = take_submitted(&r);
    cr_expect(third.replayed);
    cr_expect_str_eq(third.ids[0], first.ids[0]);
    submit_many(&r, &echo, 1, true, NULL, "k1", "h2");
    cr_expect(take_problem(&r.client, 422, "IDEMPOTENCY_KEY_REUSED", "key"));
    rig_end(&r);
}

Test(submit, refused_request_with_a_key_may_be_sent_again)
{
    rig r;
    rig_start(&r);
    for (int i = 0; i < 2; i++) {
        submit_many(&r, &(instruction){.role = "nope"}, 1, true, NULL, "k1", "h1");
        cr_expect(take_problem(&r.client, 422, "UNKNOWN_ROLE", "nope"));
    }
    rig_end(&r);
}

Test(submit, store_failure_answers_all_who_wait_and_ends_the_orchestrator)
{
    rig r;
    rig_start(&r);
    rig_ids before = submit_echo(&r);
    store_hold(&r);
    submit_many(&r, &echo, 1, true, NULL, NULL, NULL);
    cr_expect(client_has_nothing(&r));
    ask(&r, &r.client, MSG_TASK_GET, &(task_get){.task_id = before.ids[0], .wait = 5000});
    cr_expect(client_has_nothing(&r));
    store_fail(&r);
    cr_expect(take_problem(&r.client, 503, "STORE_UNAVAILABLE", "disk full"));
    cr_expect(take_problem(&r.client, 503, "STORE_UNAVAILABLE", "disk full"));
    cr_expect_eq(cogo_system_await(r.system, r.orchestrator, RIG_PATIENCE_NS, NULL), COGO_OK);
    rig_end(&r);
}

Test(submit, full_disk_refuses_new_work_and_all_goes_on_when_there_is_room)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids before = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    store_hold(&r);
    submit_many(&r, &echo, 1, true, NULL, NULL, NULL);
    cr_expect(client_has_nothing(&r));
    store_full(&r);
    cr_expect(client_told(&r, false));
    submit_many(&r, &echo, 1, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 503, "STORE_UNAVAILABLE", "disk full"));
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    ask(&r, &w.probe, MSG_TASK_GET, &(task_get){.task_id = before.ids[0]});
    cr_expect(take_problem(&w.probe, 503, "STORE_UNAVAILABLE", "tries again"));
    store_go(&r);
    rig_ids held = take_submitted(&r);
    cr_expect_eq(held.count, 1u);
    offer = take_offer(&w);
    cr_expect_str_eq(offer.task_id, held.ids[0]);
    cr_expect(take_ack(&w, "accepted"));
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect_eq(end_state(&r, before.ids[0]), TASK_SUCCEEDED);
    cr_expect_eq(end_state(&r, held.ids[0]), TASK_SUCCEEDED);
    cr_expect(client_ready(&r));
    (void)submit_echo(&r);
    rig_end(&r);
}

/* The store learns a key and its tasks from one write, and gives it the tasks that follow. */
Test(submit, thousand_tasks_with_a_key_are_one_request)
{
    enum { COUNT = 1000 };
    rig r;
    rig_start(&r);
    static instruction many[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        many[i] = echo;
    }
    submit_many(&r, many, COUNT, false, NULL, "big", "h");
    cogo_msg *msg = take(&r.client, MSG_TASK_SUBMITTED);
    cr_assert_not_null(msg);
    cogo_msg_destroy(msg);
    submit_many(&r, many, COUNT, false, NULL, "big", "h");
    msg = take(&r.client, MSG_TASK_SUBMITTED);
    cr_assert_not_null(msg);
    const task_submitted *again = cogo_msg_payload(msg);
    cr_expect(again->replayed);
    cr_expect_eq(again->items.count, (size_t)COUNT);
    cogo_msg_destroy(msg);
    rig_end(&r);
}
