#include "tests/sim/unit.h"

#include "runtime/base/world.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { TESTS_MAX = 512, NAME_SIZE = 160 };

/* Files whose tests need nothing of the machine: no pipe, no clock, no spinning on words of
 * their own, not millions of messages. */
static const char *const fit[] = {
    "ask_test.c",        "dead_letter_test.c", "offload_test.c", "pressure_test.c",
    "supervisor_test.c", "system_test.c",      "talk_test.c",    "timer_test.c",
    "watch_test.c",      "stash_test.c",       "pool_test.c",    "pool_route_test.c",
    "group_test.c",      "undelivered_test.c", "server_test.c",  "fsm_test.c",
};

static scenario tests[TESTS_MAX + 1];
static char names[TESTS_MAX][NAME_SIZE];
static size_t test_count;
bool test_failed;

const cogo__world *__real_cogo__world_os(void);
const cogo__world *__wrap_cogo__world_os(void);

/* cogo_system_create() inside of a run makes its system in the simulated world. */
const cogo__world *__wrap_cogo__world_os(void)
{
    return cogo__sim_active() ? cogo__sim_world() : __real_cogo__world_os();
}

void test_add(struct test_case *test)
{
    bool fits = false;
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++) {
        const char *name = strrchr(test->file, '/');
        fits = fits || strcmp(name != NULL ? name + 1 : test->file, fit[i]) == 0;
    }
    if (fits && test_count < TESTS_MAX) {
        (void)snprintf(names[test_count], NAME_SIZE, "unit/%s/%s", test->suite, test->name);
        tests[test_count] = (scenario){names[test_count], test->file, SCENARIO_CALM, test->run};
        test_count++;
    }
}

void test_fail(const char *file, int line, const char *what)
{
    cogo__sim_fail("%s (%s:%d)", what, file, line);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const scenario *)a)->name, ((const scenario *)b)->name);
}

const scenario *unit_scenarios(void)
{
    qsort(tests, test_count, sizeof *tests, by_name); // The linker's order may change.
    return tests;
}
