#include "tests/unit/sandbox/box.h"
#include "tests/unit/test.h"

enum { PROBES_LEAST = 15, PROBES_MAX = 64 };

static void expect_contained(sandbox_level level)
{
    sandbox_probe probes[PROBES_MAX];
    size_t count = sandbox_self_test(level, probes, PROBES_MAX), applicable = 0;
    for (size_t i = 0; i < count; i++) {
        applicable += probes[i].applicable;
        if (probes[i].applicable && !probes[i].contained) {
            fprintf(stderr, "%s: %s: %s\n", sandbox_level_name(level), probes[i].name,
                    probes[i].detail);
        }
        cr_expect(probes[i].contained || !probes[i].applicable);
    }
    cr_expect_geq(applicable, (size_t)PROBES_LEAST);
}

Test(self_test, every_attempt_is_contained_at_the_best_level)
{
    cr_assert_neq(sandbox_level_best(), SANDBOX_NONE);
    expect_contained(sandbox_level_best());
}

Test(self_test, every_attempt_is_contained_by_landlock)
{
    if (sandbox_level_best() >= SANDBOX_LANDLOCK) {
        expect_contained(SANDBOX_LANDLOCK);
    }
}

Test(self_test, every_attempt_that_limits_promise_to_contain_is_contained)
{
    expect_contained(SANDBOX_LIMITS);
}

Test(level, names_are_parsed_back)
{
    for (int i = SANDBOX_NONE; i <= SANDBOX_NAMESPACES; i++) {
        sandbox_level level = SANDBOX_NONE;
        cr_expect(sandbox_level_parse(sandbox_level_name((sandbox_level)i), &level));
        cr_expect_eq((int)level, i);
    }
    sandbox_level level = SANDBOX_LANDLOCK;
    cr_expect_not(sandbox_level_parse("gvisor", &level));
    cr_expect_eq(level, SANDBOX_LANDLOCK);
}
