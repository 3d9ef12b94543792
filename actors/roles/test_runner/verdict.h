/* What one run of a suite means: its cases, its own end, the errors of its build.
 * Used by suite.c only.
 * Never runs anything; what it keeps has its secrets hidden. */
#ifndef TEST_RUNNER_VERDICT_H
#define TEST_RUNNER_VERDICT_H

#include "actors/roles/test_runner/suite.h"

/* The end of what was printed, at most SUITE_LOG_BYTES; NULL: nothing. In the job's arena. */
const char *suite__tail(suite *s, const sandbox_result *run);

/* Adds the first errors of a build to the suite. */
void suite__note_build_errors(suite *s, const sandbox_result *run);

/* The cases of one run, from its report or from what it printed. */
void suite__parse_run(suite *s, const sandbox_result *run, case_list *out);

/* Adds a case for the command itself when its end says something that its tests don't. */
void suite__judge_end(suite *s, const tool_result *result, case_list *out);

/* Tests that did not even start for want of a module are not judged: they become skipped, and
 * the suite's field missing says why. */
void suite__excuse_missing(suite *s, case_list *out);

/* True when the tests could not even be compiled; told in the suite's build fields. */
bool suite__failed_to_build(suite *s, const tool_result *result, const case_list *run);

#endif
