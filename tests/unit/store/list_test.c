/* Pages: complete, stable while new tasks come in, and honest about bad questions. */
#include "tests/unit/store/fixture.h"

enum { TASKS = 130 };

/* Tasks 1..TASKS; every third has ended, every fifth is a "code-indexer". */
static bool fill(fixture *f)
{
    store_change changes[TASKS] = {{0}};
    for (int i = 0; i < TASKS; i++) {
        task *t = make_task(f, i + 1, i % 3 == 0 ? TASK_SUCCEEDED : TASK_QUEUED);
        t->role = i % 5 == 0 ? "code-indexer" : "echo";
        changes[i].task = t;
        changes[i].lease = i + 1;
        changes[i].events = one_event(f, t, 1);
    }
    return put_many(f, changes, TASKS) == JOURNAL_APPLIED
           && journal_commit(f->j, f->error) == COGO_OK;
}

static int number_of(const task *t)
{
    return atoi(t->task_id + 4);
}

Both(list, pages_are_complete_and_stable_while_tasks_come_in)
{
    fixture f;
    cr_assert(fixture_start(&f) && fill(&f));
    task_list list = {.page_size = 0};
    store_found found;
    int expected = TASKS, pages = 0;
    do {
        journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
        cr_assert_null(found.error);
        for (size_t i = 0; i < found.tasks.count; i++) {
            cr_assert_eq(number_of((const task *)found.tasks.items + i), expected);
            expected--;
        }
        cr_assert(keep(&f, (store_change){.task = make_task(&f, 1000 + pages, TASK_QUEUED)}));
        list.page_token = found.next_page_token;
        pages++;
    } while (list.page_token != NULL && pages < 10);
    cr_expect_eq(expected, 0);
    cr_expect_eq(pages, 3, "50, 50 and 30");
    fixture_finish(&f);
}

Both(list, filters_narrow_a_page_and_bind_its_token)
{
    fixture f;
    cr_assert(fixture_start(&f) && fill(&f));
    const char *const states[] = {"succeeded", "failed"}, *const roles[] = {"code-indexer"};
    task_list list = {.states = {states, 2}, .roles = {roles, 1}, .page_size = 4};
    store_found found;
    int seen = 0;
    do {
        journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
        cr_assert_null(found.error);
        for (size_t i = 0; i < found.tasks.count; i++, seen++) {
            cr_expect_eq((number_of((const task *)found.tasks.items + i) - 1) % 15, 0);
        }
        list.page_token = found.next_page_token;
    } while (list.page_token != NULL && seen < TASKS);
    cr_expect_eq(seen, (TASKS + 14) / 15);

    list = (task_list){.page_size = 4};
    journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
    list.page_token = found.next_page_token;
    list.states = (cogo_strings){states, 1};
    journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
    cr_expect_not_null(found.error, "the token is of another query");
    fixture_finish(&f);
}

Both(list, bad_questions_are_answered_with_the_field)
{
    static const char *const tokens[] = {
        "", "x", "-", "1", "1-", "0-00000000", "-1", "1-zzzzzzzz", "'; DROP TABLE tasks"};
    fixture f;
    cr_assert(fixture_start(&f) && fill(&f));
    store_found found;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        task_list list = {.page_token = tokens[i]};
        journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
        cr_assert_not_null(found.error);
        cr_expect_not_null(strstr(found.error, "pageToken"));
    }
    task_list large = {.page_size = 1001};
    journal_find(f.r, &(store_lookup){.list = &large}, &f.arena, &found);
    cr_assert_not_null(found.error);
    cr_expect_not_null(strstr(found.error, "pageSize"));
    const char *const states[] = {"done"};
    task_list unknown = {.states = {states, 1}};
    journal_find(f.r, &(store_lookup){.list = &unknown}, &f.arena, &found);
    cr_assert_not_null(found.error);
    cr_expect_not_null(strstr(found.error, "done"));
    const char *const roles[] = {"' OR 1=1 --"};
    task_list hostile = {.roles = {roles, 1}};
    journal_find(f.r, &(store_lookup){.list = &hostile}, &f.arena, &found);
    cr_expect_null(found.error);
    cr_expect_eq(found.tasks.count, 0u);
    fixture_finish(&f);
}

/* What an orchestrator reads when it starts: each unfinished task once, with its context. */
Both(recover, every_unfinished_task_comes_once_with_its_marks)
{
    enum { MANY = 1200 };
    fixture f;
    cr_assert(fixture_start(&f));
    store_change *changes = calloc(MANY, sizeof *changes);
    cr_assert_not_null(changes);
    for (int i = 0; i < MANY; i++) {
        task *t = make_task(&f, i + 1, i % 2 == 0 ? TASK_RUNNING : TASK_FAILED);
        t->context = (cogo_value){.data = (const uint8_t *)"\x80", .size_bytes = 1};
        changes[i] = (store_change){.task = t, .lease = i + 1, .events = one_event(&f, t, 1)};
    }
    cr_assert_eq(put_many(&f, changes, MANY), JOURNAL_APPLIED);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    store_recover request = {0};
    store_recovered page;
    int expected = 1, pages = 0;
    do {
        journal_recover(f.r, &request, &f.arena, &page);
        cr_assert_null(page.error);
        cr_assert_eq(page.marks.count, page.tasks.count);
        for (size_t i = 0; i < page.tasks.count; i++, expected += 2) {
            const task *t = (const task *)page.tasks.items + i;
            const store_mark *mark = (const store_mark *)page.marks.items + i;
            cr_assert_eq(number_of(t), expected);
            cr_assert_eq(t->context.size_bytes, 1u);
            cr_assert_eq(mark->lease, expected);
            cr_assert_eq(mark->event_sequence, 1);
        }
        cr_expect_eq(page.lease_max, MANY);
        request.page_token = page.next_page_token;
        pages++;
    } while (request.page_token != NULL && pages < 10);
    cr_expect_eq(expected, MANY + 1);
    cr_expect_gt(pages, 1);
    request.page_token = "1; DROP TABLE tasks";
    journal_recover(f.r, &request, &f.arena, &page);
    cr_expect_not_null(page.error);
    free(changes);
    fixture_finish(&f);
}

static void add_workflow(fixture *f, const char *id, task_state one, task_state other)
{
    static int number = 0;
    workflow w = {.workflow_id = id, .name = "assess", .created_at = 1700000000000};
    store_change changes[2] = {{.task = make_task(f, number + 1, one), .workflow = &w},
                               {.task = make_task(f, number + 2, other)}};
    number += 2;
    for (int i = 0; i < 2; i++) {
        task *t = cogo_arena_alloc(&f->arena, sizeof *t);
        *t = *changes[i].task;
        t->workflow_id = id;
        changes[i].task = t;
    }
    cr_expect_eq(put_many(f, changes, 2), JOURNAL_APPLIED, "%s", f->error);
    cr_expect_eq(journal_commit(f->j, f->error), COGO_OK);
}

static const char *state_of(fixture *f, const char *id)
{
    store_found found;
    journal_find(f->r, &(store_lookup){.workflow_id = id}, &f->arena, &found);
    return found.workflows.count != 1 ? "?" : ((const workflow *)found.workflows.items)->state;
}

Both(workflow, its_state_is_that_of_its_tasks)
{
    fixture f;
    cr_assert(fixture_start(&f));
    add_workflow(&f, "wfl_1", TASK_SUCCEEDED, TASK_RUNNING);
    add_workflow(&f, "wfl_2", TASK_SUCCEEDED, TASK_SUCCEEDED);
    add_workflow(&f, "wfl_3", TASK_SUCCEEDED, TASK_DEADLETTERED);
    add_workflow(&f, "wfl_4", TASK_PARTIAL, TASK_SUCCEEDED);
    add_workflow(&f, "wfl_5", TASK_PARTIAL, TASK_CANCELLED);
    cr_expect_str_eq(state_of(&f, "wfl_1"), "running");
    cr_expect_str_eq(state_of(&f, "wfl_2"), "succeeded");
    cr_expect_str_eq(state_of(&f, "wfl_3"), "failed");
    cr_expect_str_eq(state_of(&f, "wfl_4"), "partial");
    cr_expect_str_eq(state_of(&f, "wfl_5"), "cancelled");
    cr_expect_str_eq(state_of(&f, "wfl_6"), "?");

    store_found found;
    journal_find(f.r, &(store_lookup){.workflow_id = "wfl_2"}, &f.arena, &found);
    const workflow *w = found.workflows.items;
    cr_assert_eq(w->tasks.count, 2u);
    cr_expect_str_eq(((const task *)w->tasks.items)->workflow_id, "wfl_2");
    cr_expect_gt(w->finished_at, 0);

    task_list list = {.page_size = 2};
    int seen = 0;
    do {
        journal_find(f.r, &(store_lookup){.workflow_list = &list}, &f.arena, &found);
        cr_assert_null(found.error);
        seen += (int)found.workflows.count;
        list.page_token = found.next_page_token;
    } while (list.page_token != NULL && seen < 10);
    cr_expect_eq(seen, 5);
    const char *const states[] = {"failed"};
    task_list failed = {.states = {states, 1}};
    journal_find(f.r, &(store_lookup){.workflow_list = &failed}, &f.arena, &found);
    cr_assert_eq(found.workflows.count, 1u);
    cr_expect_str_eq(((const workflow *)found.workflows.items)->workflow_id, "wfl_3");
    task_list of_workflow = {.workflow = "wfl_4"};
    journal_find(f.r, &(store_lookup){.list = &of_workflow}, &f.arena, &found);
    cr_expect_eq(found.tasks.count, 2u);
    fixture_finish(&f);
}
