#include "bench/bench.h"
#include "tests/unit/test.h"

enum { RUNS = 2, LANES_MAX = 2 };

Test(bench, every_workload_ends_and_its_work_is_right)
{
    for (const bench *b = bench_table; b->name != NULL; b++) {
        for (uint32_t lanes = 1; lanes <= LANES_MAX; lanes++) {
            bench_result result;
            char error[BENCH_ERROR_SIZE] = "";
            cr_assert_eq(bench_run(b, lanes, RUNS, b->small, &result, error), COGO_OK);
            cr_expect_eq(result.lanes, lanes);
            cr_expect_eq(result.runs, RUNS);
            cr_expect(result.min > 0);
            cr_expect(result.min <= result.median && result.median <= result.max);
        }
    }
}

Test(bench, single_round_trips_are_timed_in_ping_pong)
{
    bench_result result;
    char error[BENCH_ERROR_SIZE] = "";
    const bench *b = bench_find("ping-pong");
    cr_assert_eq(bench_run(b, 1, RUNS, b->small, &result, error), COGO_OK);
    cr_assert(result.sampled);
    cr_expect(result.p50 > 0 && result.p50 <= result.p99 && result.p99 <= result.p999);
}

Test(bench, work_that_is_not_what_was_asked_is_an_error)
{
    bench_result result;
    char error[BENCH_ERROR_SIZE] = "";
    // Sixty actors can't share 61 messages.
    const bench *b = bench_find("fork-join-throughput");
    cr_assert_eq(bench_run(b, 1, 1, 61, &result, error), COGO_EFAULT);
    cr_expect_eq(error[0], 'f');
}

Test(bench, limits_are_refused_with_a_sentence)
{
    bench_result result;
    char error[BENCH_ERROR_SIZE] = "";
    const bench *b = bench_find("counting");
    cr_expect_eq(bench_run(b, 1, 0, 1, &result, error), COGO_EINVAL);
    cr_expect_neq(error[0], '\0');
    cr_expect_eq(bench_run(b, BENCH_LANES_MAX + 1, 1, 1, &result, error), COGO_EINVAL);
    cr_expect_null(bench_find("no-such-workload"));
}
