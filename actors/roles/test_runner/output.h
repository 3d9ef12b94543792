/* What the test-runner answers: counts, cases, evidence.
 * Used by the test-runner role only.
 * Never shows more than OUTPUT_CASES_MAX cases, and failures before passed ones are left out.
 */
#ifndef TEST_RUNNER_OUTPUT_H
#define TEST_RUNNER_OUTPUT_H

#include "actors/roles/test_runner/suite.h"

#define OUTPUT_CASES_MAX       4000u
#define OUTPUT_GUESS_FILES_MAX 5000u /* In larger trees "a.c" alone is not looked for. */

extern const char output_schema[];

/* The owned answer; NULL when out of memory. */
json_t *output_of(const suite *s);

/* The answer for a tree without tests that can be run here. */
json_t *output_without_tests(void);

#endif
