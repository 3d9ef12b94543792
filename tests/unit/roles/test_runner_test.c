/* The test-runner on whole trees: what it finds, how it runs them, what it answers. */
#include "tests/unit/test.h"

#include "actors/roles/role.h"
#include "actors/roles/test_runner/plan.h"
#include "actors/roles/test_runner/suite.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct bench {
    role_job job;
    char folder[64];
    role_status status;
    uint64_t ms;
} bench;

static void count_progress(role_job *job, double percent, const char *phase,
                           const char *message)
{
    (void)percent;
    (void)phase;
    (void)message;
    ++*(int *)job->owner;
}

static int progress_count;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void begin(bench *b, json_t *context, uint64_t timeout_ms)
{
    *b = (bench){.folder = "/tmp/cogo-test-runner-XXXXXX"};
    if (mkdtemp(b->folder) == NULL) {
        abort();
    }
    progress_count = 0;
    b->job = (role_job){
        .task_id = "tsk_test",
        .role = "test-runner",
        .context = context,
        .previous = json_array(),
        .deadline_ns = (now_ms() + timeout_ms) * 1000000u,
        .state_dir = b->folder,
        .cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .progress = count_progress,
        .owner = &progress_count,
        .errors = json_array(),
        .skipped = json_array(),
    };
    cogo_arena_init(&b->job.arena, 0);
}

static void finish(bench *b)
{
    sandbox_folder_remove(b->folder);
    json_decref(b->job.context);
    json_decref(b->job.previous);
    json_decref(b->job.errors);
    json_decref(b->job.skipped);
    json_decref(b->job.output);
    cogo_arena_finish(&b->job.arena);
    close(b->job.cancel_fd);
}

static void run(bench *b, json_t *context, uint64_t timeout_ms)
{
    begin(b, context, timeout_ms);
    uint64_t start = now_ms();
    b->status = role_find("test-runner")->execute(&b->job);
    b->ms = now_ms() - start;
}

static json_t *fixture(const char *name)
{
    char folder[PATH_MAX], path[PATH_MAX + 64];
    if (getcwd(folder, sizeof folder) == NULL) {
        abort();
    }
    snprintf(path, sizeof path, "%s/tests/fixtures/%s", folder, name);
    return json_pack("{s:s}", "path", path);
}

static int64_t number(const bench *b, const char *key)
{
    return json_integer_value(json_object_get(b->job.output, key));
}

static const char *text(const bench *b, const char *key)
{
    const char *value = json_string_value(json_object_get(b->job.output, key));
    return value == NULL ? "" : value;
}

static json_t *case_named(const bench *b, const char *name)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(b->job.output, "cases"), i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "name")), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static bool case_is(const bench *b, const char *name, const char *status, const char *message,
                    const char *file, int64_t line)
{
    json_t *entry = case_named(b, name);
    const char *said = json_string_value(json_object_get(entry, "message"));
    const char *where = json_string_value(json_object_get(entry, "file"));
    return entry != NULL
           && strcmp(json_string_value(json_object_get(entry, "status")), status) == 0
           && (message == NULL || (said != NULL && strstr(said, message) != NULL))
           && (file == NULL
               || (where != NULL && strcmp(where, file) == 0
                   && json_integer_value(json_object_get(entry, "line")) == line));
}

static bool array_says(const json_t *array, const char *word)
{
    size_t i;
    json_t *entry;
    json_array_foreach(array, i, entry)
    {
        if (strstr(json_string_value(entry), word) != NULL) {
            return true;
        }
    }
    return false;
}

/* Shown when a test fails: the answer is worth more than the line. */
static bool good(const bench *b, bool condition)
{
    if (!condition) {
        char *output = json_dumps(b->job.output, JSON_INDENT(1));
        char *errors = json_dumps(b->job.errors, 0), *skipped = json_dumps(b->job.skipped, 0);
        fprintf(stderr, "status %d after %llu ms: %s\nerrors %s\nskipped %s\n", (int)b->status,
                (unsigned long long)b->ms, output, errors, skipped);
        free(output);
        free(errors);
        free(skipped);
    }
    return condition;
}

static bool counts_are(const bench *b, int passed, int failed, int skipped, int flaky)
{
    return good(b, number(b, "passed") == passed && number(b, "failed") == failed
                       && number(b, "skipped") == skipped && number(b, "flaky") == flaky);
}

Test(test_runner, make_with_tap_tells_failed_from_flaky)
{
    bench b;
    run(&b, fixture("c-inventory"), 60000);
    cr_expect_eq(b.status, ROLE_SUCCESS, "tests ran: their verdict is data");
    cr_expect(counts_are(&b, 12, 1, 0, 1));
    cr_expect_str_eq(text(&b, "framework"), "make");
    cr_expect_str_eq(text(&b, "format"), "tap");
    cr_expect(good(&b, case_is(&b, "stock_goes_negative", "failed", "expected -1, got 255",
                               "tests/test_stock.c", 48)));
    cr_expect(good(&b, case_is(&b, "sync_takes_lock", "flaky", NULL, NULL, 0)));
    cr_expect_eq(number(&b, "runs"), (int64_t)SUITE_RUNS_MAX);
    cr_expect(json_is_true(json_object_get(json_object_get(b.job.output, "build"), "ok")));
    cr_expect(b.job.quality > 0.8 && b.job.quality < 0.9);
    cr_expect(b.job.confidence > 0.9 && b.job.confidence < 1);
    cr_expect(json_array_size(json_object_get(b.job.output, "evidence")) > 0);
    cr_expect(progress_count >= 4);
    finish(&b);
}

Test(test_runner, pytest_gives_message_and_place)
{
    bench b;
    run(&b, fixture("py-orders"), 60000);
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect_str_eq(text(&b, "framework"), "pytest");
    cr_expect(counts_are(&b, 5, 1, 1, 1));
    cr_expect(good(&b, case_is(&b, "test_discount_is_percent", "failed", "assert 0 == 900",
                               "tests/test_cart.py", 25)));
    cr_expect(good(&b, case_is(&b, "test_lock_is_free", "flaky", NULL, NULL, 0)));
    finish(&b);
}

Test(test_runner, cmake_tests_of_a_mixed_tree_run)
{
    bench b;
    run(&b, fixture("mixed"), 60000);
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect_str_eq(text(&b, "framework"), "cmake");
    cr_expect(counts_are(&b, 3, 1, 0, 0));
    cr_expect(good(&b, case_is(&b, "parse_words", "failed", "expected 2, got 3",
                               "tests/test_parse.c", 27)));
    finish(&b);
}

Test(test_runner, a_tree_without_tests_says_what_was_looked_for)
{
    bench b;
    run(&b, fixture("no-tests"), 20000);
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect(json_is_null(json_object_get(b.job.output, "framework")));
    cr_expect(good(&b, array_says(b.job.skipped, "looked for meson")));
    finish(&b);

    run(&b, json_pack("{s:{}}", "files"), 20000);
    cr_expect_eq(b.status, ROLE_SUCCESS, "an empty tree");
    cr_expect(json_is_null(json_object_get(b.job.output, "framework")));
    finish(&b);
}

Test(test_runner, a_tree_that_does_not_compile_is_told_with_the_compilers_words)
{
    bench b;
    run(&b, fixture("broken"), 30000);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    json_t *build = json_object_get(b.job.output, "build");
    json_t *error = json_array_get(json_object_get(build, "errors"), 0);
    cr_expect(good(&b, json_is_false(json_object_get(build, "ok")) && error != NULL));
    cr_expect_eq(json_array_size(json_object_get(b.job.output, "cases")), 0u);
    cr_expect(good(&b, array_says(b.job.errors, "the build failed")));
    const char *file = json_string_value(json_object_get(error, "file"));
    cr_expect(good(&b, file != NULL && strcmp(file, "src/bad.c") == 0));
    finish(&b);
}

Test(test_runner, a_suite_that_never_ends_is_stopped_in_time)
{
    bench b;
    run(&b, fixture("hostile/endless"), 4000);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(good(&b, strcmp(text(&b, "limitHit"), "wall") == 0));
    cr_expect(good(&b, case_is(&b, "starts", "passed", NULL, NULL, 0)));
    cr_expect(good(&b, b.ms < 4000));
    finish(&b);
}

Test(test_runner, a_suite_that_ignores_signals_leaves_nothing_behind)
{
    bench b;
    run(&b, fixture("hostile/ignore-term"), 4000);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(good(&b, strcmp(text(&b, "limitHit"), "wall") == 0 && b.ms < 4500));
    finish(&b);
}

Test(test_runner, a_suite_that_forks_for_ever_is_stopped)
{
    bench b;
    run(&b, fixture("hostile/fork-bomb"), 5000);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(good(&b, text(&b, "limitHit")[0] != '\0' && b.ms < 6000));
    finish(&b);
}

Test(test_runner, a_suite_that_fills_the_disk_is_stopped)
{
    bench b;
    run(&b, fixture("hostile/disk-fill"), 20000);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(good(&b, strcmp(text(&b, "limitHit"), "fs") == 0));
    finish(&b);
}

Test(test_runner, a_suite_that_prints_a_gigabyte_is_cut)
{
    bench b;
    run(&b, fixture("hostile/flood"), 20000);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(good(&b, strcmp(text(&b, "limitHit"), "out") == 0));
    cr_expect(json_string_length(json_object_get(b.job.output, "log")) <= SUITE_LOG_BYTES);
    finish(&b);
}

Test(test_runner, a_suite_sees_the_loopback_and_nothing_else)
{
    bench b;
    run(&b, fixture("hostile/sockets"), 20000);
    cr_expect(good(&b, case_is(&b, "outside_is_refused", "passed", NULL, NULL, 0)));
    cr_expect(good(&b, case_is(&b, "resolver_is_refused", "passed", NULL, NULL, 0)));
    finish(&b);
}

Test(test_runner, a_named_command_is_run_and_judged_by_its_exit)
{
    bench b;
    run(&b,
        json_pack("{s:{s:s}, s:[s, s]}", "files", "run.sh", "echo broken: no database; exit 3",
                  "command", "sh", "run.sh"),
        20000);
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect_str_eq(text(&b, "format"), "exit");
    cr_expect(good(&b, case_is(&b, "sh run.sh", "failed", "exit status 3", NULL, 0)));
    finish(&b);

    run(&b,
        json_pack("{s:{s:s}, s:[s, s]}", "files", "run.sh", "echo sh: 1: Cannot fork; exit 2",
                  "command", "sh", "run.sh"),
        20000);
    cr_expect_str_eq(text(&b, "limitHit"), "pids");
    cr_expect_eq(b.status, ROLE_PARTIAL, "a limit is not the suite's verdict");
    finish(&b);

    run(&b,
        json_pack("{s:{s:s}, s:[s, s], s:i}", "files", "run.sh", "echo 1..1; echo ok 1 - x",
                  "command", "sh", "run.sh", "runs", 2),
        20000);
    cr_expect(counts_are(&b, 1, 0, 0, 0));
    cr_expect_eq(number(&b, "runs"), 2, "asked for");
    finish(&b);
}

/* "make check" of a tree whose Makefile.am names no tests. */
Test(test_runner, a_check_that_has_nothing_to_do_is_no_passed_test)
{
    bench b;
    run(&b, json_pack("{s:{s:s}}", "files", "Makefile", "check:\n"), 20000);
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect(counts_are(&b, 0, 0, 1, 0));
    finish(&b);
}

Test(test_runner, a_missing_module_of_others_is_no_failed_test)
{
    bench b;
    run(&b,
        json_pack("{s:{s:s}}", "files", "test_a.py",
                  "import no_such_module_at_all\ndef test_x():\n    assert True\n"),
        60000);
    cr_expect(counts_are(&b, 0, 0, 1, 0));
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(
        good(&b, array_says(b.job.skipped, "tests: No module named no_such_module_at_all")));
    cr_expect(good(&b, array_says(b.job.skipped, "ship it")));
    finish(&b);
}

Test(test_runner, a_collection_error_shows_the_real_error)
{
    bench b;
    run(&b,
        json_pack("{s:{s:s, s:s}}", "files", "own.py", "x = 1\n", "test_a.py",
                  "from own import y\ndef test_x():\n    assert True\n"),
        60000);
    cr_expect(counts_are(&b, 0, 1, 0, 0));
    cr_expect(good(&b, case_is(&b, "test_a", "error", "cannot import name 'y'", NULL, 0)));
    finish(&b);
}

Test(test_runner, what_pytest_can_not_collect_leaves_the_other_tests_to_be_run)
{
    bench b;
    run(&b,
        json_pack("{s:{s:s, s:s}}", "files", "test_a.py", "raise ValueError('no data')\n",
                  "test_b.py", "def test_y():\n    assert True\n"),
        60000);
    cr_expect(counts_are(&b, 1, 1, 0, 0));
    cr_expect(good(&b, case_is(&b, "test_a", "error", "no data", NULL, 0)));
    finish(&b);
}

Test(test_runner, a_missing_program_is_no_failed_test)
{
    bench b;
    run(&b, json_pack("{s:{s:s}}", "files", "Makefile", "check:\n\t@no-such-program-x\n"),
        60000);
    cr_expect(counts_are(&b, 0, 0, 0, 0));
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(good(&b, array_says(b.job.skipped, "no-such-program-x")));
    finish(&b);
}

Test(test_runner, wrong_wishes_are_refused_by_name)
{
    static const struct {
        const char *context, *says;
    } wishes[] = {
        {"{\"files\":{},\"command\":[]}", "context.command"},
        {"{\"files\":{},\"command\":[\"a\",1]}", "context.command[1]"},
        {"{\"files\":{},\"format\":\"subunit\"}", "context.format"},
        {"{\"files\":{},\"framework\":\"ant\"}", "context.framework"},
        {"{\"files\":{},\"runs\":0}", "context.runs"},
        {"{\"files\":{},\"runs\":\"2\"}", "context.runs"},
        {"{}", "path"},
        {"{\"path\":\"/nowhere/at/all\"}", "context.path"},
    };
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        bench b;
        run(&b, json_loads(wishes[i].context, 0, NULL), 5000);
        cr_expect_eq(b.status, ROLE_FAILED, "%s", wishes[i].context);
        cr_expect(good(&b, array_says(b.job.errors, wishes[i].says)), "%s", wishes[i].context);
        finish(&b);
    }
}

Test(test_runner, a_cancelled_job_ends_and_says_so)
{
    bench b;
    begin(&b, fixture("hostile/endless"), 60000);
    uint64_t one = 1;
    cr_assert_eq(write(b.job.cancel_fd, &one, sizeof one), (ssize_t)sizeof one);
    b.status = role_find("test-runner")->execute(&b.job);
    cr_expect(good(&b, b.status == ROLE_PARTIAL && array_says(b.job.errors, "cancelled")));
    finish(&b);
}

/* The suite puts a link where its report should be. */
Test(test_runner, a_report_behind_a_link_is_not_read)
{
    char tree[] = "/tmp/cogo-report-XXXXXX", path[128];
    size_t size = 0;
    cr_assert_not_null(mkdtemp(tree));
    snprintf(path, sizeof path, "%s/" PLAN_REPORT, tree);
    cr_assert_eq(symlink("/etc/passwd", path), 0);
    cr_expect_null(suite_read_report(tree, PLAN_REPORT, &size));
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_null(suite_read_report(tree, PLAN_REPORT, &size));
    unlink(path);
    snprintf(path, sizeof path, "%s/link", tree);
    cr_assert_eq(symlink("/etc", path), 0);
    cr_expect_null(suite_read_report(tree, "link/passwd", &size));
    unlink(path);
    rmdir(tree);
}
