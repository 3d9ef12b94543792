/* The verdict on a report, and the sentence that says why. */
#include "actors/cli/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WHY_SIZE = 400 };

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

static void count_severities(const json_t *report, int counts[6])
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        counts[report_severity_rank(report_text(finding, "severity"))]++;
    }
}

__attribute__((format(printf, 2, 3))) static void append(char why[WHY_SIZE], const char *format,
                                                         ...)
{
    size_t used = strlen(why);
    va_list args;
    va_start(args, format);
    used += (size_t)snprintf(why + used, WHY_SIZE - used, "%s", used ? ", " : "");
    if (used < WHY_SIZE) {
        (void)vsnprintf(why + used, WHY_SIZE - used, format, args);
    }
    va_end(args);
}

static const char *plural(json_int_t count)
{
    return count == 1 ? "" : "s";
}

static void tell_findings(const int counts[6], char why[WHY_SIZE])
{
    static const char *const names[] = {"critical", "high", "medium"};
    for (int i = 0; i < 3; i++) {
        if (counts[i] > 0) {
            append(why, "%d %s finding%s", counts[i], names[i], plural(counts[i]));
        }
    }
}

static bool is_incomplete(const json_t *report)
{
    size_t i;
    json_t *role;
    json_array_foreach(json_object_get(report, "roles"), i, role)
    {
        const char *state = report_text(role, "state");
        if (strcmp(state, "succeeded") != 0 && strcmp(state, "partial") != 0) {
            return true;
        }
    }
    return false;
}

const char *report_build_limit(const json_t *tests)
{
    return json_is_false(json_object_get(json_object_get(tests, "build"), "ok"))
               ? json_string_value(json_object_get(tests, "limitHit"))
               : NULL;
}

/* FAIL: a test or the build fails, or a critical or high finding. WARN: medium findings, flaky
 * tests, or a role or the build did not finish. */
void report_judge(json_t *report)
{
    int counts[6] = {0};
    char why[WHY_SIZE] = "";
    const json_t *tests = json_object_get(report, "tests");
    json_int_t failed = report_number(tests, "failed"), flaky = report_number(tests, "flaky");
    json_int_t passed = report_number(tests, "passed");
    bool stopped = report_build_limit(tests) != NULL;
    bool broken =
        !stopped && json_is_false(json_object_get(json_object_get(tests, "build"), "ok"));
    bool incomplete = is_incomplete(report);
    count_severities(report, counts);
    if (broken) {
        append(why, "the build fails");
    }
    if (stopped) {
        append(why, "the build was stopped");
    }
    if (failed > 0) {
        append(why, "%lld of %lld tests fail%s", (long long)failed,
               (long long)(failed + passed + flaky), failed == 1 ? "s" : "");
    }
    tell_findings(counts, why);
    if (flaky > 0) {
        append(why, "%lld flaky test%s", (long long)flaky, plural(flaky));
    }
    if (incomplete) {
        append(why, "not every role could finish");
    }
    if (why[0] == '\0') {
        bool empty = report_number(json_object_get(report, "index"), "files") == 0;
        append(why, "%s", empty ? "nothing to assess: no source files" : "no serious findings");
        append(why, "%s", passed > 0 ? "all tests pass" : "no tests were run");
    }
    const char *verdict = broken || failed > 0 || counts[0] + counts[1] > 0     ? "fail"
                          : incomplete || stopped || counts[2] > 0 || flaky > 0 ? "warn"
                                                                                : "pass";
    json_object_set_new(report, "verdict", json_string(verdict));
    json_object_set_new(report, "summary", json_string(why));
}

bool report_reaches(const json_t *report, const char *level)
{
    if (strcmp(level, "tests") == 0) {
        const json_t *tests = json_object_get(report, "tests");
        return report_number(tests, "failed") > 0
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
