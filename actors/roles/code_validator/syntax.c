#include "actors/roles/code_validator/dimension.h"
#include "actors/roles/code_validator/gcc.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUST 8u

static const char python_check[] =
    "import ast, json, sys\n"
    "for p in sys.argv[1:]:\n"
    "    try:\n"
    "        with open(p, 'rb') as f:\n"
    "            ast.parse(f.read(), p)\n"
    "    except SyntaxError as e:\n"
    "        print(json.dumps(dict(f=p, l=e.lineno or 1, c=e.offset or 1, m=e.msg or '')))\n"
    "    except (ValueError, RecursionError, MemoryError, OSError) as e:\n"
    "        print(json.dumps(dict(f=p, l=1, c=1, x=1, m=type(e).__name__)))\n"
    "print(json.dumps(dict(done=1)))\n";

/* Which shell reads a script is in its first line; "sh" scripts are checked with sh. */
static const char shell_check[] =
    "for f; do head=; IFS= read -r head <\"$f\"; case $f in *.bats) continue;; esac\n"
    "case $head in *ksh*|*zsh*|*bats*) continue;; '#!'*bash*) s=bash;; '#!'*sh*) s=sh;; *) s=bash;; "
    "esac\n"
    "printf '\\001%s\\n' \"$f\"; timeout -k 1 10 \"$s\" -n \"$f\" 2>&1; done; exit 0\n";

static const char node_check[] = "for f; do printf '\\001%s\\n' \"$f\"; "
                                 "timeout -k 1 10 node --check \"$f\" 2>&1; done; exit 0\n";

typedef struct reading {
    scan *s;
    const char *tool;
    char file[2048]; /* Of the last mark; "" outside the tree. */
    unsigned line;   /* node: of the place before the message. */
    bool done;
    unsigned python2;
} reading;

static void add(reading *r, const char *file, unsigned line, unsigned column, const char *rule,
                finding_severity severity, const char *message)
{
    finding_add(r->s->findings, &(finding_draft){.rule_id = rule,
                                                 .severity = severity,
                                                 .dimension = FINDING_SYNTAX,
                                                 .file = file,
                                                 .line = line,
                                                 .column = column,
                                                 .message = message,
                                                 .tool = r->tool,
                                                 .trust = TRUST});
}

static bool python_line(char *line, void *ctx)
{
    reading *r = ctx;
    cogo_record_error error;
    json_t *all = json_parse(line, strlen(line), &error);
    const char *path = json_string_value(json_object_get(all, "f"));
    const char *text = json_string_value(json_object_get(all, "m"));
    const char *file = path != NULL ? scan_relative(r->s, path) : NULL;
    json_int_t number = json_integer_value(json_object_get(all, "l"));
    json_int_t column = json_integer_value(json_object_get(all, "c"));
    r->done = r->done || json_object_get(all, "done") != NULL;
    if (file != NULL && text != NULL) {
        if (strncmp(text, "Missing parentheses in call to", 30) == 0
            || strstr(text, "multiple exception types must be parenthesized") != NULL) {
            r->python2++;
        } else {
            add(r, file, number > 0 ? (unsigned)number : 1, column > 0 ? (unsigned)column : 0,
                "python-syntax", workspace_is_test(file) ? FINDING_LOW : FINDING_HIGH, text);
        }
    }
    bool ok = json_is_object(all);
    json_decref(all);
    return ok;
}

static bool parse_python(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {.s = s, .tool = adapter->name};
    bool ok = scan_lines(result->run.out, python_line, &r) && r.done;
    if (r.python2 > 0) {
        tool_skip(s->box, "python: %u file%s written for Python 2, not checked", r.python2,
                  r.python2 == 1 ? " is" : "s are");
    }
    return ok;
}

/* A line "\001path" tells which file the next ones are about. */
static bool take_mark(reading *r, const char *line)
{
    if (line[0] != '\001') {
        return false;
    }
    const char *file = scan_relative(r->s, line + 1);
    (void)snprintf(r->file, sizeof r->file, "%s", file != NULL ? file : "");
    r->line = 0;
    return true;
}

/* "path: line 3: syntax error ..." of bash, "path: 3: Syntax error: ..." of dash. */
static bool shell_line(char *line, void *ctx)
{
    reading *r = ctx;
    if (take_mark(r, line) || r->file[0] == '\0') {
        return true;
    }
    const char *at = strstr(line, r->file);
    at = at != NULL ? at + strlen(r->file) : line;
    at += strspn(at, ": ");
    at += strncmp(at, "line ", 5) == 0 ? 5 : 0;
    char *rest = NULL;
    unsigned long number = strtoul(at, &rest, 10);
    if (number == 0 || rest == at || *rest != ':' || strstr(rest, "warning:") != NULL) {
        return true;
    }
    add(r, r->file, (unsigned)number, 0, "shell-syntax", FINDING_HIGH,
        rest + 1 + (rest[1] == ' '));
    r->file[0] = '\0'; /* The first error of a script; what follows comes from it. */
    return true;
}

static bool parse_shell(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {.s = s, .tool = adapter->name};
    return scan_lines(result->run.out, shell_line, &r) && result->run.out != NULL
           && result->run.out[0] == '\001';
}

/* "/path/x.js:12", the source, "    ^", "SyntaxError: ...". */
static bool node_line(char *line, void *ctx)
{
    reading *r = ctx;
    if (take_mark(r, line) || r->file[0] == '\0') {
        return true;
    }
    const char *at = strstr(line, r->file);
    if (r->line == 0 && at != NULL && at[strlen(r->file)] == ':') {
        r->line = (unsigned)strtoul(at + strlen(r->file) + 1, NULL, 10);
    } else if (strncmp(line, "SyntaxError: ", 13) == 0) {
        /* Whether a file is a module is not in the file; JSX and types are other languages. */
        if (strstr(line, "outside a module") == NULL
            && strstr(line, "Unexpected token '<'") == NULL
            && strstr(line, "Unexpected token 'export'") == NULL) {
            add(r, r->file, r->line > 0 ? r->line : 1, 0, "javascript-syntax", FINDING_HIGH,
                line + 13);
        }
        r->file[0] = '\0';
    }
    return true;
}

static bool parse_node(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {.s = s, .tool = adapter->name};
    return scan_lines(result->run.out, node_line, &r) && result->run.out != NULL
           && result->run.out[0] == '\001';
}

static bool is_javascript(const workspace_file *file)
{
    const char *dot = strrchr(file->path, '.');
    return file->language == LANGUAGE_JAVASCRIPT && dot != NULL && strcmp(dot, ".jsx") != 0
           && strstr(file->path, ".min.") == NULL;
}

/* JSON with comments is common where editors read it. */
static bool is_strict_json(const workspace_file *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash != NULL ? slash + 1 : file->path;
    size_t size = strlen(name);
    return file->language == LANGUAGE_JSON && !file->generated && size > 5
           && strcmp(name + size - 5, ".json") == 0 && strncmp(name, "tsconfig", 8) != 0
           && strstr(file->path, ".vscode/") == NULL && strncmp(name, ".", 1) != 0
           && !workspace_is_test(file->path) && file->bytes > 0;
}

static void check_json(scan *s)
{
    uint64_t start = tool_now_ns();
    size_t files = 0;
    reading r = {.s = s, .tool = "json"};
    for (size_t i = 0; i < s->ws->count; i++) {
        const workspace_file *file = &s->ws->files[i];
        size_t size = 0;
        char *text = is_strict_json(file) ? workspace_read(s->ws, file, &size) : NULL;
        if (text == NULL) {
            continue;
        }
        json_error_t error;
        bool bom = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
        json_t *value =
            json_loadb(text + (bom ? 3 : 0), size - (bom ? 3 : 0), JSON_DECODE_ANY, &error);
        if (value == NULL) {
            add(&r, file->path, error.line > 0 ? (unsigned)error.line : 1,
                error.column > 0 ? (unsigned)error.column : 0, "json-syntax", FINDING_MEDIUM,
                error.text);
        }
        json_decref(value);
        free(text);
        files++;
    }
    if (files > 0) {
        tool_own(s->box, "json", files, (tool_now_ns() - start) / 1000000u);
    }
}

void dimension_syntax(dimension_job *d)
{
    static const char *const python[] = {"python3", "-I",         "-W", "ignore",
                                         "-c",      python_check, NULL};
    static const char *const shell[] = {"sh", "-c", shell_check, "sh", NULL};
    static const char *const node[] = {"sh", "-c", node_check, "sh", NULL};
    const scan_adapter adapters[] = {
        {.name = "python",
         .program = "python3",
         .purpose = "checks of Python",
         .prefix = python,
         .wanted = scan_is_python,
         .files_per_run = 100,
         .parse = parse_python},
        {.name = "bash -n",
         .program = "bash",
         .purpose = "checks of shell scripts",
         .prefix = shell,
         .wanted = scan_is_shell,
         .files_per_run = 50,
         .parse = parse_shell},
        {.name = "node --check",
         .program = "node",
         .package = "nodejs",
         .purpose = "checks of JavaScript",
         .prefix = node,
         .wanted = is_javascript,
         .files_per_run = 40,
         .mem_bytes = 64ull << 30,
         .parse = parse_node},
    };
    gcc_syntax(d);
    for (size_t i = 0; i < sizeof adapters / sizeof adapters[0]; i++) {
        scan_adapter adapter = adapters[i];
        adapter.run_ms = 30000;
        adapter.budget_ms = d->budget_ms;
        adapter.dimension = FINDING_SYNTAX;
        scan_run(d->s, &adapter);
    }
    check_json(d->s);
}
