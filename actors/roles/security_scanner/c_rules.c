/* Follows strings that are built inside one C function into system(), popen() and databases,
 * and unchecked copies into arrays of fixed size: what the installed analyzers miss, because
 * they know either names or values, not where a text comes from. */
#include "actors/roles/security_scanner/c_text.h"
#include "actors/roles/security_scanner/sast.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOOL          "c rules"
#define TRUST         5u
#define VARIABLES_MAX 256u /* Of one function; more are not followed. */
#define ARGUMENTS_MAX 12u

typedef struct variable {
    c_slice name;
    bool array;    /* char name[...] */
    bool built;    /* Holds text that is not all ours. */
    bool sql;      /* ... and has SQL words in it. */
    bool measured; /* strlen(name) was asked before. */
    unsigned line; /* Where it was built. */
} variable;

typedef struct reader {
    finding_list *findings;
    const char *path;
    const char *text, *end;
    const char *counted; /* Up to here, `line` is right. */
    unsigned line;
    variable variables[VARIABLES_MAX];
    size_t count;
} reader;

/* Overwrites comments with blanks, keeps strings, newlines and offsets. */
static void read_function_part(reader *r, const char *at);
static void handle_call(reader *r, const c_call *c, c_slice assigned);

static unsigned line_of(reader *r, const char *at)
{
    for (; r->counted < at; r->counted++) {
        r->line += *r->counted == '\n';
    }
    return r->line;
}

void sast_c_rules_text(finding_list *findings, const char *path, const char *text, size_t size)
{
    char *clean = c_text_without_comments(text, size);
    reader *r = calloc(1, sizeof *r);
    if (clean != NULL && r != NULL) {
        *r = (reader){.findings = findings,
                      .path = path,
                      .text = clean,
                      .end = clean + size,
                      .counted = clean,
                      .line = 1};
        int depth = 0;
        for (const char *at = clean; at < r->end;) {
            if (*at == '"' || *at == '\'') {
                at = c_text_skip_string(at, r->end);
                continue;
            }
            if (*at == '{' && depth++ == 0) {
                r->count = 0; /* A new function: what was known is gone. */
            } else if (*at == '}') {
                depth -= depth > 0;
            } else if (c_text_is_word(*at) && (at == clean || !c_text_is_word(at[-1]))) {
                if (depth > 0) {
                    read_function_part(r, at);
                }
                while (at < r->end && c_text_is_word(*at)) {
                    at++;
                }
                continue;
            }
            /* A column-0 brace ends a function, whatever #ifdef branches did to the depth. */
            if (*at == '}' && (at == clean || at[-1] == '\n')) {
                depth = 0;
            }
            at++;
        }
    }
    free(r);
    free(clean);
}

static variable *find_variable(reader *r, c_slice name)
{
    for (size_t i = r->count; i-- > 0;) {
        if (r->variables[i].name.size == name.size
            && memcmp(r->variables[i].name.at, name.at, name.size) == 0) {
            return &r->variables[i];
        }
    }
    return NULL;
}

static variable *need_variable(reader *r, c_slice name)
{
    variable *v = find_variable(r, name);
    if (v == NULL && r->count < VARIABLES_MAX) {
        v = &r->variables[r->count++];
        *v = (variable){.name = name};
    }
    return v;
}

static void report(reader *r, const char *at, const char *rule, unsigned cwe, unsigned cause,
                   const char *message)
{
    unsigned line = line_of(r, at);
    finding_add(
        r->findings,
        &(finding_draft){
            .rule_id = rule,
            .cwe = cwe,
            .severity = strcmp(rule, "c-shell-variable") == 0 ? FINDING_MEDIUM : FINDING_HIGH,
            .dimension = FINDING_SECURITY,
            .file = r->path,
            .line = line,
            .cause_line = cause != line ? cause : 0,
            .message = message,
            .tool = TOOL,
            .trust = TRUST,
        });
}

/* "name" of "name = call(...)" or of "char *name = call(...)", looking back from the call. */
static c_slice assigned_name(const reader *r, const char *at)
{
    const char *p = at;
    while (p > r->text && (p[-1] == ' ' || p[-1] == '\n' || p[-1] == '\t')) {
        p--;
    }
    if (p == r->text || p[-1] != '=' || (p - 1 > r->text && strchr("=!<>+", p[-2]) != NULL)) {
        return (c_slice){at, 0};
    }
    p--;
    while (p > r->text && (p[-1] == ' ' || p[-1] == '\t')) {
        p--;
    }
    const char *end = p;
    while (p > r->text && c_text_is_word(p[-1])) {
        p--;
    }
    return (c_slice){p, (size_t)(end - p)};
}

/* "char name[" declares an array. Also "char a[4], name[8]": only the first is seen. */
static void note_array(reader *r, const char *at)
{
    const char *p = at + 4;
    while (p < r->end && isspace((unsigned char)*p)) {
        p++;
    }
    const char *start = p;
    while (p < r->end && c_text_is_word(*p)) {
        p++;
    }
    c_slice name = {start, (size_t)(p - start)};
    if (name.size > 0 && p + 1 < r->end && *p == '[' && p[1] != ']') {
        variable *v = need_variable(r, name);
        if (v != NULL) {
            *v = (variable){.name = name, .array = true};
        }
    }
}

static void read_function_part(reader *r, const char *at)
{
    c_call c;
    if (r->end - at > 5 && memcmp(at, "char", 4) == 0 && !c_text_is_word(at[4])) {
        note_array(r, at);
    } else if (c_text_call(r->text, r->end, at, &c)) {
        handle_call(r, &c, assigned_name(r, at));
    }
}

static void set_built(reader *r, c_slice name, bool built, bool sql, const char *at)
{
    variable *v = name.size > 0 ? need_variable(r, name) : NULL;
    if (v != NULL) {
        v->built = built;
        v->sql = sql;
        v->line = line_of(r, at);
    }
}

/* x = f(format, ...) and f(x, format, ...), by the place of the format. */
static void handle_format(reader *r, const c_call *c, c_slice target, size_t format)
{
    bool foreign = false;
    for (size_t i = format + 1; i < c->count; i++) {
        foreign = foreign || !c_slice_is_constant(c->args[i]);
    }
    if (format < c->count) {
        c_slice f = c->args[format];
        set_built(r, c_slice_name(target), foreign && *f.at == '"' && c_slice_takes_text(f),
                  c_slice_is_sql(f), c->name.at);
    }
}

static void handle_append(reader *r, const c_call *c, bool fresh)
{
    if (c->count < 2) {
        return;
    }
    c_slice name = c_slice_name(c->args[0]);
    const variable *v = name.size > 0 ? find_variable(r, name) : NULL;
    const variable *from = find_variable(r, c_slice_name(c->args[1]));
    bool was = v != NULL && v->built && !fresh, sql = v != NULL && v->sql && !fresh;
    bool foreign = !c_slice_is_constant(c->args[1]);
    if (foreign && fresh && (from == NULL || !from->built)) {
        return; /* A copy of something: another's whole text is not built by us. */
    }
    set_built(r, name, was || foreign,
              sql || c_slice_is_sql(c->args[1]) || (from != NULL && from->sql), c->name.at);
}

static void check_copy(reader *r, const c_call *c, c_slice source, const char *what)
{
    c_slice name = c_slice_name(c->args[0]);
    const variable *to = name.size > 0 ? find_variable(r, name) : NULL;
    c_slice source_name = c_slice_name(source);
    const variable *from = source_name.size > 0 ? find_variable(r, source_name) : NULL;
    if (to == NULL || !to->array || c_slice_is_constant(source) || to->measured
        || (from != NULL && (from->array || from->measured))
        || memchr(source.at, '"', source.size) || memchr(source.at, '?', source.size)) {
        return;
    }
    char message[200];
    (void)snprintf(message, sizeof message,
                   "%s copies '%.*s' into the fixed array '%.*s' without "
                   "a limit",
                   what, (int)(source.size < 40 ? source.size : 40), source.at,
                   (int)(name.size < 40 ? name.size : 40), name.at);
    report(r, c->name.at, "c-unbounded-copy", 120, 0, message);
}

static void check_sink(reader *r, const c_call *c, size_t arg, bool sql)
{
    c_slice name = arg < c->count ? c_slice_name(c->args[arg]) : (c_slice){c->name.at, 0};
    const variable *v = name.size > 0 ? find_variable(r, name) : NULL;
    char message[200];
    if (!sql && arg == 0 && c->count > 0 && (v == NULL || (v->line == 0 && !v->array))
        && !c_slice_is_constant(c->args[arg])) {
        (void)snprintf(message, sizeof message, "%.*s() gives a variable to a shell",
                       (int)c->name.size, c->name.at);
        report(r, c->name.at, "c-shell-variable", 78, 0, message);
        return;
    }
    if (v == NULL || !v->built || (sql && !v->sql)) {
        return;
    }
    (void)snprintf(message, sizeof message,
                   sql ? "SQL built from strings (line %u) goes to %.*s(); "
                         "bind parameters instead"
                       : "command built from strings (line %u) goes to "
                         "%.*s()",
                   v->line, (int)c->name.size, c->name.at);
    report(r, c->name.at, sql ? "c-sql-injection" : "c-command-injection", sql ? 89 : 78,
           v->line, message);
}

static void check_shell_exec(reader *r, const c_call *c)
{
    for (size_t i = 1; i + 1 < c->count; i++) {
        if (c_slice_equals(c->args[i], "\"-c\"")) {
            check_sink(r, c, i + 1, false);
        }
    }
}

static void handle_copies(reader *r, const c_call *c)
{
    bool sprint = c_slice_equals(c->name, "sprintf") || c_slice_equals(c->name, "vsprintf");
    if (c->count >= 2
        && (c_slice_equals(c->name, "strcpy") || c_slice_equals(c->name, "strcat")
            || c_slice_equals(c->name, "stpcpy"))) {
        check_copy(r, c, c->args[1], c_slice_equals(c->name, "strcat") ? "strcat" : "strcpy");
        handle_append(r, c, !c_slice_equals(c->name, "strcat"));
    } else if (c_slice_equals(c->name, "strncat") || c_slice_equals(c->name, "strlcat")) {
        handle_append(r, c, false);
    } else if (sprint) {
        if (c->count >= 3 && *c->args[1].at == '"'
            && memmem(c->args[1].at, c->args[1].size, "%s", 2) != NULL) {
            for (size_t i = 2; i < c->count; i++) {
                const variable *v = find_variable(r, c_slice_name(c->args[i]));
                bool name = c_slice_name(c->args[i]).size > 0;
                if (name && (v == NULL || !v->array)) {
                    check_copy(r, c, c->args[i], "sprintf");
                    break;
                }
            }
        }
        handle_format(r, c, c->count > 0 ? c->args[0] : c->name, 1);
    } else if (c_slice_equals(c->name, "gets") && c->count == 1) {
        report(r, c->name.at, "c-gets", 242, 0, "gets() cannot limit what it reads");
    } else if ((c_slice_equals(c->name, "strlen") || c_slice_equals(c->name, "strnlen"))
               && c->count >= 1) {
        variable *v = need_variable(r, c_slice_name(c->args[0]));
        if (v != NULL && v->name.size > 0) {
            v->measured = true;
        }
    }
}

/* A tree's own wrapper: db_exec(), run_query(). */
static bool sounds_like_database(c_slice name)
{
    static const char *const words[] = {"exec", "query", "prepare", "sql"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i]);
        for (size_t k = 0; k + n <= name.size; k++) {
            if (strncasecmp(name.at + k, words[i], n) == 0) {
                return memmem(name.at, name.size, "printf", 6) == NULL;
            }
        }
    }
    return false;
}

static void handle_call(reader *r, const c_call *c, c_slice assigned)
{
    static const char *const sql_second[] = {
        "sqlite3_exec",      "sqlite3_prepare", "sqlite3_prepare_v2", "sqlite3_prepare_v3",
        "sqlite3_get_table", "mysql_query",     "mysql_real_query",   "PQexec",
        "PQexecParams",      "PQsendQuery",     "SQLExecDirect",      NULL};
    static const char *const shells[] = {"system", "popen", "wordexp", NULL};
    static const char *const execs[] = {"execl", "execlp", "execle", NULL};
    static const char *const makers[] = {"g_strdup_printf", "sqlite3_mprintf", "xasprintf",
                                         "talloc_asprintf", NULL};
    handle_copies(r, c);
    if (c_slice_equals(c->name, "snprintf") || c_slice_equals(c->name, "vsnprintf")
        || c_slice_equals(c->name, "sqlite3_snprintf")) {
        bool sqlite = c->name.size == sizeof "sqlite3_snprintf" - 1;
        handle_format(r, c, c->count > 1 ? c->args[sqlite] : c->name, 2);
    } else if (c_slice_equals(c->name, "asprintf")) {
        handle_format(r, c, c->count > 0 ? c->args[0] : c->name, 1);
    } else if (c_slice_one_of(c->name, makers)) {
        handle_format(r, c, assigned, c_slice_equals(c->name, "talloc_asprintf") ? 1 : 0);
    } else if (c_slice_one_of(c->name, sql_second)) {
        check_sink(r, c, 1, true);
    } else if (c_slice_one_of(c->name, shells)) {
        check_sink(r, c, 0, false);
    } else if (c_slice_one_of(c->name, execs)) {
        check_shell_exec(r, c);
    } else if (sounds_like_database(c->name)) {
        for (size_t i = 0; i < c->count; i++) {
            check_sink(r, c, i, true);
        }
    }
}

void sast_c_rules(scan *s)
{
    uint64_t start = tool_now_ns();
    size_t files = 0;
    for (size_t i = 0; i < s->ws->count && !role_cancelled(s->box->job); i++) {
        const workspace_file *file = &s->ws->files[i];
        size_t size = 0;
        char *text = scan_is_c(file) && !file->generated && !workspace_is_test(file->path)
                         ? workspace_read(s->ws, file, &size)
                         : NULL;
        if (text != NULL) {
            sast_c_rules_text(s->findings, file->path, text, size);
            files++;
        }
        free(text);
    }
    if (files > 0) {
        tool_own(s->box, TOOL, files, (tool_now_ns() - start) / 1000000u);
    }
}
