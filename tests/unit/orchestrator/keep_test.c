/* Dead letters that are tried again, and finished tasks that are kept no longer. */
#include "tests/unit/orchestrator/rig.h"

/* Submits @p count tasks with one attempt each, and lets all of them fail. */
static rig_ids bury(rig *r, const rig_worker *w, size_t count)
{
    instruction asked[8];
    for (size_t i = 0; i < count; i++) {
        asked[i] = (instruction){.role = "echo", .priority = -1, .max_attempts = 1};
    }
    rig_ids got = submit(r, asked, count);
    for (size_t acknowledged = 0; acknowledged < count;) {
        cogo_msg *msg = take_any(&w->probe); // An offer may come before the acknowledgement.
        cr_expect_not_null(msg);
        if (msg == NULL) {
            return got;
        }
        if (cogo_msg_type_of(msg) == MSG_INSTRUCTION_OFFER) {
            const instruction_offer *got_offer = cogo_msg_payload(msg);
            rig_offer offer = {.lease = got_offer->lease};
            (void)snprintf(offer.task_id, sizeof offer.task_id, "%s",
                           got_offer->instruction->task_id);
            say_result(r, w, &offer, RESULT_FAILED, true);
        } else {
            acknowledged++;
        }
        cogo_msg_destroy(msg);
    }
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(end_state(r, got.ids[i]), TASK_DEADLETTERED);
    }
    return got;
}

static cogo_msg *redrive_with(rig *r, const redrive *asked)
{
    ask(r, &r->client, MSG_REDRIVE, asked);
    return take(&r->client, MSG_REDRIVEN);
}

static double metric(rig *r, const char *name)
{
    ask(r, &r->client, MSG_METRICS_READ, &(empty){0});
    cogo_msg *msg = take(&r->client, MSG_METRICS);
    double value = -1;
    const metrics *all = msg == NULL ? NULL : cogo_msg_payload(msg);
    for (size_t i = 0; all != NULL && i < all->families.count; i++) {
        const metric_family *family = (const metric_family *)all->families.items + i;
        if (strcmp(family->name, name) == 0) {
            value = ((const metric_sample *)family->samples.items)->value;
        }
    }
    cogo_msg_destroy(msg);
    return value;
}

Test(redrive, named_dead_letters_are_tried_again_each_with_its_own_answer)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids dead = bury(&r, &w, 2);
    cr_expect_eq(metric(&r, "cogo_deadletter_depth"), 2);
    rig_ids other = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    const char *const ids[] = {dead.ids[0], other.ids[0], "tsk_nonsense", dead.ids[0]};
    cogo_msg *msg = redrive_with(&r, &(redrive){.task_ids = {ids, 4}});
    cr_assert_not_null(msg);
    const redriven *answer = cogo_msg_payload(msg);
    cr_assert_eq(answer->tasks.count, 4u);
    const submit_item *items = answer->tasks.items;
    cr_assert_not_null(items[0].task);
    cr_expect_eq(items[0].task->state, TASK_QUEUED);
    cr_assert(items[1].problem != NULL && items[2].problem != NULL && items[3].problem != NULL);
    cr_expect_str_eq(items[1].problem->code, "TASK_NOT_DEADLETTERED");
    cr_expect_eq(items[2].problem->status, 404);
    cr_expect_str_eq(items[3].problem->code, "TASK_NOT_DEADLETTERED");
    cogo_msg_destroy(msg);
    cr_expect_eq(metric(&r, "cogo_deadletter_depth"), 1);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect_eq(work_all(&r, &w, &offer, 2), 1u);
    cr_expect_str_eq(offer.task_id, dead.ids[0]);
    cr_expect_eq(end_state(&r, dead.ids[0]), TASK_SUCCEEDED);
    rig_end(&r);
}

Test(redrive, all_dead_letters_come_back_and_bad_requests_name_the_field)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 4);
    (void)bury(&r, &w, 3);
    ask(&r, &r.client, MSG_REDRIVE, &(redrive){.limit = 5});
    cr_expect(take_problem(&r.client, 422, "VALIDATION", "taskIds"));
    const char *const roles[] = {"echo"};
    ask(&r, &r.client, MSG_REDRIVE, &(redrive){.all = true, .roles = {roles, 1}});
    cr_expect(take_problem(&r.client, 422, "VALIDATION", "exclude"));
    cogo_msg *msg = redrive_with(&r, &(redrive){.all = true});
    cr_assert_not_null(msg);
    cr_expect_eq(((const redriven *)cogo_msg_payload(msg))->tasks.count, 3u);
    cogo_msg_destroy(msg);
    for (int i = 0; i < 3; i++) {
        rig_offer offer = take_offer(&w);
        cr_expect_eq(offer.attempt, 1);
    }
    cr_expect_eq(metric(&r, "cogo_deadletter_depth"), 0);
    rig_end(&r);
}

/* A redrive is answered only when it is on disk, as any other request. */
Test(redrive, is_answered_after_the_commit_and_is_there_after_a_crash)
{
    rig r;
    rig_start(&r);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids dead = bury(&r, &w, 1);
    tell(&r, &w.probe, MSG_WORKER_STATUS,
         &(worker_agent_status){.agent_id = "w", .draining = true});
    store_hold(&r);
    ask(&r, &r.client, MSG_REDRIVE, &(redrive){.all = true});
    cr_expect(client_has_nothing(&r));
    store_go(&r);
    cogo_msg *msg = take(&r.client, MSG_REDRIVEN);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    rig_crash(&r);
    orchestrator_config config = rig_config(&r);
    config.term = 2;
    rig_run(&r, &config);
    rig_worker b = worker_new(&r, "b", 1);
    rig_offer offer = take_offer(&b);
    cr_expect_str_eq(offer.task_id, dead.ids[0]);
    rig_end(&r);
}

static size_t stored_count(rig *r)
{
    pthread_mutex_lock(&r->store->lock);
    size_t count = r->store->count;
    pthread_mutex_unlock(&r->store->lock);
    return count;
}

/* Each question to the orchestrator gives its timer a chance: no sleep is needed. */
static bool stored_becomes(rig *r, size_t wanted)
{
    uint64_t end = cogo_system_now_ns(r->system) + RIG_PATIENCE_NS;
    while (stored_count(r) != wanted) {
        if (cogo_system_now_ns(r->system) > end || !client_has_nothing(r)) {
            return false;
        }
    }
    return true;
}

Test(sweep, finished_tasks_go_and_what_somebody_needs_stays)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    config.keep_tasks_ms = 1;
    config.keep_dead_ms = 1;
    config.sweep_ms = 1;
    rig_run(&r, &config);
    rig_worker w = worker_new(&r, "w", 1);
    rig_ids done = submit_echo(&r);
    rig_offer offer = take_offer(&w);
    const char *const on[] = {done.ids[0]};
    rig_ids waits = submit(&r,
                           &(instruction){.role = "echo",
                                          .priority = -1,
                                          .dependencies = {on, 1},
                                          .labels = {(const char *const[]){"gpu=yes"}, 1}},
                           1);
    rig_ids second = submit_echo(&r);
    say_result(&r, &w, &offer, RESULT_SUCCESS, false);
    cr_expect_eq(work_all(&r, &w, &offer, 2), 1u);
    cr_expect_str_eq(offer.task_id, second.ids[0]);
    // The dependant needs the result of its dependency when it runs.
    cr_expect(stored_becomes(&r, 2), "the task that waits, and what it depends on, stay");
    ask(&r, &r.client, MSG_TASK_GET, &(task_get){.task_id = second.ids[0]});
    cr_expect(take_problem(&r.client, 404, "TASK_NOT_FOUND", second.ids[0]));
    ask(&r, &r.client, MSG_TASK_GET, &(task_get){.task_id = waits.ids[0]});
    cogo_msg *msg = take(&r.client, MSG_TASK);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    cr_expect_eq(metric(&r, "cogo_retention_removed_total"), 1);
    rig_end(&r);
}

Test(sweep, nothing_is_asked_when_all_is_kept)
{
    rig r;
    rig_open(&r);
    orchestrator_config config = rig_config(&r);
    config.sweep_ms = 1;
    rig_run(&r, &config);
    for (int i = 0; i < 50; i++) {
        cr_expect(client_has_nothing(&r));
    }
    cr_expect_eq(r.store->sweep_count, 0);
    rig_end(&r);
}
