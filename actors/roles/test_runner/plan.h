/* How the tests of a tree are built and run: what was found, in order of preference.
 * Used by the test-runner, which executes the first plan whose programs are installed.
 * Only reads the tree; never runs anything. */
#ifndef TEST_RUNNER_PLAN_H
#define TEST_RUNNER_PLAN_H

#include "actors/roles/test_runner/format.h"
#include "actors/roles/workspace.h"

#define PLAN_STEPS_MAX 4u
#define PLAN_ARGV_MAX  16u
#define PLANS_MAX      16u

/* Below the tree; a suite cannot know that its report goes there. */
#define PLAN_REPORT "cogo-report.xml"
#define PLAN_BUILD  "cogo-build"

typedef struct plan_step {
    const char *argv[PLAN_ARGV_MAX + 1]; /* Ends with NULL; in the arena, or constant. */
    const char *label;                   /* For people; NULL: the words of argv. */
} plan_step;

typedef struct test_plan {
    const char *framework; /* "make", "cmake", ... */
    const char *folder;    /* Below the tree; "": its root. */
    const char *why;       /* "Makefile has a target check" */
    const char *package;   /* That brings the test program. */
    plan_step build[PLAN_STEPS_MAX];
    size_t build_count;
    plan_step test;
    format_id format;
    const char *report; /* JUnit file that the test step writes, below folder; NULL: none. */
} test_plan;

/* The order of preference, also for people. */
extern const char plan_order[];

/* Fills up to PLANS_MAX plans, best first: the root's before those of folders below; texts in
 * @p arena. @p only: a framework's name, or NULL. Returns how many. */
size_t plan_find(const workspace *ws, const char *only, cogo_arena *arena, test_plan *out);

/* True for a name in the order of preference. */
bool plan_known(const char *framework);

/* One step; @p words ends with NULL. */
plan_step plan_step_of(const char *const *words);

/* Finders: fill @p out for one folder ("" or "sub/") and return true if its tests are of that
 * kind. */
typedef struct plan_site {
    const workspace *ws;
    const char *folder; /* "" or with a slash at the end. */
    cogo_arena *arena;
} plan_site;

bool plan_meson(const plan_site *site, test_plan *out);
bool plan_cmake(const plan_site *site, test_plan *out);
bool plan_autotools(const plan_site *site, test_plan *out);
bool plan_scons(const plan_site *site, test_plan *out);
bool plan_make(const plan_site *site, test_plan *out);
bool plan_pytest(const plan_site *site, test_plan *out);
bool plan_unittest(const plan_site *site, test_plan *out);
bool plan_npm(const plan_site *site, test_plan *out);
bool plan_prove(const plan_site *site, test_plan *out);
bool plan_bats(const plan_site *site, test_plan *out);
bool plan_script(const plan_site *site, test_plan *out);

/* The text of folder/name, with a NUL after it; NULL: no such text file. The caller frees. */
char *plan_read(const plan_site *site, const char *name);
bool plan_has(const plan_site *site, const char *name);
/* Is there a text file below the folder whose name begins and ends so? The first one, or NULL.
 */
const char *plan_file_like(const plan_site *site, const char *start, const char *end);

#endif
