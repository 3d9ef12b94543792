/* Who did what: appended with what was done, found again, removed by age only. */
#include "tests/unit/store/fixture.h"

static bool append(fixture *f, const audit_entry *all, size_t count, int64_t before)
{
    store_write write = {.sequence = ++f->sequence,
                         .term = f->term,
                         .audits = {all, count},
                         .audits_before = before};
    return journal_apply(f->j, &write, f->error) == JOURNAL_APPLIED
           && journal_commit(f->j, f->error) == COGO_OK;
}

static audit_page find(fixture *f, audit_list what)
{
    audit_page page;
    journal_audit(f->r, &what, &f->arena, &page);
    cr_expect_null(page.error, "%s", page.error == NULL ? "" : page.error);
    return page;
}

static const audit_entry three[] = {
    {.at = 1000,
     .action = "task.cancel",
     .subject = "tsk_1",
     .outcome = "ok",
     .token_id = "tok_1",
     .tenant = "acme",
     .door = "http",
     .request_id = "req_1"},
    {.at = 2000,
     .action = "limit.set",
     .subject = "x",
     .outcome = "ok",
     .tenant = "*",
     .door = "http",
     .detail = "more"},
    {.at = 3000,
     .action = "task.cancel",
     .subject = "tsk_2",
     .outcome = "TASK_FINISHED",
     .token_id = "tok_2",
     .tenant = "beta",
     .door = "redis"},
};

Both(audit, entries_are_found_newest_first_by_what_they_say)
{
    fixture f;
    cr_assert(fixture_start(&f));
    cr_assert(append(&f, three, 3, 0), "%s", f.error);
    audit_page page = find(&f, (audit_list){0});
    const audit_entry *all = page.entries.items;
    cr_assert_eq(page.entries.count, 3u);
    cr_expect(all[0].at == 3000 && all[2].at == 1000);
    cr_expect_str_eq(all[1].detail, "more");
    cr_expect(all[1].token_id == NULL && all[1].request_id == NULL);
    cr_expect_eq(find(&f, (audit_list){.tenant = "acme"}).entries.count, 1u);
    cr_expect_eq(find(&f, (audit_list){.action = "task.cancel"}).entries.count, 2u);
    cr_expect_eq(find(&f, (audit_list){.subject = "tsk_2"}).entries.count, 1u);
    cr_expect_eq(
        find(&f, (audit_list){.token_id = "tok_1", .action = "limit.set"}).entries.count, 0u);
    page = find(&f, (audit_list){.page_size = 2});
    cr_assert(page.entries.count == 2 && page.next_page_token != NULL);
    page = find(&f, (audit_list){.page_size = 2, .page_token = page.next_page_token});
    cr_expect(page.entries.count == 1 && page.next_page_token == NULL);
    journal_audit(f.r, &(audit_list){.page_token = "x"}, &f.arena, &page);
    cr_expect_not_null(page.error);
    fixture_finish(&f);
}

Both(audit, only_age_removes_an_entry_and_nothing_changes_it)
{
    fixture f;
    int64_t rows = 0;
    cr_assert(fixture_start(&f));
    cr_assert(append(&f, three, 3, 0), "%s", f.error);
    cr_expect_eq(journal_edit(f.j, "UPDATE audit_log SET outcome = $1",
                              &(db_value){.text = "nothing"}, 1, &rows, f.error),
                 COGO_EINVAL);
    cr_assert(append(&f, NULL, 0, 2500), "%s", f.error);
    audit_page page = find(&f, (audit_list){0});
    cr_assert_eq(page.entries.count, 1u);
    cr_expect_eq(((const audit_entry *)page.entries.items)->at, 3000);
    fixture_finish(&f);
}

Both(audit, a_sweep_tells_whether_entries_are_old_enough_to_go)
{
    fixture f;
    store_found found;
    const store_lookup ask = {.sweep = &(store_sweep){.audits_before = 1500}};
    cr_assert(fixture_start(&f));
    journal_find(f.r, &ask, &f.arena, &found);
    cr_expect(found.swept != NULL && !found.swept->audits, "there are none");
    cr_assert(append(&f, three, 3, 0), "%s", f.error);
    journal_find(f.r, &ask, &f.arena, &found);
    cr_expect(found.swept != NULL && found.swept->audits);
    cr_assert(append(&f, NULL, 0, 1500), "%s", f.error);
    journal_find(f.r, &ask, &f.arena, &found);
    cr_expect(found.swept != NULL && !found.swept->audits, "they are gone");
    fixture_finish(&f);
}

/* What was done and who did it are one transaction. */
Both(audit, a_refused_write_leaves_no_entry)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *bad = make_task(&f, 1, TASK_RUNNING);
    bad->workflow_id = "wfl_that_is_not_there";
    store_change change = {.task = bad};
    store_write write = {
        .sequence = 1, .term = f.term, .changes = {&change, 1}, .audits = {three, 3}};
    cr_expect_eq(journal_apply(f.j, &write, f.error), JOURNAL_REFUSED);
    write = (store_write){.sequence = 2, .term = f.term - 1, .audits = {three, 3}};
    cr_expect_eq(journal_apply(f.j, &write, f.error), JOURNAL_REFUSED, "another one's term");
    (void)!journal_commit(f.j, f.error);
    cr_expect_eq(find(&f, (audit_list){0}).entries.count, 0u);
    fixture_finish(&f);
}
