#include "actors/cli/report.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 400 };

const char *report_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

json_int_t report_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* The task of @p role, or NULL. */
static const json_t *task_of(const json_t *workflow, const char *role)
{
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        if (strcmp(report_text(task, "role"), role) == 0) {
            return task;
        }
    }
    return NULL;
}

static const json_t *output_of(const json_t *workflow, const char *role)
{
    return json_object_get(json_object_get(task_of(workflow, role), "result"), "output");
}

/* Two tools saw one thing: same file and line, and the same weakness or the same rule. */
static bool same_finding(const json_t *a, const json_t *b)
{
    if (strcmp(report_text(a, "file"), report_text(b, "file")) != 0
        || report_number(a, "line") != report_number(b, "line")) {
        return false;
    }
    const json_t *cwe = json_object_get(a, "cwe"), *other = json_object_get(b, "cwe");
    if (cwe != NULL && !json_is_null(cwe) && other != NULL && !json_is_null(other)) {
        return json_equal(cwe, other);
    }
    return strcmp(report_text(a, "ruleId"), report_text(b, "ruleId")) == 0;
}

static void merge_tools(json_t *into, const json_t *from)
{
    json_t *tools = json_object_get(into, "tools"), *tool, *known;
    size_t i, k;
    json_array_foreach(json_object_get(from, "tools"), i, tool)
    {
        bool there = false;
        json_array_foreach(tools, k, known)
        {
            there = there || json_equal(known, tool);
        }
        if (!there) {
            json_array_append(tools, tool);
        }
    }
    if (report_severity_rank(report_text(from, "severity"))
        < report_severity_rank(report_text(into, "severity"))) {
        json_object_set(into, "severity", json_object_get(from, "severity"));
    }
}

static int compare_findings(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    int rank = report_severity_rank(report_text(a, "severity"))
               - report_severity_rank(report_text(b, "severity"));
    if (rank != 0) {
        return rank;
    }
    int file = strcmp(report_text(a, "file"), report_text(b, "file"));
    if (file != 0) {
        return file;
    }
    json_int_t by = report_number(a, "line") - report_number(b, "line");
    return by < 0 ? -1 : by > 0;
}

static void add_or_merge(json_t *merged, const json_t *finding)
{
    for (size_t at = json_array_size(merged); at-- > 0;) {
        json_t *seen = json_array_get(merged, at);
        if (same_finding(seen, finding)) {
            merge_tools(seen, finding);
            return;
        }
    }
    json_array_append_new(merged, json_deep_copy(finding));
}

/* A role lists at most a thousand, so each may be compared with all. */
static json_t *merged_findings(const json_t *workflow)
{
    static const char *const roles[] = {"code-validator", "security-scanner"};
    json_t *merged = json_array(), *finding;
    size_t i;
    for (size_t r = 0; r < 2; r++) {
        json_array_foreach(json_object_get(output_of(workflow, roles[r]), "findings"), i,
                           finding)
        {
            add_or_merge(merged, finding);
        }
    }
    return merged;
}

/* Takes @p findings. */
static json_t *worst_first(json_t *findings)
{
    size_t count = json_array_size(findings), i;
    json_t **items = calloc(count + 1, sizeof(json_t *)), *finding;
    json_t *sorted = json_array();
    json_array_foreach(findings, i, finding)
    {
        if (items != NULL) {
            items[i] = finding;
        }
    }
    if (items != NULL) {
        qsort(items, count, sizeof(json_t *), compare_findings);
    }
    for (i = 0; items != NULL && i < count; i++) {
        json_array_append(sorted, items[i]);
    }
    free(items);
    json_decref(findings);
    return sorted;
}

static void add_dimensions(json_t *report, const json_t *workflow)
{
    static const char *const names[] = {"syntax", "semantics", "architecture"};
    json_t *scores = json_object_get(report, "scores");
    json_t *evidence = json_object_get(report, "evidence");
    const json_t *validator = output_of(workflow, "code-validator");
    const json_t *scanner = output_of(workflow, "security-scanner");
    for (size_t i = 0; i < 3; i++) {
        const json_t *d = json_object_get(json_object_get(validator, "dimensions"), names[i]);
        if (json_is_number(json_object_get(d, "score"))) {
            json_object_set(scores, names[i], json_object_get(d, "score"));
            json_object_set(evidence, names[i], json_object_get(d, "evidence"));
        }
    }
    if (json_is_number(json_object_get(scanner, "score"))) {
        json_object_set(scores, "security", json_object_get(scanner, "score"));
        json_object_set(evidence, "security", json_object_get(scanner, "evidence"));
    }
}

static void join_words(const json_t *words, char *out, size_t size)
{
    size_t i;
    json_t *word;
    out[0] = '\0';
    json_array_foreach(words, i, word)
    {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s", used ? " " : "",
                 json_string_value(word) ? json_string_value(word) : "");
    }
}

static void skip_stopped_build(json_t *report, const char *limit)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "tests: the build was stopped at its limit \"%s\"%s", limit,
             strcmp(limit, "wall") == 0 ? " (cogo assess --timeout gives more time)" : "");
    json_array_append_new(json_object_get(report, "skipped"), json_string(text));
}

/* Without tests there is no score: the role says so in skipped. */
static void score_tests(json_t *report)
{
    const json_t *tests = json_object_get(report, "tests");
    json_int_t passed = report_number(tests, "passed"), failed = report_number(tests, "failed");
    json_int_t flaky = report_number(tests, "flaky");
    const json_t *build = json_object_get(tests, "build");
    bool built =
        build == NULL || json_is_null(build) || json_is_true(json_object_get(build, "ok"));
    char text[TEXT_MAX], command[160];
    join_words(json_object_get(tests, "command"), command, sizeof command);
    if (report_build_limit(tests) != NULL) {
        skip_stopped_build(report, report_build_limit(tests));
        return;
    }
    if (!built) {
        snprintf(text, sizeof text, "%s: the build fails", command[0] ? command : "build");
    } else if (passed + failed + flaky > 0) {
        snprintf(text, sizeof text, "%s: %lld passed, %lld failed, %lld flaky in %lld run%s",
                 command, (long long)passed, (long long)failed, (long long)flaky,
                 (long long)report_number(tests, "runs"),
                 report_number(tests, "runs") == 1 ? "" : "s");
    } else {
        return;
    }
    double total = (double)(passed + failed + flaky);
    json_object_set_new(json_object_get(report, "scores"), "tests",
                        json_real(built && total > 0 ? (double)passed / total : 0.0));
    json_object_set_new(json_object_get(report, "evidence"), "tests", json_string(text));
}

static void add_tests(json_t *report, const json_t *workflow)
{
    const json_t *runner = output_of(workflow, "test-runner");
    json_t *tests = json_object();
    static const char *const counts[] = {"passed", "failed", "flaky", "skipped"};
    for (size_t i = 0; i < 4; i++) {
        json_object_set_new(tests, counts[i], json_integer(report_number(runner, counts[i])));
    }
    static const char *const copied[] = {"framework", "command", "build",   "runs",
                                         "limitHit",  "level",   "coverage"};
    for (size_t i = 0; i < sizeof copied / sizeof copied[0]; i++) {
        json_t *value = json_object_get(runner, copied[i]);
        if (value != NULL) {
            json_object_set(tests, copied[i], value);
        }
    }
    json_t *cases = json_object_get(runner, "cases");
    json_object_set_new(tests, "cases", cases == NULL ? json_array() : json_incref(cases));
    json_object_set_new(report, "tests", tests);
    score_tests(report);
}

static void add_skipped(json_t *report, const json_t *workflow)
{
    json_t *skipped = json_object_get(report, "skipped"), *task, *entry, *known;
    size_t i, k, j;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        const json_t *result = json_object_get(task, "result");
        json_array_foreach(json_object_get(json_object_get(result, "metadata"), "skipped"), k,
                           entry)
        {
            bool there = false;
            json_array_foreach(skipped, j, known)
            {
                there = there || json_equal(known, entry);
            }
            if (!there) {
                json_array_append(skipped, entry);
            }
        }
        const char *state = report_text(task, "state");
        if (strcmp(state, "succeeded") != 0 && strcmp(state, "partial") != 0) {
            char text[TEXT_MAX];
            snprintf(text, sizeof text, "%s %s: %s", report_text(task, "role"), state,
                     report_text(task, "error"));
            json_array_append_new(skipped, json_string(text));
        }
    }
    if (getenv("COGO_LLM_BASE_URL") == NULL) {
        json_array_append_new(skipped,
                              json_string("review by a model: set COGO_LLM_BASE_URL (any "
                                          "OpenAI-compatible endpoint) once a role uses one"));
    }
}

/* What each role did, for the head line and for scripts. */
static void add_roles(json_t *report, const json_t *workflow)
{
    json_t *roles = json_array(), *task;
    size_t i;
    json_array_foreach(json_object_get(workflow, "tasks"), i, task)
    {
        const json_t *metadata = json_object_get(json_object_get(task, "result"), "metadata");
        json_array_append_new(roles, json_pack("{s:s, s:s, s:s, s:I, s:I}", "role",
                                               report_text(task, "role"), "taskId",
                                               report_text(task, "taskId"), "state",
                                               report_text(task, "state"), "attempt",
                                               report_number(task, "attempt"), "ms",
                                               report_number(metadata, "processingTime")));
    }
    json_object_set_new(report, "roles", roles);
}

static void add_index(json_t *report, const json_t *workflow)
{
    static const char *const keys[] = {"files", "lines", "bytes", "languages", "buildSystems"};
    const json_t *output = output_of(workflow, "code-indexer");
    json_t *index = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(output, keys[i]);
        if (value != NULL) {
            json_object_set(index, keys[i], value);
        }
    }
    json_object_set_new(report, "index", index);
}

json_t *report_build(const json_t *workflow, const char *path, int64_t duration_ms)
{
    json_t *report =
        json_pack("{s:s, s:s, s:s, s:{}, s:{}, s:[], s:I}", "verdict", "warn", "path", path,
                  "workflowId", report_text(workflow, "workflowId"), "scores", "evidence",
                  "skipped", "durationMs", (json_int_t)duration_ms);
    if (report == NULL) {
        return NULL;
    }
    add_index(report, workflow);
    add_roles(report, workflow);
    add_dimensions(report, workflow);
    json_object_set_new(report, "findings", worst_first(merged_findings(workflow)));
    add_tests(report, workflow);
    add_skipped(report, workflow);
    report_judge(report);
    return report;
}
