/* A worker that leaves: what it holds ends or is given back, and it says good-bye. */
#include "tests/unit/worker/bench.h"

#include <string.h>

static cogo_msg *kept; // Tests of one process run one after the other.

static const instruction_result *next_result(void)
{
    cogo_msg_destroy(kept);
    kept = bench_hear(MSG_INSTRUCTION_RESULT);
    return kept == NULL ? NULL : cogo_msg_payload(kept);
}

/* The result of @p lease; those of others, said again, are passed over. */
static const instruction_result *result_of(int64_t lease)
{
    const instruction_result *said = next_result();
    while (said != NULL && said->lease != lease) {
        said = next_result();
    }
    return said;
}

static void done(bench *b)
{
    cogo_msg_destroy(kept);
    kept = NULL;
    bench_finish(b);
}

static bool hear(cogo_msg_type type)
{
    cogo_msg *msg = bench_hear(type);
    cogo_msg_destroy(msg);
    return msg != NULL;
}

static bool drains(void)
{
    for (;;) {
        cogo_msg *msg = bench_hear(MSG_WORKER_STATUS);
        if (msg == NULL) {
            return false;
        }
        bool draining = ((const worker_agent_status *)cogo_msg_payload(msg))->draining;
        cogo_msg_destroy(msg);
        if (draining) {
            return true;
        }
    }
}

static void open_bench(bench *b)
{
    cr_assert(bench_start(b, 0) && bench_worker(b, 2) && hear(MSG_WORKER_STATUS));
}

Test(leave, what_runs_ends_and_what_is_offered_is_given_back)
{
    bench b;
    open_bench(&b);
    bench_offer(&b, 1, "stubborn", "{}", 600000);
    cr_expect(hear(MSG_INSTRUCTION_STARTED));
    bench_leave(&b, 600000);
    cr_expect(drains());
    bench_offer(&b, 2, "echo", "{}", 1000);
    const instruction_result *said = result_of(2);
    cr_assert_not_null(said);
    cr_expect(said->returned);
    bench_ack(&b, 2);
    cr_expect_eq(bench_heard(MSG_WORKER_DEREGISTER), 0);
    atomic_store_explicit(&bench_release, true, memory_order_relaxed);
    said = result_of(1);
    cr_assert_not_null(said);
    cr_expect_not(said->returned);
    cr_expect_eq(said->result->status, RESULT_SUCCESS);
    cr_expect_eq(bench_heard(MSG_WORKER_DEREGISTER), 0, "it waits for the acknowledgement");
    bench_ack(&b, 1);
    cr_expect(hear(MSG_WORKER_DEREGISTER));
    cr_expect(bench_left(&b));
    done(&b);
}

Test(leave, what_does_not_end_in_time_is_given_back)
{
    bench b;
    open_bench(&b);
    bench_offer(&b, 1, "waiter", "{}", 600000);
    bench_offer(&b, 2, "echo", "{\"delayMs\": 600000}", 600000);
    bench_leave(&b, 20);
    for (int64_t lease = 2; lease >= 1; lease--) {
        const instruction_result *said = result_of(lease);
        cr_assert_not_null(said);
        cr_expect(said->returned);
        cr_expect_eq(said->result->status, RESULT_FAILED);
        bench_ack(&b, lease);
    }
    cr_expect(hear(MSG_WORKER_DEREGISTER));
    cr_expect(bench_left(&b));
    done(&b);
}

/* The orchestrator takes its task back when the worker says good-bye. */
Test(leave, nobody_waits_for_a_role_that_does_not_stop)
{
    bench b;
    open_bench(&b);
    bench_offer(&b, 1, "stubborn", "{}", 600000);
    cr_expect(hear(MSG_INSTRUCTION_STARTED));
    bench_leave(&b, 0);
    cr_expect(hear(MSG_WORKER_DEREGISTER));
    cr_expect(bench_left(&b));
    cr_expect_eq(bench_heard(MSG_INSTRUCTION_RESULT), 0);
    done(&b);
}

Test(leave, without_work_and_without_an_orchestrator_it_is_gone_at_once)
{
    bench b;
    cr_assert(bench_start(&b, 1000000) && bench_worker(&b, 1));
    cr_expect(hear(MSG_WORKER_REGISTER));
    bench_leave(&b, 600000);
    cr_expect(bench_left(&b));
    cr_expect_eq(bench_heard(MSG_WORKER_DEREGISTER), 0);
    done(&b);
}

/* A cancellation is the user's word: it is no reason to try again elsewhere. */
Test(leave, what_was_cancelled_is_not_given_back)
{
    bench b;
    open_bench(&b);
    bench_offer(&b, 1, "stubborn", "{}", 600000);
    cr_expect(hear(MSG_INSTRUCTION_STARTED));
    bench_cancel(&b, 1);
    bench_leave(&b, 600000);
    cr_expect(drains());
    atomic_store_explicit(&bench_release, true, memory_order_relaxed);
    const instruction_result *said = result_of(1);
    cr_assert_not_null(said);
    cr_expect_not(said->returned);
    bench_ack(&b, 1);
    cr_expect(bench_left(&b));
    done(&b);
}
