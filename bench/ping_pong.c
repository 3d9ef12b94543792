/* Two actors, one message in flight; the answering one is plain, or supervised and monitored.
 */
#include "bench/workload.h"

#include <string.h>

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

/* A child of a supervisor makes itself known. */
static cogo_err child_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    cogo_actor_id driver;
    memcpy(&driver, args, sizeof driver);
    return workload_send(ctx, driver, WORKLOAD_GO);
}

static const cogo_behavior child = {.struct_size = sizeof child,
                                    .name = "bench.pong",
                                    .state_size_bytes = sizeof(uint64_t),
                                    .start = child_start,
                                    .receive = pong_receive};

typedef struct ping {
    workload_outcome *outcome;
    cogo_actor_id pong;
    uint64_t left;
    uint64_t sent_ns; /* Of the one that is timed. */
} ping;

static cogo_err begin(cogo_context *ctx, ping *p)
{
    workload_begin(ctx, p->outcome);
    return workload_send(ctx, p->pong, WORKLOAD_PING);
}

static cogo_err plain_start(cogo_context *ctx, void *state, const void *args)
{
    ping *p = state;
    p->outcome = ((const workload_args *)args)->outcome;
    p->left = p->outcome->operations;
    return workload_spawn(ctx, &pong, NULL, 0, &p->pong) ? begin(ctx, p) : COGO_OK;
}

static cogo_err monitored_start(cogo_context *ctx, void *state, const void *args)
{
    ping *p = state;
    p->outcome = ((const workload_args *)args)->outcome;
    p->left = p->outcome->operations;
    const cogo_actor_id self = cogo_self(ctx);
    const cogo_child_spec spec = {.id = "pong",
                                  .options = {.struct_size = sizeof spec.options,
                                              .behavior = &child,
                                              .args = &self,
                                              .args_size_bytes = sizeof self},
                                  .restart = COGO_RESTART_PERMANENT};
    const cogo_supervisor_spec supervisor = {
        .struct_size = sizeof supervisor, .children = &spec, .child_count = 1};
    cogo_actor_id id;
    return cogo_supervisor_start_link(ctx, &supervisor, &id);
}

static cogo_err watched(cogo_context *ctx, ping *p, cogo_actor_id pong_id)
{
    uint64_t monitor;
    p->pong = pong_id;
    cogo_err err = cogo_monitor(ctx, pong_id, &monitor);
    return err != COGO_OK ? err : begin(ctx, p);
}

static cogo_err ping_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    ping *p = state;
    workload_outcome *o = p->outcome;
    if (cogo_msg_type_of(msg) == WORKLOAD_GO) {
        return watched(ctx, p, cogo_msg_sender(msg));
    }
    if (cogo_msg_type_of(msg) == WORKLOAD_NUMBER) {
        workload_finish(ctx, o, workload_number(msg) == o->operations);
        return COGO_OK;
    }
    if (p->sent_ns != 0) {
        histogram_add(o->samples, cogo_now_ns(ctx) - p->sent_ns);
        p->sent_ns = 0;
    }
    if (--p->left == 0) {
        workload_end(ctx, o);
        return workload_send(ctx, p->pong, WORKLOAD_COUNT);
    }
    if (p->left % WORKLOAD_SAMPLE_EVERY == 0) {
        p->sent_ns = cogo_now_ns(ctx);
    }
    return workload_send(ctx, p->pong, WORKLOAD_PING);
}

const cogo_behavior workload_ping_pong = {.struct_size = sizeof workload_ping_pong,
                                          .name = "bench.ping-pong",
                                          .state_size_bytes = sizeof(ping),
                                          .start = plain_start,
                                          .receive = ping_receive};

const cogo_behavior workload_monitored = {.struct_size = sizeof workload_monitored,
                                          .name = "bench.monitored",
                                          .state_size_bytes = sizeof(ping),
                                          .start = monitored_start,
                                          .receive = ping_receive};
