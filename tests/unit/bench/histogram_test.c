#include "bench/histogram.h"
#include "tests/unit/test.h"

enum { ERROR_SHARE = 128, VALUES = 1000 };

/* A p99 that is said must be one that somebody waited, give or take what the page promises. */
Test(histogram, a_value_is_given_back_at_most_one_part_in_128_too_high)
{
    uint64_t value = 1;
    for (int i = 0; i < VALUES; i++, value = value * 3 / 2 + 1) {
        if (value >> HISTOGRAM_VALUE_BITS != 0) {
            value = (uint64_t)i;
        }
        static histogram h;
        h = (histogram){0};
        histogram_add(&h, value);
        histogram_add(&h, UINT64_MAX); // So that the largest value does not hide the error.
        uint64_t said = histogram_at(&h, 0.5);
        cr_assert(said >= value && said - value <= value / ERROR_SHARE);
    }
}

Test(histogram, shares_count_values_and_not_buckets)
{
    static histogram h;
    for (uint64_t i = 1; i <= 100; i++) {
        histogram_add(&h, i);
    }
    cr_expect_eq(histogram_at(&h, 0), 1);
    cr_expect_eq(histogram_at(&h, 0.5), 50);
    cr_expect_eq(histogram_at(&h, 0.99), 99);
    cr_expect_eq(histogram_at(&h, 1), 100);
}

Test(histogram, the_least_and_the_largest_are_exact_and_an_empty_one_has_zero)
{
    static histogram h, other;
    cr_expect_eq(histogram_at(&h, 0.5), 0);
    histogram_merge(&h, &other);
    cr_expect_eq(h.total, 0);
    histogram_add(&other, 1000003);
    histogram_merge(&h, &other);
    cr_expect_eq(h.min, 1000003);
    histogram_add(&h, 77777777777777u);
    cr_expect_eq(h.max, 77777777777777u);
    cr_expect_eq(histogram_at(&h, 1), (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1);
    cr_expect_eq(h.total, 2);
}
