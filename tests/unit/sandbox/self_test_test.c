#include "tests/unit/sandbox/box.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <time.h>

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

static bool make_probe_folder(char *path, time_t age_s)
{
    struct timespec then[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
    return mkdtemp(path) != NULL && sandbox_folder_create(path) == COGO_OK
           && utimensat(AT_FDCWD, path, then, 0) == 0;
}

Test(level, folders_of_probes_that_were_killed_are_removed)
{
    char old[] = "/tmp/cogo-probe-XXXXXX", young[] = "/tmp/cogo-probe-XXXXXX";
    cr_assert(make_probe_folder(old, 3600) && make_probe_folder(young, 0));
    cr_expect_neq(sandbox_level_best(), SANDBOX_NONE);
    cr_expect_neq(access(old, F_OK), 0);
    cr_expect_eq(access(young, F_OK), 0, "somebody may be probing in it");
    sandbox_folder_remove(old);
    sandbox_folder_remove(young);
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
