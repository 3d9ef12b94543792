/* The list of test cases that one run of a suite printed, and the merge of several runs.
 * Used by the parsers, which fill it, and by the test-runner, which counts and shows it.
 * Never holds more than CASES_MAX cases or CASE_TEXT_MAX bytes of one text: a suite is input.
 */
#ifndef TEST_RUNNER_CASE_H
#define TEST_RUNNER_CASE_H

#include <cogo/arena.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CASES_MAX         20000u
#define CASE_NAME_MAX     300u
#define CASE_TEXT_MAX     600u
#define CASE_BYTES_MAX    (64u * 1024 * 1024) /* Of one list. */
#define CASE_SEARCHES_MAX 2000u /* Searches through the list that one report may cost. */

typedef enum case_status {
    CASE_PASSED,
    CASE_FAILED,
    CASE_SKIPPED,
    CASE_ERROR, /* It did not come to a verdict: crash, bail out, missing from the plan. */
    CASE_FLAKY, /* Only after a merge: passed in one run, not in another. */
} case_status;

/* One test. Texts are valid UTF-8 and live in the list's arena. */
typedef struct case_record {
    const char *name;
    const char *suite;   /* NULL: none. */
    const char *message; /* NULL: none. */
    const char *file;    /* NULL: unknown. As the suite printed it. */
    int64_t line;        /* 0: unknown. */
    int64_t duration_ms; /* -1: unknown. */
    case_status status;
    uint32_t nth;       /* Of those with the same suite and name, from 0. */
    uint32_t good, bad; /* In how many runs. */
} case_record;

typedef struct case_list {
    cogo_arena arena;
    case_record *items;
    size_t count, capacity;
    bool cut; /* There were more than CASES_MAX. */
} case_list;

typedef struct case_totals {
    size_t passed, failed, skipped, flaky; /* Errors count as failed. */
} case_totals;

void case_list_init(case_list *list);
void case_list_finish(case_list *list);

/* Adds a case with a cleaned copy of @p name and @p suite (both given by size; suite may be
 * NULL). NULL at a limit or out of memory: the parser just goes on. The result is valid until
 * the next call. */
case_record *case_add(case_list *list, const char *suite, size_t suite_size, const char *name,
                      size_t name_size, case_status status);

/* A cleaned copy: valid UTF-8, no control characters but newlines, no space around, at most
 * @p max bytes. NULL when nothing is left. */
const char *case_text(case_list *list, const char *text, size_t size, size_t max);

/* Fills message, file and line of a failed case from what was printed about it. Keeps what is
 * there already. */
void case_explain(case_list *list, case_record *record, const char *text, size_t size);

/* Sets nth of the cases from index @p from on: a suite that runs a table of inputs often gives
 * all of them one name. */
void case_number_repeats(case_list *list, size_t from);

/* Adds another run's outcome to @p into, by suite, name and nth. */
void case_merge(case_list *into, const case_list *run);

case_totals case_count(const case_list *list);
const char *case_status_name(case_status status);

/* The first "file.ext:line" or 'File "x.py", line n' in @p text; false: none. Of Python
 * tracebacks the last frame outside the standard library counts. */
bool case_locate(const char *text, size_t size, const char **file, size_t *file_size,
                 int64_t *line);

#endif
