#include "actors/roles/sarif.h"

#include "actors/roles/weakness.h"

#include <stdio.h>
#include <string.h>

static const char *level_of(finding_severity severity)
{
    switch (severity) {
    case FINDING_CRITICAL:
    case FINDING_HIGH:
        return "error";
    case FINDING_MEDIUM:
        return "warning";
    case FINDING_LOW:
    case FINDING_INFO:
    case FINDING_SEVERITIES:
        break;
    }
    return "note";
}

/* A relative URI reference: what is not unreserved becomes %XX, so also any broken UTF-8. */
static json_t *uri_of(const char *path)
{
    char uri[2048];
    size_t n = 0;
    for (const char *at = path; *at != '\0' && n + 4 < sizeof uri; at++) {
        unsigned char c = (unsigned char)*at;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                     || strchr("-._~/+@", c) != NULL;
        n += (size_t)snprintf(uri + n, sizeof uri - n, plain ? "%c" : "%%%02X", c);
    }
    return json_stringn(uri, n);
}

static json_t *rule_json(const finding *f)
{
    char text[128];
    const char *title = weakness_title(f->cwe);
    if (f->cwe != 0) {
        (void)snprintf(text, sizeof text, "CWE-%u%s%s", f->cwe, title[0] != '\0' ? ": " : "",
                       title);
    } else {
        (void)snprintf(text, sizeof text, "%s", f->rule_id);
    }
    json_t *tags = json_pack("[s]", finding_dimension_name(f->dimension));
    if (f->cwe != 0) {
        char tag[48];
        (void)snprintf(tag, sizeof tag, "external/cwe/cwe-%03u", f->cwe);
        (void)json_array_append_new(tags, json_string(tag));
    }
    return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:o}}", "id", f->rule_id, "shortDescription",
                     "text", text, "defaultConfiguration", "level", level_of(f->severity),
                     "properties", "tags", tags);
}

/* The index of the finding's rule, added when new; a rule is looked up by name in @p index. */
static json_int_t rule_index(json_t *rules, json_t *index, const finding *f)
{
    json_t *known = json_object_get(index, f->rule_id);
    if (known != NULL) {
        return json_integer_value(known);
    }
    json_int_t number = (json_int_t)json_array_size(rules);
    (void)json_array_append_new(rules, rule_json(f));
    (void)json_object_set_new(index, f->rule_id, json_integer(number));
    return number;
}

static json_t *result_json(const finding *f, json_int_t rule)
{
    json_t *region = NULL;
    if (f->line > 0) {
        region = json_pack("{s:I}", "startLine", (json_int_t)f->line);
        if (f->column > 0) {
            (void)json_object_set_new(region, "startColumn", json_integer(f->column));
        }
    }
    json_t *tools = json_array();
    for (size_t i = 0; i < f->tool_count; i++) {
        (void)json_array_append_new(tools, json_string(f->tools[i]));
    }
    json_t *place = json_pack("{s:{s:o, s:s}}", "artifactLocation", "uri", uri_of(f->file),
                              "uriBaseId", "SRCROOT");
    if (region != NULL) {
        (void)json_object_set_new(place, "region", region);
    }
    return json_pack("{s:s, s:I, s:s, s:{s:s}, s:[{s:o}], s:{s:s}, s:{s:s, s:o}}", "ruleId",
                     f->rule_id, "ruleIndex", rule, "level", level_of(f->severity), "message",
                     "text", f->message, "locations", "physicalLocation", place,
                     "partialFingerprints", "cogoLine/v1", f->fingerprint, "properties",
                     "severity", finding_severity_name(f->severity), "tools", tools);
}

static json_t *invocations_json(const json_t *evidence)
{
    json_t *array = json_array();
    size_t i = 0;
    json_t *entry = NULL;
    json_array_foreach(evidence, i, entry)
    {
        bool usable = json_is_true(json_object_get(entry, "usable"));
        json_t *one = json_pack("{s:b}", "executionSuccessful", usable);
        json_t *argv = json_object_get(entry, "argv");
        json_t *exit_code = json_object_get(entry, "exit");
        if (json_array_size(argv) > 0) {
            (void)json_object_set_new(one, "arguments", json_deep_copy(argv));
        }
        if (json_is_integer(exit_code)) {
            (void)json_object_set(one, "exitCode", exit_code);
        }
        (void)json_object_set_new(
            one, "properties",
            json_pack("{s:O, s:O?, s:O?}", "tool", json_object_get(entry, "tool"), "version",
                      json_object_get(entry, "version"), "ms", json_object_get(entry, "ms")));
        (void)json_array_append_new(array, one);
    }
    return array;
}

json_t *sarif_document(const finding_list *findings, const json_t *evidence)
{
    json_t *rules = json_array(), *results = json_array(), *index = json_object();
    for (size_t i = 0; i < findings->count && i < FINDING_LISTED_MAX; i++) {
        const finding *f = &findings->items[i];
        (void)json_array_append_new(results, result_json(f, rule_index(rules, index, f)));
    }
    json_decref(index);
    return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o, s:s, s:o, s:{s:{s:{s:s}}}}]}",
                     "$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version",
                     "2.1.0", "runs", "tool", "driver", "name", "cogo", "version", COGO_VERSION,
                     "rules", rules, "invocations", invocations_json(evidence), "columnKind",
                     "unicodeCodePoints", "results", results, "originalUriBaseIds", "SRCROOT",
                     "description", "text", "the root of the assessed tree");
}
