/* Two actors, one message in flight. */
#include "bench/workload.h"

static cogo_err pong_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    uint64_t *seen = state;
    if (cogo_msg_type_of(msg) == WORKLOAD_COUNT) {
        return workload_send_number(ctx, cogo_msg_sender(msg), WORKLOAD_NUMBER, *seen);
    }
    ++*seen;
    return workload_send(ctx, cogo_msg_sender(msg), WORKLOAD_PONG);
}

static const cogo_behavior pong = {.struct_size = sizeof pong,
                                   .name = "bench.pong",
                                   .state_size_bytes = sizeof(uint64_t),
                                   .receive = pong_receive};

typedef struct ping {
    workload_outcome *outcome;
    cogo_actor_id pong;
    uint64_t left;
    uint64_t sent_ns; /* Of the one that is timed. */
} ping;

static cogo_err ping_start(cogo_context *ctx, void *state, const void *args)
{
    ping *p = state;
    p->outcome = ((const workload_args *)args)->outcome;
    p->left = p->outcome->operations;
    if (!workload_spawn(ctx, &pong, NULL, 0, &p->pong)) {
        return COGO_OK;
    }
    workload_begin(ctx, p->outcome);
    return workload_send(ctx, p->pong, WORKLOAD_PING);
}

static cogo_err ping_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    ping *p = state;
    workload_outcome *o = p->outcome;
    if (cogo_msg_type_of(msg) == WORKLOAD_NUMBER) {
        workload_finish(ctx, o, workload_number(msg) == o->operations);
        return COGO_OK;
    }
    if (p->sent_ns != 0) {
        o->samples_ns[o->sample_count++] = (uint32_t)(cogo_now_ns(ctx) - p->sent_ns);
        p->sent_ns = 0;
    }
    if (--p->left == 0) {
        workload_end(ctx, o);
        return workload_send(ctx, p->pong, WORKLOAD_COUNT);
    }
    if (p->left % WORKLOAD_SAMPLE_EVERY == 0 && o->sample_count < WORKLOAD_SAMPLES_MAX) {
        p->sent_ns = cogo_now_ns(ctx);
    }
    return workload_send(ctx, p->pong, WORKLOAD_PING);
}

const cogo_behavior workload_ping_pong = {.struct_size = sizeof workload_ping_pong,
                                          .name = "bench.ping-pong",
                                          .state_size_bytes = sizeof(ping),
                                          .start = ping_start,
                                          .receive = ping_receive};
