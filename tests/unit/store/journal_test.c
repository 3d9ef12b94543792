/* The rules of the journal: what is written comes back, what must not be written is refused. */
#include "tests/unit/store/fixture.h"

#include <sys/stat.h>

static cogo_value text_value(const char *messagepack, size_t size)
{
    return (cogo_value){.data = (const uint8_t *)messagepack, .size_bytes = size};
}

Both(journal, a_task_comes_back_as_it_was_written)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_QUEUED);
    const char *const labels[] = {"zone=a"};
    t->context = text_value("\xa5hello", 6);
    t->labels = (cogo_strings){labels, 1};
    t->expected_output = "a greeting";
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 1), .lease = 0}));

    store_found found = find_one(&f, t->task_id);
    const task *back = first_task(&found);
    cr_assert_not_null(back);
    cr_expect_str_eq(back->task_id, t->task_id);
    cr_expect_str_eq(back->role, "echo");
    cr_expect_str_eq(back->expected_output, "a greeting");
    cr_expect_eq(back->labels.count, 1u);
    cr_expect_eq(back->state, TASK_QUEUED);
    cr_expect_eq(back->created_at, t->created_at);
    cr_expect_eq(back->context.size_bytes, 6u);
    cr_expect_eq(memcmp(back->context.data, "\xa5hello", 6), 0);

    store_found by_instruction = find_one(&f, t->instruction_id);
    cr_assert_eq(by_instruction.tasks.count, 1u);
    store_found none = find_one(&f, "tsk_unknown");
    cr_expect_eq(none.tasks.count, 0u);
    cr_expect_null(none.error);
    fixture_finish(&f);
}

/* Files with tasks in them are nobody else's business. */
Test(journal, files_are_readable_by_their_owner_alone)
{
    fixture f;
    cr_assert(fixture_folder(&f));
    (void)snprintf(f.path, sizeof f.path, "%s/new/journal.db", f.folder);
    cr_assert(fixture_open(&f));
    char folder[96];
    (void)snprintf(folder, sizeof folder, "%s/new", f.folder);
    struct stat facts;
    cr_assert_eq(stat(folder, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0700u);
    cr_assert_eq(stat(f.path, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600u);
    fixture_finish(&f);
}

Both(journal, nothing_is_visible_before_the_commit)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_QUEUED);
    cr_assert_eq(put(&f, (store_change){.task = t}), JOURNAL_APPLIED);
    cr_expect_eq(find_one(&f, t->task_id).tasks.count, 0u);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    cr_expect_eq(find_one(&f, t->task_id).tasks.count, 1u);
    fixture_finish(&f);
}

/* A worker that was given up for dead, or an orchestrator that lost track. */
Both(journal, a_second_result_has_no_place)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_SUCCEEDED);
    t->result = make_result(&f, t, "res_1");
    cr_assert(keep(&f, (store_change){.task = t, .lease = 5}));
    cr_expect(keep(&f, (store_change){.task = t, .lease = 5}), "the same result again is none");

    t->result = make_result(&f, t, "res_2");
    cr_expect_eq(put(&f, (store_change){.task = t, .lease = 6}), JOURNAL_REFUSED);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    store_found found = find_one(&f, t->task_id);
    cr_assert_not_null(first_task(&found));
    cr_assert_not_null(first_task(&found)->result);
    cr_expect_str_eq(first_task(&found)->result->result_id, "res_1");
    cr_expect_eq(first_task(&found)->result->output.size_bytes, 3u);
    fixture_finish(&f);
}

Both(journal, a_task_that_has_ended_changes_only_by_a_retry)
{
    static const task_state refused[] = {TASK_RUNNING, TASK_SCHEDULED, TASK_RETRYING,
                                         TASK_SUCCEEDED, TASK_CANCELLED};
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_FAILED);
    t->result = make_result(&f, t, "res_1");
    cr_assert(keep(&f, (store_change){.task = t}));
    t->result = NULL;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        t->state = (int32_t)refused[i];
        cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED, "%d", t->state);
    }
    t->state = TASK_QUEUED;
    cr_assert(keep(&f, (store_change){.task = t}));
    t->state = TASK_SUCCEEDED;
    t->result = make_result(&f, t, "res_2");
    cr_assert(keep(&f, (store_change){.task = t}));
    store_found found = find_one(&f, t->task_id);
    cr_expect_str_eq(first_task(&found)->result->result_id, "res_2");

    t->state = TASK_QUEUED;
    cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED,
                 "what succeeded is never done again");
    fixture_finish(&f);
}

/* Between two writes a task can be retried, given out and fail again. */
Both(journal, a_retry_that_has_gone_on_before_the_write_is_still_a_retry)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_FAILED);
    t->result = make_result(&f, t, "res_1");
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 1)}));
    t->result = NULL;
    t->state = TASK_RUNNING;
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 2), .lease = 2}));
    cr_expect_null(first_task(&(store_found){.tasks = find_one(&f, t->task_id).tasks})->result);
    t->state = TASK_FAILED;
    t->result = make_result(&f, t, "res_2");
    cr_assert(keep(&f, (store_change){.task = t, .lease = 2}));
    t->result = make_result(&f, t, "res_3");
    cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED);
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 3), .lease = 3}));
    store_found found = find_one(&f, t->task_id);
    cr_expect_str_eq(first_task(&found)->result->result_id, "res_3");
    fixture_finish(&f);
}

/* Two orchestrators: the one that was replaced does not know it yet. */
Both(journal, a_write_of_an_earlier_term_is_refused)
{
    fixture f;
    cr_assert(fixture_start(&f));
    int64_t first = f.term;
    fixture_close(&f);
    cr_assert(fixture_open(&f));
    cr_expect_eq(f.term, first + 1);
    f.term = first;
    task *t = make_task(&f, 1, TASK_QUEUED);
    cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED);
    cr_expect_not_null(strstr(f.error, "term"));
    f.term = first + 1;
    cr_expect(keep(&f, (store_change){.task = t}));
    fixture_finish(&f);
}

Both(journal, a_write_is_all_or_nothing_and_leaves_the_ones_before_it)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *before = make_task(&f, 1, TASK_QUEUED), *good = make_task(&f, 2, TASK_QUEUED);
    task *bad = make_task(&f, 3, TASK_QUEUED);
    bad->instruction_id = before->instruction_id;
    cr_assert_eq(put(&f, (store_change){.task = before}), JOURNAL_APPLIED);
    store_change both[] = {{.task = good, .lease = 9}, {.task = bad}};
    cr_expect_eq(put_many(&f, both, 2), JOURNAL_REFUSED);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    cr_expect_eq(find_one(&f, before->task_id).tasks.count, 1u);
    cr_expect_eq(find_one(&f, good->task_id).tasks.count, 0u);
    store_recovered recovered;
    journal_recover(f.r, &(store_recover){0}, &f.arena, &recovered);
    cr_expect_eq(recovered.lease_max, 0, "the refused write moved nothing");
    fixture_finish(&f);
}

Both(journal, a_lease_never_goes_back)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_RUNNING);
    cr_assert(keep(&f, (store_change){.task = t, .lease = 7}));
    cr_expect_eq(put(&f, (store_change){.task = t, .lease = 6}), JOURNAL_REFUSED);
    cr_expect(keep(&f, (store_change){.task = t, .lease = 0}), "0 keeps the lease");
    cr_expect(keep(&f, (store_change){.task = t, .lease = 8}));
    store_recovered recovered;
    journal_recover(f.r, &(store_recover){0}, &f.arena, &recovered);
    cr_assert_eq(recovered.marks.count, 1u);
    cr_expect_eq(((const store_mark *)recovered.marks.items)->lease, 8);
    cr_expect_eq(recovered.lease_max, 8);
    fixture_finish(&f);
}

Both(journal, events_have_no_gaps_and_are_read_after_a_sequence)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_QUEUED);
    cr_expect_eq(put(&f, (store_change){.task = t, .events = one_event(&f, t, 2)}),
                 JOURNAL_REFUSED);
    for (int i = 1; i <= 5; i++) {
        cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, i)}));
    }
    cr_expect_eq(put(&f, (store_change){.task = t, .events = one_event(&f, t, 5)}),
                 JOURNAL_REFUSED);
    t->state = TASK_CANCELLED;
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 6)}));
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 7)}),
              "an event after the end, of a late result");

    store_found found;
    store_lookup lookup = {.events =
                               &(task_events){.task_id = t->task_id, .after = 4, .limit = 2}};
    journal_find(f.r, &lookup, &f.arena, &found);
    cr_assert_eq(found.events.count, 2u);
    const task_event *events = found.events.items;
    cr_expect_eq(events[0].sequence, 5);
    cr_expect_eq(events[1].sequence, 6);
    cr_expect_str_eq(events[0].type, "cogo.task.queued");
    cr_expect_str_eq(events[0].task_id, t->task_id);
    cr_expect_eq(((const store_mark *)found.marks.items)->event_sequence, 7);
    fixture_finish(&f);
}

Both(journal, a_key_brings_back_its_tasks_in_order_and_its_hash)
{
    fixture f;
    cr_assert(fixture_start(&f));
    store_change changes[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        changes[i].task = make_task(&f, 9 - i, TASK_QUEUED);
    }
    changes[0].idempotency_key = "key";
    changes[0].request_hash = "hash";
    cr_assert_eq(put_many(&f, changes, 3), JOURNAL_APPLIED);
    cr_assert(keep(&f, (store_change){.task = make_task(&f, 20, TASK_QUEUED)}));

    store_found found;
    journal_find(f.r, &(store_lookup){.idempotency_key = "key"}, &f.arena, &found);
    cr_assert_eq(found.tasks.count, 3u);
    cr_expect_str_eq(found.request_hash, "hash");
    for (int i = 0; i < 3; i++) {
        const task *t = (const task *)found.tasks.items + i;
        cr_expect_str_eq(t->task_id, changes[i].task->task_id);
    }
    journal_find(f.r, &(store_lookup){.idempotency_key = "other"}, &f.arena, &found);
    cr_expect_eq(found.tasks.count, 0u);
    cr_expect_null(found.request_hash);
    store_change again = {.task = make_task(&f, 30, TASK_QUEUED),
                          .idempotency_key = "key",
                          .request_hash = "hash"};
    cr_expect_eq(put(&f, again), JOURNAL_REFUSED);
    fixture_finish(&f);
}

Both(journal, a_malformed_change_is_refused_and_named)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_QUEUED);
    cr_expect_eq(put(&f, (store_change){0}), JOURNAL_REFUSED);
    t->state = 99;
    cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED);
    t->state = TASK_QUEUED;
    t->workflow_id = "wfl_none";
    cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED);
    cr_expect_not_null(strstr(f.error, "workflow"));
    t->workflow_id = NULL;
    t->role = NULL;
    cr_expect_eq(put(&f, (store_change){.task = t}), JOURNAL_REFUSED);
    cr_expect_not_null(strstr(f.error, "role"));
    t->role = "echo";
    cr_expect(keep(&f, (store_change){.task = t}), "refusals leave the journal usable");
    fixture_finish(&f);
}
