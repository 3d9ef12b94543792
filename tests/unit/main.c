/* The in-process runner of sanitizer builds; in Criterion builds the library brings main(). */
#include "tests/unit/test.h"

#ifdef TEST_INPROC
#    include <stdlib.h>
#    include <unistd.h>

enum { TEST_SECONDS_MAX = 120 };

static struct test_case *tests;
bool test_failed;

void test_add(struct test_case *test)
{
    test->next = tests;
    tests = test;
}

void test_fail(const char *file, int line, const char *what)
{
    test_failed = true;
    fprintf(stderr, "FAIL %s:%d %s\n", file, line, what);
}

/* argv[1]: only tests whose "suite/name" contains it. */
int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (struct test_case *t = tests; t != NULL; t = t->next) {
        char full[256];
        snprintf(full, sizeof full, "%s/%s", t->suite, t->name);
        if (argc > 1 && strstr(full, argv[1]) == NULL) {
            continue;
        }
        test_failed = false;
        alarm(TEST_SECONDS_MAX);
        t->run();
        alarm(0);
        if (test_failed) {
            fprintf(stderr, "[FAIL] %s  repeat: %s %s\n", full, argv[0], full);
        }
        *(test_failed ? &failed : &passed) += 1;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
#else
extern int unused_in_criterion_builds;
#endif
