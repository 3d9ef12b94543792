/* Fairness keys, limits, slot costs, preferred labels, and the two times that end a task. */
#include "tests/unit/orchestrator/rig.h"

static void set_limit(rig *r, const task_limit *what)
{
    ask(r, &r->client, MSG_LIMIT_SET, what);
    cogo_msg *msg = take(&r->client, MSG_LIMIT);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
}

static task_limit look(rig *r, const char *name)
{
    task_limit got = {0};
    ask(r, &r->client, MSG_LIMIT_LIST, &(limit_command){.name = name});
    cogo_msg *msg = take(&r->client, MSG_LIMIT_PAGE);
    cr_expect_not_null(msg);
    if (msg != NULL) {
        got = *(const task_limit *)((const limit_page *)cogo_msg_payload(msg))->limits.items;
        got.name = NULL;
    }
    cogo_msg_destroy(msg);
    return got;
}

static void submit_keyed(rig *r, const char *key, const char *limit_key, size_t count)
{
    const char *const limits[] = {limit_key};
    instruction asked[32];
    for (size_t i = 0; i < count; i++) {
        asked[i] = (instruction){.role = "echo",
                                 .priority = -1,
                                 .ref = NULL,
                                 .fairness_key = key,
                                 .expected_output = key,
                                 .limits = {limits, limit_key == NULL ? 0 : 1}};
    }
    submit_many(r, asked, count, true, NULL, NULL, NULL);
    (void)take_submitted(r);
}

/* Works on everything, one after the other; the keys in the order of the offers. */
static size_t work_in_order(rig *r, const rig_worker *w, const char **keys, size_t count)
{
    size_t offered = 0, acknowledged = 0;
    while (acknowledged < count) {
        cogo_msg *msg = take_any(&w->probe);
        if (msg == NULL) {
            break;
        }
        if (cogo_msg_type_of(msg) == MSG_INSTRUCTION_OFFER) {
            const instruction_offer *got = cogo_msg_payload(msg);
            rig_offer offer = {.lease = got->lease};
            (void)snprintf(offer.task_id, sizeof offer.task_id, "%s",
                           got->instruction->task_id);
            keys[offered++] =
                strcmp(got->instruction->expected_output, "flood") == 0 ? "flood" : "rare";
            say_result(r, w, &offer, RESULT_SUCCESS, false);
        } else {
            acknowledged++;
        }
        cogo_msg_destroy(msg);
    }
    return offered;
}

/* 30 tasks of one key wait when 5 of another come: without turns the last of the 5 would be the
 * 35th; with them it is at most the 10th, whatever the flood. */
Test(share, a_flood_of_one_key_does_not_starve_another)
{
    rig r;
    rig_start(&r);
    submit_keyed(&r, "flood", NULL, 30);
    submit_keyed(&r, "rare", NULL, 5);
    rig_worker w = worker_new(&r, "w", 1);
    const char *keys[35];
    cr_assert_eq(work_in_order(&r, &w, keys, 35), 35u);
    size_t last_rare = 0;
    for (size_t i = 0; i < 35; i++) {
        last_rare = strcmp(keys[i], "rare") == 0 ? i + 1 : last_rare;
    }
    cr_expect_leq(last_rare, 10u, "the last rare one was number %zu", last_rare);
    rig_end(&r);
}

Test(share, a_limit_holds_per_key_and_gives_back_what_is_free)
{
    rig r;
    rig_start(&r);
    set_limit(&r, &(task_limit){.name = "tenant", .concurrency = 2});
    submit_keyed(&r, NULL, "tenant:a", 4);
    submit_keyed(&r, NULL, "tenant:b", 1);
    rig_worker w = worker_new(&r, "w", 8);
    rig_offer offers[5];
    for (size_t i = 0; i < 3; i++) {
        offers[i] = take_offer(&w);
    }
    cr_expect(client_has_nothing(&r));
    task_limit now = look(&r, "tenant");
    cr_expect_eq(now.used, 3, "two of a and one of b");
    cr_expect_eq(now.waiting, 1);
    for (size_t i = 0; i < 3; i++) {
        say_result(&r, &w, &offers[i], RESULT_SUCCESS, false);
    }
    cr_expect_eq(work_all(&r, &w, offers, 5), 2u);
    now = look(&r, "tenant");
    cr_expect_eq(now.used + now.waiting, 0);
    rig_end(&r);
}

/* A task whose limit is used up does not stand in the way of others of its role. */
Test(share, tasks_without_the_limit_pass_those_that_wait_for_it)
{
    rig r;
    rig_start(&r);
    set_limit(&r, &(task_limit){.name = "one", .concurrency = 1});
    submit_keyed(&r, NULL, "one", 3);
    rig_ids free_one = submit_echo(&r);
    rig_worker w = worker_new(&r, "w", 4);
    rig_offer first = take_offer(&w), second = take_offer(&w);
    bool passed = strcmp(first.task_id, free_one.ids[0]) == 0
                  || strcmp(second.task_id, free_one.ids[0]) == 0;
    cr_expect(passed);
    cr_expect_eq(look(&r, "one").used, 1);
    rig_end(&r);
}

Test(share, raising_or_deleting_a_limit_sets_free_what_waits)
{
    rig r;
    rig_start(&r);
    set_limit(&r, &(task_limit){.name = "l", .concurrency = 1});
    submit_keyed(&r, NULL, "l", 6);
    rig_worker w = worker_new(&r, "w", 8);
    (void)take_offer(&w);
    cr_expect_eq(look(&r, "l").used, 1);
    set_limit(&r, &(task_limit){.name = "l", .concurrency = 3});
    (void)take_offer(&w);
    (void)take_offer(&w);
    cr_expect_eq(look(&r, "l").used, 3);
    ask(&r, &r.client, MSG_LIMIT_DELETE, &(limit_command){.name = "l"});
    cogo_msg *msg = take(&r.client, MSG_LIMIT);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    for (int i = 0; i < 3; i++) {
        (void)take_offer(&w);
    }
    ask(&r, &r.client, MSG_TASK_SUBMIT,
        &(task_submit){
            .instructions = {&(instruction){.role = "echo",
                                            .priority = -1,
                                            .limits = {(const char *const[]){"l"}, 1}},
                             1},
            .atomic = true});
    cr_expect(take_problem(&r.client, 422, "UNKNOWN_LIMIT", "l"));
    rig_end(&r);
}

/* 3 at once, then one each 40 ms: ten can't have begun before 7 * 40 ms are over. */
Test(share, a_rate_lets_a_burst_through_and_then_one_after_the_other)
{
    rig r;
    rig_start(&r);
    set_limit(&r, &(task_limit){.name = "rate", .rate = 1, .per = 40, .burst = 3});
    submit_keyed(&r, NULL, "rate", 10);
    uint64_t begin = cogo_system_now_ns(r.system);
    rig_worker w = worker_new(&r, "w", 16);
    for (int i = 0; i < 10; i++) {
        (void)take_offer(&w);
    }
    uint64_t took_ms = (cogo_system_now_ns(r.system) - begin) / 1000000;
    cr_expect_geq(took_ms, 270u, "%llu ms", (unsigned long long)took_ms);
    rig_end(&r);
}

Test(share, limits_are_found_again_after_a_crash_and_count_anew)
{
    rig r;
    rig_start(&r);
    set_limit(&r, &(task_limit){.name = "l", .concurrency = 2});
    submit_keyed(&r, NULL, "l", 4);
    rig_worker a = worker_new(&r, "a", 8);
    (void)take_offer(&a);
    (void)take_offer(&a);
    rig_crash(&r);
    orchestrator_config config = rig_config(&r);
    config.term = 2;
    rig_run(&r, &config);
    rig_worker b = worker_new(&r, "b", 8);
    (void)take_offer(&b);
    (void)take_offer(&b);
    cr_expect_eq(look(&r, "l").used, 2);
    cr_expect_eq(look(&r, "l").waiting, 1);
    rig_end(&r);
}

Test(share, bad_limits_are_refused_with_the_field)
{
    rig r;
    rig_start(&r);
    const task_limit bad[] = {
        {.name = "a:b", .rate = 1}, {.name = "a"}, {.name = "a", .rate = -1}};
    static const char *const words[] = {"letters", "Neither", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ask(&r, &r.client, MSG_LIMIT_SET, &bad[i]);
        cr_expect(take_problem(&r.client, 422, "VALIDATION", words[i]));
    }
    ask(&r, &r.client, MSG_LIMIT_DELETE, &(limit_command){.name = "none"});
    cr_expect(take_problem(&r.client, 404, "LIMIT_NOT_FOUND", "none"));
    rig_end(&r);
}

Test(share, a_task_takes_as_many_slots_as_it_costs)
{
    rig r;
    rig_start(&r);
    const instruction asked[] = {{.role = "echo", .priority = PRIORITY_HIGH, .slot_cost = 3},
                                 {.role = "echo", .priority = PRIORITY_LOW},
                                 {.role = "echo", .priority = PRIORITY_LOW}};
    rig_ids got = submit(&r, asked, 3);
    rig_worker w = worker_new(&r, "w", 4);
    rig_offer big = take_offer(&w);
    cr_expect_str_eq(big.task_id, got.ids[0]);
    rig_offer small = take_offer(&w);
    ask(&r, &r.client, MSG_TASK_EXPLAIN, &(task_command){.task_id = got.ids[2]});
    cogo_msg *msg = take(&r.client, MSG_EXPLANATION);
    cr_assert_not_null(msg);
    const explanation *why = cogo_msg_payload(msg);
    cr_expect(why->reasons.count == 1 && strstr(why->reasons.items[0], "4 of 4") != NULL);
    cogo_msg_destroy(msg);
    say_result(&r, &w, &small, RESULT_SUCCESS, false);
    cr_expect_eq(work_all(&r, &w, &small, 2), 1u);
    cr_expect_str_eq(small.task_id, got.ids[2]);
    rig_end(&r);
}

Test(share, preferred_labels_choose_among_those_that_may)
{
    rig r;
    rig_start(&r);
    const char *const ssd[] = {"disk=ssd"};
    rig_worker plain = worker_new(&r, "plain", 4);
    rig_worker fast = worker_with(&r, "fast", "echo", 2, (cogo_strings){ssd, 1});
    const instruction likes = {.role = "echo", .priority = -1, .preferred_labels = {ssd, 1}};
    for (int i = 0; i < 2; i++) {
        rig_ids got = submit(&r, &likes, 1);
        cr_expect_str_eq(take_offer(&fast).task_id, got.ids[0]);
    }
    rig_ids got = submit(&r, &likes, 1);
    cr_expect_str_eq(take_offer(&plain).task_id, got.ids[0], "fast is full");
    rig_end(&r);
}

Test(due, a_task_that_no_worker_takes_in_time_expires)
{
    rig r;
    rig_start(&r);
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .schedule_timeout = 20}, 1);
    task *t = await_end(&r, got.ids[0]);
    cr_assert_not_null(t);
    cr_expect_eq(t->state, TASK_EXPIRED);
    cr_expect_not_null(strstr(t->error, "20 ms"));
    free(t);
    rig_worker w = worker_new(&r, "w", 1);
    got = submit(&r, &(instruction){.role = "echo", .priority = -1, .schedule_timeout = 60000},
                 1);
    rig_offer offer = take_offer(&w);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

Test(due, a_deadline_ends_what_runs_and_what_is_blocked)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    int64_t soon = cogo_system_wall_ms(r.system) + 2000;
    const char *const on[] = {"a"};
    const instruction asked[] = {
        {.role = "echo", .priority = -1, .ref = "a"},
        {.role = "echo", .priority = -1, .deadline = soon, .dependencies = {on, 1}}};
    rig_ids got = submit(&r, asked, 2);
    rig_offer offer = take_offer(&w);
    cr_expect_eq(end_state(&r, got.ids[1]), TASK_EXPIRED);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    soon = cogo_system_wall_ms(r.system) + 2000;
    got = submit(&r, &(instruction){.role = "echo", .priority = -1, .deadline = soon}, 1);
    offer = take_offer(&w);
    cogo_msg *msg = take(&w.probe, MSG_INSTRUCTION_CANCEL);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_EXPIRED);
    ask(&r, &r.client, MSG_TASK_SUBMIT,
        &(task_submit){
            .instructions = {&(instruction){.role = "echo", .priority = -1, .deadline = 1}, 1},
            .atomic = true});
    cr_expect(take_problem(&r.client, 422, "VALIDATION", "passed"));
    rig_end(&r);
}
