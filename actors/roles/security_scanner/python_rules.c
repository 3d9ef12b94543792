#include "actors/roles/security_scanner/python_script.h"
#include "actors/roles/security_scanner/sast.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <string.h>

#define TRUST 7u

typedef struct reading {
    scan *s;
    bool done;
} reading;

static finding_severity severity_of(const char *name)
{
    return strcmp(name, "high") == 0     ? FINDING_HIGH
           : strcmp(name, "medium") == 0 ? FINDING_MEDIUM
                                         : FINDING_LOW;
}

static bool line_read(char *line, void *ctx)
{
    reading *r = ctx;
    cogo_record_error error;
    json_t *all = json_parse(line, strlen(line), &error);
    const char *name = json_string_value(json_object_get(all, "f"));
    const char *rule = json_string_value(json_object_get(all, "r"));
    const char *text = json_string_value(json_object_get(all, "m"));
    const char *severity = json_string_value(json_object_get(all, "s"));
    const char *file = name != NULL ? scan_relative(r->s, name) : NULL;
    bool ok = json_is_object(all);
    r->done = r->done || json_object_get(all, "done") != NULL;
    if (file != NULL && rule != NULL && text != NULL && severity != NULL) {
        finding_add(r->s->findings, &(finding_draft){
                                        .rule_id = rule,
                                        .cwe = scan_number(all, "w"),
                                        .severity = severity_of(severity),
                                        .dimension = FINDING_SECURITY,
                                        .file = file,
                                        .line = scan_number(all, "l"),
                                        .column = scan_number(all, "c"),
                                        .cause_line = scan_number(all, "p"),
                                        .message = text,
                                        .tool = "python rules",
                                        .trust = TRUST,
                                    });
    }
    json_decref(all);
    return ok;
}

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    (void)adapter;
    reading r = {s, false};
    return scan_lines(result->run.out, line_read, &r) && r.done;
}

/* The lines as one text; false when the buffer is too small. */
static bool script_text(char *out, size_t capacity)
{
    size_t used = 0;
    for (const char *const *line = sast_python_script; *line != NULL; line++) {
        int n = snprintf(out + used, capacity - used, "%s\n", *line);
        if (n < 0 || (size_t)n >= capacity - used) {
            return false;
        }
        used += (size_t)n;
    }
    return true;
}

void sast_python_rules(scan *s, uint64_t budget_ms)
{
    static char script[16384];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    bool ok = script[0] != '\0' || script_text(script, sizeof script);
    pthread_mutex_unlock(&lock);
    const char *const prefix[] = {"python3", "-I", "-W", "ignore", "-c", script, NULL};
    if (!ok) {
        tool_failed(s->box, "python rules", "the script does not fit its buffer");
        return;
    }
    scan_run(s, &(scan_adapter){
                    .name = "python rules",
                    .program = "python3",
                    .purpose = "injection in Python code",
                    .prefix = prefix,
                    .wanted = scan_is_python_product,
                    .files_per_run = 100,
                    .run_ms = 30000,
                    .budget_ms = budget_ms,
                    .dimension = FINDING_SECURITY,
                    .parse = parse,
                });
}
