/* The report of an assessment: built from the results of its tasks, printed for people.
 * Used by assess.c. Never invents: each score stands beside the evidence it came from. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The report as JSON, in the shape of the outer contract, from a finished workflow (with its
 * tasks' results). The caller owns it. NULL when out of memory. */
json_t *report_build(const json_t *workflow, const char *path, int64_t duration_ms);

/* report_verdict.c: sets "verdict" and "summary" from all else in the report. */
void report_judge(json_t *report);

/* The limit that the build of @p tests ran into, or NULL: it says nothing about the tree. */
const char *report_build_limit(const json_t *tests);

/* A member as text, "" when it is none; as a number, 0 when it is none. */
const char *report_text(const json_t *object, const char *key);
json_int_t report_number(const json_t *object, const char *key);

/* For people. @p folder: where the files are, for the last line; NULL: not saved. */
void report_print_text(const json_t *report, const char *folder, FILE *to);

/* SARIF 2.1.0 of all findings. The caller owns it. */
json_t *report_sarif(const json_t *report);

/* True when the report has a finding at @p level (critical, high, medium, low) or worse; for
 * "tests" when a test failed. */
bool report_reaches(const json_t *report, const char *level);

/* 0 critical .. 4 info; 5 for anything else. */
int report_severity_rank(const char *severity);

/* Writes report.json, report.sarif and report.txt into the state folder; its name goes into
 * @p folder. False when it can't be written (said on stderr). */
bool report_save(const json_t *report, const json_t *sarif, char *folder, size_t size);

#endif
