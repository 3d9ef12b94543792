/* Workers in child processes: this very program, started anew. The orchestrator of the bench
 * does not notice, but that a crash there is an end with its reason here. */
#include "tests/unit/worker/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static cogo_err set_up(cogo_system *system, void *arg)
{
    (void)arg;
    cogo_err err = messages_register(system);
    return err == COGO_OK ? worker_register_behavior(system) : err;
}

/* Before main(), which is the test runner's. */
__attribute__((constructor)) static void begin(void)
{
    const cogo_process_program program = {.struct_size = sizeof program, .setup = set_up};
    int code = 0;
    if (cogo_process_main(&program, &code)) {
        _exit(code);
    }
}

static bool start_pool(cogo_system *system, const char *node_name, const char *join)
{
    const cogo_node_config node = {.struct_size = sizeof node, .name = node_name, .join = join};
    const cogo_process_pool pool = {.struct_size = sizeof pool,
                                    .name = "research",
                                    .intensity = 1000,
                                    .backoff_min_ns = 1000000};
    return cogo_node_start(system, &node) == COGO_OK
           && cogo_process_pool_start(system, &pool) == COGO_OK;
}

static bool start_worker(bench *b, cogo_system *system)
{
    const worker_config config = {.type = "research",
                                  .worker_id = "wrk_1",
                                  .state_dir = b->folder,
                                  .labels = "place=child",
                                  .slots = 1,
                                  .pool = "research"};
    return worker_start(system, &config, &b->worker) == COGO_OK;
}

static bool start(bench *b)
{
    return bench_start(b, 0) && start_pool(b->system, "n", NULL) && start_worker(b, b->system);
}

static void finish(bench *b)
{
    cr_expect_eq(cogo_node_stop(b->system, BENCH_WAIT_MS * UINT64_C(1000000)), COGO_OK);
    bench_finish(b);
}

/* Forgets what came before it. */
static bool heard_idle(void)
{
    for (;;) {
        cogo_msg *msg = bench_hear(MSG_WORKER_STATUS);
        bool found =
            msg != NULL && ((worker_agent_status *)cogo_msg_payload(msg))->slots_used == 0;
        bool over = msg == NULL;
        cogo_msg_destroy(msg);
        if (found || over) {
            return found;
        }
    }
}

static void expect_result(int64_t lease)
{
    cogo_msg *msg = bench_hear(MSG_INSTRUCTION_RESULT);
    cr_assert_not_null(msg);
    const instruction_result *said = cogo_msg_payload(msg);
    cr_expect_eq(said->lease, lease);
    cr_expect_eq(said->result->status, RESULT_SUCCESS);
    cr_expect_str_eq(said->worker_id, "wrk_1");
    cogo_msg_destroy(msg);
}

Test(porter, a_worker_in_a_child_process_registers_and_works)
{
    bench b;
    cr_assert(start(&b));
    cogo_msg *msg = bench_hear(MSG_WORKER_REGISTER);
    cr_assert_not_null(msg);
    const worker_register *as = cogo_msg_payload(msg);
    cr_expect_str_eq(as->worker_id, "wrk_1");
    cr_expect_eq(as->slots, 1);
    cr_assert_eq(as->labels.count, 1u);
    cr_expect_str_eq(as->labels.items[0], "place=child");
    cr_expect(cogo_actor_id_equal(cogo_msg_sender(msg), b.worker), "it speaks for the worker");
    cogo_msg_destroy(msg);
    cr_expect(heard_idle());
    bench_offer(&b, 1, "echo", "{\"a\":1}", 5000);
    expect_result(1);
    finish(&b);
}

/* The process is another one afterwards, and so is the worker; the node goes on. */
Test(porter, a_crash_is_the_end_of_the_worker_with_the_signal)
{
    bench b;
    cogo_reason reason;
    cogo_node_stats stats = {.struct_size = sizeof stats};
    cr_assert(start(&b) && heard_idle());
    cogo_msg_destroy(bench_hear(MSG_WORKER_REGISTER));
    bench_offer(&b, 1, "crasher", "{}", 5000);
    cr_assert_eq(
        cogo_system_await(b.system, b.worker, BENCH_WAIT_MS * UINT64_C(1000000), &reason),
        COGO_OK);
    cr_expect_eq(reason.kind, COGO_EXIT_ERROR);
    cr_expect_str_eq(reason.text, "SIGABRT in worker.runner");
    cr_assert_eq(cogo_node_stats_read(b.system, &stats), COGO_OK);
    cr_expect_eq(stats.process_ends, 1u);
    bool again = false; // The process is begun again by its pool, this by its guardian.
    for (int i = 0; i < BENCH_WAIT_MS / 10 && !again; i++) {
        cr_assert(start_worker(&b, b.system));
        again = cogo_system_await(b.system, b.worker, UINT64_C(500000000), &reason)
                == COGO_ETIMEOUT;
    }
    cogo_msg *msg = bench_hear(MSG_WORKER_REGISTER);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    bench_offer(&b, 2, "echo", "{}", 5000);
    expect_result(2);
    finish(&b);
}

/* What it works on meanwhile is not lost. */
Test(porter, the_next_orchestrator_hears_of_the_worker_and_its_leases)
{
    bench b;
    cr_assert(start(&b) && heard_idle());
    cogo_msg_destroy(bench_hear(MSG_WORKER_REGISTER));
    bench_offer(&b, 5, "waiter", "{}", 60000);
    cogo_msg_destroy(bench_hear(MSG_INSTRUCTION_PROGRESS));
    cogo_exit_actor(b.system, b.probe, COGO_EXIT_KILLED, "test");
    cr_assert_eq(cogo_system_await(b.system, b.probe, UINT64_C(5000000000), NULL), COGO_OK);
    cr_assert(bench_probe(&b, 0));
    cogo_msg *msg = bench_hear(MSG_WORKER_REGISTER);
    cr_assert_not_null(msg);
    const worker_register *as = cogo_msg_payload(msg);
    cr_assert_eq(as->running.count, 1u);
    cr_expect_str_eq(as->running.items[0], "tsk_5:5");
    cogo_msg_destroy(msg);
    bench_cancel(&b, 5);
    msg = bench_hear(MSG_INSTRUCTION_RESULT);
    cr_assert_not_null(msg);
    cr_expect_eq(((instruction_result *)cogo_msg_payload(msg))->lease, 5);
    cogo_msg_destroy(msg);
    finish(&b);
}

Test(porter, a_worker_in_a_child_process_leaves_when_it_is_told_to)
{
    bench b;
    cr_assert(start(&b) && heard_idle());
    bench_leave(&b, 0);
    cogo_msg *msg = bench_hear(MSG_WORKER_DEREGISTER);
    cr_assert_not_null(msg);
    cogo_msg_destroy(msg);
    cr_expect(bench_left(&b));
    finish(&b);
}

/* A child process is linked with its parent alone: the orchestrator is two links away. */
Test(porter, the_orchestrator_may_be_on_a_third_node)
{
    bench b;
    char join[64];
    cogo_system *parent = NULL;
    const cogo_system_config two = {.struct_size = sizeof two, .lane_count = 2};
    const cogo_node_config node = {
        .struct_size = sizeof node, .name = "m", .listen = "127.0.0.1:0"};
    cr_assert(bench_start(&b, 1));
    cr_assert_eq(cogo_node_start(b.system, &node), COGO_OK);
    (void)snprintf(join, sizeof join, "127.0.0.1:%u", cogo_node_port(b.system));
    cr_assert(cogo_system_create(&two, &parent) == COGO_OK
              && messages_register(parent) == COGO_OK && start_pool(parent, "n", join)
              && start_worker(&b, parent));
    cr_expect(heard_idle());
    cogo_msg *msg = bench_hear(MSG_WORKER_REGISTER);
    cr_assert_not_null(msg);
    bench_offer_to(&b, cogo_msg_sender(msg), 1, "echo", "{}", 5000);
    cogo_msg_destroy(msg);
    expect_result(1);
    cr_expect_eq(cogo_node_stop(parent, BENCH_WAIT_MS * UINT64_C(1000000)), COGO_OK);
    cr_expect_eq(cogo_system_stop(parent, UINT64_C(5000000000)), COGO_OK);
    cogo_system_destroy(parent);
    finish(&b);
}
