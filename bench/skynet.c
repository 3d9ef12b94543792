/* A tree of actors, ten children each; the leaves' numbers are summed on the way up. */
#include "bench/workload.h"

#include <string.h>

enum { CHILDREN = 10 };

typedef struct node {
    cogo_actor_id parent;
    uint64_t first, leaves; /* Numbers of the leaves below it. */
    uint64_t sum, reports;
} node;

static cogo_err node_start(cogo_context *ctx, void *state, const void *args);

static cogo_err node_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    node *n = state;
    n->sum += workload_number(msg);
    if (++n->reports < CHILDREN) {
        return COGO_OK;
    }
    cogo_exit(ctx, COGO_EXIT_NORMAL, "");
    return workload_send_number(ctx, n->parent, WORKLOAD_NUMBER, n->sum);
}

static const cogo_behavior node_behavior = {.struct_size = sizeof node_behavior,
                                            .name = "bench.skynet",
                                            .state_size_bytes = sizeof(node),
                                            .start = node_start,
                                            .receive = node_receive};

static cogo_err node_start(cogo_context *ctx, void *state, const void *args)
{
    node *n = state;
    memcpy(n, args, sizeof *n);
    if (n->leaves == 1) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, "");
        return workload_send_number(ctx, n->parent, WORKLOAD_NUMBER, n->first);
    }
    node child = {.parent = cogo_self(ctx), .leaves = n->leaves / CHILDREN};
    for (uint64_t i = 0; i < CHILDREN; i++) {
        cogo_actor_id id;
        child.first = n->first + i * child.leaves;
        if (!workload_spawn_free(ctx, &node_behavior, &child, sizeof child, &id)) {
            return COGO_OK;
        }
    }
    return COGO_OK;
}

static cogo_err skynet_start(cogo_context *ctx, void *state, const void *args)
{
    workload_outcome *outcome = ((const workload_args *)args)->outcome;
    *(workload_outcome **)state = outcome;
    node root = {.parent = cogo_self(ctx), .leaves = outcome->operations};
    cogo_actor_id id;
    workload_begin(ctx, outcome);
    (void)workload_spawn_free(ctx, &node_behavior, &root, sizeof root, &id);
    return COGO_OK;
}

static cogo_err skynet_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    workload_outcome *outcome = *(workload_outcome **)state;
    uint64_t n = outcome->operations;
    workload_end(ctx, outcome);
    workload_finish(ctx, outcome, workload_number(msg) == n * (n - 1) / 2);
    return COGO_OK;
}

const cogo_behavior workload_skynet = {.struct_size = sizeof workload_skynet,
                                       .name = "bench.skynet-driver",
                                       .state_size_bytes = sizeof(workload_outcome *),
                                       .start = skynet_start,
                                       .receive = skynet_receive};
