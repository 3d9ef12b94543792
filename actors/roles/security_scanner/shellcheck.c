#include "actors/roles/security_scanner/sast.h"
#include "codec/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TRUST 6u

typedef enum rm_reach { NO_REMOVAL, REMOVES_FILES, REMOVES_MANY } rm_reach;

/* What one rm may take with it: a folder (-r) or whatever a pattern matches, or a few files. */
static rm_reach removal_of(const char *at, const char *end)
{
    bool option = false, quoted = false;
    for (char before = ' '; at < end && strchr(";|&\n", *at) == NULL; before = *at++) {
        option = (option || (*at == '-' && (before == ' ' || before == '\t'))) && *at != ' '
                 && *at != '\t';
        quoted = quoted != (*at == '"');
        if ((option && (*at == 'r' || *at == 'R') && before != 'o')
            || (!quoted && *at == '*')) {
            return REMOVES_MANY;
        }
    }
    return REMOVES_FILES;
}

/* Does the line run rm? As a word, so "$rm_count" and "form" do not. */
static rm_reach runs_rm(const char *line, size_t size)
{
    rm_reach worst = NO_REMOVAL;
    for (size_t i = 0; i + 2 <= size; i++) {
        bool word = line[i] == 'r' && line[i + 1] == 'm'
                    && (i == 0 || strchr(" \t;&|(`!/\"'", line[i - 1]) != NULL) && i + 2 < size
                    && (line[i + 2] == ' ' || line[i + 2] == '\t');
        rm_reach found = word ? removal_of(line + i + 2, line + size) : NO_REMOVAL;
        worst = found > worst ? found : worst;
    }
    return worst;
}

static rm_reach line_runs_rm(scan *s, const char *path, unsigned line)
{
    size_t size = 0;
    const workspace_file *file = workspace_find(s->ws, path);
    char *text = file != NULL ? workspace_read(s->ws, file, &size) : NULL;
    const char *at = text;
    for (unsigned n = 1; at != NULL && n < line; n++) {
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    rm_reach found = at != NULL ? runs_rm(at, strcspn(at, "\n")) : NO_REMOVAL;
    free(text);
    return found;
}

static finding_severity severity_of(const char *level)
{
    return strcmp(level, "error") == 0     ? FINDING_MEDIUM
           : strcmp(level, "warning") == 0 ? FINDING_LOW
                                           : FINDING_INFO;
}

static void add(scan *s, const json_t *c, bool all)
{
    const char *name = json_string_value(json_object_get(c, "file"));
    const char *level = json_string_value(json_object_get(c, "level"));
    const char *text = json_string_value(json_object_get(c, "message"));
    json_int_t code = json_integer_value(json_object_get(c, "code"));
    json_int_t line = json_integer_value(json_object_get(c, "line"));
    json_int_t column = json_integer_value(json_object_get(c, "column"));
    const char *file = name != NULL ? scan_relative(s, name) : NULL;
    if (file == NULL || level == NULL || text == NULL || line < 1 || line > 100000000
        || column < 0 || column > 100000000 || code < 1000 || code > 9999) {
        return;
    }
    char rule[16], message[300];
    /* Unquoted words, or a variable that may be empty, in what rm is told to remove. */
    rm_reach kind = code == 2086 || code == 2115 || code == 2046
                        ? line_runs_rm(s, file, (unsigned)line)
                        : NO_REMOVAL;
    bool removal = kind != NO_REMOVAL;
    bool weak = code != 2086 && strcmp(level, "error") != 0 && strcmp(level, "warning") != 0;
    if (!removal && (!all || weak)) {
        return;
    }
    (void)snprintf(rule, sizeof rule, "SC%d", (int)code);
    (void)snprintf(message, sizeof message, "%s%s",
                   removal ? "rm removes other files than meant: " : "", text);
    finding_add(s->findings, &(finding_draft){
                                 .rule_id = rule,
                                 .cwe = removal ? 78 : 0,
                                 .severity = !removal ? severity_of(level)
                                             : workspace_is_test(file) || kind == REMOVES_FILES
                                                 ? FINDING_MEDIUM
                                                 : FINDING_HIGH,
                                 .dimension = removal ? FINDING_SECURITY : FINDING_SEMANTICS,
                                 .file = file,
                                 .line = (unsigned)line,
                                 .column = (unsigned)column,
                                 .message = message,
                                 .tool = "shellcheck",
                                 .trust = code == 2086 ? TRUST + 1 : TRUST,
                             });
}

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    const bool *all_wanted = adapter->ctx;
    cogo_record_error error;
    json_t *all = json_parse(result->run.out, result->run.out_size, &error);
    json_t *comments = json_object_get(all, "comments");
    bool ok = json_is_array(comments);
    size_t i = 0;
    json_t *c = NULL;
    json_array_foreach(comments, i, c)
    {
        add(s, c, *all_wanted);
    }
    json_decref(all);
    return ok;
}

void sast_shellcheck(scan *s, uint64_t budget_ms, bool all)
{
    /* Left out: files that are sourced but not given, a missing shebang, and the portability of
     * scripts whose shell is not told. */
    static const char *const prefix[] = {
        "shellcheck",      "--format=json1",
        "--severity=info", "--exclude=SC1090,SC1091,SC2148,SC3043,SC2039",
        "--norc",          NULL};
    scan_run(s, &(scan_adapter){
                    .name = "shellcheck",
                    .program = "shellcheck",
                    .purpose = "defects of shell scripts",
                    .prefix = prefix,
                    .wanted = scan_is_shell,
                    .files_per_run = 30,
                    .run_ms = 30000,
                    .budget_ms = budget_ms,
                    .mem_bytes = 8ull << 30,
                    .dimension = FINDING_SECURITY,
                    .ctx = &all,
                    .parse = parse,
                });
}
