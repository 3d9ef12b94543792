/* The findings of a report as SARIF 2.1.0, for code hosts and editors. */
#include "actors/cli/report.h"

#include <cogo/system.h>

#include <string.h>

static const char *level_of(const char *severity)
{
    int rank = report_severity_rank(severity);
    return rank <= 1 ? "error" : rank == 2 ? "warning" : "note";
}

/* The index of @p id in @p rules; added when new. */
static json_int_t rule_index(json_t *rules, json_t *known, const char *id,
                             const json_t *finding)
{
    const json_t *at = json_object_get(known, id);
    if (at != NULL) {
        return json_integer_value(at);
    }
    json_int_t index = (json_int_t)json_array_size(rules);
    json_t *rule = json_pack("{s:s}", "id", id);
    const json_t *cwe = json_object_get(finding, "cwe");
    if (json_is_string(cwe)) {
        json_object_set_new(rule, "properties",
                            json_pack("{s:[s]}", "tags", json_string_value(cwe)));
    }
    json_array_append_new(rules, rule);
    json_object_set_new(known, id, json_integer(index));
    return index;
}

static json_t *result_of(const json_t *finding, json_int_t index)
{
    const char *id = json_string_value(json_object_get(finding, "ruleId"));
    const char *file = json_string_value(json_object_get(finding, "file"));
    const char *message = json_string_value(json_object_get(finding, "message"));
    const char *print = json_string_value(json_object_get(finding, "fingerprint"));
    json_int_t line = json_integer_value(json_object_get(finding, "line"));
    json_int_t column = json_integer_value(json_object_get(finding, "column"));
    json_t *place = json_pack("{s:{s:s}}", "artifactLocation", "uri", file ? file : "");
    if (line > 0) {
        json_t *region = json_pack("{s:I}", "startLine", line);
        if (column > 0) {
            json_object_set_new(region, "startColumn", json_integer(column));
        }
        json_object_set_new(place, "region", region);
    }
    json_t *result = json_pack(
        "{s:s, s:I, s:s, s:{s:s}, s:[{s:o}], s:{s:O?}}", "ruleId", id ? id : "", "ruleIndex",
        index, "level", level_of(json_string_value(json_object_get(finding, "severity"))),
        "message", "text", message && *message ? message : "finding", "locations",
        "physicalLocation", place, "properties", "tools", json_object_get(finding, "tools"));
    if (print != NULL) {
        json_object_set_new(result, "partialFingerprints",
                            json_pack("{s:s}", "cogoFingerprint/v1", print));
    }
    return result;
}

json_t *report_sarif(const json_t *report)
{
    json_t *rules = json_array(), *known = json_object(), *results = json_array(), *finding;
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        const char *id = json_string_value(json_object_get(finding, "ruleId"));
        json_int_t index = rule_index(rules, known, id ? id : "", finding);
        json_array_append_new(results, result_of(finding, index));
    }
    json_decref(known);
    return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o}]}", "$schema",
                     "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0",
                     "runs", "tool", "driver", "name", "cogo", "version", cogo_version(),
                     "rules", rules, "results", results);
}
