/* A hundred senders, one receiver. */
#include "bench/workload.h"

#include <string.h>

enum { SENDERS = 100 };

typedef struct sender_args {
    cogo_actor_id to;
    uint64_t count;
} sender_args;

static cogo_err sender_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(sender_args));
    return COGO_OK;
}

static cogo_err sender_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    const sender_args *s = state;
    cogo_err err = COGO_OK;
    (void)msg;
    for (uint64_t i = 0; i < s->count && err == COGO_OK; i++) {
        err = workload_send(ctx, s->to, WORKLOAD_PING);
    }
    return err;
}

static const cogo_behavior sender = {.struct_size = sizeof sender,
                                     .name = "bench.sender",
                                     .state_size_bytes = sizeof(sender_args),
                                     .start = sender_start,
                                     .receive = sender_receive};

typedef struct receiver {
    workload_outcome *outcome;
    uint64_t seen;
} receiver;

static cogo_err receiver_start(cogo_context *ctx, void *state, const void *args)
{
    receiver *r = state;
    r->outcome = ((const workload_args *)args)->outcome;
    sender_args s = {.to = cogo_self(ctx), .count = r->outcome->operations / SENDERS};
    cogo_actor_id senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        if (!workload_spawn(ctx, &sender, &s, sizeof s, &senders[i])) {
            return COGO_OK;
        }
    }
    workload_begin(ctx, r->outcome);
    cogo_err err = COGO_OK;
    for (int i = 0; i < SENDERS && err == COGO_OK; i++) {
        err = workload_send(ctx, senders[i], WORKLOAD_GO);
    }
    return err;
}

static cogo_err receiver_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    receiver *r = state;
    (void)msg;
    if (++r->seen == r->outcome->operations) {
        workload_end(ctx, r->outcome);
        workload_finish(ctx, r->outcome, true);
    }
    return COGO_OK;
}

const cogo_behavior workload_n_to_1 = {.struct_size = sizeof workload_n_to_1,
                                       .name = "bench.n-to-1",
                                       .state_size_bytes = sizeof(receiver),
                                       .start = receiver_start,
                                       .receive = receiver_receive};
