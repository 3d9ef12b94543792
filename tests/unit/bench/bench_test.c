#include "bench/bench.h"
#include "bench/burners.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <string.h>

enum { RUNS = 2, LANES_MAX = 2 };

static cogo_err run_small(const char *name, uint32_t lanes, bench_report *out)
{
    char error[BENCH_ERROR_SIZE] = "";
    const bench *b = bench_find(name);
    const bench_order order = {.lanes = lanes, .runs = RUNS, .operations = b->small};
    return bench_run(b, &order, out, error);
}

Test(bench, every_workload_ends_and_its_work_is_right)
{
    for (const bench *b = bench_table; b->name != NULL; b++) {
        for (uint32_t lanes = 1; lanes <= LANES_MAX; lanes++) {
            bench_report report;
            cr_assert_eq(run_small(b->name, lanes, &report), COGO_OK);
            cr_assert(report.count > 0);
            for (size_t i = 0; i < report.count; i++) {
                const bench_result *r = &report.results[i];
                cr_expect_eq(r->lanes, lanes);
                cr_expect_eq(r->runs, strcmp(b->name, "idle-bytes") == 0 ? 1 : RUNS);
                cr_expect(r->min <= r->median && r->median <= r->max);
            }
        }
    }
}

Test(bench, single_round_trips_are_timed_where_one_message_is_in_flight)
{
    static const char *const names[] = {"ping-pong", "ask", "monitored"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bench_report report;
        cr_assert_eq(run_small(names[i], 1, &report), COGO_OK);
        const bench_result *r = &report.results[0];
        cr_assert(r->sampled);
        cr_expect(r->p50 > 0 && r->p50 <= r->p99 && r->p99 <= r->p999);
    }
}

/* The price of an ask, or of a supervisor, is a ratio within one run: machines differ. */
Test(bench, what_is_compared_is_measured_in_the_same_run)
{
    bench_report report;
    cr_assert_eq(run_small("ask", 1, &report), COGO_OK);
    cr_expect(report.results[0].base_median > 0);
    cr_assert_eq(run_small("monitored", 1, &report), COGO_OK);
    cr_expect(report.results[0].base_median > 0);
    cr_assert_eq(run_small("counting", 1, &report), COGO_OK);
    cr_expect(report.results[0].base_median == 0);
}

Test(bench, dispatch_tells_the_latency_of_each_rate_asleep_and_awake)
{
    bench_report report;
    int awake = 0;
    cr_assert_eq(run_small("dispatch", 1, &report), COGO_OK);
    cr_assert_eq(report.count, 6);
    for (size_t i = 0; i < report.count; i++) {
        const bench_result *r = &report.results[i];
        awake += strcmp(r->mode, "awake") == 0;
        cr_expect(r->rate == 10000 || r->rate == 100000 || r->rate == 1000000);
        cr_expect(r->sampled && r->p50 <= r->p99 && r->p99 <= r->p999 && r->p999 <= r->max);
    }
    cr_expect_eq(awake, 3);
}

Test(bench, burners_are_gone_when_they_are_stopped)
{
    burners b;
    cr_assert(burners_start(2, &b));
    pid_t first = b.pids[0];
    cr_expect_eq(kill(first, 0), 0);
    burners_stop(&b);
    cr_expect_neq(kill(first, 0), 0);
    cr_expect_eq(b.count, 0);
}

Test(bench, work_that_is_not_what_was_asked_is_an_error)
{
    bench_report report;
    char error[BENCH_ERROR_SIZE] = "";
    // Sixty actors can't share 61 messages.
    const bench_order order = {.lanes = 1, .runs = 1, .operations = 61};
    cr_assert_eq(bench_run(bench_find("fork-join-throughput"), &order, &report, error),
                 COGO_EFAULT);
    cr_expect_eq(error[0], 'f');
}

Test(bench, limits_are_refused_with_a_sentence)
{
    bench_report report;
    char error[BENCH_ERROR_SIZE] = "";
    const bench *b = bench_find("counting");
    const bench_order no_run = {.lanes = 1, .operations = 1};
    const bench_order too_wide = {.lanes = BENCH_LANES_MAX + 1, .runs = 1, .operations = 1};
    cr_expect_eq(bench_run(b, &no_run, &report, error), COGO_EINVAL);
    cr_expect_neq(error[0], '\0');
    cr_expect_eq(bench_run(b, &too_wide, &report, error), COGO_EINVAL);
    cr_expect_null(bench_find("no-such-workload"));
}

Test(bench, a_figure_says_of_what_and_where_it_is)
{
    char machine[BENCH_TEXT_SIZE];
    bench_machine(machine);
    cr_expect_not_null(strstr(machine, "CPUs"));
    cr_expect_neq(bench_compiler()[0], '\0');
    cr_expect_neq(bench_commit()[0], '\0');
}
