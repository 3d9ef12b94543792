/* What an orchestrator can rely on: every offer gets one result, whatever the role does. */
#include "tests/unit/worker/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static cogo_msg *kept; // Tests of one process run one after the other.

/* The next result that the probe heard. Lives until the next call. */
static const instruction_result *next_result(void)
{
    cogo_msg_destroy(kept);
    kept = bench_hear(MSG_INSTRUCTION_RESULT);
    return kept == NULL ? NULL : cogo_msg_payload(kept);
}

static void done(bench *b)
{
    cogo_msg_destroy(kept);
    kept = NULL;
    bench_finish(b);
}

static const char *first_error(const instruction_result *said)
{
    const result_metadata *about = said->result->metadata;
    return about == NULL || about->errors.count == 0 ? "" : about->errors.items[0];
}

/* Waits for a heartbeat in which @p used slots are taken. */
static bool status_with(int64_t used, bool draining)
{
    for (int i = 0; i < 200; i++) {
        cogo_msg *msg = bench_hear(MSG_WORKER_STATUS);
        if (msg == NULL) {
            return false;
        }
        const worker_agent_status *status = cogo_msg_payload(msg);
        bool found = status->slots_used == used && status->draining == draining;
        cogo_msg_destroy(msg);
        if (found) {
            return true;
        }
    }
    return false;
}

static bool begun(bench *b, int64_t slots)
{
    return bench_start(b, 0) && bench_worker(b, slots) && status_with(0, false);
}

/* The next result of another attempt: one that is not acknowledged comes again. */
static const instruction_result *result_after(int64_t lease)
{
    const instruction_result *said;
    do {
        said = next_result();
    } while (said != NULL && said->lease == lease);
    return said;
}

static void expect_failed(const instruction_result *said, bool retryable, const char *why)
{
    cr_assert_not_null(said);
    cr_expect_eq(said->result->status, RESULT_FAILED);
    cr_expect_eq(said->retryable, retryable);
    cr_expect_not_null(strstr(first_error(said), why), "%s", first_error(said));
}

Test(worker, registers_with_its_capabilities_and_sends_heartbeats)
{
    bench b;
    cr_assert(bench_start(&b, 0) && bench_worker(&b, 2));
    cogo_msg *msg = bench_hear(MSG_WORKER_REGISTER);
    cr_assert_not_null(msg);
    const worker_register *as = cogo_msg_payload(msg);
    cr_expect_str_eq(as->worker_id, "wrk_1");
    cr_expect_str_eq(as->worker_type, "research");
    cr_expect_eq(as->slots, 2);
    cr_assert_eq(as->capabilities.count, 6u);
    const role_capability *first = as->capabilities.items, *echo = first + 5;
    cr_expect_str_eq(first->role, "waiter");
    cr_expect_eq(first->slots, 2);
    cr_expect_eq(first->default_timeout, 5000);
    cr_expect_eq(first->tools.count, 1u, "sh is there, the other is not");
    cr_expect_gt(first->input_schema.size_bytes, 0u);
    cr_expect_str_eq(echo->role, "echo");
    cr_expect_gt(echo->slots, as->slots, "echo does not wait for slots");
    cogo_msg_destroy(msg);
    cr_expect(status_with(0, false));
    cr_expect(status_with(0, false), "and again");
    done(&b);
}

Test(worker, goes_on_asking_until_it_is_welcome)
{
    bench b;
    cr_assert(bench_start(&b, 3) && bench_worker(&b, 1));
    cr_expect(status_with(0, false));
    cr_expect_eq(bench_heard(MSG_WORKER_REGISTER), 4);
    done(&b);
}

Test(worker, starts_before_there_is_an_orchestrator)
{
    bench b;
    cr_assert(bench_start(&b, 0));
    cogo_exit_actor(b.system, b.probe, COGO_EXIT_KILLED, "test");
    cr_assert_eq(cogo_system_await(b.system, b.probe, UINT64_C(5000000000), NULL), COGO_OK);
    cr_assert(bench_worker(&b, 1));
    cr_assert(bench_probe(&b, 0));
    cr_expect(status_with(0, false));
    done(&b);
}

Test(worker, echo_answers_with_its_context_and_is_sent_until_acknowledged)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 7, "echo", "{\"a\": 1}", 1000);
    cogo_msg *started = bench_hear(MSG_INSTRUCTION_STARTED);
    cr_assert_not_null(started);
    cr_expect_eq(((instruction_cancel *)cogo_msg_payload(started))->lease, 7);
    cogo_msg_destroy(started);
    for (int i = 0; i < 3; i++) {
        const instruction_result *said = next_result();
        cr_assert_not_null(said);
        cr_expect_eq(said->lease, 7);
        cr_expect_str_eq(said->worker_id, "wrk_1");
        cr_expect_str_eq(said->result->task_id, "tsk_7");
        cr_expect_str_eq(said->result->instruction_id, "ins_7");
        cr_expect_eq(strncmp(said->result->result_id, "res_", 4), 0);
        cr_expect_eq(said->result->status, RESULT_SUCCESS);
        cr_assert_eq(said->result->output.size_bytes, 4u);
        cr_expect_eq(memcmp(said->result->output.data,
                            "\x81\xa1"
                            "a\x01",
                            4),
                     0);
    }
    bench_ack(&b, 7);
    // Messages to one receiver keep their order: after this answer none of lease 7 can follow.
    bench_offer(&b, 8, "no-such-role", "{}", 1000);
    const instruction_result *said = next_result();
    while (said != NULL && said->lease != 8) {
        said = next_result();
    }
    cr_assert_not_null(said);
    bench_ack(&b, 8);
    while (bench_heard(MSG_INSTRUCTION_RESULT) > 0) {
        cr_expect_eq(next_result()->lease, 8);
    }
    done(&b);
}

Test(worker, a_delayed_echo_holds_no_slot_and_can_be_cancelled)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "echo", "{\"delayMs\": 60000}", 120000);
    bench_offer(&b, 2, "echo", "{\"delayMs\": 40}", 1000);
    bench_offer(&b, 3, "echo", "{\"delayMs\": 60000}", 20);
    const instruction_result *said = next_result();
    expect_failed(said, true, "timeout");
    cr_expect_eq(said->lease, 3);
    bench_ack(&b, 3);
    said = result_after(3);
    cr_assert_not_null(said);
    cr_expect_eq(said->lease, 2);
    cr_expect_eq(said->result->status, RESULT_SUCCESS);
    cr_expect_geq(said->result->metadata->processing_time, 40);
    bench_ack(&b, 2);
    bench_cancel(&b, 1);
    do {
        said = next_result();
    } while (said != NULL && said->lease != 1);
    expect_failed(said, false, "by the test");
    done(&b);
}

Test(worker, refuses_what_it_cannot_run_with_a_reason)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "wayter", "{}", 1000);
    const instruction_result *said = next_result();
    cr_assert_not_null(said);
    cr_expect_eq(said->result->status, RESULT_FAILED);
    cr_expect_not(said->retryable);
    cr_expect_eq(strncmp(first_error(said), "Unknown role: wayter", 20), 0, "%s",
                 first_error(said));
    cr_expect_not_null(strstr(first_error(said), "waiter"));
    bench_ack(&b, 1);
    bench_offer(&b, 2, "echo", "[1]", 1000);
    said = result_after(1);
    cr_assert_not_null(said);
    cr_expect_not_null(strstr(first_error(said), "object"));
    done(&b);
}

Test(worker, a_blocking_role_reports_progress_and_stops_when_cancelled)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "waiter", "{}", 60000);
    cogo_msg *msg = bench_hear(MSG_INSTRUCTION_PROGRESS);
    cr_assert_not_null(msg);
    const instruction_progress *progress = cogo_msg_payload(msg);
    cr_expect_eq(progress->lease, 1);
    cr_expect_eq(progress->progress->percent, 50.0);
    cr_expect_str_eq(progress->progress->phase, "waiting");
    cogo_msg_destroy(msg);
    cr_expect(status_with(1, false));
    bench_cancel(&b, 1);
    const instruction_result *said = next_result();
    expect_failed(said, false, "cancelled");
    cr_expect(status_with(0, false));
    done(&b);
}

Test(worker, a_role_beyond_its_deadline_is_stopped_and_may_be_tried_again)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "waiter", "{}", 50);
    const instruction_result *said = next_result();
    expect_failed(said, true, "timeout");
    cr_expect_geq(said->result->metadata->processing_time, 50);
    done(&b);
}

/* The result leaves after the grace, but the thread is still busy, so the slot is too. */
Test(worker, a_role_that_ignores_its_deadline_keeps_its_slot)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "stubborn", "{}", 30);
    const instruction_result *said = next_result();
    expect_failed(said, true, "timeout");
    bench_ack(&b, 1);
    bench_offer(&b, 2, "waiter", "{}", 30);
    said = result_after(1);
    cr_assert_not_null(said);
    cr_expect_str_eq(first_error(said), "no free slot");
    cr_expect(said->retryable);
    bench_ack(&b, 2);
    cr_expect(status_with(1, false));
    atomic_store_explicit(&bench_release, true, memory_order_relaxed);
    cr_expect(status_with(0, false));
    while (bench_heard(MSG_INSTRUCTION_RESULT) > 0) {
        cr_expect_neq(next_result()->result->status, RESULT_SUCCESS, "nothing comes after it");
    }
    done(&b);
}

Test(worker, a_role_that_crashes_its_runner_fails_and_may_be_tried_again)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "broken", "{}", 1000);
    const instruction_result *said = next_result();
    expect_failed(said, true, "crashed");
    cr_expect(status_with(0, false), "and the worker lives");
    done(&b);
}

Test(worker, gives_each_attempt_a_folder_and_removes_it)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "folder", "{}", 1000);
    const instruction_result *said = next_result();
    cr_assert_not_null(said);
    cr_expect_eq(said->result->status, RESULT_PARTIAL, "%s", first_error(said));
    cr_expect_eq(said->result->metadata->quality, 1.0);
    cr_expect_eq(said->result->metadata->confidence, 0.5);
    cr_expect_eq(said->result->metadata->skipped.count, 1u);
    cr_expect_eq(strncmp(bench_folder_seen, b.folder, strlen(b.folder)), 0);
    cr_expect_neq(access(bench_folder_seen, F_OK), 0);
    done(&b);
}

/* A process that was killed leaves its folders; one that works beside us keeps its own. */
Test(worker, sweeps_what_a_killed_process_left)
{
    bench b;
    char used[128], left[128], file[160], other[128];
    cr_assert(bench_start(&b, 0));
    (void)snprintf(used, sizeof used, "%s/attempt-1-aa", b.folder);
    (void)snprintf(left, sizeof left, "%s/attempt-2-bb", b.folder);
    (void)snprintf(file, sizeof file, "%s/file", left);
    (void)snprintf(other, sizeof other, "%s/other", b.folder);
    cr_assert_eq(mkdir(used, 0700) + mkdir(left, 0700) + mkdir(other, 0700), 0);
    cr_assert_eq(mkdir(file, 0), 0, "also what cannot be entered");
    int fd = open(used, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(flock(fd, LOCK_EX), 0);
    cr_assert(bench_worker(&b, 1));
    cr_expect_eq(access(used, F_OK), 0);
    cr_expect_eq(access(other, F_OK), 0);
    cr_expect_neq(access(left, F_OK), 0);
    (void)close(fd);
    done(&b);
}

Test(worker, drains_by_finishing_what_runs_and_taking_nothing_new)
{
    bench b;
    cr_assert(begun(&b, 2));
    bench_offer(&b, 1, "stubborn", "{}", 60000);
    cr_assert(status_with(1, false));
    worker_command command = {.worker_id = "wrk_1"};
    cr_assert_eq(cogo_system_send(b.system, b.worker,
                                  cogo_msg_create_record(b.system, MSG_WORKER_DRAIN, &command)),
                 COGO_OK);
    cr_expect(status_with(1, true));
    bench_offer(&b, 2, "waiter", "{}", 60000);
    const instruction_result *said = next_result();
    cr_assert_not_null(said);
    cr_expect_eq(said->lease, 2);
    cr_expect(said->retryable);
    bench_ack(&b, 2);
    atomic_store_explicit(&bench_release, true, memory_order_relaxed);
    said = result_after(2);
    cr_assert_not_null(said);
    cr_expect_eq(said->lease, 1);
    cr_expect_eq(said->result->status, RESULT_SUCCESS);
    done(&b);
}

Test(worker, leaves_when_it_is_stopped_and_stops_what_runs)
{
    bench b;
    cr_assert(begun(&b, 1));
    bench_offer(&b, 1, "waiter", "{}", 60000);
    cr_assert(status_with(1, false));
    cogo_exit_actor(b.system, b.worker, COGO_EXIT_SHUTDOWN, "test");
    cogo_msg *msg = bench_hear(MSG_WORKER_DEREGISTER);
    cr_assert_not_null(msg);
    cr_expect_str_eq(((worker_command *)cogo_msg_payload(msg))->worker_id, "wrk_1");
    cogo_msg_destroy(msg);
    bench_finish(&b);
}

Test(worker, comes_back_to_the_next_orchestrator_with_its_leases_and_results)
{
    bench b;
    cr_assert(begun(&b, 1));
    cogo_msg_destroy(bench_hear(MSG_WORKER_REGISTER));
    bench_offer(&b, 5, "stubborn", "{}", 60000);
    cr_assert(status_with(1, false));
    cogo_exit_actor(b.system, b.probe, COGO_EXIT_KILLED, "test");
    cr_assert_eq(cogo_system_await(b.system, b.probe, UINT64_C(5000000000), NULL), COGO_OK);
    atomic_store_explicit(&bench_release, true, memory_order_relaxed);
    cr_assert(bench_probe(&b, 0));
    cogo_msg *msg = bench_hear(MSG_WORKER_REGISTER);
    cr_assert_not_null(msg);
    const worker_register *as = cogo_msg_payload(msg);
    cr_assert_eq(as->running.count, 1u);
    cr_expect_str_eq(as->running.items[0], "tsk_5:5");
    cogo_msg_destroy(msg);
    const instruction_result *said = next_result();
    cr_assert_not_null(said);
    cr_expect_eq(said->lease, 5);
    cr_expect_eq(said->result->status, RESULT_SUCCESS);
    done(&b);
}

Test(worker, a_wrong_configuration_is_refused)
{
    bench b;
    cr_assert(bench_start(&b, 0));
    cogo_actor_id id;
    cr_expect_eq(worker_start(b.system, &(worker_config){.type = "no-such"}, &id), COGO_EINVAL);
    cr_expect_eq(worker_start(b.system, &(worker_config){.type = NULL}, &id), COGO_EINVAL);
    cr_expect_eq(worker_start(b.system, &(worker_config){.type = "research", .slots = -1}, &id),
                 COGO_EINVAL);
    cr_expect_eq(worker_start(b.system,
                              &(worker_config){.type = "research", .state_dir = "/proc/no"},
                              &id),
                 COGO_EIO);
    bench_finish(&b);
}
