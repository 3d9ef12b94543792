/* One actor asks another, again and again; each answer belongs to its ask. */
#include "bench/workload.h"

#define TIMEOUT_NS (UINT64_C(60) * 1000 * 1000 * 1000)

static cogo_err server_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    uint64_t *seen = state;
    if (cogo_msg_type_of(msg) == WORKLOAD_COUNT) {
        return workload_send_number(ctx, cogo_msg_sender(msg), WORKLOAD_NUMBER, *seen);
    }
    ++*seen;
    return cogo_reply(ctx, msg, cogo_msg_create(cogo_context_system(ctx), WORKLOAD_PONG, 0));
}

static const cogo_behavior server = {.struct_size = sizeof server,
                                     .name = "bench.server",
                                     .state_size_bytes = sizeof(uint64_t),
                                     .receive = server_receive};

typedef struct client {
    workload_outcome *outcome;
    cogo_actor_id server;
    uint64_t left;
    uint64_t ask;
    uint64_t sent_ns; /* Of the one that is timed. */
} client;

static cogo_err ask(cogo_context *ctx, client *c)
{
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), WORKLOAD_PING, 0);
    c->sent_ns = c->left % WORKLOAD_SAMPLE_EVERY == 0 ? cogo_now_ns(ctx) : 0;
    return cogo_ask(ctx, c->server, msg, TIMEOUT_NS, &c->ask);
}

static cogo_err client_start(cogo_context *ctx, void *state, const void *args)
{
    client *c = state;
    c->outcome = ((const workload_args *)args)->outcome;
    c->left = c->outcome->operations;
    if (!workload_spawn(ctx, &server, NULL, 0, &c->server)) {
        return COGO_OK;
    }
    workload_begin(ctx, c->outcome);
    return ask(ctx, c);
}

static cogo_err client_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    client *c = state;
    workload_outcome *o = c->outcome;
    if (cogo_msg_type_of(msg) == WORKLOAD_NUMBER) {
        workload_finish(ctx, o, workload_number(msg) == o->operations);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) != WORKLOAD_PONG || cogo_msg_ask(msg) != c->ask) {
        workload_finish(ctx, o, false);
        return COGO_OK;
    }
    if (c->sent_ns != 0) {
        histogram_add(o->samples, cogo_now_ns(ctx) - c->sent_ns);
    }
    if (--c->left == 0) {
        workload_end(ctx, o);
        return workload_send(ctx, c->server, WORKLOAD_COUNT);
    }
    return ask(ctx, c);
}

const cogo_behavior workload_ask = {.struct_size = sizeof workload_ask,
                                    .name = "bench.ask",
                                    .state_size_bytes = sizeof(client),
                                    .start = client_start,
                                    .receive = client_receive};
