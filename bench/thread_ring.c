/* A hundred actors in a ring, one token that counts down. */
#include "bench/workload.h"

#include <string.h>

enum { RING = 100 };

typedef struct node {
    cogo_actor_id next, driver;
    uint64_t index;
} node;

static cogo_err node_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(node));
    return COGO_OK;
}

static cogo_err node_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    node *n = state;
    if (cogo_msg_type_of(msg) == WORKLOAD_GO) { // Closes the ring.
        memcpy(&n->next, cogo_msg_payload(msg), sizeof n->next);
        return COGO_OK;
    }
    uint64_t left = workload_number(msg);
    return left == 0 ? workload_send_number(ctx, n->driver, WORKLOAD_NUMBER, n->index)
                     : workload_send_number(ctx, n->next, WORKLOAD_PING, left - 1);
}

static const cogo_behavior node_behavior = {.struct_size = sizeof node_behavior,
                                            .name = "bench.node",
                                            .state_size_bytes = sizeof(node),
                                            .start = node_start,
                                            .receive = node_receive};

static cogo_err ring_start(cogo_context *ctx, void *state, const void *args)
{
    workload_outcome *outcome = ((const workload_args *)args)->outcome;
    *(workload_outcome **)state = outcome;
    node n = {.driver = cogo_self(ctx)};
    cogo_actor_id id = COGO_NO_ACTOR, last = COGO_NO_ACTOR;
    for (uint64_t i = RING; i-- > 0;) {
        n.index = i;
        if (!workload_spawn(ctx, &node_behavior, &n, sizeof n, &id)) {
            return COGO_OK;
        }
        last = i == RING - 1 ? id : last;
        n.next = id;
    }
    cogo_msg *closing = cogo_msg_create(cogo_context_system(ctx), WORKLOAD_GO, sizeof id);
    if (closing == NULL) {
        return COGO_ENOMEM;
    }
    memcpy(cogo_msg_payload(closing), &id, sizeof id);
    cogo_err err = cogo_send(ctx, last, closing);
    workload_begin(ctx, outcome);
    return err != COGO_OK ? err
                          : workload_send_number(ctx, id, WORKLOAD_PING, outcome->operations);
}

/* The token ends where so many hops from the first lead. */
static cogo_err ring_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    workload_outcome *outcome = *(workload_outcome **)state;
    workload_end(ctx, outcome);
    workload_finish(ctx, outcome, workload_number(msg) == outcome->operations % RING);
    return COGO_OK;
}

const cogo_behavior workload_thread_ring = {.struct_size = sizeof workload_thread_ring,
                                            .name = "bench.thread-ring",
                                            .state_size_bytes = sizeof(workload_outcome *),
                                            .start = ring_start,
                                            .receive = ring_receive};
