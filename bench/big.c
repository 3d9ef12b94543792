/* A hundred and twenty actors, each pings others by chance, one ping outstanding each. */
#include "bench/workload.h"

#include <string.h>

enum { PEERS = 120 };

typedef struct peer {
    cogo_actor_id peers[PEERS];
    cogo_actor_id driver;
    uint64_t left;   /* Pings to send. */
    uint64_t pinged; /* Pings received. */
    uint32_t random;
} peer;

static cogo_err peer_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    peer *p = state;
    memcpy(&p->random, args, sizeof p->random);
    return COGO_OK;
}

static cogo_err ping(cogo_context *ctx, peer *p)
{
    p->random = (p->random * 1103515245u + 12345u) & 0x7fffffffu;
    p->left--;
    return workload_send(ctx, p->peers[(p->random >> 8) % PEERS], WORKLOAD_PING);
}

typedef struct go {
    cogo_actor_id peers[PEERS];
    uint64_t pings;
} go;

static cogo_err peer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    peer *p = state;
    switch (cogo_msg_type_of(msg)) {
    case WORKLOAD_PING:
        p->pinged++;
        return workload_send(ctx, cogo_msg_sender(msg), WORKLOAD_PONG);
    case WORKLOAD_PONG:
        return p->left != 0 ? ping(ctx, p) : workload_send(ctx, p->driver, WORKLOAD_OVER);
    case WORKLOAD_GO: {
        const go *g = cogo_msg_payload(msg);
        memcpy(p->peers, g->peers, sizeof p->peers);
        p->left = g->pings;
        p->driver = cogo_msg_sender(msg);
        return ping(ctx, p);
    }
    default:
        return workload_send_number(ctx, p->driver, WORKLOAD_NUMBER, p->pinged);
    }
}

static const cogo_behavior peer_behavior = {.struct_size = sizeof peer_behavior,
                                            .name = "bench.peer",
                                            .state_size_bytes = sizeof(peer),
                                            .start = peer_start,
                                            .receive = peer_receive};

typedef struct driver {
    workload_outcome *outcome;
    cogo_actor_id peers[PEERS];
    uint64_t over, reports, sum;
} driver;

static cogo_err big_start(cogo_context *ctx, void *state, const void *args)
{
    driver *d = state;
    d->outcome = ((const workload_args *)args)->outcome;
    for (uint32_t i = 0; i < PEERS; i++) {
        uint32_t seed = i * 7919 + 1;
        if (!workload_spawn(ctx, &peer_behavior, &seed, sizeof seed, &d->peers[i])) {
            return COGO_OK;
        }
    }
    workload_begin(ctx, d->outcome);
    cogo_err err = COGO_OK;
    for (int i = 0; i < PEERS && err == COGO_OK; i++) {
        cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), WORKLOAD_GO, sizeof(go));
        if (msg == NULL) {
            return COGO_ENOMEM;
        }
        go *g = cogo_msg_payload(msg);
        memcpy(g->peers, d->peers, sizeof g->peers);
        g->pings = d->outcome->operations / 2 / PEERS;
        err = cogo_send(ctx, d->peers[i], msg);
    }
    return err;
}

/* When all have their last pong, each is asked how often it was pinged. */
static cogo_err big_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    driver *d = state;
    cogo_err err = COGO_OK;
    if (cogo_msg_type_of(msg) == WORKLOAD_OVER) {
        if (++d->over == PEERS) {
            workload_end(ctx, d->outcome);
            for (int i = 0; i < PEERS && err == COGO_OK; i++) {
                err = workload_send(ctx, d->peers[i], WORKLOAD_COUNT);
            }
        }
        return err;
    }
    d->sum += workload_number(msg);
    if (++d->reports == PEERS) {
        workload_finish(ctx, d->outcome, d->sum == d->outcome->operations / 2);
    }
    return COGO_OK;
}

const cogo_behavior workload_big = {.struct_size = sizeof workload_big,
                                    .name = "bench.big",
                                    .state_size_bytes = sizeof(driver),
                                    .start = big_start,
                                    .receive = big_receive};
