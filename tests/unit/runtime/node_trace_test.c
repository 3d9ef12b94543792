/* A trace id crosses nodes: with a message, with what is sent because of it, and back. */
#include "tests/unit/runtime/cluster.h"

#define TRACE UINT64_C(0x1122334455667788)

/* Answers with the trace id that the question had. */
static cogo_err mirror_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, cogo_msg_trace(msg))
                                              : COGO_OK;
}

static const cogo_behavior mirror = {
    .struct_size = sizeof(cogo_behavior),
    .name = "mirror",
    .receive = mirror_receive,
};

/* Asks a mirror on another node before it answers. */
typedef struct relay {
    cogo_actor_id mirror, waiting;
    uint64_t ask;
} relay;

static cogo_err relay_start(cogo_context *ctx, void *state, const void *args)
{
    const cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = &mirror, .placement = "node:b"};
    (void)args;
    return cogo_spawn(ctx, &options, &((relay *)state)->mirror);
}

static cogo_err relay_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    relay *r = state;
    cogo_system *system = cogo_context_system(ctx);
    if (cogo_msg_type_of(msg) != SCENE_ASK) {
        return COGO_OK;
    }
    if (r->ask != 0 && cogo_msg_ask(msg) == r->ask) {
        uint64_t seen = cogo_msg_trace(msg) == TRACE ? scene_u64(msg) : 0;
        cogo_send(ctx, r->waiting, scene_msg_u64(system, SCENE_ASK, seen));
        return COGO_OK;
    }
    r->waiting = cogo_msg_reply_to(msg);
    return cogo_ask(ctx, r->mirror, cogo_msg_create(system, SCENE_ASK, 0), SCENE_LONG_NS,
                    &r->ask);
}

static const cogo_behavior relay_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "relay",
    .state_size_bytes = sizeof(relay),
    .start = relay_start,
    .receive = relay_receive,
};

Test(node_trace, an_id_goes_over_two_links_and_back)
{
    place a, b, c;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    sem_wait(&b.ups);
    sem_wait(&a.ups);
    place_open(&c, cluster_config("c"), &a);
    sem_wait(&c.ups);
    // From c to the relay on a, which asks a mirror that is placed on b.
    cr_expect_eq(cogo_behavior_register(b.system, &mirror, NULL), COGO_OK);
    cogo_actor_id id = scene_spawn(a.system, &relay_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_name_register(a.system, "relay", id), COGO_OK);
    uint32_t node = cogo_node_find(c.system, "a");
    cogo_actor_id far = COGO_NO_ACTOR;
    cr_assert_eq(cogo_node_name_find(c.system, node, "relay", SCENE_LONG_NS, &far), COGO_OK);
    cogo_msg *question = cogo_msg_create(c.system, SCENE_ASK, 0), *answer = NULL;
    cogo_msg_set_trace(question, TRACE);
    cr_assert_eq(cogo_system_ask(c.system, far, question, SCENE_LONG_NS, &answer), COGO_OK);
    cr_expect_eq(scene_u64(answer), TRACE, "the last one has seen it");
    cr_expect_eq(cogo_msg_trace(answer), TRACE, "and so has the first one again");
    cogo_msg_destroy(answer);
    place_close(&c);
    place_close(&b);
    place_close(&a);
}
