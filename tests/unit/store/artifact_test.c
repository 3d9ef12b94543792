/* What is kept beside tasks: once for the same bytes, whole or in parts, and as long as a task
 * refers to it. */
#include "codec/contract/artifact.h"
#include "codec/contract/digest.h"
#include "tests/unit/store/fixture.h"

typedef struct kept {
    artifact about;
    artifact_content content;
    char hash[DIGEST_SIZE];
} kept;

static kept *make_artifact(fixture *f, const char *name, int64_t lease, const char *text)
{
    kept *k = cogo_arena_alloc(&f->arena, sizeof *k);
    digest_hex(text, strlen(text), k->hash);
    k->about = (artifact){.name = name,
                          .sha256 = k->hash,
                          .media_type = "text/plain",
                          .size = (int64_t)strlen(text),
                          .lease = lease};
    k->content = (artifact_content){.about = &k->about,
                                    .bytes = artifact_wrap(text, strlen(text), &f->arena)};
    return k;
}

static bool keep_with(fixture *f, task *t, int64_t lease, const kept *k)
{
    t->artifacts = (cogo_records){&k->about, 1};
    return keep(f, (store_change){.task = t, .lease = lease, .artifacts = {&k->content, 1}});
}

static const char *read_text(fixture *f, const task *t, const kept *k, int64_t offset,
                             int64_t size)
{
    artifact_get wanted = {
        .task_id = t->task_id, .sha256 = k->hash, .offset = offset, .size = size};
    artifact_content out;
    const char *why = NULL;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    cogo_err err = journal_artifact(f->r, &wanted, &f->arena, &out, &why);
    if (err != COGO_OK) {
        return err == COGO_ENOTFOUND ? "(none)" : why;
    }
    cr_expect(artifact_unwrap(out.bytes, &bytes, &count));
    return cogo_arena_printf(&f->arena, "%.*s", (int)count, (const char *)bytes);
}

static bool remove_one(fixture *f, const task *t)
{
    store_write write = {
        .sequence = ++f->sequence, .term = f->term, .remove = {&t->task_id, 1}};
    return journal_apply(f->j, &write, f->error) == JOURNAL_APPLIED
           && journal_commit(f->j, f->error) == COGO_OK;
}

Both(artifact, bytes_come_back_whole_and_in_parts_to_who_may_see_the_task)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_RUNNING);
    const task *other = make_task(&f, 2, TASK_RUNNING);
    kept *k = make_artifact(&f, "log", 7, "0123456789");
    kept *empty = make_artifact(&f, "nothing", 7, "");
    cr_assert(keep_with(&f, t, 7, k));
    cr_assert(keep_with(&f, t, 7, empty));
    cr_assert(keep(&f, (store_change){.task = other}));
    cr_expect_str_eq(read_text(&f, t, k, 0, 0), "0123456789");
    cr_expect_str_eq(read_text(&f, t, k, 3, 4), "3456");
    cr_expect_str_eq(read_text(&f, t, k, 8, 100), "89");
    cr_expect_str_eq(read_text(&f, t, k, 100, 1), "");
    cr_expect_str_eq(read_text(&f, t, empty, 0, 0), "");
    cr_expect_str_eq(read_text(&f, other, k, 0, 0), "(none)");
    fixture_finish(&f);
}

Both(artifact, the_last_task_that_refers_to_bytes_takes_them_along)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *one = make_task(&f, 1, TASK_FAILED), *two = make_task(&f, 2, TASK_FAILED);
    kept *k = make_artifact(&f, "log", 7, "the same");
    cr_assert(keep_with(&f, one, 7, k) && keep_with(&f, two, 8, k));
    cr_assert(remove_one(&f, one), "%s", f.error);
    cr_expect_str_eq(read_text(&f, two, k, 0, 0), "the same");
    database *d = journal_reader_db(f.r);
    cr_assert(remove_one(&f, two), "%s", f.error);
    cr_expect_eq(d->driver->begin(d), COGO_OK);
    cr_expect_eq(db_number(d, "SELECT count(*) FROM artifacts", -1), 0);
    cr_expect_eq(db_number(d, "SELECT count(*) FROM task_artifacts", -1), 0);
    d->driver->end(d);
    fixture_finish(&f);
}

Both(artifact, another_content_under_the_same_name_and_lease_replaces_it)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_RUNNING);
    kept *old = make_artifact(&f, "log", 7, "old"), *new = make_artifact(&f, "log", 7, "new");
    kept *later = make_artifact(&f, "log", 8, "of the next attempt");
    cr_assert(keep_with(&f, t, 7, old) && keep_with(&f, t, 7, new)
              && keep_with(&f, t, 8, later));
    cr_expect_str_eq(read_text(&f, t, old, 0, 0), "(none)");
    cr_expect_str_eq(read_text(&f, t, new, 0, 0), "new");
    cr_expect_str_eq(read_text(&f, t, later, 0, 0), "of the next attempt");
    database *d = journal_reader_db(f.r);
    cr_expect_eq(d->driver->begin(d), COGO_OK);
    cr_expect_eq(db_number(d, "SELECT count(*) FROM artifacts", -1), 2);
    d->driver->end(d);
    fixture_finish(&f);
}

/* The orchestrator needs what the record leaves out; a client that asks for the task does not.
 */
Both(artifact, a_task_is_found_whole_only_when_that_is_asked_for)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_SUCCEEDED);
    kept *context = make_artifact(&f, ARTIFACT_CONTEXT, 0,
                                  "\xa3"
                                  "abc");
    kept *output = make_artifact(&f, ARTIFACT_OUTPUT, 7,
                                 "\xa3"
                                 "xyz");
    artifact both[] = {context->about, output->about};
    artifact_content bytes[] = {context->content, output->content};
    agent_result *result = make_result(&f, t, "res_1");
    result->output = (cogo_value){0};
    result->output_artifact = &output->about;
    t->result = result;
    t->artifacts = (cogo_records){both, 2};
    cr_assert(keep(&f, (store_change){.task = t, .lease = 7, .artifacts = {bytes, 2}}));
    store_found found = find_one(&f, t->task_id);
    const task *brief = first_task(&found);
    cr_assert_not_null(brief);
    cr_expect_eq(brief->context.size_bytes + brief->result->output.size_bytes, 0u);
    cr_expect_str_eq(brief->result->output_artifact->sha256, output->hash);
    cr_expect_eq(brief->artifacts.count, 2u);
    journal_find(f.r, &(store_lookup){.ids = {&t->task_id, 1}, .whole = true}, &f.arena,
                 &found);
    const task *whole = first_task(&found);
    cr_assert_not_null(whole);
    cr_assert_eq(whole->context.size_bytes, 4u);
    cr_expect_eq(memcmp(whole->context.data,
                        "\xa3"
                        "abc",
                        4),
                 0);
    cr_assert_eq(whole->result->output.size_bytes, 4u);
    cr_expect_eq(memcmp(whole->result->output.data,
                        "\xa3"
                        "xyz",
                        4),
                 0);
    fixture_finish(&f);
}

/* A write that is refused leaves nothing of its artifacts. */
Both(artifact, a_refused_write_leaves_no_bytes)
{
    fixture f;
    cr_assert(fixture_start(&f));
    task *t = make_task(&f, 1, TASK_RUNNING), *bad = make_task(&f, 2, TASK_RUNNING);
    bad->workflow_id = "wfl_that_is_not_there";
    kept *k = make_artifact(&f, "log", 7, "bytes");
    store_change changes[] = {{.task = t, .lease = 7, .artifacts = {&k->content, 1}},
                              {.task = bad}};
    cr_expect_eq(put_many(&f, changes, 2), JOURNAL_REFUSED);
    cr_expect_eq(journal_commit(f.j, f.error), COGO_OK);
    cr_expect_eq(
        put(&f, (store_change){.task = t,
                               .artifacts = {&(artifact_content){.about = &k->about}, 1}}),
        JOURNAL_REFUSED, "an artifact without bytes");
    database *d = journal_reader_db(f.r);
    cr_expect_eq(d->driver->begin(d), COGO_OK);
    cr_expect_eq(db_number(d, "SELECT count(*) FROM artifacts", -1), 0);
    d->driver->end(d);
    fixture_finish(&f);
}
