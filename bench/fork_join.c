/* Fork and join: messages to sixty actors in turn; and actors that live for one message. */
#include "bench/workload.h"

#include <string.h>

enum { FORKS = 60 };

typedef struct joiner {
    workload_outcome *outcome;
    uint64_t reports, sum;
} joiner;

/* --- Throughput. ------------------------------------------------------------------------ */

typedef struct fork {
    cogo_actor_id driver;
    uint64_t wanted, seen;
} fork_state;

static cogo_err fork_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(fork_state));
    return COGO_OK;
}

static cogo_err fork_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    fork_state *f = state;
    (void)msg;
    return ++f->seen == f->wanted
               ? workload_send_number(ctx, f->driver, WORKLOAD_NUMBER, f->seen)
               : COGO_OK;
}

static const cogo_behavior fork_behavior = {.struct_size = sizeof fork_behavior,
                                            .name = "bench.fork",
                                            .state_size_bytes = sizeof(fork_state),
                                            .start = fork_start,
                                            .receive = fork_receive};

static cogo_err throughput_start(cogo_context *ctx, void *state, const void *args)
{
    joiner *j = state;
    j->outcome = ((const workload_args *)args)->outcome;
    fork_state f = {.driver = cogo_self(ctx), .wanted = j->outcome->operations / FORKS};
    cogo_actor_id forks[FORKS];
    for (int i = 0; i < FORKS; i++) {
        if (!workload_spawn(ctx, &fork_behavior, &f, sizeof f, &forks[i])) {
            return COGO_OK;
        }
    }
    workload_begin(ctx, j->outcome);
    cogo_err err = COGO_OK;
    for (uint64_t n = 0; n < f.wanted * FORKS && err == COGO_OK; n++) {
        err = workload_send(ctx, forks[n % FORKS], WORKLOAD_PING);
    }
    return err;
}

static cogo_err throughput_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    joiner *j = state;
    j->sum += workload_number(msg);
    if (++j->reports == FORKS) {
        workload_end(ctx, j->outcome);
        workload_finish(ctx, j->outcome, j->sum == j->outcome->operations);
    }
    return COGO_OK;
}

const cogo_behavior workload_fork_join = {.struct_size = sizeof workload_fork_join,
                                          .name = "bench.fork-join-throughput",
                                          .state_size_bytes = sizeof(joiner),
                                          .start = throughput_start,
                                          .receive = throughput_receive};

/* --- Creation. -------------------------------------------------------------------------- */

static cogo_err mayfly_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint64_t number = workload_number(msg);
    cogo_exit(ctx, COGO_EXIT_NORMAL, "");
    return workload_send_number(ctx, cogo_msg_sender(msg), WORKLOAD_NUMBER, number);
}

static const cogo_behavior mayfly = {
    .struct_size = sizeof mayfly, .name = "bench.mayfly", .receive = mayfly_receive};

static cogo_err create_start(cogo_context *ctx, void *state, const void *args)
{
    joiner *j = state;
    j->outcome = ((const workload_args *)args)->outcome;
    workload_begin(ctx, j->outcome);
    cogo_err err = COGO_OK;
    for (uint64_t i = 0; i < j->outcome->operations && err == COGO_OK; i++) {
        cogo_actor_id id;
        if (!workload_spawn_free(ctx, &mayfly, NULL, 0, &id)) {
            return COGO_OK;
        }
        err = workload_send_number(ctx, id, WORKLOAD_PING, i);
    }
    return err;
}

static cogo_err create_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    joiner *j = state;
    uint64_t n = j->outcome->operations;
    j->sum += workload_number(msg);
    if (++j->reports == n) {
        workload_end(ctx, j->outcome);
        workload_finish(ctx, j->outcome, j->sum == n * (n - 1) / 2);
    }
    return COGO_OK;
}

const cogo_behavior workload_create = {.struct_size = sizeof workload_create,
                                       .name = "bench.fork-join-create",
                                       .state_size_bytes = sizeof(joiner),
                                       .start = create_start,
                                       .receive = create_receive};
