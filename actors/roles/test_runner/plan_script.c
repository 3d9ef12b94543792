/* Finds the tests of languages and scripts: npm, pytest, unittest, prove, bats, run scripts. */
#include "actors/roles/test_runner/plan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define STEP(...) plan_step_of((const char *const[]){__VA_ARGS__, NULL})

bool plan_npm(const plan_site *site, test_plan *out)
{
    char *text = plan_read(site, "package.json");
    json_t *json = text == NULL ? NULL : json_loads(text, 0, NULL);
    const char *script =
        json_string_value(json_object_get(json_object_get(json, "scripts"), "test"));
    bool found = script != NULL && strstr(script, "no test specified") == NULL;
    json_decref(json);
    free(text);
    if (!found) {
        return false;
    }
    out->why = "package.json has scripts.test";
    out->package = "npm";
    out->test = STEP("npm", "test", "--silent");
    out->format = FORMAT_AUTO;
    return true;
}

static bool has_python_tests(const plan_site *site)
{
    return plan_file_like(site, "test_", ".py") != NULL
           || plan_file_like(site, "", "_test.py") != NULL;
}

/* Tests need not have test functions to be found: a configuration says that pytest is meant. */
static bool uses_pytest(const plan_site *site)
{
    static const char *const files[] = {"pyproject.toml", "setup.cfg", "tox.ini",
                                        "requirements.txt", "requirements-dev.txt"};
    if (plan_has(site, "pytest.ini") || plan_file_like(site, "conftest", ".py") != NULL) {
        return true;
    }
    bool found = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && !found; i++) {
        char *text = plan_read(site, files[i]);
        found = text != NULL && strstr(text, "pytest") != NULL;
        free(text);
    }
    return found;
}

/* pytest also runs unittest classes, so it is right for both when it is installed. */
bool plan_pytest(const plan_site *site, test_plan *out)
{
    if (!has_python_tests(site)) {
        return false;
    }
    out->why =
        uses_pytest(site) ? "pytest is configured" : "files named test_*.py or *_test.py";
    out->package = "python3-pytest";
    out->test = STEP("pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors",
                     "--junitxml=" PLAN_REPORT);
    out->report = PLAN_REPORT;
    out->format = FORMAT_PYTEST;
    return true;
}

bool plan_unittest(const plan_site *site, test_plan *out)
{
    if (!has_python_tests(site)) {
        return false;
    }
    out->why = "files named test_*.py";
    out->package = "python3";
    bool inside =
        plan_has(site, "tests/__init__.py") || plan_file_like(site, "test_", ".py") == NULL
        || strncmp(plan_file_like(site, "test_", ".py") + strlen(site->folder), "tests/", 6)
               != 0;
    out->test =
        STEP("python3", "-m", "unittest", "discover", "-v", "-s", inside ? "." : "tests");
    out->format = FORMAT_UNITTEST;
    return true;
}

bool plan_prove(const plan_site *site, test_plan *out)
{
    const char *path = plan_file_like(site, "", ".t");
    if (path == NULL || strncmp(path + strlen(site->folder), "t/", 2) != 0) {
        return false;
    }
    out->why = "t/*.t";
    out->package = "perl";
    out->test = STEP("prove", "-v", "--merge", "-r", "-I", "lib", "t");
    out->format = FORMAT_TAP;
    return true;
}

bool plan_bats(const plan_site *site, test_plan *out)
{
    const char *path = plan_file_like(site, "", ".bats");
    if (path == NULL) {
        return false;
    }
    const char *inside = path + strlen(site->folder);
    const char *slash = strchr(inside, '/');
    const char *where =
        slash == NULL ? "." : cogo_arena_copy(site->arena, inside, (size_t)(slash - inside));
    out->why = "*.bats";
    out->package = "bats";
    out->test = STEP("bats", "--tap", "-r", where == NULL ? "." : where);
    out->format = FORMAT_TAP;
    return true;
}

bool plan_script(const plan_site *site, test_plan *out)
{
    static const char *const names[] = {
        "tests/run.sh",       "test/run.sh",   "tests/run-tests.sh",
        "tests/run_tests.sh", "run-tests.sh",  "run_tests.sh",
        "runtests.sh",        "tests/test.sh", "test.sh"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = plan_read(site, names[i]);
        if (text == NULL) {
            continue;
        }
        bool bash = strncmp(text, "#!", 2) == 0 && strcspn(text, "\n") < 64
                    && memmem(text, strcspn(text, "\n"), "bash", 4) != NULL;
        free(text);
        out->why = names[i];
        out->package = bash ? "bash" : "dash";
        out->test = STEP(bash ? "bash" : "sh", names[i]);
        out->format = FORMAT_AUTO;
        return true;
    }
    return false;
}
