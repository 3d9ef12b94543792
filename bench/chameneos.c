/* A hundred creatures meet in pairs at one mall and change colour. */
#include "bench/workload.h"

#include <string.h>

enum { CREATURES = 100, COLOURS = 3 };

typedef struct creature {
    cogo_actor_id mall, driver;
    uint64_t colour, meetings;
} creature;

static cogo_err creature_start(cogo_context *ctx, void *state, const void *args)
{
    creature *c = state;
    memcpy(c, args, sizeof *c);
    return workload_send_number(ctx, c->mall, WORKLOAD_PING, c->colour);
}

/* PONG carries the colour of the other; OVER: the mall has closed. */
static cogo_err creature_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    creature *c = state;
    if (cogo_msg_type_of(msg) == WORKLOAD_OVER) {
        return workload_send_number(ctx, c->driver, WORKLOAD_NUMBER, c->meetings);
    }
    uint64_t other = workload_number(msg);
    c->colour = c->colour == other ? c->colour : COLOURS - c->colour - other;
    c->meetings++;
    return workload_send_number(ctx, c->mall, WORKLOAD_PING, c->colour);
}

static const cogo_behavior creature_behavior = {.struct_size = sizeof creature_behavior,
                                                .name = "bench.creature",
                                                .state_size_bytes = sizeof(creature),
                                                .start = creature_start,
                                                .receive = creature_receive};

typedef struct mall {
    uint64_t meetings_left;
    cogo_actor_id waiting;
    uint64_t colour; /* Of who waits. */
} mall;

static cogo_err mall_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(mall));
    return COGO_OK;
}

static cogo_err mall_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    mall *m = state;
    cogo_actor_id guest = cogo_msg_sender(msg);
    uint64_t colour = workload_number(msg);
    if (m->meetings_left == 0) {
        return workload_send(ctx, guest, WORKLOAD_OVER);
    }
    if (!cogo_actor_id_is_set(m->waiting)) {
        m->waiting = guest;
        m->colour = colour;
        return COGO_OK;
    }
    m->meetings_left--;
    cogo_err err = workload_send_number(ctx, m->waiting, WORKLOAD_PONG, colour);
    m->waiting = COGO_NO_ACTOR;
    return err != COGO_OK ? err : workload_send_number(ctx, guest, WORKLOAD_PONG, m->colour);
}

static const cogo_behavior mall_behavior = {.struct_size = sizeof mall_behavior,
                                            .name = "bench.mall",
                                            .state_size_bytes = sizeof(mall),
                                            .start = mall_start,
                                            .receive = mall_receive};

typedef struct host {
    workload_outcome *outcome;
    uint64_t reports, sum;
} host;

static cogo_err host_start(cogo_context *ctx, void *state, const void *args)
{
    host *h = state;
    h->outcome = ((const workload_args *)args)->outcome;
    mall m = {.meetings_left = h->outcome->operations};
    creature c = {.driver = cogo_self(ctx)};
    if (!workload_spawn(ctx, &mall_behavior, &m, sizeof m, &c.mall)) {
        return COGO_OK;
    }
    workload_begin(ctx, h->outcome);
    for (int i = 0; i < CREATURES; i++) {
        cogo_actor_id id;
        c.colour = (uint64_t)i % COLOURS;
        if (!workload_spawn(ctx, &creature_behavior, &c, sizeof c, &id)) {
            return COGO_OK;
        }
    }
    return COGO_OK;
}

/* Each meeting was counted by two. */
static cogo_err host_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    host *h = state;
    h->sum += workload_number(msg);
    if (++h->reports == CREATURES) {
        workload_end(ctx, h->outcome);
        workload_finish(ctx, h->outcome, h->sum == 2 * h->outcome->operations);
    }
    return COGO_OK;
}

const cogo_behavior workload_chameneos = {.struct_size = sizeof workload_chameneos,
                                          .name = "bench.chameneos",
                                          .state_size_bytes = sizeof(host),
                                          .start = host_start,
                                          .receive = host_receive};
