#include "actors/roles/code_validator/dimension.h"
#include "actors/roles/code_validator/gcc.h"
#include "actors/roles/security_scanner/sast.h"
#include "actors/roles/weakness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUST                4u
#define CLANG_TIDY_BUDGET_MS 25000u

/* clang's own names for what others call by a CWE. */
static const struct meaning {
    const char *check, *words;
    unsigned cwe;
} meanings[] = {
    {"unix.Malloc", "free released", 415},
    {"unix.Malloc", "after it is freed", 416},
    {"unix.Malloc", "leak", 401},
    {"unix.Malloc", "not allocated", 590},
    {"unix.MismatchedDealloc", "", 762},
    {"core.NullDereference", "", 476},
    {"core.NonNullParamChecker", "", 476},
    {"core.DivideZero", "", 369},
    {"core.uninitialized", "", 457},
    {"core.UndefinedBinaryOperatorResult", "", 457},
    {"core.CallAndMessage", "uninitialized", 457},
    {"core.StackAddressEscape", "", 562},
    {"cplusplus.NewDelete", "after it is freed", 416},
    {"cplusplus.NewDeleteLeaks", "", 401},
};

#define HELD_MAX 200u /* Findings of one file. */

typedef struct reading {
    scan *s;
    const scan_adapter *adapter;
    char *held[HELD_MAX]; /* clang-tidy's lines about one file, until it is known whether it
                             could read that file. */
    size_t held_count;
    bool unread;
} reading;

static unsigned cwe_of(const char *check, const char *message)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strstr(check, meanings[i].check) != NULL
            && strstr(message, meanings[i].words) != NULL) {
            return meanings[i].cwe;
        }
    }
    return 0;
}

/* "path:12:5: rest" cut into its parts; NULL when it is another kind of line. */
static char *split_place(char *line, char **out_path, unsigned *out_line, unsigned *out_column)
{
    for (char *colon = strchr(line, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        char *rest = NULL;
        unsigned long number = strtoul(colon + 1, &rest, 10);
        if (number == 0 || rest == colon + 1 || *rest != ':') {
            continue;
        }
        *colon = '\0';
        *out_path = line;
        *out_line = (unsigned)number;
        unsigned long column = strtoul(rest + 1, &colon, 10);
        bool has_column = colon != rest + 1 && *colon == ':';
        *out_column = has_column ? (unsigned)column : 0;
        rest = has_column ? colon + 1 : rest + 1;
        return rest + strspn(rest, " ");
    }
    return NULL;
}

static void clang_finding(reading *r, char *line)
{
    char *path = NULL;
    unsigned number = 0, column = 0;
    char *text = split_place(line, &path, &number, &column);
    const char *file = text != NULL ? scan_relative(r->s, path) : NULL;
    char *check = text != NULL ? strrchr(text, '[') : NULL;
    if (file == NULL || check == NULL || strncmp(text, "warning: ", 9) != 0) {
        return;
    }
    *check++ = '\0';
    check[strcspn(check, "],")] = '\0';
    char rule[128];
    unsigned cwe = cwe_of(check, text);
    (void)snprintf(rule, sizeof rule, "%s", check);
    finding_add(r->s->findings,
                &(finding_draft){.rule_id = rule,
                                 .cwe = cwe,
                                 /* Its guesses about values need another witness. */
                                 .severity = cwe == 457 || cwe == 476
                                                 ? FINDING_LOW
                                                 : weakness_severity(cwe, FINDING_LOW),
                                 .dimension = FINDING_SEMANTICS,
                                 .file = file,
                                 .line = number,
                                 .column = column,
                                 .message = text + 9,
                                 .tool = "clang-tidy",
                                 .trust = TRUST});
}

/* Without a header, or after an error, clang fills the holes of what it read by guessing: then
 * nothing it says about the file counts. */
static void clang_file_ends(reading *r)
{
    for (size_t i = 0; i < r->held_count; i++) {
        if (!r->unread) {
            clang_finding(r, r->held[i]);
        }
        free(r->held[i]);
    }
    if (r->unread) {
        tool_unchecked(r->s->box, r->adapter->name, 1);
    }
    r->held_count = 0;
    r->unread = false;
}

/* A line that begins with the byte 1 ends a file. */
static bool clang_line(char *line, void *ctx)
{
    reading *r = ctx;
    if (line[0] == '\001') {
        clang_file_ends(r);
    } else if (strstr(line, "[clang-diagnostic-error") != NULL) {
        r->unread = true;
    } else if (r->held_count < HELD_MAX && strstr(line, ": warning: ") != NULL) {
        char *copy = strdup(line);
        r->held[r->held_count] = copy;
        r->held_count += copy != NULL;
    }
    return true;
}

static bool parse_clang(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {.s = s, .adapter = adapter};
    bool ok = scan_lines(result->run.out, clang_line, &r);
    r.unread = false; /* Cut off by its time: what there is was said before. */
    clang_file_ends(&r);
    return ok;
}

/* pyflakes: "path:3:1: undefined name 'x'"; mypy: "path:3: error: ...". */
static bool python_line(char *line, void *ctx)
{
    reading *r = ctx;
    char *path = NULL;
    unsigned number = 0, column = 0;
    char *text = split_place(line, &path, &number, &column);
    const char *file = text != NULL ? scan_relative(r->s, path) : NULL;
    bool note = text != NULL && strncmp(text, "note: ", 6) == 0;
    if (file == NULL || note) {
        return true;
    }
    /* "unable to detect undefined names" is about a star import, not about a name. */
    bool undefined = strstr(text, "undefined name '") != NULL;
    finding_add(
        r->s->findings,
        &(finding_draft){.rule_id = undefined ? "python-undefined-name" : r->adapter->name,
                         .severity = undefined ? FINDING_MEDIUM : FINDING_INFO,
                         .dimension = FINDING_SEMANTICS,
                         .file = file,
                         .line = number,
                         .column = column,
                         .message = text,
                         .tool = r->adapter->name,
                         .trust = TRUST});
    return true;
}

static bool parse_python(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {.s = s, .adapter = adapter};
    return scan_lines(result->run.out, python_line, &r);
}

static bool is_code(const workspace_file *file)
{
    return scan_is_c_unit(file) && !workspace_is_test(file->path);
}

static void run_clang_tidy(dimension_job *d)
{
    /* The flags are gcc's response file; clang-tidy wants one argument in a line, unquoted. */
    static const char script[] =
        "{ echo -w; sed -E 's/^(-[a-z]+) \"(.*)\"$/\\1\\n\\2/; s/^\"(.*)\"$/\\1/; "
        "s/\\\\(.)/\\1/g'; } > compile_flags.txt || exit 9\n"
        "for f; do timeout -k 1 15 clang-tidy -p . --quiet --checks='-*,clang-analyzer-core.*,"
        "clang-analyzer-unix.*,clang-analyzer-cplusplus.*,-clang-analyzer-security.*,"
        "bugprone-sizeof-container,bugprone-suspicious-mem*,bugprone-suspicious-realloc*,"
        "bugprone-suspicious-semicolon,bugprone-infinite-loop,bugprone-use-after-move,"
        "bugprone-string-literal-with-embedded-nul,bugprone-undefined-memory-manipulation,"
        "bugprone-misplaced-*,bugprone-not-null-terminated-result,bugprone-signal-handler' "
        "\"$f\" </dev/null 2>/dev/null; printf '\\n\\001\\n'; done; exit 0\n";
    static const char *const prefix[] = {"sh", "-c", script, "sh", NULL};
    size_t capacity = strlen(d->gcc_flags) + strlen(d->defines) + 32;
    char *flags = malloc(capacity);
    if (flags == NULL) {
        tool_failed(d->s->box, "clang-tidy", "out of memory");
        return;
    }
    (void)snprintf(flags, capacity, "%s%s\"-D_GNU_SOURCE\"\n", d->gcc_flags, d->defines);
    scan_run(d->s, &(scan_adapter){
                       .name = "clang-tidy",
                       .program = "clang-tidy",
                       .purpose = "a second opinion on C and C++",
                       .prefix = prefix,
                       .wanted = is_code,
                       .files_per_run = 6,
                       .run_ms = CLANG_TIDY_BUDGET_MS,
                       .budget_ms = d->budget_ms < CLANG_TIDY_BUDGET_MS ? d->budget_ms
                                                                        : CLANG_TIDY_BUDGET_MS,
                       .mem_bytes = 4ull << 30,
                       .stdin_text = flags,
                       .parse = parse_clang,
                   });
    free(flags);
}

static void run_python_tools(dimension_job *d)
{
    static const char *const flakes[] = {"pyflakes3", NULL};
    static const char *const mypy[] = {"mypy",
                                       "--no-error-summary",
                                       "--ignore-missing-imports",
                                       "--follow-imports=silent",
                                       "--cache-dir=/dev/null",
                                       NULL};
    scan_adapter adapter = {.name = "pyflakes3",
                            .program = "pyflakes3",
                            .purpose = "undefined names in Python",
                            .prefix = flakes,
                            .wanted = scan_is_python,
                            .files_per_run = 100,
                            .run_ms = 20000,
                            .budget_ms = d->budget_ms,
                            .parse = parse_python};
    scan_run(d->s, &adapter);
    if (tool_version("mypy", d->s->box->job) != NULL) {
        adapter.name = adapter.program = "mypy";
        adapter.prefix = mypy;
        scan_run(d->s, &adapter);
    }
}

static void run_first(void *ctx)
{
    gcc_semantics(ctx);
}

static void run_second(void *ctx)
{
    dimension_job *d = ctx;
    if (d->security_runs) { /* Else it is the security-scanner's: once is enough. */
        sast_shellcheck(d->s, d->budget_ms, true);
    }
    run_python_tools(d);
    if (!d->security_runs) {
        sast_cppcheck(d->s, d->budget_ms, FINDING_SEMANTICS);
    }
    run_clang_tidy(d);
}

void dimension_semantics(dimension_job *d)
{
    const tool_task tasks[] = {{run_first, d}, {run_second, d}};
    tool_parallel(tasks, sizeof tasks / sizeof tasks[0]);
}
