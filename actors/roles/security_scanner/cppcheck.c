#include "actors/roles/security_scanner/sast.h"
#include "actors/roles/weakness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUST 6u
#define TEMPLATE \
    "--template={file}\t{line}\t{column}\t{severity}\t{id}\t{cwe}\t{inconclusive:1}\t{message}"

typedef struct reading {
    scan *s;
    const scan_adapter *adapter;
} reading;

/* Not defects of the code: what cppcheck could not do, or a header that is not in the tree. */
static bool is_note(const char *id)
{
    static const char *const ids[] = {"missingInclude",
                                      "missingIncludeSystem",
                                      "toomanyconfigs",
                                      "noValidConfiguration",
                                      "preprocessorErrorDirective",
                                      "unknownMacro",
                                      "internalAstError",
                                      "internalError",
                                      "syntaxError",
                                      "cppcheckError",
                                      "normalCheckLevelMaxBranches",
                                      "checkersReport",
                                      "unmatchedSuppression",
                                      "premium-misra",
                                      "uninitvar-inconclusive",
                                      "invalidSyntax",
                                      "noExplicitConstructor",
                                      "ctuOneDefinitionRuleViolation"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (strcmp(id, ids[i]) == 0) {
            return true;
        }
    }
    return false;
}

static finding_severity severity_of(const char *word, unsigned cwe)
{
    if (strcmp(word, "error") == 0) {
        return weakness_severity(cwe, FINDING_MEDIUM);
    }
    if (strcmp(word, "warning") == 0) { /* Possible, on one assumed path. */
        finding_severity s = weakness_severity(cwe, FINDING_LOW);
        return s > FINDING_MEDIUM ? FINDING_MEDIUM : s > FINDING_LOW ? FINDING_LOW : s;
    }
    return FINDING_INFO;
}

static bool line_read(char *line, void *ctx)
{
    reading *r = ctx;
    char *f[8];
    if (line[0] == '\0' || strchr(line, '\t') == NULL || scan_fields(line, f, 8) != 8) {
        return true; /* Continuation lines of a message, progress. */
    }
    const char *file = scan_relative(r->s, f[0]);
    if (file == NULL || is_note(f[4])) {
        return true;
    }
    char rule[96];
    unsigned cwe = (unsigned)strtoul(f[5], NULL, 10);
    if (strcmp(f[4], "bufferAccessOutOfBounds") == 0) {
        cwe = 787; /* Its 788 leaves open that the call writes. */
    }
    (void)snprintf(rule, sizeof rule, "cppcheck-%s", f[4]);
    finding_add(r->s->findings, &(finding_draft){
                                    .rule_id = rule,
                                    .cwe = cwe,
                                    .severity = severity_of(f[3], cwe),
                                    .dimension = r->adapter->dimension,
                                    .file = file,
                                    .line = (unsigned)strtoul(f[1], NULL, 10),
                                    .column = (unsigned)strtoul(f[2], NULL, 10),
                                    .message = f[7],
                                    .tool = "cppcheck",
                                    .trust = TRUST,
                                });
    return true;
}

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {s, adapter};
    if (result->end == TOOL_EXITED && result->run.exit_code != 0) {
        return false;
    }
    return scan_lines(result->run.err, line_read, &r);
}

void sast_cppcheck(scan *s, uint64_t budget_ms, finding_dimension dimension)
{
    static const char *const prefix[] = {"cppcheck",
                                         "--quiet",
                                         "--enable=warning",
                                         "--library=posix",
                                         "--max-configs=2",
                                         "--suppress=missingInclude",
                                         "--suppress=missingIncludeSystem",
                                         TEMPLATE,
                                         NULL};
    scan_run(s, &(scan_adapter){
                    .name = "cppcheck",
                    .program = "cppcheck",
                    .purpose = "memory and logic errors in C and C++",
                    .prefix = prefix,
                    .wanted = scan_is_c_unit,
                    .files_per_run = 4,
                    .run_ms = 30000,
                    .budget_ms = budget_ms,
                    .dimension = dimension,
                    .parse = parse,
                });
}
