/* Finds the tests of build systems: meson, CMake, autotools, SCons, make. */
#include "actors/roles/test_runner/lines.h"
#include "actors/roles/test_runner/plan.h"

#include <stdlib.h>
#include <string.h>

enum { INCLUDES_MAX = 16 };

#define STEP(...) plan_step_of((const char *const[]){__VA_ARGS__, NULL})

static bool text_has(const char *text, const char *const *words)
{
    for (size_t i = 0; text != NULL && words[i] != NULL; i++) {
        if (strstr(text, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Does any file of that name below the folder hold one of the words? Subfolders often define
 * the tests. */
static bool any_file_has(const plan_site *site, const char *name, const char *const *words)
{
    size_t folder = strlen(site->folder);
    for (size_t i = 0; i < site->ws->count; i++) {
        const workspace_file *file = &site->ws->files[i];
        const char *slash = strrchr(file->path, '/');
        if (strcmp(slash == NULL ? file->path : slash + 1, name) != 0
            || strncmp(file->path, site->folder, folder) != 0) {
            continue;
        }
        size_t size = 0;
        char *text = workspace_read(site->ws, file, &size);
        bool has = text_has(text, words);
        free(text);
        if (has) {
            return true;
        }
    }
    return false;
}

bool plan_meson(const plan_site *site, test_plan *out)
{
    static const char *const words[] = {"test(", "test (", NULL};
    if (!plan_has(site, "meson.build") || !any_file_has(site, "meson.build", words)) {
        return false;
    }
    out->why = "meson.build defines tests";
    out->package = "meson";
    out->build[out->build_count++] = STEP("meson", "setup", PLAN_BUILD);
    out->build[out->build_count++] = STEP("meson", "compile", "-j", "2", "-C", PLAN_BUILD);
    out->test = STEP("meson", "test", "--no-rebuild", "--print-errorlogs", "-C", PLAN_BUILD);
    out->report = PLAN_BUILD "/meson-logs/testlog.junit.xml";
    out->format = FORMAT_MESON;
    return true;
}

bool plan_cmake(const plan_site *site, test_plan *out)
{
    static const char *const words[] = {
        "enable_testing", "add_test", "include(CTest)", "include (CTest)", "ENABLE_TESTING",
        "ADD_TEST",       NULL};
    if (!plan_has(site, "CMakeLists.txt") || !any_file_has(site, "CMakeLists.txt", words)) {
        return false;
    }
    out->why = "CMakeLists.txt defines tests";
    out->package = "cmake";
    const char *report =
        cogo_arena_printf(site->arena, "%s/%s" PLAN_REPORT, site->ws->tree, site->folder);
    out->build[out->build_count++] =
        STEP("cmake", "-S", ".", "-B", PLAN_BUILD, "-DBUILD_TESTING=ON");
    out->build[out->build_count++] = STEP("cmake", "--build", PLAN_BUILD, "-j", "2");
    out->test = STEP("ctest", "--test-dir", PLAN_BUILD, "--output-on-failure", "--output-junit",
                     report == NULL ? PLAN_REPORT : report);
    out->report = PLAN_REPORT;
    out->format = FORMAT_CTEST;
    return true;
}

/* Makefile.in, or a piece that configure joins to it ("make/rules.mk"). */
static bool is_rule_template(const plan_site *site, const workspace_file *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash == NULL ? file->path : slash + 1;
    const char *dot = strrchr(name, '.');
    return strncmp(file->path, site->folder, strlen(site->folder)) == 0
           && (strcmp(name, "Makefile.in") == 0 || (dot != NULL && strcmp(dot, ".mk") == 0));
}

/* The target that tests a configured tree; NULL: none. automake makes a target check that does
 * nothing for trees without tests. */
static const char *autotools_goal(const plan_site *site)
{
    static const char *const automake[] = {"TESTS", "check-local", "DEJATOOL", "include ",
                                           NULL};
    if (plan_file_like(site, "Makefile", ".am") != NULL) {
        return any_file_has(site, "Makefile.am", automake) ? "check" : NULL;
    }
    bool tests = false;
    for (size_t i = 0; i < site->ws->count; i++) {
        const workspace_file *file = &site->ws->files[i];
        size_t size = 0;
        char *text =
            is_rule_template(site, file) ? workspace_read(site->ws, file, &size) : NULL;
        bool checks = text_has(text, (const char *[]){"\ncheck:", "\ncheck test:", NULL});
        tests = tests || text_has(text, (const char *[]){"\ntest:", "\ntest check:", NULL});
        free(text);
        if (checks) {
            return "check";
        }
    }
    return tests ? "test" : NULL;
}

bool plan_autotools(const plan_site *site, test_plan *out)
{
    bool made =
        plan_has(site, "configure")
        && (plan_file_like(site, "Makefile", ".in") != NULL || plan_has(site, "configure.ac"));
    if (!made && !plan_has(site, "configure.ac") && !plan_has(site, "configure.in")) {
        return false;
    }
    const char *goal = autotools_goal(site);
    if (goal == NULL) {
        return false;
    }
    out->why = made ? "configure" : "configure.ac";
    out->package = "automake";
    if (!made) {
        out->build[out->build_count++] = STEP("autoreconf", "-fi");
    }
    /* A fresh checkout gives all files one date; that alone must not make the checked-in
     * configure again, with tools of other versions. Manuals are no matter of tests. */
    out->build[out->build_count++] =
        made
            ? STEP("sh", "./configure", "ACLOCAL=:", "AUTOCONF=:", "AUTOMAKE=:", "AUTOHEADER=:")
            : STEP("sh", "./configure");
    out->build[out->build_count++] = STEP("make", "-j2", "MAKEINFO=true");
    out->test = STEP("make", goal, "VERBOSE=1", "MAKEINFO=true");
    out->format = FORMAT_AUTO;
    return true;
}

/* Alias('test', ...) or Alias("check", ...), in any spelling of blanks. */
static const char *scons_alias(const char *text)
{
    static const char *const names[] = {"check", "test", "tests"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (const char *at = strstr(text, "Alias"); at != NULL; at = strstr(at + 1, "Alias")) {
            line rest = {at + 5, strlen(at + 5)};
            line_take_blanks(&rest);
            bool open = line_take(&rest, "(");
            line_take_blanks(&rest);
            if (open && (line_take(&rest, "'") || line_take(&rest, "\""))
                && line_take(&rest, names[i])
                && (rest.text[0] == '\'' || rest.text[0] == '"')) {
                return names[i];
            }
        }
    }
    return NULL;
}

/* Programs named like tests: each prints its own report, we add one line per program. */
static const char run_built_tests[] =
    "n=0; bad=0; for f in $(find . -type f -perm -u+x \\( -name 'test*' -o -name '*test' -o "
    "-name '*tests' \\) ! -name '*.*' | sort); do n=$((n+1)); if \"$f\"; then echo \"PASS: $f\"; "
    "else bad=1; echo \"FAIL: $f\"; fi; done; [ $n -gt 0 ] || echo '1..0 # SKIP the build made no "
    "program named test*, *test or *tests'; exit $bad";

bool plan_scons(const plan_site *site, test_plan *out)
{
    char *text = plan_read(site, "SConstruct");
    if (text == NULL) {
        return false;
    }
    const char *alias = scons_alias(text);
    free(text);
    out->package = "scons";
    out->build[out->build_count++] = STEP("scons", "-Q", "-j2");
    if (alias != NULL) {
        out->why = "SConstruct has an alias for tests";
        out->test = STEP("scons", "-Q", alias);
    } else {
        out->why = "SConstruct";
        out->test = STEP("sh", "-c", run_built_tests);
        out->test.label = "test programs that scons built";
    }
    out->format = FORMAT_AUTO;
    return true;
}

/* The targets of a rule line "a b: c"; size 0 when it is no rule. */
static line rule_targets(line at)
{
    line none = {at.text, 0};
    if (at.size == 0 || at.text[0] == '\t' || at.text[0] == '#' || at.text[0] == ' ') {
        return none;
    }
    const char *colon = memchr(at.text, ':', at.size);
    const char *equals = memchr(at.text, '=', at.size);
    if (colon == NULL || (equals != NULL && equals < colon)
        || (colon + 1 < at.text + at.size && (colon[1] == '=' || colon[1] == ':'))) {
        return none;
    }
    return (line){at.text, (size_t)(colon - at.text)};
}

static bool has_word(line words, const char *word)
{
    while (words.size > 0) {
        line_take_blanks(&words);
        size_t size = 0;
        while (size < words.size && words.text[size] != ' ' && words.text[size] != '\t') {
            size++;
        }
        if (size > 0 && size == strlen(word) && memcmp(words.text, word, size) == 0) {
            return true;
        }
        words.text += size;
        words.size -= size;
    }
    return false;
}

typedef struct makefile {
    bool check, test, tests;
    const char *first; /* The default goal, if it is one of these; "": another one. */
} makefile;

static void read_rules(const char *text, makefile *found)
{
    static const char *const names[] = {"check", "test", "tests"};
    line_walk walk = line_walk_of(text, strlen(text));
    for (line at; line_next(&walk, &at);) {
        line targets = rule_targets(at);
        if (targets.size == 0 || targets.text[0] == '.') {
            continue;
        }
        const char *goal = "";
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (has_word(targets, names[i])) {
                goal = names[i];
                *(i == 0 ? &found->check : i == 1 ? &found->test : &found->tests) = true;
            }
        }
        if (found->first == NULL && memchr(targets.text, '%', targets.size) == NULL) {
            found->first = goal;
        }
    }
}

/* "include mk/tests.mk" */
static void read_includes(const plan_site *site, const char *text, makefile *found)
{
    size_t count = 0;
    line_walk walk = line_walk_of(text, strlen(text));
    for (line at; line_next(&walk, &at) && count < INCLUDES_MAX;) {
        (void)line_take(&at, "-");
        if (!line_take(&at, "include ")) {
            continue;
        }
        line_trim(&at.text, &at.size);
        const char *name = cogo_arena_copy(site->arena, at.text, at.size);
        char *included = name == NULL || at.size == 0 ? NULL : plan_read(site, name);
        if (included != NULL) {
            read_rules(included, found);
        }
        free(included);
        count++;
    }
}

bool plan_make(const plan_site *site, test_plan *out)
{
    static const char *const names[] = {"GNUmakefile", "makefile", "Makefile"};
    makefile found = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && found.first == NULL; i++) {
        char *text = plan_read(site, names[i]);
        if (text != NULL) {
            read_rules(text, &found);
            read_includes(site, text, &found);
        }
        free(text);
    }
    const char *goal = found.check   ? "check"
                       : found.test  ? "test"
                       : found.tests ? "tests"
                                     : NULL;
    if (goal == NULL) {
        return false;
    }
    out->why = cogo_arena_printf(site->arena, "the makefile has a target %s", goal);
    out->package = "make";
    if (found.first != NULL && strcmp(found.first, goal) != 0) {
        out->build[out->build_count++] = STEP("make", "-j2");
    }
    out->test = STEP("make", goal);
    out->format = FORMAT_AUTO;
    return true;
}
