#include "actors/roles/security_scanner/sast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUST 2u

enum {
    FILE_FIELD,
    LINE,
    COLUMN,
    DEFAULT_LEVEL,
    LEVEL,
    CATEGORY,
    NAME,
    WARNING,
    SUGGESTION,
    NOTE,
    CWES,
    CONTEXT,
    FIELDS
};

/* One record of RFC 4180 CSV, unquoted in place. Returns where the next begins; NULL at the end
 * or when it has too few fields. */
static char *csv_record(char *at, char **fields, size_t capacity)
{
    size_t count = 0;
    while (*at != '\0') {
        char *out = at, *in = at;
        bool quoted = *in == '"';
        char *start = out;
        for (in += quoted; *in != '\0'; in++) {
            if (quoted && *in == '"' && in[1] == '"') {
                in++;
            } else if (quoted && *in == '"') {
                quoted = false;
                continue;
            } else if (!quoted && (*in == ',' || *in == '\n' || *in == '\r')) {
                break;
            }
            *out++ = *in;
        }
        char end = *in;
        *out = '\0';
        if (count < capacity) {
            fields[count] = start;
        }
        count++;
        at = end != '\0' ? in + 1 : in;
        if (end == '\r' && *at == '\n') {
            at++;
        }
        if (end != ',') {
            break;
        }
    }
    return count >= capacity ? at : NULL;
}

static void add(scan *s, char **f)
{
    const char *file = scan_relative(s, f[FILE_FIELD]);
    int level = atoi(f[LEVEL]);
    const char *digits = strpbrk(f[CWES], "0123456789");
    unsigned cwe = digits != NULL ? (unsigned)strtoul(digits, NULL, 10) : 0;
    if (file == NULL) {
        return;
    }
    char rule[96], message[400];
    (void)snprintf(rule, sizeof rule, "flawfinder-%s", f[NAME]);
    (void)snprintf(message, sizeof message, "%s: %s", f[NAME], f[WARNING]);
    finding_severity severity = level >= 5   ? FINDING_HIGH
                                : level == 4 ? FINDING_MEDIUM
                                             : FINDING_LOW;
    finding_add(s->findings, &(finding_draft){
                                 .rule_id = rule,
                                 .cwe = cwe,
                                 .severity = severity,
                                 .dimension = FINDING_SECURITY,
                                 .file = file,
                                 .line = (unsigned)strtoul(f[LINE], NULL, 10),
                                 .column = (unsigned)strtoul(f[COLUMN], NULL, 10),
                                 .message = message,
                                 .tool = "flawfinder",
                                 .trust = TRUST,
                                 /* It only knows names of functions, so it cries at every
                                  * correct use too: alone it is not evidence. */
                                 .confirms_only = true,
                             });
}

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    (void)adapter;
    char *f[FIELDS];
    if (result->end == TOOL_EXITED && result->run.exit_code != 0) {
        return false; /* It ends at the first file that is no UTF-8. */
    }
    if (result->run.out == NULL || strncmp(result->run.out, "File,Line,", 10) != 0) {
        return false;
    }
    char *copy = strdup(result->run.out);
    char *at = copy != NULL ? csv_record(copy, f, FIELDS) : NULL;
    bool ok = at != NULL;
    while (at != NULL && *at != '\0') {
        at = csv_record(at, f, FIELDS);
        ok = ok && at != NULL;
        if (at != NULL) {
            add(s, f);
        }
    }
    free(copy);
    return ok;
}

void sast_flawfinder(scan *s, uint64_t budget_ms)
{
    static const char *const prefix[] = {"flawfinder", "--csv",      "--minlevel=2",
                                         "--quiet",    "--dataonly", NULL};
    scan_run(s, &(scan_adapter){
                    .name = "flawfinder",
                    .program = "flawfinder",
                    .purpose = "dangerous functions in C and C++",
                    .prefix = prefix,
                    .wanted = scan_is_c,
                    .files_per_run = 100,
                    .run_ms = 30000,
                    .budget_ms = budget_ms,
                    .dimension = FINDING_SECURITY,
                    .parse = parse,
                });
}
