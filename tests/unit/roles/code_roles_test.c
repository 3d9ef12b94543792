/* The roles that read source trees, on small trees with planted defects and on clean ones. */
#include "actors/roles/graph.h"
#include "actors/roles/role.h"
#include "actors/roles/workspace.h"
#include "tests/unit/roles/bench.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

extern const role role_code_indexer, role_code_validator, role_security_scanner;

static json_t *one_file(const char *name, const char *text)
{
    return json_pack("{s:{s:s}}", "files", name, text);
}

static const char planted_c[] =
    "#include <stdio.h>\n"                                     /* 1 */
    "#include <stdlib.h>\n"                                    /* 2 */
    "#include <string.h>\n"                                    /* 3 */
    "int sqlite3_exec(void *, const char *, int, int, int);\n" /* 4 */
    "struct row { int n; };\n"                                 /* 5 */
    "void twice(int n) {\n"                                    /* 6 */
    "    char *p = malloc(10);\n"                              /* 7 */
    "    if (n > 3) { free(p); }\n"                            /* 8 */
    "    free(p);\n"                                           /* 9 */
    "}\n"                                                      /* 10 */
    "int after(struct row *row) {\n"                           /* 11 */
    "    free(row);\n"                                         /* 12 */
    "    return row->n;\n"                                     /* 13 */
    "}\n"                                                      /* 14 */
    "int leak(const char *s) {\n"                              /* 15 */
    "    char *copy = malloc(strlen(s) + 1);\n"                /* 16 */
    "    if (copy == NULL) { return -1; }\n"                   /* 17 */
    "    strcpy(copy, s);\n"                                   /* 18 */
    "    if (copy[0] == 'x') {\n"                              /* 19 */
    "        return -1;\n"                                     /* 20 */
    "    }\n"                                                  /* 21 */
    "    free(copy);\n"                                        /* 22 */
    "    return 0;\n"                                          /* 23 */
    "}\n"                                                      /* 24 */
    "void overflow(const char *name) {\n"                      /* 25 */
    "    char buf[16];\n"                                      /* 26 */
    "    strcpy(buf, name);\n"                                 /* 27 */
    "    puts(buf);\n"                                         /* 28 */
    "}\n"                                                      /* 29 */
    "int command(const char *file) {\n"                        /* 30 */
    "    char cmd[256];\n"                                     /* 31 */
    "    snprintf(cmd, sizeof cmd, \"ls %s\", file);\n"        /* 32 */
    "    return system(cmd);\n"                                /* 33 */
    "}\n"                                                      /* 34 */
    "int query(void *db, const char *user) {\n"                /* 35 */
    "    char q[256];\n"                                       /* 36 */
    "    snprintf(q, sizeof q,\n"                              /* 37 */
    "        \"SELECT * FROM t WHERE n='%s'\", user);\n"       /* 38 */
    "    return sqlite3_exec(db, q, 0, 0, 0);\n"               /* 39 */
    "}\n"                                                      /* 40 */
    "static const char *key = \"AKIA"
    "IOSFODNN7QXAMPLZ\";\n" /* 41 */
    "const char *get(void) { return key; }\n";

static const char planted_py[] = "import os\n"
                                 "def find(cur, name):\n"
                                 "    sql = \"SELECT * FROM u WHERE n = '%s'\" % name\n"
                                 "    cur.execute(sql)\n"
                                 "    cur.execute(f\"DELETE FROM u WHERE n = '{name}'\")\n"
                                 "    cur.execute(\"SELECT 1 FROM u WHERE n = ?\", (name,))\n"
                                 "def run(path):\n"
                                 "    os.system(\"ls \" + path)\n"
                                 "    os.system(\"ls /tmp\")\n";

static const char planted_sh[] = "#!/bin/sh\n"
                                 "dir=$1\n"
                                 "rm -rf $dir/tmp\n"
                                 "rm -f \"$dir/x\"\n";

/* One finding each at its place, whatever number of tools sees it. */
static void expect_planted(const role_bench *b, bool analyzer)
{
    static const struct {
        const char *cwe, *file;
        int line;
        bool analyzer;
    } planted[] = {
        {"CWE-415", "src/a.c", 9, false},  {"CWE-416", "src/a.c", 13, true},
        {"CWE-401", "src/a.c", 20, false}, {"CWE-120", "src/a.c", 27, false},
        {"CWE-78", "src/a.c", 33, false},  {"CWE-89", "src/a.c", 39, false},
        {"CWE-798", "src/a.c", 41, false}, {"CWE-89", "b.py", 4, false},
        {"CWE-89", "b.py", 5, false},      {"CWE-78", "b.py", 8, false},
        {"SC2086", "c.sh", 3, false},
    };
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        size_t expected = analyzer || !planted[i].analyzer ? 1 : 0;
        cr_expect_eq(bench_found(b, planted[i].cwe, planted[i].file, planted[i].line), expected,
                     "%s %s:%d", planted[i].cwe, planted[i].file, planted[i].line);
    }
    cr_expect_eq(bench_found(b, "CWE-120", "src/a.c", 18), 0u, "measured before it is copied");
    cr_expect_eq(bench_found(b, "CWE-89", "b.py", 6), 0u, "has parameters");
    cr_expect_eq(bench_found(b, "CWE-78", "b.py", 9), 0u, "is constant");
    cr_expect_eq(bench_found(b, "SC2086", "c.sh", 4), 0u, "is quoted");
}

static json_t *planted_context(void)
{
    return json_pack("{s:{s:s, s:s, s:s}}", "files", "src/a.c", planted_c, "b.py", planted_py,
                     "c.sh", planted_sh);
}

Test(security_scanner, planted_defects_are_found_once_each_and_secrets_masked)
{
    role_bench b;
    bench_run(&b, &role_security_scanner, planted_context());
    cr_assert_eq(b.status, ROLE_SUCCESS);
    expect_planted(&b, false);
    cr_expect_str_eq(bench_text(b.job.output, "verdict"), "fail");
    char *text = json_dumps(b.job.output, 0);
    cr_assert_not_null(text);
    cr_expect_null(strstr(text, "IOSFODNN7"), "masked in findings, SARIF and evidence");
    cr_expect_not_null(strstr(text, "AKIA****************"));
    free(text);
    bench_end(&b);
}

Test(code_validator, planted_defects_are_found_once_each_by_all_dimensions)
{
    role_bench b;
    bench_run(&b, &role_code_validator, planted_context());
    cr_assert_eq(b.status, ROLE_SUCCESS);
    expect_planted(&b, true);
    json_t *dimensions = json_object_get(b.job.output, "dimensions");
    cr_expect_eq(json_object_size(dimensions), 4u);
    cr_expect_eq(
        json_number_value(json_object_get(json_object_get(dimensions, "syntax"), "score")),
        1.0);
    cr_expect(b.job.confidence > 0.8 && b.job.confidence <= 1.0);
    bench_end(&b);
}

/* A false alarm costs as much trust as a miss. */
Test(code_validator, clean_code_passes_without_findings)
{
    role_bench b;
    json_t *context = json_pack(
        "{s:{s:s, s:s, s:s}}", "files", "main.c",
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "char *join(const char *a, const char *b);\n"
        "char *join(const char *a, const char *b)\n{\n"
        "    size_t n = strlen(a) + strlen(b) + 1;\n    char *out = malloc(n);\n"
        "    if (out != NULL) {\n        strcpy(out, a);\n        strcat(out, b);\n    }\n"
        "    return out;\n}\n"
        "int main(int argc, char **argv)\n{\n    char line[64];\n"
        "    snprintf(line, sizeof line, \"%d\", argc);\n"
        "    char *both = join(line, argv[0]);\n    if (both == NULL) {\n        return 1;\n    }\n"
        "    printf(\"%s\\n\", both);\n    free(both);\n    return system(\"true\");\n}\n",
        "tool.py",
        "import subprocess\n\n\ndef find(cur, name):\n"
        "    cur.execute('SELECT a FROM t WHERE n = ?', (name,))\n\n\n"
        "def run(path):\n    return subprocess.run(['ls', path], check=True)\n",
        "run.sh", "#!/bin/sh\nset -e\nrm -rf \"${1:?}/tmp\"\necho \"$1\"\n");
    bench_run(&b, &role_code_validator, context);
    cr_expect_eq(b.status, ROLE_SUCCESS);
    char *text = json_dumps(json_object_get(b.job.output, "findings"), 0);
    cr_expect_str_eq(text, "[]");
    cr_expect_str_eq(bench_text(b.job.output, "verdict"), "pass");
    free(text);
    bench_end(&b);
}

Test(code_validator, a_missing_header_is_no_syntax_error_but_a_missing_semicolon_is)
{
    role_bench b;
    json_t *context = json_pack("{s:{s:s, s:s, s:s}, s:[s]}", "files", "a.c",
                                "#include \"gone.h\"\ngone_t f(void);\n", "b.c",
                                "#include \"gone.h\"\nint f(int a)\n{\n    return a\n}\n",
                                "c.py", "def f(:\n    pass\n", "dimensions", "syntax");
    bench_run(&b, &role_code_validator, context);
    cr_expect_eq(bench_found(&b, "gcc-syntax", "a.c", 0), 0u);
    cr_expect_eq(
        bench_found(&b, "gcc-syntax", "b.c", 4) + bench_found(&b, "gcc-syntax", "b.c", 5), 1u);
    cr_expect_eq(bench_found(&b, "python-syntax", "c.py", 1), 1u);
    cr_expect(bench_says(b.job.skipped, "gone.h"));
    cr_expect_eq(json_object_size(json_object_get(b.job.output, "dimensions")), 1u);
    bench_end(&b);
}

Test(code_validator, cycles_and_forbidden_edges_are_found)
{
    role_bench b;
    json_t *context =
        json_pack("{s:{s:s, s:s, s:s, s:s}, s:[s]}", "files", "low/a.h", "#include \"b.h\"\n",
                  "low/b.h", "#include \"a.h\"\n", "low/c.c", "#include \"high/d.h\"\n",
                  "high/d.h", "int d;\n", "dimensions", "architecture");
    (void)json_object_set_new(json_object_get(context, "files"), ".cogo-rules",
                              json_string("# low uses nothing\nlow -> base\n"));
    bench_run(&b, &role_code_validator, context);
    cr_expect_eq(bench_found(&b, "dependency-cycle", "low/a.h", 1), 1u);
    cr_expect_eq(bench_found(&b, "forbidden-edge", "low/c.c", 1), 1u);
    bench_end(&b);
}

Test(code_indexer, counts_files_lines_symbols_and_build_systems)
{
    role_bench b;
    json_t *context =
        json_pack("{s:{s:s, s:s, s:s}}", "files", "src/a.c",
                  "/* c */\nint twice(int n)\n{\n    return n + n;\n}\n", "Makefile",
                  "all:\n\ttrue\n", "run", "#!/usr/bin/python3\nprint(1)\n");
    bench_run(&b, &role_code_indexer, context);
    cr_assert_eq(b.status, ROLE_SUCCESS);
    cr_expect_eq(json_integer_value(json_object_get(b.job.output, "files")), 3);
    cr_expect_eq(json_integer_value(json_object_get(b.job.output, "lines")), 9);
    cr_expect_eq(json_array_size(json_object_get(b.job.output, "languages")), 3u);
    cr_expect(bench_says(json_object_get(b.job.output, "buildSystems"), "make"));
    bool found = false;
    size_t i = 0;
    json_t *symbol = NULL;
    json_array_foreach(json_object_get(b.job.output, "symbols"), i, symbol)
    {
        found = found
                || (strcmp(bench_text(symbol, "name"), "twice") == 0
                    && strcmp(bench_text(symbol, "file"), "src/a.c") == 0
                    && json_integer_value(json_object_get(symbol, "line")) == 2);
    }
    cr_expect(found);
    bench_end(&b);
}

/* A folder as strangers send it: binaries under source names, endless lines, loops. */
Test(code_indexer, hostile_trees_are_listed_not_read)
{
    char tree[] = "/tmp/cogo-hostile-XXXXXX", path[PATH_MAX];
    cr_assert_not_null(mkdtemp(tree));
    static const struct {
        const char *name;
        size_t size;
        char fill;
    } files[] = {{"nul.c", 100, '\0'}, {"long.py", 10u * 1024 * 1024, 'x'}, {"ok.c", 1, '\n'}};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", tree, files[i].name);
        FILE *f = fopen(path, "w");
        char *bytes = malloc(files[i].size);
        cr_assert(f != NULL && bytes != NULL);
        memset(bytes, files[i].fill, files[i].size);
        fwrite(bytes, 1, files[i].size, f);
        free(bytes);
        fclose(f);
    }
    snprintf(path, sizeof path, "%s/loop", tree);
    cr_assert_eq(symlink(".", path), 0);
    role_bench b;
    bench_run(&b, &role_code_indexer, json_pack("{s:s}", "path", tree));
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect_eq(json_integer_value(json_object_get(b.job.output, "files")), 3);
    cr_expect(bench_says(json_object_get(b.job.output, "binary"), "nul.c"));
    cr_expect(bench_says(json_object_get(b.job.output, "oversized"), "long.py"));
    cr_expect(bench_says(b.job.skipped, "nul.c") && bench_says(b.job.skipped, "long.py"));
    bench_end(&b);
    sandbox_folder_remove(tree);
}

Test(workspace, bad_contexts_are_answered_with_the_field)
{
    json_t *contexts[] = {
        json_object(),
        json_pack("{s:s}", "path", "relative/x"),
        json_pack("{s:i}", "path", 5),
        json_pack("{s:s}", "path", "/no/such/folder"),
        json_pack("{s:s}", "path", "/dev/null"),
        one_file("../out.c", "x"),
        one_file("/abs.c", "x"),
        one_file("a//b.c", "x"),
        json_pack("{s:{s:i}}", "files", "a.c", 1),
        json_pack("{s:s, s:{}}", "path", "/tmp", "files"),
    };
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        role_bench b;
        bench_run(&b, &role_code_indexer, contexts[i]);
        cr_expect_eq(b.status, ROLE_FAILED, "%zu", i);
        cr_expect(bench_says(b.job.errors, "context"), "%zu", i);
        bench_end(&b);
    }
    role_bench b;
    bench_run(&b, &role_code_validator,
              json_pack("{s:{s:s}, s:[s]}", "files", "a.c", "", "dimensions", "beauty"));
    cr_expect_eq(b.status, ROLE_FAILED);
    cr_expect(bench_says(b.job.errors, "context.dimensions"));
    bench_end(&b);
}

Test(workspace, an_empty_tree_and_a_single_file_are_trees_too)
{
    role_bench b;
    bench_run(&b, &role_code_validator, json_pack("{s:{}}", "files"));
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect_str_eq(bench_text(b.job.output, "verdict"), "pass");
    bench_end(&b);
    bench_run(&b, &role_code_indexer, json_pack("{s:s}", "path", "/etc/hostname"));
    cr_expect_eq(b.status, ROLE_SUCCESS);
    cr_expect_eq(json_integer_value(json_object_get(b.job.output, "files")), 1);
    bench_end(&b);
}

Test(tool, a_missing_program_is_skipped_with_the_way_to_get_it)
{
    role_bench b;
    tool_box box;
    tool_result result;
    bench_begin(&b, json_object());
    cr_assert(tool_box_init(&box, &b.job));
    const char *argv[] = {"no-such-analyzer", NULL};
    tool_spec spec = {.argv = argv, .package = "no-such-package"};
    cr_expect_eq(tool_run(&box, &spec, &result), TOOL_MISSING);
    tool_result_finish(&result);
    cr_expect(bench_says(b.job.skipped, "apt-get install no-such-package"));
    cr_expect_eq(tool_confidence(&box), 0.0);
    tool_box_finish(&box);
    bench_end(&b);
}

Test(tool, a_cancelled_job_runs_no_tools)
{
    role_bench b;
    bench_begin(&b, planted_context());
    cr_assert_eq(eventfd_write(b.job.cancel_fd, 1), 0);
    uint64_t start = tool_now_ns();
    b.status = role_security_scanner.execute(&b.job);
    cr_expect_eq(b.status, ROLE_PARTIAL);
    cr_expect(tool_now_ns() - start < 5000000000u);
    bench_end(&b);
}

/* More than a compiler reads in the time that the test gives it. */
static char *long_source(void)
{
    enum { FUNCTIONS = 40000, LINE = 80 };
    char *text = malloc((size_t)FUNCTIONS * LINE), *at = text;
    for (int i = 0; text != NULL && i < FUNCTIONS; i++) {
        at += snprintf(at, LINE, "int f%d(int a, int b) { return (a * %d + b) / (a + b); }\n",
                       i, i);
    }
    return text;
}

Test(tool, what_a_stopped_job_did_not_look_at_has_no_score)
{
    role_bench b;
    char *source = long_source();
    bench_begin(&b, json_pack("{s:{s:s}, s:[s, s]}", "files", "long.c", source, "dimensions",
                              "syntax", "semantics"));
    b.job.deadline_ns = tool_now_ns() + 120000000u;
    b.status = role_code_validator.execute(&b.job);
    const json_t *dimensions = json_object_get(b.job.output, "dimensions");
    static const char *const names[] = {"syntax", "semantics"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *one = json_object_get(dimensions, names[i]);
        cr_expect(json_is_null(json_object_get(one, "score")), "%s: %s", names[i],
                  bench_text(one, "evidence"));
    }
    cr_expect(b.job.confidence < 1.0);
    bench_end(&b);
    free(source);
}
