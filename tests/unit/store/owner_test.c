/* Who may open a store, and which stores this program understands. */
#include "tests/unit/store/fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

static bool execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    bool good = sqlite3_open(path, &db) == SQLITE_OK
                && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    (void)sqlite3_close(db);
    return good;
}

static void count_lines(void *ctx, const char *line)
{
    int *counts = ctx;
    counts[0]++;
    counts[1] += strstr(line, "missing") != NULL;
    counts[2] += strstr(line, "applied before") != NULL;
}

Test(owner, a_second_one_is_refused_and_told_who_the_first_is)
{
    fixture f;
    cr_assert(fixture_start(&f));
    journal *second = NULL;
    int64_t term = 0;
    char error[JOURNAL_ERROR_SIZE], pid[32];
    cr_expect_eq(journal_open(&(store_config){.path = f.path}, &second, &term, error),
                 COGO_EEXIST);
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    cr_expect_not_null(strstr(error, pid), "%s", error);

    pid_t child = fork();
    if (child == 0) {
        _exit(journal_open(&(store_config){.path = f.path}, &second, &term, error)
                      == COGO_EEXIST
                  ? 0
                  : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    int counts[3] = {0};
    cr_expect_eq(store_migrate(f.path, false, count_lines, counts, error), COGO_EEXIST);
    fixture_close(&f);
    cr_expect(fixture_open(&f), "the right ends with its owner");
    fixture_finish(&f);
}

Test(migrate, a_dry_run_changes_nothing)
{
    fixture f;
    cr_assert(fixture_folder(&f));
    int dry[3] = {0}, real[3] = {0}, again[3] = {0};
    cr_assert_eq(store_migrate(f.path, true, count_lines, dry, f.error), COGO_OK);
    cr_expect_gt(dry[0], 0);
    cr_expect_eq(dry[1], dry[0]);
    cr_expect_neq(access(f.path, F_OK), 0);
    cr_assert_eq(store_migrate(f.path, false, count_lines, real, f.error), COGO_OK);
    cr_expect_eq(real[0], dry[0]);
    cr_assert_eq(store_migrate(f.path, true, count_lines, again, f.error), COGO_OK);
    cr_expect_eq(again[2], dry[0]);
    cr_expect(fixture_open(&f));
    fixture_finish(&f);
}

/* Whoever wants to say when the schema changes. */
Both(migrate, a_start_that_may_not_migrate_is_refused_until_somebody_has)
{
    fixture f;
    cr_assert(fixture_folder(&f) && (fixture_on == ON_SQLITE || fixture_schema(&f)));
    store_config config = {.path = f.path, .no_migrate = true};
    cr_expect_eq(journal_open(&config, &f.j, &f.term, f.error), COGO_EUNSUPPORTED);
    cr_expect_not_null(strstr(f.error, "lacks migration 1"), "%s", f.error);
    cr_assert_eq(store_migrate(f.path, false, NULL, NULL, f.error), COGO_OK);
    cr_expect_eq(journal_open(&config, &f.j, &f.term, f.error), COGO_OK, "%s", f.error);
    fixture_finish(&f);
}

Test(migrate, a_store_of_a_newer_program_is_refused)
{
    fixture f;
    cr_assert(fixture_start(&f));
    fixture_close(&f);
    cr_assert(execute(f.path, "INSERT INTO schema_migrations VALUES (99, 'future', 'x', 'y')"));
    int64_t term = 0;
    cr_expect_eq(journal_open(&(store_config){.path = f.path}, &f.j, &term, f.error),
                 COGO_EUNSUPPORTED);
    cr_expect_not_null(strstr(f.error, "newer"));
    cr_expect_null(f.j);
    fixture_finish(&f);
}

Test(migrate, a_migration_that_was_changed_after_the_fact_is_refused)
{
    fixture f;
    cr_assert(fixture_start(&f));
    fixture_close(&f);
    cr_assert(execute(f.path, "UPDATE schema_migrations SET checksum = 'other'"));
    int64_t term = 0;
    cr_expect_eq(journal_open(&(store_config){.path = f.path}, &f.j, &term, f.error),
                 COGO_EUNSUPPORTED);
    fixture_finish(&f);
}

Test(migrate, a_failing_migration_leaves_what_was_there)
{
    fixture f;
    cr_assert(fixture_folder(&f));
    cr_assert(
        write_file(f.folder, "0001_one.sql",
                   "CREATE TABLE meta (term INTEGER, sequence INTEGER, lease_max INTEGER);"));
    cr_assert(
        write_file(f.folder, "0002_two.sql", "CREATE TABLE half (a); CREATE TABLE meta (a);"));
    int64_t term = 0;
    store_config config = {.path = f.path, .migrations_dir = f.folder};
    cr_expect_eq(journal_open(&config, &f.j, &term, f.error), COGO_EIO);
    cr_expect_not_null(strstr(f.error, "migration 2"), "%s", f.error);
    cr_expect(execute(f.path, "SELECT * FROM meta"));
    cr_expect_not(execute(f.path, "SELECT * FROM half"), "the failed one was rolled back");

    cr_assert(write_file(f.folder, "0004_gap.sql", "SELECT 1;"));
    cr_expect_eq(journal_open(&config, &f.j, &term, f.error), COGO_EINVAL, "3 is missing");
    fixture_finish(&f);
}

Test(owner, files_of_other_programs_are_left_alone)
{
    fixture f;
    cr_assert(fixture_folder(&f));
    int64_t term = 0;
    store_config config = {.path = f.path};
    cr_assert(execute(f.path, "CREATE TABLE theirs (a)"));
    cr_expect_eq(journal_open(&config, &f.j, &term, f.error), COGO_EINVAL);
    cr_expect_not_null(strstr(f.error, "another program"));
    cr_assert_eq(unlink(f.path), 0);
    cr_assert(write_file(f.folder, "journal.db",
                         "this is no database, but long enough to be "
                         "taken for the header of one by a hasty eye"));
    cr_expect_eq(journal_open(&config, &f.j, &term, f.error), COGO_EIO);
    cr_expect_null(f.j);
    cr_assert_eq(unlink(f.path), 0);
    cr_assert_eq(symlink("/tmp/elsewhere.db", f.path), 0);
    cr_expect_eq(journal_open(&config, &f.j, &term, f.error), COGO_EIO);
    config.path = "/proc/nowhere/journal.db";
    cr_expect_eq(journal_open(&config, &f.j, &term, f.error), COGO_EIO);
    fixture_finish(&f);
}
