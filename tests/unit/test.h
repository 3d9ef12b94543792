/* One set of test sources, two runners: Criterion, and an in-process one for sanitizer builds
 * (ThreadSanitizer can't run Criterion, and Criterion passes tests that leak under ASan). */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#ifdef TEST_INPROC
#    include <stdbool.h>
#    include <stdio.h>
#    include <string.h>

struct test_case {
    const char *suite, *name, *file;
    void (*run)(void);
    struct test_case *next;
};
void test_add(struct test_case *test);
void test_fail(const char *file, int line, const char *what);
extern bool test_failed;

#    define Test(suite_, name_, ...)                                                        \
        static void suite_##_##name_##_run(void);                                           \
        __attribute__((constructor)) static void suite_##_##name_##_add(void)               \
        {                                                                                   \
            static struct test_case t = {#suite_, #name_, __FILE__, suite_##_##name_##_run, \
                                         0};                                                \
            test_add(&t);                                                                   \
        }                                                                                   \
        static void suite_##_##name_##_run(void)
#    define cr_expect(c, ...)                      \
        do {                                       \
            if (!(c)) {                            \
                test_fail(__FILE__, __LINE__, #c); \
            }                                      \
        } while (0)
#    define cr_assert(c, ...)                      \
        do {                                       \
            if (!(c)) {                            \
                test_fail(__FILE__, __LINE__, #c); \
                return;                            \
            }                                      \
        } while (0)
#    define cr_assert_not(c, ...)        cr_assert(!(c))
#    define cr_assert_eq(a, b, ...)      cr_assert((a) == (b))
#    define cr_assert_neq(a, b, ...)     cr_assert((a) != (b))
#    define cr_assert_lt(a, b, ...)      cr_assert((a) < (b))
#    define cr_assert_leq(a, b, ...)     cr_assert((a) <= (b))
#    define cr_assert_gt(a, b, ...)      cr_assert((a) > (b))
#    define cr_assert_geq(a, b, ...)     cr_assert((a) >= (b))
#    define cr_assert_null(a, ...)       cr_assert((a) == NULL)
#    define cr_assert_not_null(a, ...)   cr_assert((a) != NULL)
#    define cr_assert_str_eq(a, b, ...)  cr_assert(strcmp((a), (b)) == 0)
#    define cr_assert_fail(...)          cr_assert(false)
#    define cr_expect_not(c, ...)        cr_expect(!(c))
#    define cr_expect_eq(a, b, ...)      cr_expect((a) == (b))
#    define cr_expect_neq(a, b, ...)     cr_expect((a) != (b))
#    define cr_expect_lt(a, b, ...)      cr_expect((a) < (b))
#    define cr_expect_leq(a, b, ...)     cr_expect((a) <= (b))
#    define cr_expect_gt(a, b, ...)      cr_expect((a) > (b))
#    define cr_expect_geq(a, b, ...)     cr_expect((a) >= (b))
#    define cr_expect_null(a, ...)       cr_expect((a) == NULL)
#    define cr_expect_not_null(a, ...)   cr_expect((a) != NULL)
#    define cr_expect_str_eq(a, b, ...)  cr_expect(strcmp((a), (b)) == 0)
#    define cr_expect_str_neq(a, b, ...) cr_expect(strcmp((a), (b)) != 0)
#else
#    include <criterion/criterion.h>
#endif

#endif
