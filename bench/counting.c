/* One producer sends all increments in one callback, then asks for the count. */
#include "bench/workload.h"

static cogo_err counter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    uint64_t *count = state;
    if (cogo_msg_type_of(msg) == WORKLOAD_COUNT) {
        return workload_send_number(ctx, cogo_msg_sender(msg), WORKLOAD_NUMBER, *count);
    }
    ++*count;
    return COGO_OK;
}

static const cogo_behavior counter = {.struct_size = sizeof counter,
                                      .name = "bench.counter",
                                      .state_size_bytes = sizeof(uint64_t),
                                      .receive = counter_receive};

static cogo_err producer_start(cogo_context *ctx, void *state, const void *args)
{
    workload_outcome *outcome = ((const workload_args *)args)->outcome;
    *(workload_outcome **)state = outcome;
    cogo_actor_id to;
    if (!workload_spawn(ctx, &counter, NULL, 0, &to)) {
        return COGO_OK;
    }
    workload_begin(ctx, outcome);
    cogo_err err = COGO_OK;
    for (uint64_t i = 0; i < outcome->operations && err == COGO_OK; i++) {
        err = workload_send(ctx, to, WORKLOAD_PING);
    }
    return err != COGO_OK ? err : workload_send(ctx, to, WORKLOAD_COUNT);
}

static cogo_err producer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    workload_outcome *outcome = *(workload_outcome **)state;
    workload_end(ctx, outcome);
    workload_finish(ctx, outcome, workload_number(msg) == outcome->operations);
    return COGO_OK;
}

const cogo_behavior workload_counting = {.struct_size = sizeof workload_counting,
                                         .name = "bench.counting",
                                         .state_size_bytes = sizeof(workload_outcome *),
                                         .start = producer_start,
                                         .receive = producer_receive};
