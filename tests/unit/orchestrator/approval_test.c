/* A person has to agree before a task runs. */
#include "tests/unit/orchestrator/rig.h"

static const approval asks = {.prompt = "Deploy?", .state = -1};

static bool decided(rig *r, const char *id, bool approve, int32_t state)
{
    ask(r, &r->client, MSG_TASK_DECIDE,
        &(task_decision){.task_id = id, .approve = approve, .by = "ada", .note = "looks fine"});
    cogo_msg *msg = take(&r->client, MSG_TASK);
    const task *t = msg == NULL ? NULL : cogo_msg_payload(msg);
    bool right = t != NULL && t->state == state && t->approval != NULL
                 && strcmp(t->approval->by, "ada") == 0
                 && strcmp(t->approval->note, "looks fine") == 0 && t->approval->decided_at > 0;
    cogo_msg_destroy(msg);
    return right;
}

Test(approval, a_task_runs_only_after_somebody_agreed)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .approval = &asks}, 1);
    cr_expect(client_has_nothing(&r));
    ask(&r, &r.client, MSG_TASK_EXPLAIN, &(task_command){.task_id = got.ids[0]});
    cogo_msg *msg = take(&r.client, MSG_EXPLANATION);
    cr_assert_not_null(msg);
    const explanation *why = cogo_msg_payload(msg);
    cr_expect_str_eq(why->state, "blocked");
    cr_expect(why->reasons.count == 1 && strcmp(why->reasons.items[0], "Deploy?") == 0);
    cogo_msg_destroy(msg);
    ask(&r, &r.client, MSG_TASK_DECIDE,
        &(task_decision){
            .task_id = got.ids[0], .approve = true, .by = "ada", .note = "looks fine"});
    msg = take(&r.client, MSG_TASK);
    cr_assert_not_null(msg);
    cr_expect_eq(((const task *)cogo_msg_payload(msg))->approval->state, APPROVAL_APPROVED);
    cogo_msg_destroy(msg);
    rig_offer offer = take_offer(&w);
    cr_expect_str_eq(offer.task_id, got.ids[0]);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    ask(&r, &r.client, MSG_TASK_DECIDE, &(task_decision){.task_id = got.ids[0]});
    cr_expect(take_problem(&r.client, 409, "ALREADY_DECIDED", "approved"));
    rig_end(&r);
}

Test(approval, a_rejected_task_is_cancelled_and_asked_about_again_when_it_is_retried)
{
    rig r;
    rig_start(&r);
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .approval = &asks}, 1);
    cr_expect(decided(&r, got.ids[0], false, TASK_CANCELLED));
    cr_expect(decided(&r, got.ids[0], false, TASK_CANCELLED), "twice is once");
    ask(&r, &r.client, MSG_TASK_DECIDE,
        &(task_decision){.task_id = got.ids[0], .approve = true});
    cr_expect(take_problem(&r.client, 409, "ALREADY_DECIDED", "rejected"));
    ask(&r, &r.client, MSG_TASK_RETRY, &(task_command){.task_id = got.ids[0]});
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_assert_not_null(msg);
    const task *t = cogo_msg_payload(msg);
    cr_expect_eq(t->state, TASK_BLOCKED);
    cr_expect_eq(t->approval->state, APPROVAL_WAITING);
    cr_expect_null(t->approval->by);
    cogo_msg_destroy(msg);
    cr_expect(decided(&r, got.ids[0], true, TASK_QUEUED));
    rig_end(&r);
}

/* Both are needed, in either order, and neither is forgotten by a crash. */
Test(approval, it_is_needed_besides_the_dependencies_and_survives_a_crash)
{
    rig r;
    rig_start(&r);
    const char *const on[] = {"a"};
    const instruction asked[] = {
        {.role = "echo", .priority = -1, .ref = "a"},
        {.role = "echo", .priority = -1, .dependencies = {on, 1}, .approval = &asks},
        {.role = "echo", .priority = -1, .approval = &asks}};
    rig_ids got = submit(&r, asked, 3);
    cr_expect(decided(&r, got.ids[1], true, TASK_BLOCKED));
    rig_crash(&r);
    orchestrator_config config = rig_config(&r);
    config.term = 2;
    rig_run(&r, &config);
    rig_worker w = worker_new(&r, "w", 4);
    rig_offer offers[2] = {take_offer(&w)};
    cr_expect_str_eq(offers[0].task_id, got.ids[0]);
    say_result(&r, &w, &offers[0], RESULT_SUCCESS, false);
    cr_expect_eq(work_all(&r, &w, offers, 2), 1u);
    cr_expect_str_eq(offers[0].task_id, got.ids[1]);
    cr_expect(decided(&r, got.ids[2], false, TASK_CANCELLED), "it still waits");
    rig_end(&r);
}

Test(approval, nobody_decides_in_time_and_nobody_was_asked)
{
    rig r;
    rig_start(&r);
    const approval soon = {.prompt = "Now?", .timeout = 20, .state = -1};
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .approval = &soon}, 1);
    task *t = await_end(&r, got.ids[0]);
    cr_assert_not_null(t);
    cr_expect_eq(t->state, TASK_EXPIRED);
    cr_expect_not_null(strstr(t->error, "approved"));
    free(t);
    got = submit_echo(&r);
    ask(&r, &r.client, MSG_TASK_DECIDE,
        &(task_decision){.task_id = got.ids[0], .approve = true});
    cr_expect(take_problem(&r.client, 409, "NO_APPROVAL", got.ids[0]));
    ask(&r, &r.client, MSG_TASK_DECIDE, &(task_decision){.task_id = "tsk_nonsense"});
    cr_expect(take_problem(&r.client, 404, "TASK_NOT_FOUND", "tsk_nonsense"));
    rig_end(&r);
}
