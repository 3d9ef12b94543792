#include "actors/roles/code_validator/gcc.h"

#include "actors/roles/code_validator/gcc_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void say_what_is_missing(const gcc_run *run, const char *name)
{
    tool_box *box = run->d->s->box;
    if (run->no_header > 0 && run->syntax) {
        tool_skip(box,
                  "%s: %zu file%s could not be checked to the end: headers are missing "
                  "(%s); install their packages or build the tree first",
                  name, run->no_header, run->no_header == 1 ? "" : "s", run->headers);
    }
    tool_unchecked(box, name, run->no_header + run->undeclared);
    if (run->undeclared > 0 && run->syntax) {
        tool_skip(box,
                  "%s: %zu file%s could not be checked without the build's flags: names are "
                  "undeclared; a compile_commands.json would tell",
                  name, run->undeclared, run->undeclared == 1 ? "" : "s");
    }
    if (run->unconfigured > 0) {
        tool_skip(box, "%s: %zu errors are not reported: the tree has not been configured",
                  name, run->unconfigured);
    }
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
                       .parse = gcc_read,
                   });
    free(flags);
    say_what_is_missing(&run, name);
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
