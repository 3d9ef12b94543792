/* One suite under test: builds it, runs it several times in the sandbox, collects its cases.
 * Used by the test-runner role only.
 * Never lets a suite decide how long, how loud or how wide it runs; never reads a report
 * through a link that the suite could have planted. */
#ifndef TEST_RUNNER_SUITE_H
#define TEST_RUNNER_SUITE_H

#include "actors/roles/test_runner/plan.h"
#include "actors/roles/tool.h"

#define SUITE_STEP_MS_MAX      120000u /* Wall time of one command. */
#define SUITE_RUNS_MAX         3u      /* The first, and two more to tell flaky from failed. */
#define SUITE_RUNS_ASKED_MAX   10u
#define SUITE_RESERVE_MS       2000u  /* Of the job's time, for the report. */
#define SUITE_RERUN_ALL_MS     20000u /* Longer suites repeat only what failed, if they can. */
#define SUITE_PIDS             256u
#define SUITE_FS_BYTES         (1024ull * 1024 * 1024)
#define SUITE_MEM_BYTES        (2048ull * 1024 * 1024) /* Of each process. */
#define SUITE_OUT_BYTES        (4u * 1024 * 1024)
#define SUITE_REPORT_BYTES_MAX (16u * 1024 * 1024)
#define SUITE_LOG_BYTES        4000u
#define SUITE_BUILD_ERRORS_MAX 10u

typedef struct suite {
    role_job *job;
    const workspace *ws;
    tool_box *box;
    const test_plan *plan;

    case_list cases;       /* Merged over the runs. */
    unsigned runs_asked;   /* At least so many. */
    unsigned runs;         /* Begun. */
    format_id format;      /* Of the last run that had cases. */
    const char *limit_hit; /* NULL: none. */
    bool cancelled, refused;

    const char *missing; /* What the suite needs and is not there; NULL: nothing is known. */

    bool built; /* There was a build step. */
    bool build_ok;
    const plan_step *build_step; /* The last one that ran. */
    const char *build_log;       /* Its tail; NULL: nothing printed. */
    const char *build_errors[SUITE_BUILD_ERRORS_MAX];
    size_t build_error_count;
    const char *log; /* Tail of the first run that did not succeed. */
    sandbox_level level;
} suite;

void suite_init(suite *s, role_job *job, const workspace *ws, tool_box *box,
                const test_plan *plan);
void suite_finish(suite *s);

/* Build, then run; everything is told in the fields. */
void suite_execute(suite *s);

/* "make check" */
const char *suite_label(const suite *s, const plan_step *step);

/* A regular file below the tree, its end cut at SUITE_REPORT_BYTES_MAX; no part of @p path may
 * be a link. NULL: there is none. The caller frees. */
char *suite_read_report(const char *tree, const char *path, size_t *out_size);
void suite_remove_report(const char *tree, const char *path);

#endif
