/* Workers of a pool, jobs for them, and a tally of what was done. */
#ifndef TESTS_UNIT_RUNTIME_POOL_H
#define TESTS_UNIT_RUNTIME_POOL_H

#include "tests/unit/runtime/scene.h"

enum { JOB = COGO_MSG_USER, POISON, WHO, BIG, WORKERS = 5, LIMIT = 8 };

typedef struct worker {
    uint64_t jobs;
    cogo_msg *kept;
} worker;

typedef struct job {
    uint64_t key;
    cogo_actor_id report_to; /**< Gets one JOB for each job that was handled. */
} job;

static inline cogo_err worker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    worker *w = state;
    switch (cogo_msg_type_of(msg)) {
    case WHO: // Which worker is it?
        return scene_reply_u64(ctx, msg, cogo_self(ctx).slot);
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, w->jobs);
    case POISON:
        return COGO_EIO;
    default: {
        const job *j = cogo_msg_payload(msg);
        w->jobs++;
        cogo_send(ctx, j->report_to, cogo_msg_create(cogo_context_system(ctx), JOB, 0));
        return COGO_OK;
    }
    }
}

static const cogo_behavior worker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker",
    .state_size_bytes = sizeof(worker),
    .receive = worker_receive,
};

/* Answers a SCENE_ASK when so many jobs as its payload says have been reported. */
typedef struct tally {
    uint64_t count, wanted;
    cogo_actor_id asker;
    uint64_t dead;
} tally;

static inline cogo_err tally_check(cogo_context *ctx, tally *t)
{
    if (t->wanted != 0 && t->count + t->dead >= t->wanted) {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof(uint64_t));
        memcpy(cogo_msg_payload(answer), &t->count, sizeof t->count);
        cogo_send(ctx, t->asker, answer);
        t->wanted = 0;
    }
    return COGO_OK;
}

static inline cogo_err tally_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    tally *t = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        t->wanted = scene_u64(msg);
        t->asker = cogo_msg_reply_to(msg);
    } else {
        t->dead += cogo_msg_type_of(msg) == COGO_MSG_DEAD_LETTER;
        t->count += cogo_msg_type_of(msg) == JOB;
    }
    return tally_check(ctx, t);
}

static const cogo_behavior tally_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "tally",
    .state_size_bytes = sizeof(tally),
    .receive = tally_receive,
};

static inline uint64_t tally_wait(cogo_system *system, cogo_actor_id id, uint64_t wanted)
{
    cogo_msg *answer = NULL;
    uint64_t count = UINT64_MAX;
    cr_expect_eq(cogo_system_ask(system, id, scene_msg_u64(system, SCENE_ASK, wanted),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        count = scene_u64(answer);
        cogo_msg_destroy(answer);
    }
    return count;
}

static inline cogo_pool_spec pool_of(cogo_routing routing, uint32_t size)
{
    return (cogo_pool_spec){
        .struct_size = sizeof(cogo_pool_spec),
        .worker = {.struct_size = sizeof(cogo_spawn_options), .behavior = &worker_behavior},
        .size = size,
        .routing = routing,
        .key_size_bytes = sizeof(uint64_t),
    };
}

static inline cogo_actor_id start_pool(cogo_system *system, const cogo_pool_spec *spec)
{
    cogo_actor_id pool = COGO_NO_ACTOR;
    cr_expect_eq(cogo_pool_start(system, spec, &pool), COGO_OK);
    return pool;
}

static inline void send_job(cogo_system *system, cogo_actor_id pool, uint64_t key,
                            cogo_actor_id report)
{
    cogo_msg *msg = cogo_msg_create(system, JOB, sizeof(job));
    *(job *)cogo_msg_payload(msg) = (job){key, report};
    cr_expect_eq(cogo_system_send(system, pool, msg), COGO_OK);
}

static inline uint64_t ask(cogo_system *system, cogo_actor_id pool, cogo_msg_type type,
                           uint64_t key)
{
    cogo_msg *answer = NULL;
    uint64_t value = 0;
    cr_expect_eq(
        cogo_system_ask(system, pool, scene_msg_u64(system, type, key), SCENE_LONG_NS, &answer),
        COGO_OK);
    if (answer != NULL) {
        value = scene_u64(answer);
        // The pool is not in between: the worker itself answered.
        cr_expect(!cogo_actor_id_equal(cogo_msg_sender(answer), pool));
        cogo_msg_destroy(answer);
    }
    return value;
}

static inline cogo_pool_stats stats_of(cogo_system *system, cogo_actor_id pool)
{
    cogo_pool_stats stats = {0};
    cr_expect_eq(cogo_pool_stats_read(system, pool, SCENE_LONG_NS, &stats), COGO_OK);
    return stats;
}

#endif
