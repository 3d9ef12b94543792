/* Two nodes that know the same program, actors to be placed on either, and witnesses of their
 * ends. */
#ifndef TESTS_UNIT_RUNTIME_PLACED_H
#define TESTS_UNIT_RUNTIME_PLACED_H

#include "tests/unit/runtime/clerk.h"
#include "tests/unit/runtime/cluster.h"

enum { PLACED_CALL = CLUSTER_QUIT + 1, PLACED_CALLED };

/* Keeps its life whatever happens; ends at a QUIT. Calls back whoever sends it a CALL. */
static inline cogo_err stubborn_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, 7);
    }
    if (cogo_msg_type_of(msg) == PLACED_CALL) {
        cogo_send(ctx, cogo_msg_sender(msg),
                  cogo_msg_create(cogo_context_system(ctx), PLACED_CALLED, 0));
    } else if (cogo_msg_type_of(msg) == CLUSTER_QUIT) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, "done");
    }
    return COGO_OK;
}

static const cogo_behavior stubborn = {
    .struct_size = sizeof(cogo_behavior),
    .name = "stubborn",
    .receive = stubborn_receive,
};

static inline cogo_err broken_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    (void)state;
    (void)args;
    return COGO_EIO;
}

static const cogo_behavior broken = {
    .struct_size = sizeof(cogo_behavior),
    .name = "broken",
    .start = broken_start,
    .receive = stubborn_receive,
};

static inline void offer(place *p)
{
    const cogo_type types[] = {{sizeof(cogo_type), PLACED_CALL, "placed.call", NULL},
                               {sizeof(cogo_type), PLACED_CALLED, "placed.called", NULL}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        cr_expect_eq(cogo_type_register(p->system, &types[i]), COGO_OK);
    }
    cr_expect_eq(cogo_behavior_register(p->system, &clerk, &job_record), COGO_OK);
    cr_expect_eq(cogo_behavior_register(p->system, &echo_behavior, NULL), COGO_OK);
    cr_expect_eq(cogo_behavior_register(p->system, &stubborn, NULL), COGO_OK);
    cr_expect_eq(cogo_behavior_register(p->system, &broken, NULL), COGO_OK);
}

/* Both know the same program; b joined a. */
static inline void open_two(place *a, place *b)
{
    place_open(a, cluster_config("a"), NULL);
    offer(a);
    place_open(b, cluster_config("b"), a);
    offer(b);
    sem_wait(&b->ups);
}

static inline cogo_spawn_options at(const char *placement, const cogo_behavior *behavior)
{
    return (cogo_spawn_options){.struct_size = sizeof(cogo_spawn_options),
                                .behavior = behavior,
                                .placement = placement};
}

static inline cogo_actor_id placed(place *p, const char *placement,
                                   const cogo_behavior *behavior, uint32_t flags)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = at(placement, behavior);
    options.flags = flags;
    cr_expect_eq(cogo_system_spawn(p->system, &options, &id), COGO_OK);
    return id;
}

static inline uint64_t actors_of(const place *p)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(p->system, &stats);
    return stats.actors;
}

static inline void await_actors(const place *p, uint64_t count)
{
    while (actors_of(p) != count) { // Else the runner's limit is reached.
        sched_yield();
    }
}

/* One that keeps the reason of the end of who it was given. */
typedef struct mourner {
    cogo_actor_id whom;
    const cogo_spawn_options *born; /* Then its own child. */
    cogo_actor_id waiting;
    uint64_t downs;
    cogo_reason reason;
} mourner;

static inline cogo_err mourner_start(cogo_context *ctx, void *state, const void *args)
{
    mourner *m = state;
    *m = *(const mourner *)args;
    return m->born != NULL ? cogo_spawn(ctx, m->born, &m->whom)
                           : cogo_monitor(ctx, m->whom, NULL);
}

static inline void mourner_tell(cogo_context *ctx, mourner *m)
{
    if (m->downs != 0 && cogo_actor_id_is_set(m->waiting)) {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof m->reason);
        memcpy(cogo_msg_payload(answer), &m->reason, sizeof m->reason);
        cogo_send(ctx, m->waiting, answer);
        m->waiting = COGO_NO_ACTOR;
    }
}

static inline cogo_err mourner_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    mourner *m = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        m->reason = ((const cogo_down *)cogo_msg_payload(msg))->reason;
        m->downs++;
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        m->waiting = cogo_msg_reply_to(msg);
    } else if (cogo_msg_type_of(msg) == CLUSTER_COUNT) {
        return scene_reply_u64(ctx, msg, 0);
    }
    mourner_tell(ctx, m);
    return COGO_OK;
}

static const cogo_behavior mourner_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "mourner",
    .state_size_bytes = sizeof(mourner),
    .start = mourner_start,
    .receive = mourner_receive,
};

/* When it returns, its monitor overtakes all that is sent to @p whom. */
static inline cogo_actor_id mourn(place *p, cogo_actor_id whom)
{
    cogo_msg *answer = NULL;
    mourner how = {.whom = whom};
    cogo_actor_id id = scene_spawn(p->system, &mourner_behavior, &how, sizeof how, 0);
    cr_expect_eq(cogo_system_ask(p->system, id, cogo_msg_create(p->system, CLUSTER_COUNT, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    cogo_msg_destroy(answer);
    return id;
}

static inline cogo_reason reason_of(place *p, cogo_actor_id who)
{
    cogo_msg *answer = NULL;
    cogo_reason reason = {0};
    cr_expect_eq(cogo_system_ask(p->system, who, cogo_msg_create(p->system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        memcpy(&reason, cogo_msg_payload(answer), sizeof reason);
        cogo_msg_destroy(answer);
    }
    return reason;
}

/* Of one that is spawned for that. */
static inline cogo_reason end_of(place *p, cogo_spawn_options born)
{
    born.flags |= COGO_SPAWN_MONITOR;
    mourner how = {.born = &born};
    return reason_of(p, scene_spawn(p->system, &mourner_behavior, &how, sizeof how, 0));
}

#endif
