/* Histograms of times. */
#include "tests/unit/test.h"

#include <cogo/cogo.h>

#include <string.h>

Test(histogram, a_value_is_known_to_within_a_sixteenth)
{
    for (uint64_t ns = 0; ns < UINT64_C(60000000000); ns += 1 + ns / 7) {
        cogo_histogram h = {0};
        cogo_histogram_add(&h, ns);
        cogo_histogram_add(&h, UINT64_C(66000000000)); // So that max_ns does not help.
        uint64_t told = cogo_histogram_quantile_ns(&h, 0.5);
        cr_assert_geq(told, ns);
        cr_assert_leq(told, ns + ns / 16);
    }
}

Test(histogram, bounds_grow_and_the_last_bucket_has_none)
{
    for (uint32_t i = 1; i < COGO_HISTOGRAM_BUCKETS; i++) {
        cr_assert_gt(cogo_histogram_bound_ns(i), cogo_histogram_bound_ns(i - 1));
    }
    cr_expect_eq(cogo_histogram_bound_ns(COGO_HISTOGRAM_BUCKETS - 1), UINT64_MAX);
    cr_expect_eq(cogo_histogram_bound_ns(COGO_HISTOGRAM_BUCKETS), UINT64_MAX);
    cogo_histogram h = {0};
    cr_expect_eq(cogo_histogram_quantile_ns(&h, 0.5), 0u, "empty");
    cogo_histogram_add(&h, UINT64_MAX);
    cr_expect_eq(cogo_histogram_quantile_ns(&h, 1), UINT64_MAX);
}

Test(histogram, merging_is_as_if_all_had_been_added_to_one)
{
    cogo_histogram a = {0}, b = {0}, both = {0};
    for (uint64_t i = 1; i <= 1000; i++) {
        cogo_histogram_add(i % 3 == 0 ? &a : &b, i * i);
        cogo_histogram_add(&both, i * i);
    }
    cogo_histogram_merge(&a, &b);
    cr_expect_eq(memcmp(&a, &both, sizeof a), 0);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, 0), 1u);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, 1), 1000000u);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, 7), 1000000u);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, -1), 1u);
}
