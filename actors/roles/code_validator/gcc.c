#include "actors/roles/code_validator/gcc.h"

#include "actors/roles/weakness.h"
#include "codec/json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUST_ANALYZER 8u
#define TRUST_WARNING  5u

/* $1: seconds per file. The flags come on stdin, so that odd file names survive; after "@@@"
 * the build's defines. A file that does not compile with them is tried without, then as GNU
 * source; the try with the fewest errors counts. */
#define LOOP_HEAD                                                                        \
    "export LC_ALL=C.UTF-8; limit=$1; shift; cat > all || exit 9\n"                      \
    "sed '/^@@@$/,$d' all > flags; sed '1,/^@@@$/d' all > defs; cp defs gnu\n"           \
    "echo -D_GNU_SOURCE >> gnu; : > none\n"                                              \
    "try() { timeout -k 1 \"$limit\" gcc @flags @\"$1\" \"$f\" </dev/null 2>err; c=$?\n" \
    "e=$(grep -o '\"kind\": *\"[a-z ]*error\"' err | wc -l)\n"                           \
    "if grep -q '\"kind\": *\"fatal error\"' err; then e=1000; fi\n"                     \
    "if [ $e -lt $least ]; then least=$e; code=$c; used=$1; mv err best; fi; }\n"        \
    "for f; do least=9999; : > best; code=1; used=defs; try defs\n"                      \
    "if [ $least -gt 0 ]; then try none; fi\n"                                           \
    "if [ $least -gt 0 ]; then try gnu; fi; cat best >&2\n"                              \
    "printf '\\n\\001%s\\t%s\\n' \"$code\" \"$f\" >&2\n"

/* After each file a line that begins with the byte 1: exit code and name. */
static const char loop[] = LOOP_HEAD "done\nexit 0\n";

/* The same, but a file that wants headers which are not there is read again with empty ones in
 * their place; the mark after that is the byte 2. */
static const char loop_with_stubs[] = LOOP_HEAD
    "rm -rf stub; mv best err; n=0\n"
    "while [ $n -lt 20 ] && h=$(sed -n "
    "'s/.*\"message\": *\"\\([^\"\\\\]*\\): No such file or directory\".*/\\1/p' err | head -n 1) && "
    "[ -n \"$h\" ]\n"
    "do case $h in /*|*..*|-*) break;; esac; mkdir -p \"stub/$(dirname \"$h\")\" && : >\"stub/$h\"\n"
    "timeout -k 1 \"$limit\" gcc @flags @\"$used\" -idirafter stub \"$f\" </dev/null 2>err; n=$((n + 1)); done\n"
    "if [ $n -gt 0 ]; then cat err >&2; printf '\\n\\002%s\\n' \"$f\" >&2; fi; done\nexit 0\n";

/* What gcc's warnings mean; those that are not here are opinions and become info. */
static const struct warning {
    const char *option;
    unsigned cwe;
    finding_severity severity;
} warnings[] = {
    {"-Wuse-after-free", 416, FINDING_CRITICAL},
    {"-Wstringop-overflow=", 787, FINDING_CRITICAL},
    {"-Wstringop-overflow", 787, FINDING_CRITICAL},
    {"-Warray-bounds", 787, FINDING_HIGH},
    {"-Wstringop-overread", 126, FINDING_HIGH},
    {"-Wfree-nonheap-object", 590, FINDING_HIGH},
    {"-Wmismatched-dealloc", 762, FINDING_HIGH},
    {"-Wreturn-local-addr", 562, FINDING_HIGH},
    {"-Wdangling-pointer=", 825, FINDING_MEDIUM},
    {"-Wformat-security", 134, FINDING_MEDIUM},
    {"-Wformat-overflow=", 120, FINDING_MEDIUM},
    {"-Wformat=", 686, FINDING_MEDIUM},
    {"-Wformat-extra-args", 685, FINDING_LOW},
    {"-Wuninitialized", 457, FINDING_MEDIUM},
    {"-Wmaybe-uninitialized", 457, FINDING_LOW},
    {"-Wreturn-type", 0, FINDING_MEDIUM},
    {"-Wdiv-by-zero", 369, FINDING_MEDIUM},
    {"-Wnonnull", 476, FINDING_MEDIUM},
    {"-Wint-conversion", 0, FINDING_MEDIUM},
    {"-Wincompatible-pointer-types", 0, FINDING_MEDIUM},
    {"-Wimplicit-function-declaration", 0, FINDING_LOW},
    {"-Wsizeof-pointer-memaccess", 131, FINDING_MEDIUM},
    {"-Wmemset-transposed-args", 688, FINDING_MEDIUM},
    {"-Wmisleading-indentation", 0, FINDING_LOW},
    {"-Wparentheses", 0, FINDING_LOW},
    {"-Wlogical-not-parentheses", 0, FINDING_LOW},
    {"-Wtautological-compare", 0, FINDING_LOW},
    {"-Wimplicit-fallthrough=", 0, FINDING_INFO},
};

typedef struct gcc_run {
    dimension_job *d;
    bool syntax;
    bool configured; /* The tree is made ready by a configure step that we did not run. */
    pthread_mutex_t lock;
    size_t unconfigured; /* Errors that the tree's configuration may explain. */
    size_t undeclared;   /* Files whose names only the build's flags may declare. */
    size_t no_header;    /* Files that want a header that is not there. */
    char headers[160];
} gcc_run;

typedef struct reading {
    gcc_run *run;
    const char *tool;
    json_t *diagnostics; /* Of the file whose end mark is still to come. */
    bool malformed;
} reading;

static void append_quoted(char *out, size_t capacity, const char *flag, const char *folder)
{
    size_t n = strlen(out);
    char *start = out + n;
    n += (size_t)snprintf(out + n, capacity - n, "%s \"", flag);
    for (; *folder != '\0' && n + 8 < capacity; folder++) {
        if (*folder == '"' || *folder == '\\') {
            out[n++] = '\\';
        }
        out[n++] = *folder;
    }
    if (*folder != '\0') {
        *start = '\0'; /* Does not fit: left out whole. */
        return;
    }
    (void)snprintf(out + n, capacity - n, "\"\n");
}

char *gcc_flags_of(const workspace *ws)
{
    enum { FLAGS_BYTES = 65536 };
    char *flags = calloc(1, FLAGS_BYTES);
    char last[1024] = "";
    size_t folders = 0;
    if (flags == NULL) {
        return NULL;
    }
    append_quoted(flags, FLAGS_BYTES, "-iquote", ws->tree);
    append_quoted(flags, FLAGS_BYTES, "-idirafter", ws->tree);
    for (size_t i = 0; i < ws->count && folders < GCC_FOLDERS_MAX; i++) {
        const workspace_file *f = &ws->files[i];
        const char *slash = strrchr(f->path, '/');
        char folder[1024];
        size_t size = slash != NULL ? (size_t)(slash - f->path) : 0;
        if (f->language != LANGUAGE_C_HEADER || size == 0
            || snprintf(folder, sizeof folder, "%s/%.*s", ws->tree, (int)size, f->path)
                   >= (int)sizeof folder
            || strcmp(folder, last) == 0) {
            continue;
        }
        (void)snprintf(last, sizeof last, "%s", folder);
        append_quoted(flags, FLAGS_BYTES, "-iquote", folder);
        append_quoted(flags, FLAGS_BYTES, "-idirafter", folder);
        /* "room/x.h" in include/room: the folder above is what is meant. */
        char *above = strrchr(folder, '/');
        if (above != NULL && above > folder + strlen(ws->tree)) {
            *above = '\0';
            append_quoted(flags, FLAGS_BYTES, "-idirafter", folder);
        }
        folders++;
    }
    return flags;
}

static bool is_missing_header(const char *kind, const char *message)
{
    return strcmp(kind, "fatal error") == 0 && strstr(message, "No such file") != NULL;
}

/* gcc gives up on what it cannot parse in these words; the rest is about declarations. */
static bool is_parse_error(const char *message)
{
    static const char *const words[] = {"expected ",    "stray ",  "missing terminating",
                                        "unterminated", "before ", "at end of input"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(message, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Errors that no macro or type of a missing header explains. */
static bool is_plain_mistake(const char *message)
{
    static const char *const words[] = {
        "expected ‘;’ before ‘}’", "expected ‘;’ before ‘return’",
        "expected declaration or statement at end of input", "missing terminating"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(message, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Errors that a macro, a type or a declaration behind an unknown flag explains. */
static bool is_undeclared(const char *message)
{
    static const char *const words[] = {
        "undeclared",           "unknown type name",   "incomplete type", "not declared",
        "does not name a type", "has no member named", "storage size of", "have ‘int’"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(message, words[i]) != NULL) {
            return true;
        }
    }
    /* "expected ‘)’ before ‘VERSION’": a macro's name. */
    const char *name = strstr(message, " before ‘");
    name = name != NULL ? name + strlen(" before ‘") : "";
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return size > 1 && strncmp(name + size, "’", strlen("’")) == 0;
}

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

static const struct warning *find_warning(const char *option)
{
    for (size_t i = 0; i < sizeof warnings / sizeof warnings[0]; i++) {
        if (strcmp(warnings[i].option, option) == 0) {
            return &warnings[i];
        }
    }
    return NULL;
}

static unsigned number(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n > 0 && n < 100000000 ? (unsigned)n : 0;
}

static bool is_word(char c)
{
    return c == '_' || isalnum((unsigned char)c);
}

/* The compiler's own names for values ("argv_63", "_20") and for -1 mean nothing to the reader
 * of the source; a name that the source really has stays. */
static void make_readable(const gcc_run *run, const char *file, char *text)
{
    static const char *const odd[][2] = {
        {"(4294967295)", "(-1)"}, {"(18446744073709551615)", "(-1)"}, {"NULL ‘0’", "NULL"}};
    size_t size = 0;
    const workspace_file *f = workspace_find(run->d->s->ws, file);
    char *source = f != NULL ? workspace_read(run->d->s->ws, f, &size) : NULL;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char *at = strstr(text, odd[i][0]);
        if (at != NULL) {
            size_t from = strlen(odd[i][0]), to = strlen(odd[i][1]);
            memcpy(at, odd[i][1], to);
            memmove(at + to, at + from, strlen(at + from) + 1);
        }
    }
    for (char *at = text; *at != '\0';) {
        size_t n = 0;
        char name[128];
        while (is_word(at[n])) {
            n++;
        }
        size_t digits = 0;
        while (digits < n && isdigit((unsigned char)at[n - digits - 1])) {
            digits++;
        }
        bool suffixed = digits > 0 && digits < n && at[n - digits - 1] == '_' && n < sizeof name
                        && source != NULL;
        (void)snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : 0), at);
        if (suffixed && strstr(source, name) == NULL) {
            size_t keep = n - digits - 1;
            if (keep == 0) {
                at[keep++] = '?';
            }
            memmove(at + keep, at + n, strlen(at + n) + 1);
            n = keep;
        }
        at += n > 0 ? n : 1;
    }
    free(source);
}

static void add_warning(gcc_run *run, finding_draft *draft, const json_t *diagnostic,
                        const char *option)
{
    char rule[96];
    unsigned cwe = number(json_object_get(diagnostic, "metadata"), "cwe");
    bool analyzer = strncmp(option, "-Wanalyzer-", 11) == 0;
    const struct warning *w = find_warning(option);
    draft->cwe = cwe != 0 ? cwe : w != NULL ? w->cwe : 0;
    draft->severity = w != NULL ? w->severity : FINDING_INFO;
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
        make_readable(run, draft->file, text);
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
                           .line = number(place, "line"),
                           .column = number(place, "column"),
                           .message = message,
                           .tool = r->tool,
                           .trust = TRUST_WARNING};
    bool error = strcmp(kind, "error") == 0 || strcmp(kind, "fatal error") == 0;
    if (error && run->syntax) {
        /* Without the tree's own configure step, an undeclared name proves nothing. */
        if (run->configured && !is_plain_mistake(message)) {
            pthread_mutex_lock(&run->lock);
            run->unconfigured++;
            pthread_mutex_unlock(&run->lock);
            return;
        }
        draft.rule_id = is_parse_error(message) ? "gcc-syntax" : "gcc-error";
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
            && is_plain_mistake(message)) {
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
        if (is_missing_header(kind, message)) {
            note_header(r->run, message);
            trusted = false;
        } else if (strcmp(kind, "error") == 0 && message[0] == '#') {
            trusted = false; /* #error: the tree asks for another configuration. */
        }
        undeclared = undeclared || (strcmp(kind, "error") == 0 && is_undeclared(message));
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

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    (void)s;
    reading r = {.run = adapter->ctx, .tool = adapter->name};
    bool ok = scan_lines(result->run.err, line_read, &r);
    json_decref(r.diagnostics);
    return ok && !r.malformed && (result->end != TOOL_EXITED || result->run.exit_code == 0);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), n = strlen(end);
    return size >= n && strcmp(text + size - n, end) == 0;
}

static bool needs_configuring(const workspace *ws)
{
    static const char *const ends[] = {"configure.ac", "configure.in", ".h.in",
                                       ".h.cmake",     ".h.cmake.in",  ".h.meson"};
    for (size_t i = 0; i < ws->count; i++) {
        for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++) {
            if (ends_with(ws->files[i].path, ends[k])) {
                return true;
            }
        }
    }
    return false;
}

static void run_gcc(dimension_job *d, const char *name, const char *options,
                    const char *seconds, bool syntax,
                    bool (*wanted)(const workspace_file *file))
{
    const char *const prefix[] = {"sh", "-c",    syntax ? loop_with_stubs : loop,
                                  "sh", seconds, NULL};
    gcc_run run = {.d = d,
                   .syntax = syntax,
                   .configured = needs_configuring(d->s->ws),
                   .lock = PTHREAD_MUTEX_INITIALIZER};
    size_t capacity = strlen(options) + strlen(d->gcc_flags) + strlen(d->defines) + 8;
    char *flags = malloc(capacity);
    if (flags == NULL) {
        tool_failed(d->s->box, name, "out of memory");
        return;
    }
    (void)snprintf(flags, capacity, "%s\n%s@@@\n%s", options, d->gcc_flags, d->defines);
    scan_run(d->s, &(scan_adapter){
                       .name = name,
                       .program = "gcc",
                       .purpose = "checks of C and C++",
                       .prefix = prefix,
                       .wanted = wanted,
                       .files_per_run = syntax ? 24 : 6,
                       .run_ms = 30000,
                       .budget_ms = d->budget_ms,
                       .mem_bytes = 3ull << 30,
                       .stdin_text = flags,
                       .ctx = &run,
                       .parse = parse,
                   });
    free(flags);
    if (run.no_header > 0 && syntax) {
        tool_skip(d->s->box,
                  "%s: %zu file%s could not be checked to the end: headers are missing "
                  "(%s); install their packages or build the tree first",
                  name, run.no_header, run.no_header == 1 ? "" : "s", run.headers);
    }
    tool_unchecked(d->s->box, name, run.no_header + run.undeclared);
    if (run.undeclared > 0 && syntax) {
        tool_skip(d->s->box,
                  "%s: %zu file%s could not be checked without the build's flags: names are "
                  "undeclared; a compile_commands.json would tell",
                  name, run.undeclared, run.undeclared == 1 ? "" : "s");
    }
    if (run.unconfigured > 0) {
        tool_skip(d->s->box,
                  "%s: %zu errors are not reported: the tree has not been configured", name,
                  run.unconfigured);
    }
}

static bool is_plain_c(const workspace_file *file)
{
    return file->language == LANGUAGE_C;
}

static bool is_cpp_unit(const workspace_file *file)
{
    return file->language == LANGUAGE_CPP && scan_is_c_unit(file);
}

void gcc_syntax(dimension_job *d)
{
    run_gcc(d, "gcc", "-fsyntax-only -w -fmax-errors=20 -fdiagnostics-format=json", "20", true,
            scan_is_c_unit);
}

void gcc_semantics(dimension_job *d)
{
    static const char warn[] = "-S -o /dev/null -O0 -Wall -Wextra -Wformat-security "
                               "-Wno-unused-parameter -Wno-sign-compare -Wno-unknown-pragmas "
                               "-Wno-missing-field-initializers -Wno-comment "
                               "-fdiagnostics-format=json";
    char analyze[512];
    (void)snprintf(analyze, sizeof analyze, "%s -fanalyzer -Wno-analyzer-too-complex", warn);
    run_gcc(d, "gcc -fanalyzer", analyze, "15", false, is_plain_c);
    run_gcc(d, "g++ -Wall", warn, "15", false, is_cpp_unit);
}
