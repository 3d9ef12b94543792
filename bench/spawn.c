/* From spawn to death: a chain of actors, each spawns the next one and ends. */
#include "bench/workload.h"

#include <string.h>

typedef struct link {
    cogo_actor_id driver;
    uint64_t made, wanted; /* Actors of the chain, this one included. */
} link;

static cogo_err link_start(cogo_context *ctx, void *state, const void *args);

/* Nobody sends to it. */
static cogo_err link_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_EINVAL;
}

static const cogo_behavior link_behavior = {.struct_size = sizeof link_behavior,
                                            .name = "bench.link",
                                            .start = link_start,
                                            .receive = link_receive};

static cogo_err link_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    link l;
    cogo_actor_id id;
    memcpy(&l, args, sizeof l);
    cogo_exit(ctx, COGO_EXIT_NORMAL, "");
    if (l.made == l.wanted) {
        return workload_send_number(ctx, l.driver, WORKLOAD_NUMBER, l.made);
    }
    l.made++;
    (void)workload_spawn_free(ctx, &link_behavior, &l, sizeof l, &id);
    return COGO_OK;
}

static cogo_err driver_start(cogo_context *ctx, void *state, const void *args)
{
    workload_outcome *outcome = ((const workload_args *)args)->outcome;
    *(workload_outcome **)state = outcome;
    link first = {.driver = cogo_self(ctx), .made = 1, .wanted = outcome->operations};
    cogo_actor_id id;
    workload_begin(ctx, outcome);
    (void)workload_spawn_free(ctx, &link_behavior, &first, sizeof first, &id);
    return COGO_OK;
}

static cogo_err driver_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    workload_outcome *outcome = *(workload_outcome **)state;
    workload_end(ctx, outcome);
    workload_finish(ctx, outcome, workload_number(msg) == outcome->operations);
    return COGO_OK;
}

const cogo_behavior workload_chain = {.struct_size = sizeof workload_chain,
                                      .name = "bench.spawn",
                                      .state_size_bytes = sizeof(workload_outcome *),
                                      .start = driver_start,
                                      .receive = driver_receive};
