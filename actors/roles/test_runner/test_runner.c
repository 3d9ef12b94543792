/* The role test-runner: finds the tests of a tree, builds and runs them in the sandbox. */
#include "actors/roles/test_runner/output.h"

#include <string.h>

enum { TIMEOUT_MS = 600 * 1000 };

static const char input_schema[] =
    "{\"type\":\"object\",\"properties\":{" WORKSPACE_SCHEMA ","
    "\"framework\":{\"type\":\"string\",\"description\":\"only this of: meson, cmake, autotools, "
    "scons, make, npm, pytest, unittest, prove, bats, script\"},"
    "\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,"
    "\"maxItems\":14,\"description\":\"run this instead of what is found\"},"
    "\"format\":{\"enum\":[\"auto\",\"tap\",\"junit\",\"criterion\",\"ctest\",\"pytest\","
    "\"unittest\",\"meson\",\"automake\",\"gtest\",\"check\"]},"
    "\"runs\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10,"
    "\"description\":\"run at least so often\"}}}";

typedef struct wishes {
    const char *framework;
    bool forced;
    test_plan plan; /* With forced. */
    unsigned runs;
} wishes;

static bool read_command(role_job *job, const json_t *command, wishes *out)
{
    /* Through the shell, so that a program of the tree ("./run") can be named too. */
    static const char *const shell[] = {"sh", "-c", "exec \"$@\"", "sh"};
    const size_t first = sizeof shell / sizeof shell[0];
    size_t count = json_array_size(command);
    if (count == 0 || count > PLAN_ARGV_MAX - first) {
        role_error(job, "context.command: must be an array of 1 to %zu strings",
                   (size_t)PLAN_ARGV_MAX - first);
        return false;
    }
    memcpy(out->plan.test.argv, shell, sizeof shell);
    const char *label = NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *word = json_array_get(command, i);
        const char *text = json_string_value(word);
        if (text == NULL || strlen(text) != json_string_length(word)) {
            role_error(job, "context.command[%zu]: must be a string without NUL", i);
            return false;
        }
        out->plan.test.argv[first + i] = text;
        label = label == NULL ? text : cogo_arena_printf(&job->arena, "%s %s", label, text);
    }
    out->plan.framework = "command";
    out->plan.folder = "";
    out->plan.why = "context.command";
    out->plan.package = "dash";
    out->plan.test.label = label;
    out->forced = true;
    return true;
}

static bool read_wishes(role_job *job, wishes *out)
{
    *out = (wishes){.runs = 1};
    const json_t *framework = json_object_get(job->context, "framework");
    const json_t *command = json_object_get(job->context, "command");
    const json_t *format = json_object_get(job->context, "format");
    const json_t *runs = json_object_get(job->context, "runs");
    if (command != NULL && !read_command(job, command, out)) {
        return false;
    }
    if (framework != NULL) {
        out->framework = json_string_value(framework);
        if (out->framework == NULL || !plan_known(out->framework)) {
            role_error(job, "context.framework: must be one of %s", plan_order);
            return false;
        }
    }
    if (format != NULL
        && (!json_is_string(format)
            || !format_parse_name(json_string_value(format), &out->plan.format))) {
        role_error(job, "context.format: must be auto, tap, junit, criterion, ctest, pytest, "
                        "unittest, meson, automake, gtest or check");
        return false;
    }
    if (runs != NULL) {
        json_int_t value = json_integer_value(runs);
        if (!json_is_integer(runs) || value < 1 || value > (json_int_t)SUITE_RUNS_ASKED_MAX) {
            role_error(job, "context.runs: must be an integer from 1 to %u",
                       SUITE_RUNS_ASKED_MAX);
            return false;
        }
        out->runs = (unsigned)value;
    }
    return true;
}

static const char *missing_program(const test_plan *plan, const role_job *job)
{
    for (size_t i = 0; i < plan->build_count; i++) {
        if (tool_version(plan->build[i].argv[0], job) == NULL) {
            return plan->build[i].argv[0];
        }
    }
    return tool_version(plan->test.argv[0], job) == NULL ? plan->test.argv[0] : NULL;
}

/* The first plan whose programs are there. What else was found is said: it may be the better.
 */
static const test_plan *choose(role_job *job, const test_plan *plans, size_t count)
{
    const test_plan *chosen = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *missing = missing_program(&plans[i], job);
        if (missing != NULL) {
            role_skip(job, "tests by %s: %s is not installed (apt-get install %s)",
                      plans[i].framework, missing, plans[i].package);
        } else if (chosen == NULL) {
            chosen = &plans[i];
        } else if (strcmp(plans[i].framework, "unittest") != 0
                   || strcmp(chosen->framework, "pytest") != 0) {
            role_skip(job, "tests by %s%s%s were not run (%s): context {\"framework\": \"%s\"}",
                      plans[i].framework, plans[i].folder[0] == '\0' ? "" : " in ",
                      plans[i].folder, plans[i].why, plans[i].framework);
        }
    }
    return chosen;
}

static role_status without_tests(role_job *job, bool found)
{
    if (!found) {
        role_skip(
            job,
            "tests: none found; looked for %s. Add one, for example a target check to the "
            "makefile or tests/test_*.py, or name it: context {\"command\": [...]}",
            plan_order);
    }
    job->output = output_without_tests();
    job->quality = 0;
    job->confidence = found ? 0 : 1;
    return found ? ROLE_PARTIAL : ROLE_SUCCESS;
}

static void say_trouble(role_job *job, const suite *s)
{
    const char *label = suite_label(s, &s->plan->test);
    if (s->limit_hit != NULL) {
        role_error(job,
                   "%s: stopped at the limit \"%s\" (wall %u ms a step, %u processes, %llu "
                   "bytes on disk, %u bytes of output)",
                   label, s->limit_hit, SUITE_STEP_MS_MAX, SUITE_PIDS,
                   (unsigned long long)SUITE_FS_BYTES, SUITE_OUT_BYTES);
    }
    if (!s->build_ok && s->build_step != NULL) {
        role_error(job, "the build failed: %s%s%s", suite_label(s, s->build_step),
                   s->build_error_count > 0 ? ": " : "",
                   s->build_error_count > 0 ? s->build_errors[0] : "");
    }
    if (strcmp(s->plan->framework, "npm") == 0 && s->format == FORMAT_AUTO
        && case_count(&s->cases).failed > 0) {
        role_skip(job,
                  "npm: packages are not fetched, the sandbox has no network; run npm install "
                  "in the tree before, node_modules is copied too");
    }
    if (s->missing != NULL) {
        role_skip(job, "tests: %s", s->missing);
    }
    if (s->cancelled) {
        role_error(job, "%s: cancelled", label);
    }
    if (s->cases.cut) {
        role_skip(job, "cases: only the first %u are shown", CASES_MAX);
    }
}

static role_status judge(role_job *job, const suite *s)
{
    case_totals totals = case_count(&s->cases);
    size_t decided = totals.passed + totals.failed + totals.flaky;
    job->quality = decided == 0 ? 0 : (double)totals.passed / (double)decided;
    job->confidence = decided == 0 ? 0 : 1 - (double)totals.flaky / (double)decided;
    job->output = output_of(s);
    if (job->output == NULL) {
        role_error(job, "out of memory");
        job->retryable = true;
        return ROLE_FAILED;
    }
    bool whole = s->build_ok && s->limit_hit == NULL && !s->cancelled && !s->refused
                 && s->missing == NULL;
    return whole ? ROLE_SUCCESS : ROLE_PARTIAL;
}

static role_status run(role_job *job, const wishes *want, const workspace *ws, tool_box *box)
{
    test_plan plans[PLANS_MAX];
    const test_plan *plan = &want->plan;
    if (!want->forced) {
        size_t count = plan_find(ws, want->framework, &job->arena, plans);
        plan = choose(job, plans, count);
        if (plan == NULL) {
            return without_tests(job, count > 0);
        }
    }
    suite s;
    suite_init(&s, job, ws, box, plan);
    s.runs_asked = want->runs;
    suite_execute(&s);
    say_trouble(job, &s);
    role_status status = judge(job, &s);
    suite_finish(&s);
    return status;
}

static role_status test_runner_execute(role_job *job)
{
    wishes want;
    workspace ws;
    tool_box box;
    if (!read_wishes(job, &want)) {
        return ROLE_FAILED;
    }
    if (!workspace_open(job, &ws)) {
        return ROLE_FAILED;
    }
    role_status status = ROLE_FAILED;
    if (tool_box_init(&box, job)) {
        status = run(job, &want, &ws, &box);
        tool_box_finish(&box);
    }
    workspace_close(&ws);
    return status;
}

static const char *const tools[] = {"make",   "cmake", "meson", "scons", "autoreconf",
                                    "pytest", "npm",   "prove", "bats",  NULL};

extern const role role_test_runner;
const role role_test_runner = {
    .name = "test-runner",
    .title = "Finds the tests of a tree, builds and runs them in the sandbox, tells flaky from "
             "failed.",
    .input_schema = input_schema,
    .output_schema = output_schema,
    .default_timeout_ms = TIMEOUT_MS,
    .blocking = true,
    .llm = "none",
    .tools = tools,
    .execute = test_runner_execute,
};
