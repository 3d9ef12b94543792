#include "tests/unit/orchestrator/rig.h"

Test(attempt, failed_task_is_tried_again_until_its_attempts_are_used_up)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    for (int64_t attempt = 1; attempt <= 3; attempt++) {
        int64_t lease = offer.lease;
        cr_expect_eq(offer.attempt, attempt);
        say_result(&r, &w, &offer, RESULT_FAILED, true);
        if (attempt < 3) {
            cr_expect(take_ack_and_offer(&w, "accepted", &offer));
            cr_expect_gt(offer.lease, lease);
        } else {
            cr_expect(take_ack(&w, "accepted"));
        }
    }
    task *t = await_end(&r, got.ids[0]);
    cr_assert_not_null(t);
    cr_expect_eq(t->state, TASK_DEADLETTERED);
    cr_expect_eq(t->attempt, 3);
    cr_expect_str_eq(t->error, "it broke");
    free(t);
    rig_end(&r);
}

Test(attempt, failure_that_another_attempt_would_not_change_is_final)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    say_result(&r, &w, &offer, RESULT_FAILED, false);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_FAILED);
    rig_end(&r);
}

Test(attempt, second_result_and_foreign_lease_are_fenced)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    rig_offer forged = offer;
    forged.lease++;
    say_result(&r, &w, &forged, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "fenced"));
    say_result(&r, &w, &offer, RESULT_PARTIAL, false);
    cr_expect(take_ack(&w, "accepted"));
    say_result(&r, &w, &offer, RESULT_FAILED, false);
    cr_expect(take_ack(&w, "fenced"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_PARTIAL);
    rig_end(&r);
}

Test(attempt, cancel_reaches_the_worker_and_its_late_result_is_fenced)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    rig_ids next = submit_echo(&r);
    ask(&r, &r.client, MSG_TASK_CANCEL, &(task_command){.task_id = got.ids[0], .reason = "no"});
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_assert_not_null(msg);
    cr_expect_eq(((const task *)cogo_msg_payload(msg))->state, TASK_CANCELLED);
    cogo_msg_destroy(msg);
    msg = take(&w.probe, MSG_INSTRUCTION_CANCEL);
    cr_assert_not_null(msg);
    cr_expect_eq(((const instruction_cancel *)cogo_msg_payload(msg))->lease, offer.lease);
    cogo_msg_destroy(msg);
    // The slot is free only when the worker has stopped.
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "fenced"));
    rig_offer second = take_offer(&w);
    cr_expect_str_eq(second.task_id, next.ids[0]);
    rig_end(&r);
}

Test(attempt, cancelling_twice_is_the_same_and_a_finished_task_is_a_conflict)
{
    rig r;
    rig_start(&r);
    rig_ids got = submit_echo(&r);
    for (int i = 0; i < 2; i++) {
        ask(&r, &r.client, MSG_TASK_CANCEL, &(task_command){.task_id = got.ids[0]});
        cogo_msg *msg = take(&r.client, MSG_TASK);
        cr_expect_not_null(msg);
        cogo_msg_destroy(msg);
    }
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids done = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    ask(&r, &r.client, MSG_TASK_CANCEL, &(task_command){.task_id = done.ids[0]});
    cr_expect(take_problem(&r.client, 409, "TASK_FINISHED", "succeeded"));
    ask(&r, &r.client, MSG_TASK_CANCEL, &(task_command){.task_id = "tsk_nonsense"});
    cr_expect(take_problem(&r.client, 404, "TASK_NOT_FOUND", "tsk_nonsense"));
    rig_end(&r);
}

Test(attempt, retry_of_a_finished_task_renews_its_attempts)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    for (int round = 0; round < 2; round++) {
        rig_offer offer = take_offer(&w);
        cr_expect_eq(offer.attempt, 1);
        say_result(&r, &w, &offer, RESULT_FAILED, false);
        cr_expect(take_ack(&w, "accepted"));
        cr_expect_eq(end_state(&r, got.ids[0]), TASK_FAILED);
        ask(&r, &r.client, MSG_TASK_RETRY, &(task_command){.task_id = got.ids[0]});
        cogo_msg *msg = take(&r.client, MSG_TASK);
        cr_assert_not_null(msg);
        cr_expect_eq(((const task *)cogo_msg_payload(msg))->state, TASK_QUEUED);
        cogo_msg_destroy(msg);
    }
    rig_offer offer = take_offer(&w);
    ask(&r, &r.client, MSG_TASK_RETRY, &(task_command){.task_id = got.ids[0]});
    cr_expect(take_problem(&r.client, 409, "TASK_NOT_FINISHED", "scheduled"));
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    ask(&r, &r.client, MSG_TASK_RETRY, &(task_command){.task_id = got.ids[0]});
    cr_expect(take_problem(&r.client, 409, "TASK_SUCCEEDED", "succeeded"));
    rig_end(&r);
}

/* The worker keeps the time of an attempt; a failure that took all of it is a timeout. */
Test(attempt, timeouts_that_use_up_the_attempts_expire_the_task)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .timeout = 1, .max_attempts = 1}, 1);
    rig_offer offer = take_offer(&w);
    uint64_t end = cogo_system_now_ns(r.system) + 2000000;
    while (cogo_system_now_ns(r.system) < end) {
        cr_expect(client_has_nothing(&r));
    }
    say_result(&r, &w, &offer, RESULT_FAILED, true);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_EXPIRED);
    rig_end(&r);
}

Test(attempt, invalid_result_fails_the_task_and_not_the_journal)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w1", 1);
    rig_ids got = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    say_result(&r, &w, &offer, 77, false);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_FAILED);
    cr_expect_eq(submit_echo(&r).count, 1u);
    rig_end(&r);
}

Test(attempt, followers_hear_of_every_transition_in_order_and_of_progress)
{
    rig r;
    rig_start(&r);
    rig_probe ear = probe_new(&r);
    tell(&r, &ear, MSG_EVENTS_FOLLOW, &(events_follow){0});
    ask(&r, &ear, MSG_HEALTH_READ, &(empty){0});
    cogo_msg *msg = take(&ear, MSG_HEALTH);
    cogo_msg_destroy(msg);
    rig_worker w = worker_new(&r, "w1", 1);
    (void)submit_echo(&r);
    rig_offer offer = take_offer(&w);
    say_started(&r, &w, &offer);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    const char *const types[] = {"cogo.task.queued", "cogo.task.scheduled", "cogo.task.running",
                                 "cogo.task.succeeded"};
    for (int64_t i = 0; i < 4; i++) {
        msg = take(&ear, MSG_EVENT);
        cr_assert_not_null(msg);
        const task_event *event = cogo_msg_payload(msg);
        cr_expect_eq(event->sequence, i + 1);
        cr_expect_str_eq(event->type, types[i]);
        cogo_msg_destroy(msg);
    }
    cr_expect(take_ack(&w, "accepted"));
    (void)submit_echo(&r);
    offer = take_offer(&w);
    for (int i = 0; i < 2; i++) {
        msg = take(&ear, MSG_EVENT);
        cogo_msg_destroy(msg);
    }
    task_progress half = {.task_id = offer.task_id, .percent = 50, .phase = "half"};
    tell(&r, &w.probe, MSG_INSTRUCTION_PROGRESS,
         &(instruction_progress){.worker_id = w.id, .lease = offer.lease, .progress = &half});
    msg = take(&ear, MSG_EVENT);
    cr_assert_not_null(msg);
    cr_expect_str_eq(((const task_event *)cogo_msg_payload(msg))->type, "cogo.task.progress");
    cr_expect_eq(((const task_event *)cogo_msg_payload(msg))->sequence, 0);
    cogo_msg_destroy(msg);
    rig_end(&r);
}

/* A worker that hangs is not waited for: its attempt ends and its task goes on elsewhere. */
Test(attempt, task_of_a_hanging_worker_is_taken_away_after_its_timeout)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    config.grace_ms = 1;
    rig_run(&r, &config);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .timeout = 1, .max_attempts = 2}, 1);
    rig_offer first = take_offer(&a);
    cogo_msg *msg = take(&a.probe, MSG_INSTRUCTION_CANCEL);
    cr_assert_not_null(msg);
    cr_expect_str_eq(((const instruction_cancel *)cogo_msg_payload(msg))->reason, "timeout");
    cogo_msg_destroy(msg);
    rig_worker b = worker_new(&r, "b", 1);
    rig_offer second = take_offer(&b);
    cr_expect_str_eq(second.task_id, first.task_id);
    msg = take(&b.probe, MSG_INSTRUCTION_CANCEL);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    task *t = await_end(&r, got.ids[0]);
    cr_assert_not_null(t);
    cr_expect_eq(t->state, TASK_EXPIRED);
    cr_expect_str_eq(t->error, "no result within 1 ms");
    free(t);
    rig_end(&r);
}

/* Between the follower's first event and the page that it reads nothing may be missing. */
Test(attempt, events_are_read_after_the_commit_of_what_has_happened)
{
    rig r;
    rig_start(&r);
    rig_ids got = submit_echo(&r);
    store_hold(&r);
    ask(&r, &r.client, MSG_TASK_CANCEL, &(task_command){.task_id = got.ids[0]});
    ask(&r, &r.client, MSG_TASK_EVENTS, &(task_events){.task_id = got.ids[0]});
    cr_expect(client_has_nothing(&r));
    store_go(&r);
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    msg = take(&r.client, MSG_EVENT_PAGE);
    cr_assert_not_null(msg);
    cr_expect(((const event_page *)cogo_msg_payload(msg))->ended);
    cogo_msg_destroy(msg);
    ask(&r, &r.client, MSG_TASK_EVENTS, &(task_events){.task_id = "tsk_"});
    cr_expect(take_problem(&r.client, 404, "TASK_NOT_FOUND", "tsk_"));
    rig_end(&r);
}
