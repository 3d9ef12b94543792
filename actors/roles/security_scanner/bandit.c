#include "actors/roles/security_scanner/sast.h"
#include "actors/roles/weakness.h"
#include "codec/json/json.h"

#include <string.h>

#define TRUST 3u

/* What Debian's bandit says, as CWE. Its numbers come without one. `alone`: worth a finding
 * without another witness; on Python 3.11 it takes constant strings for variables. */
static const struct test {
    const char *id;
    unsigned cwe;
    finding_severity severity;
    bool alone;
} tests[] = {
    {"B102", 95, FINDING_MEDIUM, false},  {"B103", 732, FINDING_MEDIUM, true},
    {"B105", 798, FINDING_MEDIUM, false}, {"B106", 798, FINDING_MEDIUM, false},
    {"B107", 798, FINDING_MEDIUM, false}, {"B108", 377, FINDING_LOW, false},
    {"B201", 94, FINDING_HIGH, true},     {"B301", 502, FINDING_MEDIUM, true},
    {"B302", 502, FINDING_MEDIUM, true},  {"B303", 327, FINDING_INFO, true},
    {"B304", 327, FINDING_MEDIUM, true},  {"B305", 327, FINDING_MEDIUM, true},
    {"B306", 377, FINDING_MEDIUM, true},  {"B307", 95, FINDING_MEDIUM, false},
    {"B312", 319, FINDING_LOW, true},     {"B323", 295, FINDING_MEDIUM, true},
    {"B324", 327, FINDING_INFO, true},    {"B325", 377, FINDING_MEDIUM, true},
    {"B501", 295, FINDING_HIGH, true},    {"B502", 327, FINDING_MEDIUM, true},
    {"B503", 327, FINDING_MEDIUM, true},  {"B505", 327, FINDING_MEDIUM, true},
    {"B506", 502, FINDING_MEDIUM, true},  {"B507", 295, FINDING_HIGH, true},
    {"B601", 78, FINDING_MEDIUM, false},  {"B602", 78, FINDING_HIGH, false},
    {"B604", 78, FINDING_MEDIUM, false},  {"B605", 78, FINDING_HIGH, false},
    {"B608", 89, FINDING_MEDIUM, false},  {"B609", 78, FINDING_MEDIUM, false},
    {"B610", 89, FINDING_MEDIUM, true},   {"B611", 89, FINDING_MEDIUM, true},
    {"B701", 79, FINDING_MEDIUM, true},
};

static const struct test *find(const char *id)
{
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (strcmp(tests[i].id, id) == 0) {
            return &tests[i];
        }
    }
    return NULL; /* asserts, imports, partial paths, ...: opinions, not defects. */
}

static void add(scan *s, const json_t *r)
{
    const char *id = json_string_value(json_object_get(r, "test_id"));
    const char *text = json_string_value(json_object_get(r, "issue_text"));
    const char *name = json_string_value(json_object_get(r, "filename"));
    const char *file = name != NULL ? scan_relative(s, name) : NULL;
    const struct test *test = id != NULL ? find(id) : NULL;
    unsigned line = scan_number(r, "line_number");
    if (test == NULL || file == NULL || text == NULL || line == 0) {
        return;
    }
    char rule[64];
    (void)snprintf(rule, sizeof rule, "bandit-%.16s", id);
    finding_add(s->findings, &(finding_draft){
                                 .rule_id = rule,
                                 .cwe = test->cwe,
                                 .severity = test->severity,
                                 .dimension = FINDING_SECURITY,
                                 .file = file,
                                 .line = line,
                                 .message = text,
                                 .tool = "bandit",
                                 .trust = TRUST,
                                 .confirms_only = !test->alone,
                             });
}

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    (void)adapter;
    cogo_record_error error;
    json_t *all = json_parse(result->run.out, result->run.out_size, &error);
    json_t *results = json_object_get(all, "results");
    bool ok = json_is_array(results);
    size_t i = 0;
    json_t *r = NULL;
    json_array_foreach(results, i, r)
    {
        add(s, r);
    }
    json_decref(all);
    return ok;
}

void sast_bandit(scan *s, uint64_t budget_ms)
{
    static const char *const prefix[] = {"bandit", "--quiet",        "--format",
                                         "json",   "--ignore-nosec", NULL};
    scan_run(s, &(scan_adapter){
                    .name = "bandit",
                    .program = "bandit",
                    .purpose = "security of Python code",
                    .prefix = prefix,
                    .wanted = scan_is_python_product,
                    .files_per_run = 100,
                    .run_ms = 30000,
                    .budget_ms = budget_ms,
                    .dimension = FINDING_SECURITY,
                    .parse = parse,
                });
}
