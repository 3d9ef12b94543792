/* What is removed, what stays, and what people define. */
#include "tests/unit/store/fixture.h"

enum { OLD = 1000, CUTOFF = 5000, YOUNG = 9000 };

static task *old_task(fixture *f, int number, task_state state, int64_t ended)
{
    task *t = make_task(f, number, state);
    t->created_at = ended - 10;
    t->updated_at = ended;
    t->context = (cogo_value){.data = (const uint8_t *)"\x80", .size_bytes = 1};
    return t;
}

static store_swept sweep(fixture *f, store_sweep what)
{
    store_found found;
    journal_find(f->r, &(store_lookup){.sweep = &what}, &f->arena, &found);
    cr_expect_null(found.error, "%s", found.error == NULL ? "" : found.error);
    return found.swept == NULL ? (store_swept){0} : *found.swept;
}

static bool apply_keep(fixture *f, store_write write)
{
    write.sequence = ++f->sequence;
    write.term = f->term;
    return journal_apply(f->j, &write, f->error) == JOURNAL_APPLIED
           && journal_commit(f->j, f->error) == COGO_OK;
}

static bool names(cogo_strings list, const task *t)
{
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.items[i], t->task_id) == 0) {
            return true;
        }
    }
    return false;
}

Both(keep, old_finished_tasks_are_found_and_dead_letters_by_their_own_age)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *done = old_task(&f, 1, TASK_SUCCEEDED, OLD);
    task *dead = old_task(&f, 2, TASK_DEADLETTERED, OLD);
    task *waits = old_task(&f, 3, TASK_QUEUED, OLD);
    task *young = old_task(&f, 4, TASK_FAILED, YOUNG);
    task *all[] = {done, dead, waits, young};
    for (size_t i = 0; i < 4; i++) {
        cr_assert(keep(&f, (store_change){.task = all[i], .events = one_event(&f, all[i], 1)}));
    }
    store_swept found = sweep(&f, (store_sweep){.finished_before = CUTOFF});
    cr_expect_eq(found.remove.count, 1u);
    cr_expect(names(found.remove, done));
    cr_expect_eq(found.dead.count + found.trim.count, 0u);
    found = sweep(&f, (store_sweep){.dead_before = CUTOFF, .events_before = CUTOFF});
    cr_expect(found.dead.count == 1 && names(found.dead, dead));
    cr_expect(found.trim.count == 1 && names(found.trim, done));
    cr_expect_eq(found.next, 0);
    found = sweep(&f, (store_sweep){.keep = 3});
    cr_expect(found.remove.count == 1 && names(found.remove, done), "by number");
    found = sweep(&f, (store_sweep){0});
    cr_expect_eq(found.remove.count + found.dead.count + found.trim.count, 0u);
    fixture_finish(&f);
}

Both(keep, a_removed_task_is_gone_with_all_that_belongs_to_it)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = old_task(&f, 1, TASK_SUCCEEDED, OLD);
    workflow w = {.workflow_id = "wfl_1", .name = "one", .created_at = OLD};
    t->workflow_id = w.workflow_id;
    t->tenant = "acme";
    t->result = make_result(&f, t, "res_1");
    cr_assert(keep(&f, (store_change){.task = t,
                                      .events = one_event(&f, t, 1),
                                      .lease = 7,
                                      .workflow = &w,
                                      .idempotency_key = "key",
                                      .request_hash = "hash"}));
    cr_assert(apply_keep(&f, (store_write){.remove = {&t->task_id, 1}}), "%s", f.error);
    cr_expect_eq(find_one(&f, t->task_id).tasks.count, 0u);
    store_found found;
    journal_find(f.r, &(store_lookup){.workflow_id = "wfl_1"}, &f.arena, &found);
    cr_expect_eq(found.workflows.count, 0u);
    journal_find(f.r, &(store_lookup){.idempotency_key = "key"}, &f.arena, &found);
    cr_expect_null(found.request_hash, "the key may be used again");
    cr_expect(apply_keep(&f, (store_write){.remove = {&t->task_id, 1}}), "twice is no fault");
    store_recovered page;
    journal_recover(f.r, &(store_recover){0}, &f.arena, &page);
    cr_expect_eq(page.lease_max, 7, "leases never come back");
    fixture_finish(&f);
}

Both(keep, a_workflow_goes_only_when_all_of_its_tasks_have_ended)
{
    fixture f;
    cr_assert(fixture_start(&f));
    workflow w = {.workflow_id = "wfl_1", .name = "two", .created_at = OLD};
    task *done = old_task(&f, 1, TASK_SUCCEEDED, OLD);
    task *waits = old_task(&f, 2, TASK_BLOCKED, OLD);
    done->workflow_id = waits->workflow_id = w.workflow_id;
    store_change both[] = {{.task = done, .workflow = &w}, {.task = waits}};
    cr_assert_eq(put_many(&f, both, 2), JOURNAL_APPLIED);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    cr_expect_eq(sweep(&f, (store_sweep){.finished_before = CUTOFF}).remove.count, 0u);
    waits->state = TASK_CANCELLED;
    cr_assert(keep(&f, (store_change){.task = waits}));
    store_swept found = sweep(&f, (store_sweep){.finished_before = CUTOFF});
    cr_expect_eq(found.remove.count, 2u);
    cr_assert(apply_keep(&f, (store_write){.remove = found.remove}), "%s", f.error);
    journal_find(f.r, &(store_lookup){.workflow_id = "wfl_1"}, &f.arena,
                 &(store_found){.error = NULL});
    cr_expect_eq(find_one(&f, done->task_id).tasks.count, 0u);
    fixture_finish(&f);
}

/* Whatever the program does: what has not ended can't be removed. */
Both(keep, an_unfinished_task_can_not_be_removed)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = old_task(&f, 1, TASK_RUNNING, OLD);
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 1)}));
    store_write write = {.sequence = ++f.sequence, .term = f.term, .remove = {&t->task_id, 1}};
    cr_expect_eq(journal_apply(f.j, &write, f.error), JOURNAL_REFUSED);
    write.remove.count = 0;
    write.trim = (cogo_strings){&t->task_id, 1};
    (void)!journal_apply(f.j, &write, f.error);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    store_found found;
    store_lookup lookup = {.events = &(task_events){.task_id = t->task_id}};
    journal_find(f.r, &lookup, &f.arena, &found);
    cr_expect_eq(found.tasks.count, 1u);
    cr_expect_eq(found.events.count, 1u);
    fixture_finish(&f);
}

Both(keep, a_stale_term_removes_and_defines_nothing)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = old_task(&f, 1, TASK_SUCCEEDED, OLD);
    store_definition one = {.kind = "limit",
                            .name = "a",
                            .record = {.data = (const uint8_t *)"\x80", .size_bytes = 1}};
    cr_assert(keep(&f, (store_change){.task = t}));
    store_write write = {.sequence = ++f.sequence,
                         .term = f.term - 1,
                         .remove = {&t->task_id, 1},
                         .definitions = {&one, 1}};
    cr_expect_eq(journal_apply(f.j, &write, f.error), JOURNAL_REFUSED);
    cr_expect_not_null(strstr(f.error, "term"));
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    cr_expect_eq(find_one(&f, t->task_id).tasks.count, 1u);
    fixture_finish(&f);
}

/* A task whose events were removed is retried: the numbers go on where they were. */
Both(keep, events_that_were_removed_leave_their_numbers)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = old_task(&f, 1, TASK_FAILED, OLD);
    for (int64_t i = 1; i <= 3; i++) {
        cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, i)}));
    }
    cr_assert(apply_keep(&f, (store_write){.trim = {&t->task_id, 1}}), "%s", f.error);
    cr_expect_eq(sweep(&f, (store_sweep){.events_before = CUTOFF}).trim.count, 0u, "once");
    store_found found;
    store_lookup lookup = {.events = &(task_events){.task_id = t->task_id}};
    journal_find(f.r, &lookup, &f.arena, &found);
    cr_assert_eq(found.tasks.count, 1u);
    cr_expect_eq(found.events.count, 0u);
    cr_expect_eq(((const store_mark *)found.marks.items)->event_sequence, 3);
    t->state = TASK_QUEUED;
    cr_expect_eq(put(&f, (store_change){.task = t, .events = one_event(&f, t, 5)}),
                 JOURNAL_REFUSED);
    cr_expect(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 4)}), "%s",
              f.error);
    fixture_finish(&f);
}

Both(keep, a_walk_over_many_rows_comes_in_bounded_stretches)
{
    enum { MANY = 1300 };
    fixture f;
    cr_assert(fixture_start(&f));
    store_change *changes = calloc(MANY, sizeof *changes);
    cr_assert_not_null(changes);
    for (int i = 0; i < MANY; i++) {
        changes[i].task = old_task(&f, i + 1, TASK_SUCCEEDED, OLD);
    }
    cr_assert_eq(put_many(&f, changes, MANY), JOURNAL_APPLIED);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    store_sweep what = {.finished_before = CUTOFF};
    size_t removed = 0, stretches = 0;
    do {
        store_swept found = sweep(&f, what);
        cr_assert_leq(found.remove.count, 500u);
        removed += found.remove.count;
        cr_assert(apply_keep(&f, (store_write){.remove = found.remove}), "%s", f.error);
        what.after = found.next;
        stretches++;
    } while (what.after != 0 && stretches < 10);
    cr_expect_eq(removed, (size_t)MANY);
    cr_expect_eq(stretches, 3u);
    free(changes);
    fixture_finish(&f);
}

Both(keep, definitions_come_back_with_the_recovery_until_they_are_removed)
{
    fixture f;
    cr_assert(fixture_start(&f));
    store_definition all[] = {
        {.kind = "limit", .name = "b", .updated_at = 5, .record = {(const uint8_t *)"\x80", 1}},
        {.kind = "limit",
         .name = "a",
         .updated_at = 6,
         .record = {(const uint8_t *)"\xa2ok", 3}},
        {.kind = "schedule", .name = "a", .record = {(const uint8_t *)"\x80", 1}}};
    cr_assert(apply_keep(&f, (store_write){.definitions = {all, 3}}), "%s", f.error);
    all[0].updated_at = 9;
    all[2].record = (cogo_value){0};
    store_definition next[] = {all[0], all[2]};
    cr_assert(apply_keep(&f, (store_write){.definitions = {next, 2}}), "%s", f.error);
    cr_expect_not(apply_keep(
        &f, (store_write){.definitions = {(store_definition[2]){all[0], all[0]}, 2}}));
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    store_recovered page;
    journal_recover(f.r, &(store_recover){0}, &f.arena, &page);
    cr_assert_null(page.error);
    cr_assert_eq(page.definitions.count, 2u);
    const store_definition *back = page.definitions.items;
    cr_expect_str_eq(back[0].name, "a");
    cr_expect_eq(back[0].record.size_bytes, 3u);
    cr_expect_str_eq(back[1].name, "b");
    cr_expect_eq(back[1].updated_at, 9);
    fixture_finish(&f);
}

Both(keep, dead_letters_are_counted_at_the_start)
{
    fixture f;
    cr_assert(fixture_start(&f));
    for (int i = 1; i <= 3; i++) {
        task *t = old_task(&f, i, i < 3 ? TASK_DEADLETTERED : TASK_FAILED, OLD);
        cr_assert(keep(&f, (store_change){.task = t}));
    }
    store_recovered page;
    journal_recover(f.r, &(store_recover){0}, &f.arena, &page);
    cr_expect_eq(page.dead_count, 2);
    fixture_finish(&f);
}
