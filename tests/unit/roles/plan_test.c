/* Which build and test system a tree has. */
#include "actors/roles/test_runner/plan.h"
#include "actors/sandbox/sandbox.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct found {
    role_job job;
    workspace ws;
    char folder[64];
    cogo_arena arena;
    test_plan plans[PLANS_MAX];
    size_t count;
} found;

static bool find(found *f, const char *context)
{
    *f = (found){.folder = "/tmp/cogo-plan-XXXXXX"};
    if (mkdtemp(f->folder) == NULL) {
        return false;
    }
    f->job = (role_job){.context = json_loads(context, 0, NULL),
                        .state_dir = f->folder,
                        .cancel_fd = -1,
                        .errors = json_array(),
                        .skipped = json_array()};
    if (!workspace_open(&f->job, &f->ws)) {
        return false;
    }
    f->count = plan_find(&f->ws, NULL, &f->arena, f->plans);
    return true;
}

static void finish(found *f)
{
    workspace_close(&f->ws);
    cogo_arena_finish(&f->arena);
    json_decref(f->job.context);
    json_decref(f->job.errors);
    json_decref(f->job.skipped);
    sandbox_folder_remove(f->folder);
}

/* "make check" */
static const char *command(const test_plan *plan)
{
    static char text[512];
    text[0] = '\0';
    for (size_t i = 0; plan->test.argv[i] != NULL; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " " : "", plan->test.argv[i]);
    }
    return text;
}

static bool first_is(const char *files, const char *framework, const char *words)
{
    found f;
    char context[1024];
    snprintf(context, sizeof context, "{\"files\":{%s}}", files);
    bool right = find(&f, context);
    if (framework == NULL) {
        right = right && f.count == 0;
    } else {
        right = right && f.count > 0 && strcmp(f.plans[0].framework, framework) == 0
                && strstr(command(&f.plans[0]), words) != NULL;
    }
    if (!right) {
        fprintf(stderr, "%s: %zu plans, first %s: %s\n", files, f.count,
                f.count > 0 ? f.plans[0].framework : "-",
                f.count > 0 ? command(&f.plans[0]) : "-");
    }
    finish(&f);
    return right;
}

Test(plan, each_system_is_recognised)
{
    cr_expect(
        first_is("\"Makefile\":\"all: x\\n\\ncheck: all\\n\\t./x\\n\"", "make", "make check"));
    cr_expect(first_is("\"GNUmakefile\":\"x test: y\\n\"", "make", "make test"));
    cr_expect(first_is("\"Makefile\":\"include mk/t.mk\\n\",\"mk/t.mk\":\"tests:\\n\"", "make",
                       "make tests"));
    cr_expect(first_is("\"SConstruct\":\"Alias( 'check', t)\"", "scons", "scons -Q check"));
    cr_expect(first_is("\"SConstruct\":\"Program('test_x', 'x.c')\"", "scons", "find"));
    cr_expect(first_is("\"CMakeLists.txt\":\"enable_testing()\"", "cmake", "ctest"));
    cr_expect(first_is("\"meson.build\":\"test('x', x)\"", "meson", "meson test"));
    cr_expect(first_is("\"configure.ac\":\"AC_INIT\",\"Makefile.am\":\"TESTS=x\"", "autotools",
                       "make check"));
    cr_expect(first_is("\"package.json\":\"{\\\"scripts\\\":{\\\"test\\\":\\\"node t\\\"}}\"",
                       "npm", "npm test"));
    cr_expect(first_is("\"a/test_x.py\":\"def test(): pass\"", "pytest", "pytest"));
    cr_expect(first_is("\"t/a.t\":\"print 1\"", "prove", "prove"));
    cr_expect(first_is("\"tests/a.bats\":\"@test\"", "bats", "bats --tap"));
    cr_expect(
        first_is("\"tests/run.sh\":\"#!/bin/bash\\nexit 0\"", "script", "bash tests/run.sh"));
}

Test(plan, what_only_looks_like_tests_is_not_taken)
{
    cr_expect(
        first_is("\"Makefile\":\"check := 1\\ntest = 2\\n# check:\\n\\tcheck: x\\nall:\\n\"",
                 NULL, NULL));
    cr_expect(first_is("\"CMakeLists.txt\":\"project(x)\"", NULL, NULL));
    cr_expect(first_is("\"package.json\":\"{\\\"scripts\\\":{\\\"test\\\":\\\"echo no test "
                       "specified\\\"}}\"",
                       NULL, NULL));
    cr_expect(first_is("\"package.json\":\"[[[\"", NULL, NULL));
    cr_expect(first_is("\"configure.ac\":\"AC_INIT\",\"Makefile.am\":\"bin_PROGRAMS=x\"", NULL,
                       NULL));
    cr_expect(first_is("\"contest.py\":\"pass\"", NULL, NULL));
}

Test(plan, a_generated_configure_is_enough_when_its_makefile_has_a_check)
{
    cr_expect(
        first_is("\"configure\":\"#!/bin/sh\\n\",\"Makefile.in\":\"all:\\n\\ncheck: all\\n\"",
                 "autotools", "make check"));
    cr_expect(first_is("\"configure\":\"#!/bin/sh\\n\",\"autoconf/Makefile.in\":\"all:\\n\","
                       "\"autoconf/make/unreal.mk\":\"x:\\n\\ncheck test: x\\n\"",
                       "autotools", "make check"));
    cr_expect(
        first_is("\"configure\":\"#!/bin/sh\\n\",\"Makefile.in\":\"all:\\n\"", NULL, NULL));
}

Test(plan, what_tells_more_comes_first)
{
    cr_expect(first_is("\"Makefile\":\"check:\\n\",\"CMakeLists.txt\":\"add_test(x)\"", "cmake",
                       "ctest"));
    cr_expect(first_is("\"Makefile\":\"test:\\n\\tpytest\\n\",\"test_x.py\":\"\",\"x.py\":\"\"",
                       "pytest", "pytest"));
    cr_expect(first_is("\"Makefile\":\"test:\\n\",\"test_x.py\":\"\",\"x.c\":\"int x;\"",
                       "make", "make test"));
}

Test(plan, tests_in_a_folder_below_are_found_when_the_root_has_none)
{
    found f;
    cr_assert(find(&f, "{\"files\":{\"README\":\"x\",\"pkg/Makefile\":\"check:\\n\"}}"));
    cr_assert_eq(f.count, 1u);
    cr_expect_str_eq(f.plans[0].folder, "pkg/");
    finish(&f);
}

Test(plan, a_default_goal_that_is_the_test_is_not_built_twice)
{
    found f;
    cr_assert(find(&f, "{\"files\":{\"Makefile\":\".PHONY: check\\ncheck:\\n\\ttrue\\n\"}}"));
    cr_assert_eq(f.count, 1u);
    cr_expect_eq(f.plans[0].build_count, 0u);
    finish(&f);
}
