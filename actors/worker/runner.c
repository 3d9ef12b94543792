#include "actors/worker/runner.h"

#include "codec/contract/id.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SPEND_TRIES = 20, SPEND_PAUSE_MS = 500 };
#define SPEND_NS UINT64_C(5000000000)

/* Progress reports of one attempt closer together than this are dropped. */
#define PROGRESS_GAP_NS UINT64_C(100000000)

typedef struct runner {
    runner_args args;
    cogo_actor_id worker;
    cogo_system *system;
    int64_t lease;
    _Atomic uint64_t reported_ns; /* Roles may report from several threads. */
} runner;

static cogo_err runner_start(cogo_context *ctx, void *state, const void *args)
{
    runner *r = state;
    memcpy(&r->args, args, sizeof r->args);
    r->system = cogo_context_system(ctx);
    return COGO_OK;
}

/* Any thread of the role. The first of several that report at once wins. */
static void report_progress(role_job *job, double percent, const char *phase,
                            const char *message)
{
    runner *r = job->owner;
    uint64_t now_ns = cogo_system_now_ns(r->system);
    // relaxed: it only limits the rate; the message carries everything itself.
    uint64_t last_ns = atomic_load_explicit(&r->reported_ns, memory_order_relaxed);
    if ((last_ns != 0 && now_ns - last_ns < PROGRESS_GAP_NS)
        || !atomic_compare_exchange_strong_explicit(
            &r->reported_ns, &last_ns, now_ns, memory_order_relaxed, memory_order_relaxed)) {
        return;
    }
    task_progress progress = {
        .task_id = job->task_id,
        .percent = percent >= 0 && percent <= 100 ? percent : -1,
        .phase = phase,
        .message = message,
        .at = cogo_system_wall_ms(r->system),
    };
    instruction_progress said = {
        .worker_id = r->args.worker_id, .lease = r->lease, .progress = &progress};
    (void)cogo_system_send(r->system, r->worker,
                           cogo_msg_create_record(r->system, MSG_INSTRUCTION_PROGRESS, &said));
}

/* Any thread of the role: waits for the orchestrator, which may be another one in a moment. */
static bool spend(role_job *job, const role_usage *used, const role_usage *next,
                  char why[ROLE_WHY_SIZE])
{
    runner *r = job->owner;
    spending told = {.tokens = used->tokens, .cost = used->cost, .calls = used->calls};
    spending wanted = {.tokens = next->tokens, .cost = next->cost, .calls = next->calls};
    budget_ask ask = {
        .task_id = job->task_id, .lease = r->lease, .used = &told, .next = &wanted};
    bool granted = false, answered = false;
    (void)snprintf(why, ROLE_WHY_SIZE, "who keeps the budget does not answer");
    for (int tries = 0; tries < SPEND_TRIES && !answered && !role_cancelled(job); tries++) {
        cogo_msg *answer = NULL;
        if (tries > 0) {
            (void)poll(NULL, 0, SPEND_PAUSE_MS);
        }
        cogo_err err = cogo_system_ask(r->system, r->worker,
                                       cogo_msg_create_record(r->system, MSG_BUDGET_ASK, &ask),
                                       SPEND_NS, &answer);
        cogo_msg_type type = err == COGO_OK ? cogo_msg_type_of(answer) : 0;
        if (type == MSG_BUDGET_LEFT) {
            const budget_left *left = cogo_msg_payload(answer);
            granted = left->granted;
            (void)snprintf(why, ROLE_WHY_SIZE, "%s", left->reason != NULL ? left->reason : "");
            answered = true;
        } else if (type == MSG_PROBLEM) {
            const problem *no = cogo_msg_payload(answer);
            answered = no->status != 503;
            (void)snprintf(why, ROLE_WHY_SIZE, "%s",
                           no->detail != NULL ? no->detail : "refused");
        }
        cogo_msg_destroy(answer);
    }
    return granted;
}

static cogo_err run(cogo_context *ctx, runner *r, const instruction_offer *offer)
{
    job_order order = {
        .role = r->args.role,
        .offer = offer,
        .state_dir = r->args.state_dir[0] == '\0' ? NULL : r->args.state_dir,
        .deadline_ns = r->args.deadline_ns,
        .cancel_fd = r->args.cancel_fd,
        .progress = report_progress,
        .spend = spend,
        .owner = r,
    };
    cogo_arena arena;
    cogo_arena_init(&arena, JOB_ARENA_MAX);
    job_outcome outcome;
    cogo_err err = job_run(&order, &arena, &outcome);
    if (err == COGO_OK) {
        outcome.result.metadata = &outcome.metadata;
        instruction_result said = {.worker_id = r->args.worker_id,
                                   .lease = offer->lease,
                                   .result = &outcome.result,
                                   .retryable = outcome.retryable};
        cogo_msg *msg = cogo_msg_create_record(r->system, MSG_INSTRUCTION_RESULT, &said);
        err = msg == NULL ? COGO_ENOMEM : COGO_OK;
        (void)cogo_send(ctx, r->worker, msg); // A worker that is gone has nobody to tell.
    }
    cogo_arena_finish(&arena);
    return err;
}

static cogo_err runner_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    runner *r = state;
    if (cogo_msg_type_of(msg) != MSG_INSTRUCTION_OFFER) {
        return COGO_OK;
    }
    const instruction_offer *offer = cogo_msg_payload(msg);
    r->worker = cogo_msg_sender(msg);
    r->lease = offer->lease;
    cogo_err err = run(ctx, r, offer);
    if (err == COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, "done");
    }
    return err;
}

static void runner_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    runner *r = state;
    (void)close(r->args.cancel_fd);
}

static const cogo_behavior runner_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker.runner",
    .state_size_bytes = sizeof(runner),
    .start = runner_start,
    .receive = runner_receive,
    .stop = runner_stop,
};

cogo_err runner_spawn(cogo_context *ctx, const runner_args *args,
                      const instruction_offer *offer, cogo_actor_id *out_id,
                      uint64_t *out_monitor)
{
    cogo_msg *msg =
        cogo_msg_create_record(cogo_context_system(ctx), MSG_INSTRUCTION_OFFER, offer);
    if (msg == NULL) {
        return COGO_ENOMEM;
    }
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &runner_behavior,
        .args = args,
        .args_size_bytes = sizeof *args,
        .flags = COGO_SPAWN_DETACHED | COGO_SPAWN_MONITOR,
        .out_monitor = out_monitor,
    };
    cogo_err err = cogo_spawn(ctx, &options, out_id);
    if (err != COGO_OK) {
        cogo_msg_destroy(msg);
        return err;
    }
    (void)cogo_send(ctx, *out_id, msg); // If it ended already its DOWN tells.
    return COGO_OK;
}
