/* Sending, receiving, asking. */
#include "tests/unit/runtime/scene.h"

enum { PING = COGO_MSG_USER, ROUNDS = 1000 };

typedef struct counter {
    uint64_t next[4];
    uint64_t seen;
} counter;

typedef struct step {
    uint32_t sender;
    uint64_t number;
} step;

/* Expects 0, 1, 2... from each sender. */
static cogo_err counter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    counter *c = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, c->seen);
    }
    const step *s = cogo_msg_payload(msg);
    if (c->next[s->sender] != s->number) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "out of order");
    }
    c->next[s->sender]++;
    c->seen++;
    return COGO_OK;
}

static const cogo_behavior counter_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "counter",
    .state_size_bytes = sizeof(counter),
    .receive = counter_receive,
};

typedef struct talker_args {
    cogo_actor_id to;
    uint32_t number;
} talker_args;

static cogo_err talker_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    const talker_args *a = args;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), PING, sizeof(step));
        *(step *)cogo_msg_payload(msg) = (step){a->number, i};
        cogo_send(ctx, a->to, msg);
    }
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior talker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "talker",
    .start = talker_start,
    .receive = ignore,
};

Test(talk, messages_of_one_sender_arrive_in_the_order_sent)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id to = scene_spawn(system, &counter_behavior, NULL, 0, 0);
    cogo_actor_id from[4];
    for (uint32_t i = 0; i < 4; i++) {
        talker_args args = {to, i};
        from[i] = scene_spawn(system, &talker_behavior, &args, sizeof args, 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(cogo_system_await(system, from[i], SCENE_LONG_NS, NULL), COGO_OK);
    }
    cr_expect_eq(scene_ask_u64(system, to), (uint64_t)4 * ROUNDS);
    scene_close(system);
}

enum { CROWD = 200, CALLS = 2 }; // More than a run queue has room for at first.

/* Calls all of them in one callback, so that they are ready at once. */
static cogo_err caller_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    uint64_t *calls = state;
    const cogo_actor_id *crowd = cogo_msg_payload(msg);
    for (int i = 0; i < CROWD; i++) {
        cogo_msg *call = cogo_msg_create(cogo_context_system(ctx), PING, sizeof(step));
        *(step *)cogo_msg_payload(call) = (step){0, *calls};
        (void)cogo_send(ctx, crowd[i], call);
    }
    ++*calls;
    return COGO_OK;
}

static const cogo_behavior caller_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "caller",
    .state_size_bytes = sizeof(uint64_t),
    .receive = caller_receive,
};

Test(talk, a_crowd_that_is_ready_at_once_gets_one_turn_each)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id crowd[CROWD], caller = scene_spawn(system, &caller_behavior, NULL, 0, 0);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = scene_spawn(system, &counter_behavior, NULL, 0, 0);
    }
    for (int i = 0; i < CALLS; i++) {
        cogo_msg *msg = cogo_msg_create(system, PING, sizeof crowd);
        memcpy(cogo_msg_payload(msg), crowd, sizeof crowd);
        cr_expect_eq(cogo_system_send(system, caller, msg), COGO_OK);
    }
    for (int i = 0; i < CROWD; i++) {
        uint64_t seen = 0;
        while (seen < CALLS && seen != UINT64_MAX) { // The last of them may be on the way.
            seen = scene_ask_u64(system, crowd[i]);
        }
        cr_expect_eq(seen, (uint64_t)CALLS);
    }
    scene_close(system);
}
