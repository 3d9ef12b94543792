#include "actors/cli/report.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 400 };

int report_severity_rank(const char *severity)
{
    static const char *const order[] = {"critical", "high", "medium", "low", "info"};
    for (int i = 0; severity != NULL && i < 5; i++) {
        if (strcmp(order[i], severity) == 0) {
            return i;
        }
    }
    return 5;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static json_int_t number_of(const json_t *object, const char *key)
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
        if (strcmp(text_of(task, "role"), role) == 0) {
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
    if (strcmp(text_of(a, "file"), text_of(b, "file")) != 0
        || number_of(a, "line") != number_of(b, "line")) {
        return false;
    }
    const json_t *cwe = json_object_get(a, "cwe"), *other = json_object_get(b, "cwe");
    if (cwe != NULL && !json_is_null(cwe) && other != NULL && !json_is_null(other)) {
        return json_equal(cwe, other);
    }
    return strcmp(text_of(a, "ruleId"), text_of(b, "ruleId")) == 0;
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
    if (report_severity_rank(text_of(from, "severity"))
        < report_severity_rank(text_of(into, "severity"))) {
        json_object_set(into, "severity", json_object_get(from, "severity"));
    }
}

static int compare_findings(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    int rank = report_severity_rank(text_of(a, "severity"))
               - report_severity_rank(text_of(b, "severity"));
    if (rank != 0) {
        return rank;
    }
    int file = strcmp(text_of(a, "file"), text_of(b, "file"));
    if (file != 0) {
        return file;
    }
    json_int_t by = number_of(a, "line") - number_of(b, "line");
    return by < 0 ? -1 : by > 0;
}

/* Findings are few thousand at most, sorted by file and line: equal ones are neighbours. */
static json_t *merged_findings(const json_t *workflow)
{
    static const char *const roles[] = {"code-validator", "security-scanner"};
    json_t *all = json_array(), *merged = json_array(), *finding;
    size_t i;
    for (size_t r = 0; r < 2; r++) {
        json_array_extend(all, json_object_get(output_of(workflow, roles[r]), "findings"));
    }
    size_t count = json_array_size(all);
    json_t **sorted = calloc(count + 1, sizeof(json_t *));
    if (sorted != NULL) {
        json_array_foreach(all, i, finding)
        {
            size_t at = json_array_size(merged);
            bool known = false;
            while (at-- > 0
                   && !known) { /* The other role's findings: at most a few thousand. */
                json_t *seen = json_array_get(merged, at);
                if (same_finding(seen, finding)) {
                    merge_tools(seen, finding);
                    known = true;
                }
            }
            if (!known) {
                json_array_append_new(merged, json_deep_copy(finding));
            }
        }
        count = json_array_size(merged);
        json_array_foreach(merged, i, finding)
        {
            sorted[i] = json_incref(finding);
        }
        qsort(sorted, count, sizeof(json_t *), compare_findings);
        json_array_clear(merged);
        for (i = 0; i < count; i++) {
            json_array_append_new(merged, sorted[i]);
        }
    }
    free(sorted);
    json_decref(all);
    return merged;
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

/* The limit that a build ran into, or NULL: it says nothing about the tree. */
static const char *build_limit(const json_t *tests)
{
    return json_is_false(json_object_get(json_object_get(tests, "build"), "ok"))
               ? json_string_value(json_object_get(tests, "limitHit"))
               : NULL;
}

static void skip_stopped_build(json_t *report, const char *limit)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "tests: the build was stopped at its limit \"%s\"%s", limit,
             strcmp(limit, "wall") == 0 ? " (cogo assess --timeout gives more time)" : "");
    json_array_append_new(json_object_get(report, "skipped"), json_string(text));
}

static void add_tests(json_t *report, const json_t *workflow)
{
    const json_t *runner = output_of(workflow, "test-runner");
    json_t *tests = json_object();
    static const char *const counts[] = {"passed", "failed", "flaky", "skipped"};
    for (size_t i = 0; i < 4; i++) {
        json_object_set_new(tests, counts[i], json_integer(number_of(runner, counts[i])));
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

    json_int_t passed = number_of(tests, "passed"), failed = number_of(tests, "failed");
    json_int_t flaky = number_of(tests, "flaky");
    const json_t *build = json_object_get(tests, "build");
    bool built =
        build == NULL || json_is_null(build) || json_is_true(json_object_get(build, "ok"));
    char text[TEXT_MAX], command[160] = "";
    size_t i;
    json_t *word;
    json_array_foreach(json_object_get(tests, "command"), i, word)
    {
        size_t used = strlen(command);
        snprintf(command + used, sizeof command - used, "%s%s", used ? " " : "",
                 json_string_value(word) ? json_string_value(word) : "");
    }
    if (build_limit(tests) != NULL) {
        skip_stopped_build(report, build_limit(tests));
        return;
    }
    if (!built) {
        snprintf(text, sizeof text, "%s: the build fails", command[0] ? command : "build");
    } else if (passed + failed + flaky > 0) {
        snprintf(text, sizeof text, "%s: %lld passed, %lld failed, %lld flaky in %lld run%s",
                 command, (long long)passed, (long long)failed, (long long)flaky,
                 (long long)number_of(tests, "runs"), number_of(tests, "runs") == 1 ? "" : "s");
    } else {
        return; /* No tests: no score; the role says so in skipped. */
    }
    double total = (double)(passed + failed + flaky);
    json_object_set_new(json_object_get(report, "scores"), "tests",
                        json_real(built && total > 0 ? (double)passed / total : 0.0));
    json_object_set_new(json_object_get(report, "evidence"), "tests", json_string(text));
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
        const char *state = text_of(task, "state");
        if (strcmp(state, "succeeded") != 0 && strcmp(state, "partial") != 0) {
            char text[TEXT_MAX];
            snprintf(text, sizeof text, "%s %s: %s", text_of(task, "role"), state,
                     text_of(task, "error"));
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
        json_array_append_new(
            roles,
            json_pack("{s:s, s:s, s:s, s:I, s:I}", "role", text_of(task, "role"), "taskId",
                      text_of(task, "taskId"), "state", text_of(task, "state"), "attempt",
                      number_of(task, "attempt"), "ms", number_of(metadata, "processingTime")));
    }
    json_object_set_new(report, "roles", roles);
}

static void count_severities(const json_t *report, int counts[6])
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        counts[report_severity_rank(text_of(finding, "severity"))]++;
    }
}

static void append(char *text, size_t size, const char *part)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? ", " : "", part);
}

/* FAIL: a test or the build fails, or a critical or high finding. WARN: medium findings, flaky
 * tests, or a role or the build did not finish. */
static void add_verdict(json_t *report)
{
    int counts[6] = {0};
    char why[TEXT_MAX] = "", part[120];
    const json_t *tests = json_object_get(report, "tests");
    json_int_t failed = number_of(tests, "failed"), passed = number_of(tests, "passed");
    json_int_t flaky = number_of(tests, "flaky");
    bool stopped = build_limit(tests) != NULL;
    bool broken =
        !stopped && json_is_false(json_object_get(json_object_get(tests, "build"), "ok"));
    count_severities(report, counts);
    if (broken) {
        append(why, sizeof why, "the build fails");
    }
    if (stopped) {
        append(why, sizeof why, "the build was stopped");
    }
    if (failed > 0) {
        snprintf(part, sizeof part, "%lld of %lld tests fail%s", (long long)failed,
                 (long long)(failed + passed + flaky), failed == 1 ? "s" : "");
        append(why, sizeof why, part);
    }
    static const char *const names[] = {"critical", "high", "medium"};
    for (int i = 0; i < 3; i++) {
        if (counts[i] > 0) {
            snprintf(part, sizeof part, "%d %s finding%s", counts[i], names[i],
                     counts[i] == 1 ? "" : "s");
            append(why, sizeof why, part);
        }
    }
    if (flaky > 0) {
        snprintf(part, sizeof part, "%lld flaky test%s", (long long)flaky,
                 flaky == 1 ? "" : "s");
        append(why, sizeof why, part);
    }
    bool incomplete = false;
    size_t i;
    json_t *role;
    json_array_foreach(json_object_get(report, "roles"), i, role)
    {
        const char *state = text_of(role, "state");
        incomplete =
            incomplete || (strcmp(state, "succeeded") != 0 && strcmp(state, "partial") != 0);
    }
    const char *verdict = broken || failed > 0 || counts[0] + counts[1] > 0     ? "fail"
                          : incomplete || stopped || counts[2] > 0 || flaky > 0 ? "warn"
                                                                                : "pass";
    if (incomplete) {
        append(why, sizeof why, "not every role could finish");
    }
    if (why[0] == '\0') {
        const json_t *index = json_object_get(report, "index");
        bool empty = number_of(index, "files") == 0;
        append(why, sizeof why,
               empty ? "nothing to assess: no source files" : "no serious findings");
        append(why, sizeof why, passed > 0 ? "all tests pass" : "no tests were run");
    }
    json_object_set_new(report, "verdict", json_string(verdict));
    json_object_set_new(report, "summary", json_string(why));
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
                  "workflowId", text_of(workflow, "workflowId"), "scores", "evidence",
                  "skipped", "durationMs", (json_int_t)duration_ms);
    if (report == NULL) {
        return NULL;
    }
    add_index(report, workflow);
    add_roles(report, workflow);
    add_dimensions(report, workflow);
    json_object_set_new(report, "findings", merged_findings(workflow));
    add_tests(report, workflow);
    add_skipped(report, workflow);
    add_verdict(report);
    return report;
}

bool report_reaches(const json_t *report, const char *level)
{
    if (strcmp(level, "tests") == 0) {
        const json_t *tests = json_object_get(report, "tests");
        return number_of(tests, "failed") > 0
               || json_is_false(json_object_get(json_object_get(tests, "build"), "ok"));
    }
    int counts[6] = {0};
    count_severities(report, counts);
    for (int i = 0; i <= report_severity_rank(level) && i < 5; i++) {
        if (counts[i] > 0) {
            return true;
        }
    }
    return false;
}
