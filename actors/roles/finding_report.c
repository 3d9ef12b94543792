/* What a list of findings is told as: JSON, score, verdict. */
#include "actors/roles/finding.h"
#include "actors/roles/utf8.h"

#include <stdio.h>
#include <string.h>

static const char *const severity_names[FINDING_SEVERITIES] = {"info", "low", "medium", "high",
                                                               "critical"};
/* Points that one finding takes from a thousand lines of code. */
static const double severity_weights[FINDING_SEVERITIES] = {0.0, 0.02, 0.08, 0.20, 0.40};
static const char *const dimension_names[FINDING_DIMENSIONS] = {"syntax", "semantics",
                                                                "architecture", "security"};

static json_t *one_json(const finding *f)
{
    char cwe[16];
    char file[512];
    json_t *tools = json_array();
    (void)snprintf(cwe, sizeof cwe, "CWE-%u", f->cwe);
    (void)snprintf(file, sizeof file, "%s", f->file);
    utf8_clean(file);
    for (size_t i = 0; i < f->tool_count; i++) {
        (void)json_array_append_new(tools, json_string(f->tools[i]));
    }
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:s}", "ruleId", f->rule_id,
                     "cwe", f->cwe != 0 ? json_string(cwe) : json_null(), "severity",
                     severity_names[f->severity], "dimension", dimension_names[f->dimension],
                     "file", file, "line", (json_int_t)f->line, "column", (json_int_t)f->column,
                     "message", f->message, "tools", tools, "fingerprint", f->fingerprint);
}

/* Has @p rule been listed FINDING_PER_RULE_MAX times before @p index? Only minor ones. */
static bool too_many_alike(const finding_list *list, size_t index)
{
    const finding *f = &list->items[index];
    size_t alike = 0;
    if (f->severity > FINDING_LOW) {
        return false;
    }
    for (size_t i = index; i-- > 0 && alike < FINDING_PER_RULE_MAX;) {
        alike += strcmp(list->items[i].rule_id, f->rule_id) == 0;
    }
    return alike >= FINDING_PER_RULE_MAX;
}

json_t *finding_list_json(const finding_list *list, uint64_t *out_left_out)
{
    json_t *array = json_array();
    *out_left_out = list->dropped;
    for (size_t i = 0; i < list->count; i++) {
        if (json_array_size(array) >= FINDING_LISTED_MAX) {
            *out_left_out += list->count - i;
            break;
        }
        if (too_many_alike(list, i)
            || json_array_append_new(array, one_json(&list->items[i])) != 0) {
            *out_left_out += 1;
        }
    }
    return array;
}

double finding_score(const finding_list *list, finding_dimension dimension, uint64_t code_lines)
{
    double thousands = code_lines > 1000 ? (double)code_lines / 1000.0 : 1.0;
    double lost = 0;
    for (int s = 0; s < FINDING_SEVERITIES; s++) {
        lost +=
            severity_weights[s] * (double)finding_count(list, dimension, (finding_severity)s);
    }
    double score = 1.0 - lost / thousands;
    return score > 0 ? score : 0.0;
}

size_t finding_count(const finding_list *list, finding_dimension dimension,
                     finding_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const finding *f = &list->items[i];
        count += f->severity == severity
                 && (dimension == FINDING_DIMENSIONS || f->dimension == dimension);
    }
    return count;
}

const char *finding_verdict(const finding_list *list)
{
    if (finding_count(list, FINDING_DIMENSIONS, FINDING_CRITICAL) > 0
        || finding_count(list, FINDING_DIMENSIONS, FINDING_HIGH) > 0) {
        return "fail";
    }
    return finding_count(list, FINDING_DIMENSIONS, FINDING_MEDIUM) > 0 ? "warn" : "pass";
}

const char *finding_severity_name(finding_severity severity)
{
    return severity < FINDING_SEVERITIES ? severity_names[severity] : "info";
}

const char *finding_dimension_name(finding_dimension dimension)
{
    return dimension < FINDING_DIMENSIONS ? dimension_names[dimension] : "security";
}
