/* Reads gcc's JSON: which of its errors and warnings are findings of this tree. */
#include "actors/roles/code_validator/gcc_read.h"

#include "actors/roles/weakness.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <string.h>

#define TRUST_ANALYZER 8u
#define TRUST_WARNING  5u

typedef struct reading {
    gcc_run *run;
    const char *tool;
    json_t *diagnostics; /* Of the file whose end mark is still to come. */
    bool malformed;
} reading;

static void note_header(gcc_run *run, const char *message)
{
    pthread_mutex_lock(&run->lock);
    size_t used = strlen(run->headers);
    const char *colon = strchr(message, ':');
    int size = colon != NULL && colon - message < 60 ? (int)(colon - message) : 0;
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", size, message);
    run->no_header++;
    if (size > 0 && strstr(run->headers, name) == NULL && used + 64 < sizeof run->headers) {
        (void)snprintf(run->headers + used, sizeof run->headers - used, "%s%.*s",
                       used > 0 ? ", " : "", size, name);
    }
    pthread_mutex_unlock(&run->lock);
}

static void add_warning(gcc_run *run, finding_draft *draft, const json_t *diagnostic,
                        const char *option)
{
    char rule[96];
    unsigned cwe = scan_number(json_object_get(diagnostic, "metadata"), "cwe");
    bool analyzer = strncmp(option, "-Wanalyzer-", 11) == 0;
    draft->severity = FINDING_INFO;
    (void)gcc_warning(option, &draft->cwe, &draft->severity);
    draft->cwe = cwe != 0 ? cwe : draft->cwe;
    draft->trust = analyzer ? TRUST_ANALYZER : TRUST_WARNING;
    draft->tool = analyzer ? "gcc -fanalyzer" : "gcc";
    if (analyzer) {
        draft->severity = weakness_severity(cwe, FINDING_LOW);
    }
    if (strcmp(option, "-Wanalyzer-too-complex") == 0) {
        return;
    }
    (void)snprintf(rule, sizeof rule, "gcc-%.80s", option + (option[0] == '-' ? 2 : 0));
    size_t size = strlen(rule);
    if (rule[size - 1] == '=') {
        rule[size - 1] = '\0';
    }
    draft->rule_id = rule;
    char text[512];
    (void)snprintf(text, sizeof text, "%s", draft->message);
    draft->message = text;
    if (analyzer) {
        gcc_make_readable(run->d->s->ws, draft->file, text);
    }
    finding_add(run->d->s->findings, draft);
}

static void add_diagnostic(reading *r, const json_t *diagnostic)
{
    gcc_run *run = r->run;
    const char *kind = json_string_value(json_object_get(diagnostic, "kind"));
    const char *message = json_string_value(json_object_get(diagnostic, "message"));
    const char *option = json_string_value(json_object_get(diagnostic, "option"));
    json_t *place =
        json_object_get(json_array_get(json_object_get(diagnostic, "locations"), 0), "caret");
    const char *path = json_string_value(json_object_get(place, "file"));
    const char *file = path != NULL ? scan_relative(run->d->s, path) : NULL;
    if (kind == NULL || message == NULL || file == NULL) {
        return;
    }
    finding_draft draft = {.rule_id = "gcc-error",
                           .severity = FINDING_HIGH,
                           .dimension = run->syntax ? FINDING_SYNTAX : FINDING_SEMANTICS,
                           .file = file,
                           .line = scan_number(place, "line"),
                           .column = scan_number(place, "column"),
                           .message = message,
                           .tool = r->tool,
                           .trust = TRUST_WARNING};
    bool error = strcmp(kind, "error") == 0 || strcmp(kind, "fatal error") == 0;
    if (error && run->syntax) {
        /* Without the tree's own configure step, an undeclared name proves nothing. */
        if (run->configured && !gcc_says_plain_mistake(message)) {
            pthread_mutex_lock(&run->lock);
            run->unconfigured++;
            pthread_mutex_unlock(&run->lock);
            return;
        }
        draft.rule_id = gcc_says_parse_error(message) ? "gcc-syntax" : "gcc-error";
        finding_add(run->d->s->findings, &draft);
    } else if (strcmp(kind, "warning") == 0 && option != NULL && !run->syntax) {
        add_warning(run, &draft, diagnostic, option);
    }
}

/* Of a file that was read with empty headers in place of missing ones. */
static void add_plain_mistakes(reading *r)
{
    size_t i = 0;
    json_t *diagnostic = NULL;
    json_array_foreach(r->diagnostics, i, diagnostic)
    {
        const char *kind = json_string_value(json_object_get(diagnostic, "kind"));
        const char *message = json_string_value(json_object_get(diagnostic, "message"));
        if (kind != NULL && message != NULL && strcmp(kind, "error") == 0
            && gcc_says_plain_mistake(message)) {
            add_diagnostic(r, diagnostic);
        }
    }
    json_decref(r->diagnostics);
    r->diagnostics = NULL;
}

/* All errors of a file count, or none: after a missing header nothing that follows is certain.
 */
static void add_all(reading *r)
{
    size_t i = 0;
    json_t *diagnostic = NULL;
    bool trusted = true, undeclared = false;
    json_array_foreach(r->diagnostics, i, diagnostic)
    {
        const char *kind = json_string_value(json_object_get(diagnostic, "kind"));
        const char *message = json_string_value(json_object_get(diagnostic, "message"));
        if (kind == NULL || message == NULL) {
            continue;
        }
        if (gcc_says_missing_header(kind, message)) {
            note_header(r->run, message);
            trusted = false;
        } else if (strcmp(kind, "error") == 0 && message[0] == '#') {
            trusted = false; /* #error: the tree asks for another configuration. */
        }
        undeclared = undeclared || (strcmp(kind, "error") == 0 && gcc_says_undeclared(message));
    }
    if (trusted && undeclared && !r->run->configured) {
        pthread_mutex_lock(&r->run->lock);
        r->run->undeclared++;
        pthread_mutex_unlock(&r->run->lock);
        add_plain_mistakes(r);
        return;
    }
    json_array_foreach(r->diagnostics, i, diagnostic)
    {
        if (trusted) {
            add_diagnostic(r, diagnostic);
        }
    }
    json_decref(r->diagnostics);
    r->diagnostics = NULL;
}

static bool line_read(char *line, void *ctx)
{
    reading *r = ctx;
    cogo_record_error error;
    if (line[0] == '[') {
        json_decref(r->diagnostics);
        r->diagnostics = json_parse(line, strlen(line), &error);
        if (r->diagnostics == NULL) { /* It quotes the bytes of a source that is no UTF-8. */
            for (char *at = line; *at != '\0'; at++) {
                *at = (unsigned char)*at < 0x80 ? *at : '?';
            }
            r->diagnostics = json_parse(line, strlen(line), &error);
        }
        r->malformed = r->malformed || !json_is_array(r->diagnostics);
    } else if (line[0] == '\001') {
        add_all(r);
    } else if (line[0] == '\002') {
        add_plain_mistakes(r);
    }
    return true;
}

bool gcc_read(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    (void)s;
    reading r = {.run = adapter->ctx, .tool = adapter->name};
    bool ok = scan_lines(result->run.err, line_read, &r);
    json_decref(r.diagnostics);
    return ok && !r.malformed && (result->end != TOOL_EXITED || result->run.exit_code == 0);
}
