/* The parsers of the test-runner, on reports of real runs and on broken ones. */
#include "actors/roles/test_runner/format.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE_BYTES_MAX = 64 * 1024, LONG_BYTES = 10 * 1024 * 1024 };

static char sample[SAMPLE_BYTES_MAX];

static size_t load(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/fixtures/formats/%s", name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    size_t size = fread(sample, 1, sizeof sample, file);
    fclose(file);
    return size;
}

static const case_record *find(const case_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

static bool counts_are(const case_list *list, size_t passed, size_t failed, size_t skipped)
{
    case_totals totals = case_count(list);
    if (totals.passed == passed && totals.failed == failed && totals.skipped == skipped) {
        return true;
    }
    fprintf(stderr, "passed %zu, failed %zu, skipped %zu\n", totals.passed, totals.failed,
            totals.skipped);
    for (size_t i = 0; i < list->count; i++) {
        fprintf(stderr, "  %s / %s: %s %s\n", list->items[i].suite, list->items[i].name,
                case_status_name(list->items[i].status), list->items[i].message);
    }
    return false;
}

static bool says(const case_list *list, const char *name, const char *message, const char *file,
                 int64_t line)
{
    const case_record *record = find(list, name);
    bool right = record != NULL && record->message != NULL
                 && strstr(record->message, message) != NULL
                 && (file == NULL
                     || (record->file != NULL && strcmp(record->file, file) == 0
                         && record->line == line));
    if (!right && record != NULL) {
        fprintf(stderr, "%s: '%s' %s:%lld\n", name, record->message,
                record->file == NULL ? "-" : record->file, (long long)record->line);
    }
    return right;
}

static format_id parse_sample(const char *name, case_list *list)
{
    case_list_init(list);
    return format_parse(FORMAT_AUTO, sample, load(name), list);
}

Test(format, criterion_text_names_each_case_with_its_assertion)
{
    case_list list;
    cr_expect_eq(parse_sample("criterion.txt", &list), FORMAT_CRITERION);
    cr_expect(counts_are(&list, 1, 3, 2));
    cr_expect(says(&list, "negative", "expected -1, got 255", "crit.c", 4));
    cr_expect(says(&list, "crash", "CRASH", "crit.c", 5));
    cr_expect(says(&list, "slow", "Timed out", NULL, 0));
    case_list_finish(&list);
}

Test(format, criterion_tap_splits_suite_and_name)
{
    case_list list;
    cr_expect_eq(parse_sample("criterion.tap", &list), FORMAT_TAP);
    cr_expect(counts_are(&list, 1, 3, 2));
    const case_record *add = find(&list, "add");
    cr_expect(add != NULL && add->suite != NULL && strcmp(add->suite, "stock") == 0);
    cr_expect(says(&list, "crash", "unexpected signal", NULL, 0));
    case_list_finish(&list);
}

Test(format, criterion_xml_gives_message_and_place)
{
    case_list list;
    cr_expect_eq(parse_sample("criterion.xml", &list), FORMAT_JUNIT);
    cr_expect(counts_are(&list, 1, 3, 2));
    cr_expect(says(&list, "negative", "0 is false", "crit.c", 4));
    case_list_finish(&list);
}

Test(format, ctest_text_and_xml_agree)
{
    case_list list;
    cr_expect_eq(parse_sample("ctest.txt", &list), FORMAT_CTEST);
    cr_expect(counts_are(&list, 1, 3, 1));
    cr_expect(says(&list, "bad", "expected -1, got 255", "tests/t.c", 6));
    case_list_finish(&list);

    cr_expect_eq(parse_sample("ctest.xml", &list), FORMAT_JUNIT);
    cr_expect(counts_are(&list, 1, 3, 1));
    cr_expect(says(&list, "bad", "expected -1, got 255", "tests/t.c", 6));
    cr_expect(says(&list, "missing", "Unable to find executable", NULL, 0));
    case_list_finish(&list);
}

/* What case_explain() takes out of @p text. */
static bool explains(const char *text, const char *message, const char *file, int64_t number)
{
    case_list list;
    case_record record = {.name = "t"};
    case_list_init(&list);
    case_explain(&list, &record, text, strlen(text));
    bool ok = record.message != NULL && strcmp(record.message, message) == 0
              && record.file != NULL && strcmp(record.file, file) == 0 && record.line == number;
    if (!ok) {
        fprintf(stderr, "explained as '%s' at %s:%lld\n", record.message, record.file,
                (long long)record.line);
    }
    case_list_finish(&list);
    return ok;
}

Test(format, a_failure_is_told_by_the_line_that_names_it_not_by_the_first_one)
{
    cr_expect(explains("/tmp/tmp.luU3X1\nwaiting for server\nhiredis-test: /src/test.c:2337: "
                       "test_async: Assertion `c->err == 0' failed.\nAborted\n",
                       "Assertion `c->err == 0' failed.", "/src/test.c", 2337));
    cr_expect(explains("starting\nseed 42\ntests/a.c:12: expected 1, got 2\nbye\n",
                       "expected 1, got 2", "tests/a.c", 12));
}

Test(format, pytest_text_and_xml_agree)
{
    case_list list;
    cr_expect_eq(parse_sample("pytest.txt", &list), FORMAT_PYTEST);
    cr_expect(counts_are(&list, 2, 4, 1));
    cr_expect(says(&list, "test_bad", "totals differ", "test_orders.py", 10));
    cr_expect(says(&list, "test_error", "no database", "test_orders.py", 22));
    case_list_finish(&list);

    cr_expect_eq(parse_sample("pytest.xml", &list), FORMAT_JUNIT);
    cr_expect(counts_are(&list, 2, 4, 1));
    cr_expect(says(&list, "test_bad", "totals differ", "test_orders.py", 10));
    cr_expect(says(&list, "test_many[2]", "assert 2 == 1", "test_orders.py", 18));
    const case_record *method = find(&list, "test_method");
    cr_expect(method != NULL && strcmp(method->suite, "test_orders.TestUnit") == 0);
    case_list_finish(&list);
}

Test(format, unittest_tracebacks_explain_failures)
{
    case_list list;
    cr_expect_eq(parse_sample("unittest.txt", &list), FORMAT_UNITTEST);
    cr_expect(counts_are(&list, 3, 2, 1));
    cr_expect(says(&list, "test_bad", "1 != 2", "/src/py/test_u.py", 6));
    cr_expect(says(&list, "test_err", "ValueError: no", "/src/py/test_u.py", 8));
    case_list_finish(&list);
}

Test(format, meson_text_and_xml_are_read)
{
    case_list list;
    cr_expect_eq(parse_sample("meson.txt", &list), FORMAT_MESON);
    cr_expect(counts_are(&list, 1, 3, 1));
    case_list_finish(&list);

    cr_expect_eq(parse_sample("meson.xml", &list), FORMAT_JUNIT);
    cr_expect(counts_are(&list, 2, 3, 1));
    cr_expect(says(&list, "bad", "expected -1, got 255", "tests/t.c", 6));
    case_list_finish(&list);
}

Test(format, automake_logs_explain_failures)
{
    case_list list;
    cr_expect_eq(parse_sample("automake.txt", &list), FORMAT_AUTOMAKE);
    cr_expect(counts_are(&list, 1, 2, 1));
    cr_expect(says(&list, "bad", "expected -1, got 255", "b.c", 2));
    case_list_finish(&list);
}

static format_id parse_text(format_id format, const char *text, case_list *list)
{
    case_list_init(list);
    return format_parse(format, text, strlen(text), list);
}

Test(format, tap_reads_directives_yaml_and_diagnostics)
{
    case_list list;
    format_id used =
        parse_text(FORMAT_AUTO,
                   "TAP version 14\n1..6\nok 1 - adds\n"
                   "not ok 2 - stock_goes_negative\n"
                   "# expected -1, got 255\n# at tests/test_stock.c:41\n"
                   "ok 3 - prints # SKIP no printer\nnot ok 4 - later # TODO soon\n"
                   "not ok 5 - yaml\n  ---\n  message: 'left is 3'\n"
                   "  file: a.c\n  ...\nok 6 escaped \\# SKIP no\n",
                   &list);
    cr_expect_eq(used, FORMAT_TAP);
    cr_expect(counts_are(&list, 2, 2, 2));
    cr_expect(
        says(&list, "stock_goes_negative", "expected -1, got 255", "tests/test_stock.c", 41));
    cr_expect(says(&list, "yaml", "left is 3", NULL, 0));
    cr_expect(says(&list, "prints", "no printer", NULL, 0));
    case_list_finish(&list);
}

Test(format, tap_subtests_count_once)
{
    case_list list;
    parse_text(FORMAT_TAP,
               "1..2\n# Subtest: orders\n    1..2\n    ok 1 - first\n    not ok 2 - second\n"
               "not ok 1 - orders\nok 2 - alone\n",
               &list);
    cr_expect(counts_are(&list, 2, 1, 0));
    const case_record *second = find(&list, "second");
    cr_expect(second != NULL && second->suite != NULL && strcmp(second->suite, "orders") == 0);
    case_list_finish(&list);
}

/* A test program that dies in the middle has still promised the rest. */
Test(format, tap_plan_that_is_not_met_is_an_error)
{
    case_list list;
    parse_text(FORMAT_TAP, "1..14\nok 1\nok 2\nSegmentation fault\n", &list);
    cr_expect(counts_are(&list, 2, 1, 0));
    cr_expect(says(&list, "planned tests that did not run", "planned 14, saw 2", NULL, 0));
    case_list_finish(&list);

    parse_text(FORMAT_TAP, "1..3\nok 1\nBail out! no database\nok 2\n", &list);
    cr_expect(counts_are(&list, 1, 1, 0));
    cr_expect(says(&list, "Bail out!", "no database", NULL, 0));
    case_list_finish(&list);
}

Test(format, two_tap_programs_in_a_row_add_their_plans)
{
    case_list list;
    parse_text(FORMAT_TAP, "1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - a\n", &list);
    cr_expect(counts_are(&list, 3, 0, 0));
    cr_expect_eq(list.items[2].nth, 1u, "the second test of that name");
    case_list_finish(&list);
}

Test(format, words_that_look_like_results_are_none)
{
    case_list list;
    cr_expect_eq(parse_text(FORMAT_AUTO, "ok\nok then\ngcc -c a.c\nERROR\nFAILED\n", &list),
                 FORMAT_AUTO);
    cr_expect_eq(list.count, 0u);
    case_list_finish(&list);
}

Test(format, junit_that_ends_in_the_middle_keeps_what_is_whole)
{
    case_list list;
    cr_expect_eq(parse_sample("pytest.xml", &list), FORMAT_JUNIT);
    size_t whole = list.count;
    case_list_finish(&list);
    size_t size = load("pytest.xml");
    for (size_t cut = 0; cut < size; cut += 7) {
        case_list_init(&list);
        (void)format_parse(FORMAT_JUNIT, sample, cut, &list);
        cr_expect(list.count <= whole);
        case_list_finish(&list);
    }
    parse_text(FORMAT_JUNIT, "<testsuite><testcase name='a'/><testcase name='b'><system-out>x",
               &list);
    cr_expect(counts_are(&list, 1, 1, 0));
    case_list_finish(&list);
}

Test(format, junit_entities_and_cdata_become_text)
{
    case_list list;
    parse_text(
        FORMAT_JUNIT,
        "<!-- <testcase name='no'/> --><testsuite name='s'><testcase name=\"a&lt;b&#x41;\">"
        "<failure message='1 &amp; 2 &bogus; &#55555555; &#xD800;'><![CDATA[x.c:3: <no>]]>"
        "</failure></testcase></testsuite>",
        &list);
    cr_expect(counts_are(&list, 0, 1, 0));
    cr_expect(says(&list, "a<bA", "1 & 2 &bogus;", "x.c", 3));
    case_list_finish(&list);
}

Test(format, gtest_and_check_output_is_read)
{
    case_list list;
    cr_expect_eq(
        parse_text(FORMAT_AUTO,
                   "[ RUN      ] Stock.Adds\n[       OK ] Stock.Adds (3 ms)\n"
                   "[ RUN      ] Stock.Bad\nt.cc:9: Failure\nExpected: 1\n"
                   "[  FAILED  ] Stock.Bad (0 ms)\n[  FAILED  ] 1 test, listed below:\n"
                   "[  FAILED  ] Stock.Bad\n",
                   &list),
        FORMAT_GTEST);
    cr_expect(counts_are(&list, 1, 1, 0));
    cr_expect(says(&list, "Bad", "Expected: 1", "t.cc", 9));
    case_list_finish(&list);
    cr_expect_eq(parse_text(FORMAT_AUTO,
                            "50%: Checks: 2, Failures: 1, Errors: 0\n"
                            "t.c:7:P:Core:test_a:0: Passed\nt.c:9:F:Core:test_b:0: 1 != 2\n",
                            &list),
                 FORMAT_CHECK);
    cr_expect(counts_are(&list, 1, 1, 0));
    cr_expect(says(&list, "test_b", "1 != 2", "t.c", 9));
    case_list_finish(&list);
}

/* Each parser meets each report, cut anywhere, and lines without an end. */
Test(format, no_parser_trips_over_foreign_cut_or_endless_input)
{
    static const char *const names[] = {"automake.txt",  "criterion.tap", "criterion.txt",
                                        "criterion.xml", "ctest.txt",     "ctest.xml",
                                        "meson.txt",     "meson.xml",     "pytest.txt",
                                        "pytest.xml",    "unittest.txt"};
    case_list list;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = load(names[i]);
        cr_expect(size > 0, "%s", names[i]);
        for (size_t cut = 0; cut <= size; cut += 97) {
            char *exact = malloc(cut + 1); // So that ASan sees a read beyond the end.
            memcpy(exact, sample, cut);
            for (unsigned format = FORMAT_AUTO; format < FORMAT_COUNT; format++) {
                case_list_init(&list);
                (void)format_parse((format_id)format, exact, cut, &list);
                case_list_finish(&list);
            }
            free(exact);
        }
    }
    char *big = malloc(LONG_BYTES);
    static const char *const starts[] = {"not ok 1 - ", "<testsuite><testcase name='",
                                         "FAIL: ", "[FAIL] a::", "1/1 Test #1: "};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        memset(big, i % 2 == 0 ? 'x' : '\0', LONG_BYTES);
        memcpy(big, starts[i], strlen(starts[i]));
        case_list_init(&list);
        (void)format_parse(FORMAT_AUTO, big, LONG_BYTES, &list);
        for (size_t c = 0; c < list.count; c++) {
            cr_expect(strlen(list.items[c].name) <= CASE_NAME_MAX);
        }
        case_list_finish(&list);
    }
    free(big);
}

Test(format, a_suite_with_too_many_cases_is_cut_and_says_so)
{
    size_t size = 0;
    char *text = malloc((size_t)(CASES_MAX + 10) * 32);
    for (unsigned i = 0; i < CASES_MAX + 10; i++) {
        size += (size_t)sprintf(text + size, "ok %u - t%u\n", i + 1, i);
    }
    case_list list;
    case_list_init(&list);
    (void)format_parse(FORMAT_TAP, text, size, &list);
    cr_expect_eq(list.count, CASES_MAX);
    cr_expect(list.cut);
    case_list_finish(&list);
    free(text);
}

/* Searching the list for each line would take minutes here. */
Test(format, a_report_with_endless_failures_costs_little)
{
    static const char *const lines[][2] = {{"FAILED a.py::t", " - x\n"},
                                           {"____ t", " ____\nx\n"},
                                           {"=====\nFAIL: t", " (a.B)\n-----\nx\n"},
                                           {"not ok - t", "\n# x.c:1: no\n"},
                                           {"FAIL: t", "\n"}};
    char *text = malloc(4 * 1024 * 1024);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t size = (size_t)sprintf(text, "a.py::t0 FAILED\nt0 (a.B) ... FAIL\n1..1\n");
        for (unsigned n = 0; size < 4 * 1024 * 1024 - 100; n++) {
            size += (size_t)sprintf(text + size, "%s%u%s", lines[i][0], n, lines[i][1]);
        }
        case_list list, all;
        case_list_init(&list);
        case_list_init(&all);
        (void)format_parse(FORMAT_AUTO, text, size, &list);
        case_merge(&all, &list);
        case_merge(&all, &list);
        cr_expect_eq(all.count, list.count);
        case_list_finish(&all);
        case_list_finish(&list);
    }
    free(text);
}

Test(format, merged_runs_make_flaky_tests_visible)
{
    case_list all, run;
    case_list_init(&all);
    static const char *const runs[] = {
        "1..3\nok 1 - a\nnot ok 2 - b\n# b.c:3: no\nnot ok 3 - c\n",
        "1..3\nok 1 - a\nok 2 - b\nnot ok 3 - c\n"};
    for (size_t i = 0; i < 2; i++) {
        parse_text(FORMAT_TAP, runs[i], &run);
        case_merge(&all, &run);
        case_list_finish(&run);
    }
    case_totals totals = case_count(&all);
    cr_expect_eq(totals.passed, 1u);
    cr_expect_eq(totals.failed, 1u);
    cr_expect_eq(totals.flaky, 1u);
    cr_expect(says(&all, "b", "no", "b.c", 3));
    case_list_finish(&all);
}

Test(format, bytes_that_are_no_utf8_become_question_marks)
{
    case_list list;
    parse_text(FORMAT_TAP, "1..1\nnot ok 1 - caf\xC3\xA9 \xFF\xFE\x1B[31mred\x1B[0m\n", &list);
    cr_assert_eq(list.count, 1u);
    cr_expect_str_eq(list.items[0].name, "caf\xC3\xA9 ??red");
    case_list_finish(&list);
}
