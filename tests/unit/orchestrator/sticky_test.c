/* Tasks of one sticky key go to the worker that had the last of them: if it can, or only there,
 * and not for ever. */
#include "tests/unit/orchestrator/rig.h"

static instruction keyed(const char *key, sticky_policy policy, int64_t timeout_ms)
{
    return (instruction){.role = "echo",
                         .priority = -1,
                         .sticky_key = key,
                         .sticky_policy = (int32_t)policy,
                         .sticky_timeout = timeout_ms};
}

/* Does one task of @p key on @p w, alone there: from now on the key is at home there. */
static void settle(rig *r, const rig_worker *w, const char *key)
{
    const char *const labels[] = {strcmp(w->id, "wrk_a") == 0 ? "at=a" : "at=b"};
    instruction asked = keyed(key, STICKY_PREFER, 0);
    asked.labels = (cogo_strings){labels, 1};
    (void)submit(r, &asked, 1);
    rig_offer offer = take_offer(w);
    say_result(r, w, &offer, RESULT_SUCCESS, false);
    cr_expect(take_ack(w, "accepted"));
}

static void start_two(rig *r, rig_worker *a, rig_worker *b, int64_t slots)
{
    static const char *const at_a[] = {"at=a"}, *const at_b[] = {"at=b"};
    rig_start(r);
    *a = worker_with(r, "wrk_a", "echo", slots, (cogo_strings){at_a, 1});
    *b = worker_with(r, "wrk_b", "echo", slots, (cogo_strings){at_b, 1});
}

/* Ends the task of @p w and takes its next offer: the acknowledgement comes before or after it.
 */
static rig_offer next_offer(rig *r, const rig_worker *w, const rig_offer *done)
{
    rig_offer next = {0};
    bool acknowledged = false;
    say_result(r, w, done, RESULT_SUCCESS, false);
    while (next.lease == 0 || !acknowledged) {
        cogo_msg *msg = take_any(&w->probe);
        if (msg == NULL) {
            break;
        }
        if (cogo_msg_type_of(msg) == MSG_INSTRUCTION_OFFER) {
            const instruction_offer *got = cogo_msg_payload(msg);
            next.lease = got->lease;
            (void)snprintf(next.task_id, sizeof next.task_id, "%s", got->instruction->task_id);
        } else {
            acknowledged = true;
        }
        cogo_msg_destroy(msg);
    }
    return next;
}

static bool explained(rig *r, const char *id, const char *words)
{
    ask(r, &r->client, MSG_TASK_EXPLAIN, &(task_command){.task_id = id});
    cogo_msg *msg = take(&r->client, MSG_EXPLANATION);
    bool found = false;
    const explanation *e = msg == NULL ? NULL : cogo_msg_payload(msg);
    for (size_t i = 0; e != NULL && i < e->reasons.count; i++) {
        found = found || strstr(e->reasons.items[i], words) != NULL;
    }
    cogo_msg_destroy(msg);
    return found;
}

Test(sticky, tasks_of_a_key_go_where_the_last_one_was)
{
    rig r;
    rig_worker a, b;
    start_two(&r, &a, &b, 8);
    settle(&r, &b, "k");
    instruction asked[] = {keyed("k", STICKY_PREFER, 0), keyed("k", STICKY_REQUIRE, 0),
                           keyed("k", STICKY_PREFER, 0), keyed("k", STICKY_REQUIRE, 0)};
    rig_ids got = submit(&r, asked, 4);
    cr_assert_eq(got.count, 4u);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_neq(take_offer(&b).lease, 0);
    }
    cr_expect(explained(&r, got.ids[0], "the sticky key k is at worker wrk_b"));
    rig_end(&r);
}

/* Takes the one slot of worker a. */
static rig_offer occupy(rig *r, rig_worker *a)
{
    const char *const at_a[] = {"at=a"};
    const instruction blocker = {.role = "echo", .priority = -1, .labels = {at_a, 1}};
    (void)submit(r, &blocker, 1);
    return take_offer(a);
}

/* Two workers of one slot, and two keys at a, which is busy. */
static rig_offer start_busy(rig *r, rig_worker *a, rig_worker *b)
{
    start_two(r, a, b, 1);
    settle(r, a, "soft");
    settle(r, a, "hard");
    return occupy(r, a);
}

Test(sticky, preferred_is_not_waited_for_when_it_is_busy_and_required_is)
{
    rig r;
    rig_worker a, b;
    rig_offer busy = start_busy(&r, &a, &b);
    instruction asked[] = {keyed("hard", STICKY_REQUIRE, 0), keyed("soft", STICKY_PREFER, 0)};
    rig_ids got = submit(&r, asked, 2);
    rig_offer soft = take_offer(&b);
    cr_expect_str_eq(soft.task_id, got.ids[1]);
    cr_expect(explained(&r, got.ids[0], "requires worker wrk_a"));
    say_result(&r, &b, &soft, RESULT_SUCCESS, false);
    cr_expect(take_ack(&b, "accepted"));
    cr_expect_str_eq(next_offer(&r, &a, &busy).task_id, got.ids[0]);
    rig_end(&r);
}

Test(sticky, after_its_time_any_worker_has_it_and_the_key)
{
    rig r;
    rig_worker a, b;
    start_two(&r, &a, &b, 1);
    settle(&r, &a, "k");
    (void)occupy(&r, &a);
    instruction asked[] = {keyed("k", STICKY_PREFER, 50), keyed("k", STICKY_REQUIRE, 60)};
    rig_ids got = submit(&r, asked, 2);
    rig_offer first = take_offer(&b);
    cr_expect_str_eq(first.task_id, got.ids[0], "it waited for its time, not for a");
    rig_offer second = next_offer(&r, &b, &first);
    cr_expect_str_eq(second.task_id, got.ids[1]);
    instruction next = keyed("k", STICKY_REQUIRE, 0);
    rig_ids third = submit(&r, &next, 1);
    cr_expect(explained(&r, third.ids[0], "requires worker wrk_b"), "the key is at b now");
    cr_expect_str_eq(next_offer(&r, &b, &second).task_id, third.ids[0]);
    rig_end(&r);
}

Test(sticky, the_end_of_its_worker_ends_the_wait)
{
    rig r;
    rig_worker a, b;
    (void)start_busy(&r, &a, &b);
    instruction asked[] = {keyed("soft", STICKY_PREFER, 600000),
                           keyed("hard", STICKY_REQUIRE, 0)};
    rig_ids got = submit(&r, asked, 2);
    cr_expect(explained(&r, got.ids[0], "prefers worker wrk_a, and waits for it for"));
    // It dies: who prefers it goes elsewhere at once, who requires it waits for it to come
    // back.
    cogo_exit_actor(r.system, a.probe.id, COGO_EXIT_KILLED, "crash");
    rig_offer soft = take_offer(&b);
    cr_expect_str_eq(soft.task_id, got.ids[0]);
    say_result(&r, &b, &soft, RESULT_SUCCESS, false);
    cr_expect(take_ack(&b, "accepted"));
    cr_expect(explained(&r, got.ids[1], "requires worker wrk_a"));
    // It is removed: nobody knows it any more.
    ask(&r, &r.client, MSG_WORKER_REMOVE, &(worker_command){.worker_id = "wrk_a"});
    cogo_msg_destroy(take(&r.client, MSG_WORKER_PAGE));
    cr_expect_str_eq(take_offer(&b).task_id, got.ids[1]);
    rig_end(&r);
}

Test(sticky, where_a_key_is_survives_a_crash_of_the_orchestrator)
{
    rig r;
    rig_worker a, b;
    start_two(&r, &a, &b, 4);
    settle(&r, &b, "k");
    rig_crash(&r);
    orchestrator_config config = rig_config(&r);
    config.term = 2;
    config.reattach_ms = 600000;
    rig_run(&r, &config);
    a = worker_new(&r, "wrk_a", 4);
    instruction asked = keyed("k", STICKY_REQUIRE, 0);
    rig_ids got = submit(&r, &asked, 1);
    cr_expect(explained(&r, got.ids[0], "requires worker wrk_b"));
    b = worker_new(&r, "wrk_b", 4);
    cr_expect_str_eq(take_offer(&b).task_id, got.ids[0]);
    rig_end(&r);
}

Test(sticky, tenants_have_keys_of_their_own_and_a_policy_needs_a_key)
{
    rig r;
    rig_worker a, b;
    start_two(&r, &a, &b, 4);
    settle(&r, &b, "k");
    instruction asked = keyed("k", STICKY_REQUIRE, 0);
    ask(&r, &r.client, MSG_TASK_SUBMIT,
        &(task_submit){
            .instructions = {.items = &asked, .count = 1}, .atomic = true, .tenant = "acme"});
    rig_ids got = take_submitted(&r);
    cr_expect(explained(&r, got.ids[0], "is at worker wrk_a") // Placed as any task is,
              || explained(&r, got.ids[0], "is at worker wrk_b"));
    asked = (instruction){.role = "echo", .priority = -1, .sticky_timeout = 5};
    submit_many(&r, &asked, 1, true, NULL, NULL, NULL);
    cr_expect(take_problem(&r.client, 422, "VALIDATION", "needs its key"));
    rig_end(&r);
}
