/* Access tokens and tenants, on each engine. */
#include "tests/unit/store/fixture.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static cogo_err make(fixture *f, const char *id, const char *hash, const char *tenant)
{
    static const char *const scopes[] = {"read", "submit"};
    access_token wanted = {
        .token_id = id, .tenant = tenant, .scopes = {scopes, 2}, .name = "n", .expires_at = 99};
    access_token made;
    return journal_token(f->j, &(token_change){.create = &wanted, .hash = hash, .at = 7}, &made,
                         f->error);
}

static cogo_err take_back(fixture *f, const char *id, const char *tenant)
{
    access_token gone;
    return journal_token(f->j, &(token_change){.revoke = id, .tenant = tenant, .at = 8}, &gone,
                         f->error);
}

static token_page find(fixture *f, token_list list)
{
    token_page page;
    journal_tokens(f->r, &list, &f->arena, &page);
    return page;
}

Both(token, is_found_by_its_hash_until_and_after_it_is_revoked)
{
    fixture f;
    cr_assert(fixture_start(&f));
    cr_assert_eq(make(&f, "tok_a", HASH_A, "acme"), COGO_OK, "%s", f.error);
    token_page page = find(&f, (token_list){.hash = HASH_A});
    cr_assert_eq(page.tokens.count, 1u, "%s", page.error);
    const access_token *t = page.tokens.items;
    cr_expect_str_eq(t->token_id, "tok_a");
    cr_expect_str_eq(t->tenant, "acme");
    cr_expect_str_eq(t->name, "n");
    cr_assert_eq(t->scopes.count, 2u);
    cr_expect_str_eq(t->scopes.items[1], "submit");
    cr_expect_eq(t->created_at, 7);
    cr_expect_eq(t->expires_at, 99);
    cr_expect_eq(t->revoked_at, 0);
    cr_expect_eq(find(&f, (token_list){.hash = HASH_B}).tokens.count, 0u);

    cr_expect_eq(take_back(&f, "tok_a", "other"), COGO_ENOTFOUND, "of a foreign tenant");
    cr_expect_eq(take_back(&f, "tok_a", "acme"), COGO_OK);
    cr_expect_eq(take_back(&f, "tok_a", NULL), COGO_ENOTFOUND, "once");
    page = find(&f, (token_list){.hash = HASH_A});
    cr_assert_eq(page.tokens.count, 1u);
    cr_expect_eq(((const access_token *)page.tokens.items)->revoked_at, 8);
    fixture_finish(&f);
}

Both(token, a_second_one_with_the_same_hash_or_id_is_refused_and_others_live_on)
{
    fixture f;
    cr_assert(fixture_start(&f));
    cr_assert_eq(make(&f, "tok_a", HASH_A, "acme"), COGO_OK);
    cr_expect_eq(make(&f, "tok_b", HASH_A, "acme"), COGO_EINVAL);
    cr_expect_eq(make(&f, "tok_a", HASH_B, "acme"), COGO_EINVAL);
    cr_expect_eq(make(&f, "tok_b", NULL, "acme"), COGO_EINVAL);
    cr_expect_eq(make(&f, "tok_b", HASH_B, "acme"), COGO_OK,
                 "refusals leave the journal usable");
    cr_expect(keep(&f, (store_change){.task = make_task(&f, 1, TASK_QUEUED)}));
    fixture_finish(&f);
}

Both(token, pages_are_of_a_tenant_newest_first)
{
    fixture f;
    cr_assert(fixture_start(&f));
    for (int i = 0; i < 5; i++) {
        char hash[65];
        (void)snprintf(hash, sizeof hash, "%064d", i);
        cr_assert_eq(make(&f, cogo_arena_printf(&f.arena, "tok_%d", i), hash,
                          i % 2 == 0 ? "even" : "odd"),
                     COGO_OK);
    }
    token_list list = {.tenant = "even", .page_size = 2};
    token_page page = find(&f, list);
    cr_assert_eq(page.tokens.count, 2u);
    cr_expect_str_eq(((const access_token *)page.tokens.items)->token_id, "tok_4");
    cr_assert_not_null(page.next_page_token);
    list.page_token = page.next_page_token;
    page = find(&f, list);
    cr_assert_eq(page.tokens.count, 1u);
    cr_expect_str_eq(((const access_token *)page.tokens.items)->token_id, "tok_0");
    cr_expect_null(page.next_page_token);
    cr_expect_eq(find(&f, (token_list){.page_size = 0}).tokens.count, 5u);
    list.page_token = "'; DROP TABLE tokens";
    cr_expect_not_null(strstr(find(&f, list).error, "pageToken"));
    fixture_finish(&f);
}

static size_t listed(fixture *f, const char *tenant, bool workflows)
{
    task_list list = {.tenant = tenant, .page_size = 100};
    store_found found;
    store_lookup lookup = {.list = workflows ? NULL : &list,
                           .workflow_list = workflows ? &list : NULL};
    journal_find(f->r, &lookup, &f->arena, &found);
    return found.error != NULL ? SIZE_MAX
           : workflows         ? found.workflows.count
                               : found.tasks.count;
}

Both(token, tasks_and_workflows_are_listed_by_tenant)
{
    static const char *const tenants[] = {NULL, "default", "acme", "beta"};
    fixture f;
    cr_assert(fixture_start(&f));
    store_change changes[12] = {{0}};
    workflow flows[4];
    for (int i = 0; i < 12; i++) {
        task *t = make_task(&f, i + 1, TASK_QUEUED);
        t->tenant = tenants[i % 4];
        changes[i].task = t;
        changes[i].events = one_event(&f, t, 1);
        if (i >= 8) {
            t->workflow_id = cogo_arena_printf(&f.arena, "wfl_%026d", i);
            flows[i - 8] = (workflow){.workflow_id = t->workflow_id, .created_at = 1};
            changes[i].workflow = &flows[i - 8];
        }
    }
    cr_assert_eq(put_many(&f, changes, 12), JOURNAL_APPLIED, "%s", f.error);
    cr_assert_eq(journal_commit(f.j, f.error), COGO_OK);
    cr_expect_eq(listed(&f, NULL, false), 12u);
    cr_expect_eq(listed(&f, "default", false), 6u);
    cr_expect_eq(listed(&f, "acme", false), 3u);
    cr_expect_eq(listed(&f, "nobody", false), 0u);
    cr_expect_eq(listed(&f, NULL, true), 4u);
    cr_expect_eq(listed(&f, "default", true), 2u);
    cr_expect_eq(listed(&f, "beta", true), 1u);

    // What happens to a task later changes nothing of that, and its record says whose it is.
    task *t = make_task(&f, 3, TASK_CANCELLED);
    t->tenant = "acme";
    cr_assert(keep(&f, (store_change){.task = t, .events = one_event(&f, t, 2)}), "%s",
              f.error);
    cr_expect_eq(listed(&f, "acme", false), 3u);
    store_found found = find_one(&f, t->task_id);
    cr_assert_eq(found.tasks.count, 1u);
    cr_expect_str_eq(first_task(&found)->tenant, "acme");
    fixture_finish(&f);
}

/* A page token of one tenant is none of another. */
Both(token, a_page_of_one_tenant_does_not_go_on_with_another)
{
    fixture f;
    cr_assert(fixture_start(&f));
    for (int i = 1; i <= 3; i++) {
        task *t = make_task(&f, i, TASK_QUEUED);
        t->tenant = "acme";
        cr_assert(keep(&f, (store_change){.task = t}));
    }
    task_list list = {.tenant = "acme", .page_size = 1};
    store_found found;
    journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
    cr_assert_not_null(found.next_page_token);
    list.page_token = found.next_page_token;
    list.tenant = "beta";
    journal_find(f.r, &(store_lookup){.list = &list}, &f.arena, &found);
    cr_expect_not_null(found.error);
    fixture_finish(&f);
}
