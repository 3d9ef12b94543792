/* Languages by name, ending and first line; lines by kind. */
#include "actors/roles/language.h"
#include "actors/roles/workspace.h"
#include "tests/unit/test.h"

#include <string.h>

static language_id detect(const char *path, const char *head)
{
    return language_detect(path, head, strlen(head));
}

Test(language, names_endings_and_shebangs_are_known)
{
    cr_expect_eq(detect("src/a.c", ""), LANGUAGE_C);
    cr_expect_eq(detect("a.h", ""), LANGUAGE_C_HEADER);
    cr_expect_eq(detect("a.C", ""), LANGUAGE_CPP);
    cr_expect_eq(detect("SConstruct", ""), LANGUAGE_PYTHON);
    cr_expect_eq(detect("deep/er/Makefile", ""), LANGUAGE_MAKE);
    cr_expect_eq(detect("CMakeLists.txt", ""), LANGUAGE_CMAKE);
    cr_expect_eq(detect("run", "#!/bin/sh\n"), LANGUAGE_SHELL);
    cr_expect_eq(detect("run", "#!/usr/bin/env python3\n"), LANGUAGE_PYTHON);
    cr_expect_eq(detect("run", "#!/usr/bin/env -S python3.11 -u\n"), LANGUAGE_PYTHON);
    cr_expect_eq(detect("run.py", "#!/bin/sh\n"), LANGUAGE_PYTHON);
    cr_expect_eq(detect("notes.txt", "hello"), LANGUAGE_NONE);
    cr_expect_eq(detect(".c", ""), LANGUAGE_NONE);
    cr_expect_eq(detect("x", "#!"), LANGUAGE_NONE);
    cr_expect_eq(detect("", ""), LANGUAGE_NONE);
}

Test(language, code_comments_and_blanks_are_told_apart)
{
    const char *c = "int a; /* both */\n\n// only\n/* two\nlines */\nchar *s = \"// no\";\n";
    language_lines n = language_count(LANGUAGE_C, c, strlen(c));
    cr_expect_eq(n.lines, 6u);
    cr_expect_eq(n.code, 2u);
    cr_expect_eq(n.comment, 3u);
    cr_expect_eq(n.blank, 1u);
    const char *py = "\"\"\"Doc.\nmore\n\"\"\"\nx = 1  # one\n# two\n";
    n = language_count(LANGUAGE_PYTHON, py, strlen(py));
    cr_expect_eq(n.code, 1u);
    cr_expect_eq(n.comment, 4u);
    const char *cut = "a = 'open\nb";
    n = language_count(LANGUAGE_SHELL, cut, strlen(cut));
    cr_expect_eq(n.lines, 2u);
    cr_expect_eq(language_count(LANGUAGE_C, "", 0).lines, 0u);
}

Test(language, tests_are_told_from_code)
{
    cr_expect(workspace_is_test("tests/a.c"));
    cr_expect(workspace_is_test("a/b/test_x.py"));
    cr_expect(workspace_is_test("x_test.go"));
    cr_expect_not(workspace_is_test("src/attest.c"));
    cr_expect_not(workspace_is_test("contest/main.c"));
}
