#include "tests/unit/orchestrator/rig.h"

static void command(rig *r, cogo_msg_type type, const char *worker_id)
{
    ask(r, &r->client, type, &(worker_command){.worker_id = worker_id});
}

/* The first worker of a page; copied facts, "" when there is none. */
typedef struct seen {
    size_t count;
    char id[32];
    int32_t status;
    bool draining;
} seen;

static seen take_page(rig *r)
{
    seen all = {0};
    cogo_msg *msg = take(&r->client, MSG_WORKER_PAGE);
    if (msg == NULL) {
        return all;
    }
    const worker_page *page = cogo_msg_payload(msg);
    const worker_agent_status *items = page->workers.items;
    all.count = page->workers.count;
    if (all.count > 0) {
        (void)snprintf(all.id, sizeof all.id, "%s", items[0].agent_id);
        all.status = items[0].status;
        all.draining = items[0].draining;
    }
    cogo_msg_destroy(msg);
    return all;
}

/* A worker that drains gives back what it has not ended: others do it, as if it had not been
 * offered. */
Test(worker, what_is_given_back_costs_no_attempt)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got =
        submit(&r, &(instruction){.role = "echo", .priority = -1, .max_attempts = 1}, 1);
    rig_offer offer = take_offer(&a);
    say_started(&r, &a, &offer);
    tell(&r, &a.probe, MSG_WORKER_STATUS,
         &(worker_agent_status){.agent_id = "a", .draining = true});
    agent_result result = {
        .result_id = "res", .task_id = offer.task_id, .status = RESULT_FAILED};
    tell(&r, &a.probe, MSG_INSTRUCTION_RESULT,
         &(instruction_result){
             .worker_id = "a", .lease = offer.lease, .result = &result, .returned = true});
    cr_expect(take_ack(&a, "accepted"));
    ask(&r, &a.probe, MSG_WORKER_DEREGISTER, &(worker_command){.worker_id = "a"});
    cogo_msg *farewell = take(&a.probe, MSG_WORKER_PAGE);
    cr_expect_not_null(farewell);
    cogo_msg_destroy(farewell);
    rig_worker b = worker_new(&r, "b", 1);
    rig_offer again = take_offer(&b);
    cr_expect_str_eq(again.task_id, got.ids[0]);
    cr_expect_eq(again.attempt, 1);
    say_result(&r, &b, &again, RESULT_SUCCESS, false);
    cr_expect(take_ack(&b, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

Test(worker, second_live_worker_with_the_same_id_is_refused)
{
    rig r;
    rig_start(&r);
    (void)worker_new(&r, "w1", 1);
    rig_probe other = probe_new(&r);
    role_capability capability = {.role = "echo", .version = 1, .llm = "none"};
    worker_register as = {.worker_id = "w1",
                          .worker_type = "indexing",
                          .capabilities = {.items = &capability, .count = 1},
                          .slots = 1};
    ask(&r, &other, MSG_WORKER_REGISTER, &as);
    cr_expect(take_problem(&other, 409, "WORKER_ID_TAKEN", "w1"));
    as.capabilities.count = 0;
    ask(&r, &other, MSG_WORKER_REGISTER, &as);
    cr_expect(take_problem(&other, 422, "VALIDATION", "capabilities"));
    rig_end(&r);
}

/* A worker that ends takes nothing with it: its task goes to another one at once. */
Test(worker, task_of_a_worker_that_ends_is_tried_again_elsewhere)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit_echo(&r);
    rig_offer first = take_offer(&a);
    rig_worker b = worker_new(&r, "b", 1);
    order(&r, a.probe.id, (rig_order){.what = ORDER_END});
    rig_offer second = take_offer(&b);
    cr_expect_str_eq(second.task_id, got.ids[0]);
    cr_expect_eq(second.attempt, 2);
    cr_expect_gt(second.lease, first.lease);
    say_result(&r, &b, &first, RESULT_FAILED, false); // The lost worker's result, late.
    cr_expect(take_ack(&b, "fenced"));
    say_result(&r, &b, &second, RESULT_SUCCESS, false);
    cr_expect(take_ack(&b, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

Test(worker, silent_worker_is_lost_after_its_lease_and_comes_back_when_it_speaks)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    config.lease_ms = 30;
    rig_run(&r, &config);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit(&r, &(instruction){.role = "echo", .max_attempts = 9}, 1);
    rig_offer first = take_offer(&a);
    seen now = {0};
    for (uint64_t end = cogo_system_now_ns(r.system) + RIG_PATIENCE_NS;
         now.status != WORKER_OFFLINE && cogo_system_now_ns(r.system) < end;) {
        command(&r, MSG_WORKER_LIST, "a");
        now = take_page(&r);
    }
    cr_expect_eq(now.status, WORKER_OFFLINE);
    tell(&r, &a.probe, MSG_WORKER_STATUS, &(worker_agent_status){.agent_id = "a"});
    rig_offer second = take_offer(&a);
    cr_expect_str_eq(second.task_id, got.ids[0]);
    say_result(&r, &a, &first, RESULT_SUCCESS, false);
    cr_expect(take_ack(&a, "fenced"));
    rig_end(&r);
}

/* A worker has a task; without a link it is waited for so long. */
static rig_offer start_working(rig *r, int64_t away_ms, rig_worker *a, rig_ids *got)
{
    rig_open(r);
    orchestrator_config config = rig_config(r);
    config.away_ms = away_ms;
    rig_run(r, &config);
    *a = worker_new(r, "a", 1);
    *got = submit_echo(r);
    return take_offer(a);
}

/* A broken wire looks like a dead node. Only when nobody comes back is the work tried again. */
Test(worker, tasks_of_a_worker_without_link_wait_for_it_a_moment)
{
    rig r;
    rig_worker a;
    rig_ids got;
    rig_offer first = start_working(&r, 200, &a, &got);
    uint64_t begin_ns = cogo_system_now_ns(r.system);
    order(&r, a.probe.id, (rig_order){.what = ORDER_VANISH});
    rig_worker b = worker_new(&r, "b", 1);
    rig_offer second = take_offer(&b);
    cr_expect_geq(cogo_system_now_ns(r.system) - begin_ns, UINT64_C(200000000));
    cr_expect_str_eq(second.task_id, got.ids[0]);
    cr_expect_eq(second.attempt, 2);
    cr_expect_gt(second.lease, first.lease);
    rig_end(&r);
}

/* After kill -9 the next process takes the id at once, and the work with it. */
Test(worker, place_of_a_worker_without_link_is_free_for_another_with_its_id)
{
    rig r;
    rig_worker a;
    rig_ids got;
    (void)start_working(&r, 3600000, &a, &got);
    order(&r, a.probe.id, (rig_order){.what = ORDER_VANISH});
    cr_expect_eq(cogo_system_await(r.system, a.probe.id, RIG_PATIENCE_NS, NULL), COGO_OK);
    for (seen now = {0}; now.status != WORKER_OFFLINE; now = take_page(&r)) {
        command(&r, MSG_WORKER_LIST, "a");
    }
    rig_worker next = worker_new(&r, "a", 1);
    rig_offer second = take_offer(&next);
    cr_expect_str_eq(second.task_id, got.ids[0]);
    cr_expect_eq(second.attempt, 2);
    rig_end(&r);
}

/* A link that takes no more is no reason to call a worker lost or an attempt failed. */
Test(worker, offers_that_a_full_link_refuses_are_made_again)
{
    enum { TASKS = 20 };
    rig r;
    rig_start(&r);
    sem_t gate;
    sem_init(&gate, 0, 0);
    rig_worker a = {.probe = probe_limited(&r, 3)};
    role_capability capability = {.role = "echo", .version = 1, .llm = "none", .slots = TASKS};
    worker_register as = {.worker_id = "a",
                          .worker_type = "indexing",
                          .capabilities = {.items = &capability, .count = 1},
                          .slots = TASKS};
    ask(&r, &a.probe, MSG_WORKER_REGISTER, &as);
    cogo_msg *msg = take(&a.probe, MSG_WORKER_WELCOME);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    order(&r, a.probe.id, (rig_order){.what = ORDER_BLOCK, .gate = &gate});
    for (int i = 0; i < TASKS; i++) {
        (void)submit_echo(&r);
    }
    sem_post(&gate);
    for (int i = 0; i < TASKS; i++) {
        rig_offer offer = take_offer(&a);
        cr_expect_eq(offer.attempt, 1);
    }
    command(&r, MSG_WORKER_LIST, "a");
    cr_expect_neq(take_page(&r).status, WORKER_OFFLINE);
    rig_end(&r);
    sem_destroy(&gate);
}

Test(worker, drain_gives_no_more_offers_and_deregister_costs_no_attempt)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    rig_ids got = submit_echo(&r);
    (void)take_offer(&a);
    command(&r, MSG_WORKER_DRAIN, "a");
    cr_expect(take_page(&r).draining);
    cogo_msg *told = take(&a.probe, MSG_WORKER_DRAIN);
    cr_expect_not_null(told);
    cogo_msg_destroy(told);
    rig_worker b = worker_new(&r, "b", 2);
    (void)submit_echo(&r);
    (void)take_offer(&b);
    tell(&r, &a.probe, MSG_WORKER_DEREGISTER, &(worker_command){.worker_id = "a"});
    rig_offer again = take_offer(&b);
    cr_expect_str_eq(again.task_id, got.ids[0]);
    cr_expect_eq(again.attempt, 1);
    command(&r, MSG_WORKER_LIST, NULL);
    seen all = take_page(&r);
    cr_expect_eq(all.count, 1u);
    cr_expect_str_eq(all.id, "b");
    rig_end(&r);
}

Test(worker, removed_worker_is_told_to_stop_and_unknown_ones_are_not_found)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 1);
    (void)submit_echo(&r);
    (void)take_offer(&a);
    command(&r, MSG_WORKER_REMOVE, "a");
    cr_expect_eq(take_page(&r).status, WORKER_OFFLINE);
    cogo_msg *msg = take(&a.probe, MSG_INSTRUCTION_CANCEL);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    command(&r, MSG_WORKER_LIST, "a");
    cr_expect(take_problem(&r.client, 404, "WORKER_NOT_FOUND", "a"));
    command(&r, MSG_WORKER_DRAIN, "a");
    cr_expect(take_problem(&r.client, 404, "WORKER_NOT_FOUND", "a"));
    rig_end(&r);
}

Test(worker, returning_worker_is_told_which_leases_are_stale)
{
    rig r;
    rig_start(&r);
    rig_probe back = probe_new(&r);
    role_capability capability = {.role = "echo", .version = 1, .llm = "none"};
    const char *const running[] = {"tsk_01ARZ3NDEKTSV4RRFFQ69G5FAV:77"};
    worker_register as = {.worker_id = "w",
                          .worker_type = "indexing",
                          .capabilities = {.items = &capability, .count = 1},
                          .slots = 1,
                          .running = {running, 1}};
    ask(&r, &back, MSG_WORKER_REGISTER, &as);
    cogo_msg *msg = take(&back, MSG_INSTRUCTION_CANCEL);
    cr_assert_not_null(msg);
    const instruction_cancel *stop = cogo_msg_payload(msg);
    cr_expect_eq(stop->lease, 77);
    cr_expect_str_eq(stop->reason, "fenced");
    cogo_msg_destroy(msg);
    rig_end(&r);
}

/* A task that no worker can take must not stand in the way of one that some worker can. */
Test(worker, labels_choose_the_worker_and_do_not_block_the_line)
{
    rig r;
    rig_start(&r);
    const char *const gpu[] = {"gpu=1"};
    rig_worker plain = worker_new(&r, "plain", 1);
    rig_ids wants = submit(&r, &(instruction){.role = "echo", .labels = {gpu, 1}}, 1);
    rig_ids any = submit_echo(&r);
    cr_expect_str_eq(take_offer(&plain).task_id, any.ids[0]);
    ask(&r, &r.client, MSG_TASK_EXPLAIN, &(task_command){.task_id = wants.ids[0]});
    cogo_msg *msg = take(&r.client, MSG_EXPLANATION);
    cr_assert_not_null(msg);
    const explanation *why = cogo_msg_payload(msg);
    cr_assert_eq(why->reasons.count, 1u);
    cr_expect_str_eq(why->reasons.items[0], "worker plain does not have the label gpu=1");
    cogo_msg_destroy(msg);
    rig_worker with = worker_with(&r, "with", "echo", 1, (cogo_strings){gpu, 1});
    cr_expect_str_eq(take_offer(&with).task_id, wants.ids[0]);
    rig_end(&r);
}

Test(worker, more_important_tasks_go_first_when_a_slot_is_free)
{
    rig r;
    rig_start(&r);
    const instruction some[] = {{.role = "echo", .priority = PRIORITY_LOW},
                                {.role = "echo", .priority = PRIORITY_MEDIUM},
                                {.role = "echo", .priority = PRIORITY_URGENT}};
    rig_ids got = submit(&r, some, 3);
    rig_worker w = worker_new(&r, "w", 1);
    rig_offer offers[3] = {{{0}, {0}, 0, 0, 0}};
    cr_assert_eq(work_all(&r, &w, offers, 3), 3u);
    for (int i = 0; i < 3; i++) {
        cr_expect_str_eq(offers[i].task_id, got.ids[2 - i]);
    }
    rig_end(&r);
}

Test(worker, load_is_spread_over_equals)
{
    rig r;
    rig_start(&r);
    rig_worker a = worker_new(&r, "a", 4);
    rig_worker b = worker_new(&r, "b", 4);
    const instruction four[] = {
        {.role = "echo"}, {.role = "echo"}, {.role = "echo"}, {.role = "echo"}};
    (void)submit(&r, four, 4);
    for (int i = 0; i < 2; i++) {
        cr_expect_gt(take_offer(&a).lease, 0);
        cr_expect_gt(take_offer(&b).lease, 0);
    }
    rig_end(&r);
}

/* A link that flaps must not throw good work away. */
Test(worker, worker_that_registers_again_goes_on_with_its_tasks)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 2);
    rig_ids got = submit_echo(&r);
    rig_offer kept = take_offer(&w);
    (void)submit_echo(&r);
    rig_offer dropped = take_offer(&w);
    char lease[80];
    (void)snprintf(lease, sizeof lease, "%s:%lld", kept.task_id, (long long)kept.lease);
    const char *const running[] = {lease};
    role_capability capability = {.role = "echo", .version = 1, .llm = "none"};
    worker_register as = {.worker_id = "w",
                          .worker_type = "indexing",
                          .capabilities = {.items = &capability, .count = 1},
                          .slots = 2,
                          .running = {running, 1}};
    ask(&r, &w.probe, MSG_WORKER_REGISTER, &as);
    cogo_msg *msg = take(&w.probe, MSG_WORKER_WELCOME);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    rig_offer again = take_offer(&w);
    cr_expect_str_eq(again.task_id, dropped.task_id);
    cr_expect_eq(again.attempt, 1);
    say_result(&r, &w, &kept, RESULT_SUCCESS, false);
    cr_expect(take_ack(&w, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

/* A worker outside comes back through another door while the first still waits for it. */
Test(worker, who_names_a_lease_is_the_worker_and_takes_its_place_at_once)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 2);
    rig_ids got = submit_echo(&r);
    rig_offer kept = take_offer(&w);
    (void)submit_echo(&r);
    rig_offer dropped = take_offer(&w);
    rig_worker other = {.probe = probe_new(&r), .id = "w"};
    char lease[80];
    const char *const running[] = {lease};
    role_capability capability = {.role = "echo", .version = 1, .llm = "none"};
    worker_register as = {.worker_id = "w",
                          .worker_type = "indexing",
                          .capabilities = {.items = &capability, .count = 1},
                          .slots = 2,
                          .running = {running, 1}};
    (void)snprintf(lease, sizeof lease, "%s:%lld", kept.task_id, (long long)kept.lease + 1000);
    ask(&r, &other.probe, MSG_WORKER_REGISTER, &as);
    cr_expect(take_problem(&other.probe, 409, "WORKER_ID_TAKEN", "w"),
              "a lease that is not its");
    (void)snprintf(lease, sizeof lease, "%s:%lld", kept.task_id, (long long)kept.lease);
    ask(&r, &other.probe, MSG_WORKER_REGISTER, &as);
    cogo_msg *msg = take(&other.probe, MSG_WORKER_WELCOME);
    cr_assert_not_null(msg);
    cogo_msg_destroy(msg);
    msg = take(&w.probe, MSG_WORKER_REMOVE);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    rig_offer again = take_offer(&other);
    cr_expect_str_eq(again.task_id, dropped.task_id);
    cr_expect_eq(again.attempt, 1, "what it does not name never arrived");
    say_result(&r, &other, &kept, RESULT_SUCCESS, false);
    cr_expect(take_ack(&other, "accepted"));
    cr_expect_eq(end_state(&r, got.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}
