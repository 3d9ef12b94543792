/* Budgets along a task tree: reserved, charged, given back, and never overdrawn by who asks. */
#include "tests/unit/orchestrator/rig.h"

static const budget thousand = {.tokens = 1000};

static void say_used(rig *r, const rig_worker *w, const rig_offer *offer, int64_t tokens,
                     int32_t status)
{
    const llm_usage llm = {.calls = 1, .input_tokens = tokens - 1, .output_tokens = 1};
    const char *const errors[] = {"it broke"};
    result_metadata about = {.llm = &llm,
                             .errors = {.items = errors, .count = status == RESULT_FAILED}};
    agent_result result = {.task_id = offer->task_id, .status = status, .metadata = &about};
    tell(r, &w->probe, MSG_INSTRUCTION_RESULT,
         &(instruction_result){
             .worker_id = w->id, .lease = offer->lease, .result = &result, .retryable = true});
}

static spending spent_by(rig *r, const char *id)
{
    ask(r, &r->client, MSG_TASK_GET, &(task_get){.task_id = id});
    cogo_msg *msg = take(&r->client, MSG_TASK);
    const task *t = msg == NULL ? NULL : cogo_msg_payload(msg);
    spending got = t == NULL || t->spent == NULL ? (spending){0} : *t->spent;
    cogo_msg_destroy(msg);
    return got;
}

static rig_ids child(rig *r, const char *parent, int64_t tokens)
{
    const budget own = {.tokens = tokens};
    return submit(r,
                  &(instruction){.role = "echo",
                                 .priority = -1,
                                 .parent = parent,
                                 .budget = tokens == 0 ? NULL : &own},
                  1);
}

static void refused(rig *r, const char *parent, int64_t tokens, const char *words)
{
    const budget own = {.tokens = tokens};
    submit_many(
        r, &(instruction){.role = "echo", .priority = -1, .parent = parent, .budget = &own}, 1,
        true, NULL, NULL, NULL);
    cr_expect(take_problem(&r->client, 422, "BUDGET_EXHAUSTED", words));
}

Test(budget, children_reserve_pay_and_give_back)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 4);
    rig_ids top =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .budget = &thousand}, 1);
    rig_offer running = take_offer(&w);
    rig_ids one = child(&r, top.ids[0], 600);
    rig_offer offer = take_offer(&w);
    cr_expect_str_eq(offer.task_id, one.ids[0]);
    refused(&r, top.ids[0], 500, "400 tokens left");
    say_used(&r, &w, &offer, 100, RESULT_SUCCESS);
    cr_expect(take_ack(&w, "accepted"));
    spending now = spent_by(&r, top.ids[0]);
    cr_expect_eq(now.tokens, 100);
    cr_expect_eq(now.calls, 1);
    cr_expect_eq(now.tasks, 1);
    refused(&r, top.ids[0], 901, "900 tokens left");
    rig_ids two = child(&r, top.ids[0], 900);
    offer = take_offer(&w);
    cr_expect_str_eq(offer.task_id, two.ids[0]);
    say_used(&r, &w, &offer, 950, RESULT_SUCCESS);
    cr_expect(take_ack(&w, "accepted"));
    refused(&r, top.ids[0], 1, "used up");
    say_result(&r, &w, &running, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, top.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

/* An agent that loops: it is stopped by its budget, not by its attempts. */
Test(budget, who_has_used_it_up_gets_no_further_attempt)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids got = submit(
        &r,
        &(instruction){.role = "echo", .priority = -1, .max_attempts = 9, .budget = &thousand},
        1);
    for (int i = 0; i < 2; i++) {
        rig_offer offer = take_offer(&w);
        say_used(&r, &w, &offer, 600, RESULT_FAILED);
        cr_expect(take_ack(&w, "accepted"));
    }
    task *t = await_end(&r, got.ids[0]);
    cr_assert_not_null(t);
    cr_expect_eq(t->state, TASK_DEADLETTERED);
    cr_expect_eq(t->attempt, 2);
    cr_expect_not_null(strstr(t->error, "tokens (1200 of 1000)"), "%s", t->error);
    free(t);
    rig_end(&r);
}

Test(budget, depth_number_and_one_request_are_counted)
{
    rig r;
    rig_start(&r);
    const budget narrow = {.tokens = 100, .tasks = 3, .depth = 1};
    rig_ids top =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .budget = &narrow}, 1);
    rig_ids one = child(&r, top.ids[0], 10);
    refused(&r, one.ids[0], 5, "so deep");
    const budget half = {.tokens = 60};
    const instruction both[] = {
        {.role = "echo", .priority = -1, .parent = top.ids[0], .budget = &half},
        {.role = "echo", .priority = -1, .parent = top.ids[0], .budget = &half}};
    submit_many(&r, both, 2, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "BUDGET_EXHAUSTED", "30 tokens left"));
    (void)child(&r, top.ids[0], 10);
    (void)child(&r, top.ids[0], 10);
    refused(&r, top.ids[0], 1, "allows 3 tasks");
    submit_many(&r, &(instruction){.role = "echo", .priority = -1, .parent = "tsk_none"}, 1,
                true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "UNKNOWN_PARENT", "tsk_none"));
    rig_end(&r);
}

Test(budget, what_was_spent_and_is_reserved_survives_a_crash)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids top = submit(&r,
                         &(instruction){.role = "echo",
                                        .priority = PRIORITY_LOW,
                                        .labels = {(const char *const[]){"gpu=yes"}, 1},
                                        .budget = &thousand},
                         1);
    (void)child(&r, top.ids[0], 300);
    rig_offer offer = take_offer(&a);
    say_used(&r, &a, &offer, 200, RESULT_SUCCESS);
    cr_expect(take_ack(&a, "accepted"));
    tell(&r, &a.probe, MSG_WORKER_STATUS,
         &(worker_agent_status){.agent_id = "a", .draining = true});
    (void)child(&r, top.ids[0], 500);
    rig_crash(&r);
    orchestrator_config config = rig_config(&r);
    config.term = 2;
    rig_run(&r, &config);
    spending now = spent_by(&r, top.ids[0]);
    cr_expect_eq(now.tokens, 200);
    cr_expect_eq(now.tasks, 2);
    refused(&r, top.ids[0], 400, "300 tokens left");
    rig_end(&r);
}
