/* What real trees look like: other people's files, odd names, flags that only the build knows.
 * The roles must find what is wrong in them, and nothing else. */
#include "actors/roles/role.h"
#include "actors/roles/workspace.h"
#include "tests/unit/roles/bench.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

extern const role role_code_indexer, role_code_validator, role_security_scanner;

static const char *severity_at(const role_bench *b, const char *file, int line)
{
    size_t i = 0;
    json_t *f = NULL;
    json_array_foreach(json_object_get(b->job.output, "findings"), i, f)
    {
        if (strcmp(bench_text(f, "file"), file) == 0
            && json_integer_value(json_object_get(f, "line")) == line) {
            return bench_text(f, "severity");
        }
    }
    return "none";
}

Test(security_scanner, rm_of_folders_or_patterns_is_high_and_of_a_file_medium)
{
    role_bench b;
    bench_run(&b, &role_security_scanner,
              json_pack("{s:{s:s}}", "files", "a.sh",
                        "#!/bin/sh\nrm -f $1\nrm -rf $1\nrm -f $1/*.o\nrm $2 && ls -r\n"));
    cr_expect_str_eq(severity_at(&b, "a.sh", 2), "medium");
    cr_expect_str_eq(severity_at(&b, "a.sh", 3), "high");
    cr_expect_str_eq(severity_at(&b, "a.sh", 4), "high");
    cr_expect_str_eq(severity_at(&b, "a.sh", 5), "medium");
    bench_end(&b);
}

Test(code_validator, what_clang_guesses_without_a_header_is_not_reported)
{
    static const char loop[] = "int spin(int n)\n{\n    int i = 0;\n    while (i < n) {\n"
                               "    }\n    return i;\n}\n";
    char wants[400], has[400];
    snprintf(wants, sizeof wants, "#include \"gone.h\"\n%s", loop);
    snprintf(has, sizeof has, "#include \"own.h\"\n%s", loop);
    role_bench b;
    bench_run(&b, &role_code_validator,
              json_pack("{s:{s:s, s:s, s:s}, s:[s]}", "files", "a.c", wants, "b.c", has,
                        "inc/own.h", "int spin(int n);\n", "dimensions", "semantics"));
    cr_expect_eq(bench_found(&b, "bugprone-infinite-loop", "a.c", 0), 0u);
    cr_expect_eq(bench_found(&b, "bugprone-infinite-loop", "b.c", 5), 1u);
    bench_end(&b);
}

Test(code_validator, a_star_import_is_no_undefined_name)
{
    role_bench b;
    bench_run(&b, &role_code_validator,
              json_pack("{s:{s:s}, s:[s]}", "files", "a.py",
                        "from os import *\nprint(getcwd())\n", "dimensions", "semantics"));
    cr_expect_str_eq(bench_text(b.job.output, "verdict"), "pass");
    bench_end(&b);
}
