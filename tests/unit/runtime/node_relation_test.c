/* What actors of two nodes are to each other, when one of them does not get to its signals. */
#include "tests/unit/runtime/cluster.h"

#define HEARD_NS UINT64_C(10000000000)

/* Says when it is busy, and is until it may go on; then says which exit it heard of. */
typedef struct busy {
    sem_t begun, go_on;
    cogo_exit_kind kind;
} busy;

static cogo_err busy_start(cogo_context *ctx, void *state, const void *args)
{
    *(busy **)state = *(busy *const *)args;
    cogo_trap_exit(ctx, true);
    return COGO_OK;
}

static cogo_err busy_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    busy *b = *(busy **)state;
    if (cogo_msg_type_of(msg) == COGO_MSG_EXIT) {
        b->kind = ((const cogo_down *)cogo_msg_payload(msg))->reason.kind;
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    } else {
        sem_post(&b->begun);
        sem_wait(&b->go_on);
    }
    return COGO_OK;
}

static const cogo_behavior busy_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "busy",
    .state_size_bytes = sizeof(busy *),
    .start = busy_start,
    .receive = busy_receive,
};

static cogo_err linker_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    return cogo_link(ctx, *(const cogo_actor_id *)args);
}

static cogo_err linker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 1) : COGO_OK;
}

static const cogo_behavior linker = {
    .struct_size = sizeof(cogo_behavior),
    .name = "linker",
    .start = linker_start,
    .receive = linker_receive,
};

/* It is linked from the moment that the node has taken the frame, not when it gets to it. */
Test(node_relation, who_is_busy_when_linked_hears_of_a_loss_meanwhile)
{
    place a, b;
    busy held = {.kind = COGO_EXIT_NORMAL}, *self = &held;
    sem_init(&held.begun, 0, 0);
    sem_init(&held.go_on, 0, 0);
    place_open(&a, cluster_config("a"), NULL);
    cogo_actor_id id =
        scene_spawn(a.system, &busy_behavior, &self, sizeof self, COGO_SPAWN_DETACHED);
    cr_expect_eq(cogo_name_register(a.system, "held", id), COGO_OK);
    (void)cluster_echo(&a, "echo");
    place_open(&b, cluster_config("b"), &a);
    cogo_actor_id echo = cluster_find(&b, "a", "echo"), far = COGO_NO_ACTOR;
    cr_expect_eq(cogo_node_name_find(b.system, echo.node, "held", SCENE_LONG_NS, &far),
                 COGO_OK);
    cogo_system_send(a.system, id, cogo_msg_create(a.system, CLUSTER_QUIT, 0));
    sem_wait(&held.begun);
    cogo_actor_id other = scene_spawn(b.system, &linker, &far, sizeof far, 0);
    (void)scene_ask_u64(b.system, other); // It has linked,
    (void)scene_ask_u64(b.system, echo);  // and that came there before this.
    cr_expect_eq(cogo_node_stop(b.system, SCENE_LONG_NS), COGO_OK);
    sem_wait(&a.downs);
    sem_post(&held.go_on);
    cr_expect_eq(cogo_system_await(a.system, id, HEARD_NS, NULL), COGO_OK, "nobody told it");
    cr_expect_eq(held.kind, COGO_EXIT_NOCONNECTION);
    scene_close(b.system);
    sem_destroy(&b.ups);
    sem_destroy(&b.downs);
    place_close(&a);
    sem_destroy(&held.begun);
    sem_destroy(&held.go_on);
}
