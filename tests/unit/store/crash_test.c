/* Power cuts, kills and full disks: what was acknowledged is there, what is not is not claimed.
 */
#include "tests/unit/store/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { KILLS = 5, BATCH = 8, TASKS_MAX = 1000000 };

/* Commits batches for ever and tells the number of the last task of each once it is durable. */
static void write_for_ever(const char *path, int from, int out)
{
    fixture f = {.folder = ""};
    cogo_arena_init(&f.arena, 0);
    (void)snprintf(f.path, sizeof f.path, "%s", path);
    if (journal_open(&(store_config){.path = f.path}, &f.j, &f.term, f.error) != COGO_OK) {
        _exit(1);
    }
    for (int number = from; number < TASKS_MAX;) {
        for (int i = 0; i < BATCH; i++) {
            task *t = make_task(&f, ++number, TASK_SUCCEEDED);
            t->result = make_result(&f, t, t->instruction_id);
            store_change change = {.task = t, .lease = number, .events = one_event(&f, t, 1)};
            if (put(&f, change) != JOURNAL_APPLIED) {
                _exit(2);
            }
        }
        if (journal_commit(f.j, f.error) != COGO_OK
            || write(out, &number, sizeof number) != sizeof number) {
            _exit(3);
        }
        cogo_arena_finish(&f.arena);
    }
    _exit(4);
}

static int64_t number_in(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_open(path, &db) == SQLITE_OK
        && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return number;
}

Test(crash, every_acknowledged_task_is_there_after_a_kill)
{
    fixture f;
    cr_assert(fixture_folder(&f));
    int acknowledged = 0;
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        int ends[2];
        cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
        pid_t child = fork();
        if (child == 0) {
            write_for_ever(f.path, (kill_number + 1) * 10000, ends[1]);
        }
        (void)close(ends[1]);
        int first = 0;
        cr_assert_eq(read(ends[0], &first, sizeof first), (ssize_t)sizeof first);
        // It is in full work now; the moment of the kill differs from round to round.
        struct timespec while_it_works = {.tv_nsec = (30 + 17 * kill_number) * 1000000L};
        (void)nanosleep(&while_it_works, NULL);
        (void)kill(child, SIGKILL);
        int status = 0;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFSIGNALED(status));
        int last = first, next = 0;
        while (read(ends[0], &next, sizeof next) == sizeof next) {
            last = next;
        }
        (void)close(ends[0]);
        acknowledged += last - (kill_number + 1) * 10000;

        char sql[160];
        (void)snprintf(
            sql, sizeof sql,
            "SELECT count(*) FROM tasks WHERE created_at > %lld AND created_at <= %lld",
            1700000000000LL + (kill_number + 1) * 10000LL, 1700000000000LL + last);
        cr_expect_eq(number_in(f.path, sql), last - (kill_number + 1) * 10000);
    }
    cr_expect_gt(acknowledged, 0);
    cr_expect_eq(number_in(f.path, "SELECT count(*) FROM pragma_integrity_check "
                                   "WHERE integrity_check = 'ok'"),
                 1);
    cr_expect_eq(number_in(f.path, "SELECT count(*) % 8 FROM tasks"), 0, "no half batch");
    cr_expect_eq(number_in(f.path, "SELECT (SELECT count(*) FROM tasks) - "
                                   "(SELECT count(*) FROM results)"),
                 0);
    cr_expect(fixture_open(&f), "the next owner gets in: %s", f.error);
    fixture_finish(&f);
}

/* Fills the allowed size; then nothing may be acknowledged before room came back, and what was
 * undone is applied once more. */
static int fill_the_disk(const char *path)
{
    fixture f = {.folder = ""};
    cogo_arena_init(&f.arena, 0);
    (void)snprintf(f.path, sizeof f.path, "%s", path);
    if (journal_open(&(store_config){.path = f.path}, &f.j, &f.term, f.error) != COGO_OK) {
        return 1;
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 1024 * 1024, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 2;
    }
    char *bytes = calloc(1, 65536);
    memcpy(bytes, "\xc6\x00\x00\xff\xfb", 5); // One MessagePack binary of 65531 bytes.
    int number = 0;
    int full_count = 0;
    while (full_count < 3 && number < 100) {
        task *t = make_task(&f, full_count == 0 ? ++number : number, TASK_QUEUED);
        t->context = (cogo_value){.data = (const uint8_t *)bytes, .size_bytes = 65536};
        journal_verdict verdict = put(&f, (store_change){.task = t});
        cogo_err err = verdict == JOURNAL_APPLIED ? journal_commit(f.j, f.error) : COGO_EFULL;
        if (verdict != JOURNAL_APPLIED && verdict != JOURNAL_FULL) {
            return 3;
        }
        if (err != COGO_OK && (err != COGO_EFULL || f.error[0] == '\0')) {
            return 3;
        }
        full_count += err == COGO_EFULL ? 1 : 0;
    }
    int acknowledged = number - 1;
    if (full_count < 3 || number_in(f.path, "SELECT count(*) FROM tasks") != acknowledged) {
        return 4;
    }
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0
        || put(&f, (store_change){.task = make_task(&f, number, TASK_QUEUED)})
               != JOURNAL_APPLIED
        || journal_commit(f.j, f.error) != COGO_OK) {
        return 4;
    }
    journal_close(f.j);
    if (journal_open(&(store_config){.path = f.path}, &f.j, &f.term, f.error) != COGO_OK) {
        return 5;
    }
    journal_close(f.j);
    return number_in(f.path, "SELECT count(*) FROM tasks") == number ? 0 : 6;
}

Test(crash, a_full_disk_undoes_the_transaction_which_may_be_done_again_later)
{
    fixture f;
    cr_assert(fixture_folder(&f));
    pid_t child = fork();
    if (child == 0) {
        _exit(fill_the_disk(f.path));
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
    fixture_finish(&f);
}
