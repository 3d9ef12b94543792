/* The formats in which test programs say what passed: one parser each, and the guess.
 * Used by the test-runner on what a suite printed, or on the report file it wrote.
 * Never fails: text that is no such report gives no cases; a cut report gives those before. */
#ifndef TEST_RUNNER_FORMAT_H
#define TEST_RUNNER_FORMAT_H

#include "actors/roles/test_runner/case.h"

typedef enum format_id {
    FORMAT_AUTO, /* The one that finds most. */
    FORMAT_TAP,
    FORMAT_JUNIT,
    FORMAT_CRITERION,
    FORMAT_CTEST,
    FORMAT_PYTEST,
    FORMAT_UNITTEST,
    FORMAT_MESON,
    FORMAT_AUTOMAKE,
    FORMAT_GTEST, /* GoogleTest and cmocka. */
    FORMAT_CHECK, /* libcheck. */
    FORMAT_COUNT,
} format_id;

const char *format_name(format_id format);
bool format_parse_name(const char *name, format_id *out);

/* Adds the cases of @p text to @p out. Returns the format used; FORMAT_AUTO when none fits. */
format_id format_parse(format_id format, const char *text, size_t size, case_list *out);

/* The parsers: each adds what it knows and passes over the rest. */
void format_tap(const char *text, size_t size, case_list *out);
void format_junit(const char *text, size_t size, case_list *out);
void format_criterion(const char *text, size_t size, case_list *out);
void format_ctest(const char *text, size_t size, case_list *out);
void format_pytest(const char *text, size_t size, case_list *out);
void format_unittest(const char *text, size_t size, case_list *out);
void format_meson(const char *text, size_t size, case_list *out);
void format_automake(const char *text, size_t size, case_list *out);
void format_gtest(const char *text, size_t size, case_list *out);
void format_check(const char *text, size_t size, case_list *out);

#endif
