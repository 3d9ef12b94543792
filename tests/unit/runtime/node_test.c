/* Two systems linked over loopback TCP: messages, asks, monitors, and what happens when the
 * link is lost. */
#include "tests/unit/runtime/cluster.h"

#include <stdlib.h>

/* A program asks an actor of another process by its name, as it would ask its own. */
Test(node, an_actor_of_another_node_is_found_by_name_and_asked)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    for (uint64_t n = 0; n < 200; n++) {
        cogo_msg *answer = NULL;
        cogo_err err = cogo_system_ask(b.system, far, scene_msg_u64(b.system, CLUSTER_ECHO, n),
                                       SCENE_LONG_NS, &answer);
        cr_assert_eq(err, COGO_OK, "%s", cogo_strerror(err));
        cr_expect_eq(scene_u64(answer), n);
        cogo_msg_destroy(answer);
    }
    cogo_actor_id nobody = COGO_NO_ACTOR;
    cr_expect_eq(cogo_node_name_find(b.system, far.node, "nobody", SCENE_LONG_NS, &nobody),
                 COGO_ENOTFOUND);
    place_close(&b);
    place_close(&a);
}

/* Messages of one sender come in order, also around large ones that go in parts. */
Test(node, messages_of_one_sender_stay_in_order_around_large_ones)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "count");
    cogo_actor_id far = cluster_find(&b, "a", "count");
    uint64_t sent = 0, refused = 0;
    while (sent < 3000) {
        size_t size = sent % 500 == 499 ? 700000 : 8 + sent % 50;
        cogo_msg *msg = cogo_msg_create(b.system, CLUSTER_COUNT, size);
        memset(cogo_msg_payload(msg), 0, size);
        memcpy(cogo_msg_payload(msg), &sent, sizeof sent);
        cogo_err err = cogo_system_send(b.system, far, msg);
        if (err == COGO_OK) {
            sent++;
        } else { // The queue is full: an ask comes back when it has been worked off.
            cr_assert_eq(err, COGO_EFULL);
            refused++;
            (void)scene_ask_u64(b.system, far);
        }
    }
    uint64_t got = 0;
    while ((got = scene_ask_u64(b.system, far)) == UINT64_MAX) { // Its queue was full.
    }
    cr_expect_eq(got, sent, "in order, none lost: %llu", (unsigned long long)got);
    place_close(&b);
    place_close(&a);
}

/* Answers with a message that the other node can't take in. */
static cogo_err foreign_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK + 50, 10);
    cogo_reply(ctx, msg, answer);
    return COGO_OK;
}

static const cogo_behavior foreign = {
    .struct_size = sizeof(cogo_behavior), .name = "foreign", .receive = foreign_receive};

/* Two releases of a program talk: who asks does not wait for an answer of a type that only the
 * other side knows. */
Test(node, an_answer_that_can_not_be_taken_in_fails_its_ask_at_once)
{
    static const cogo_type newer = {sizeof(cogo_type), SCENE_ASK + 50, "newer", NULL};
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    cr_expect_eq(cogo_type_register(a.system, &newer), COGO_OK);
    cogo_actor_id id = scene_spawn(a.system, &foreign, NULL, 0, 0);
    cr_expect_eq(cogo_name_register(a.system, "foreign", id), COGO_OK);
    cogo_actor_id far = cluster_find(&b, "a", "foreign");
    cogo_msg *answer = NULL;
    cogo_err err = cogo_system_ask(b.system, far, cogo_msg_create(b.system, SCENE_ASK, 0),
                                   SCENE_LONG_NS, &answer);
    cr_expect_eq(err, COGO_ENOTFOUND, "%s", cogo_strerror(err));
    place_close(&b);
    place_close(&a);
}

/* Watches a remote actor; answers how many DOWN it has got, and the kind of the latest. */
typedef struct watcher {
    cogo_actor_id target, waiting;
    uint64_t downs, kind;
} watcher;

static cogo_err watcher_start(cogo_context *ctx, void *state, const void *args)
{
    watcher *w = state;
    w->target = *(const cogo_actor_id *)args;
    return cogo_monitor(ctx, w->target, NULL);
}

static cogo_err watcher_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    watcher *w = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        const cogo_down *down = cogo_msg_payload(msg);
        w->downs++;
        w->kind = down->reason.kind;
        cr_expect(cogo_actor_id_equal(down->actor, w->target));
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        w->waiting = cogo_msg_reply_to(msg);
    } else if (cogo_msg_type_of(msg) == CLUSTER_QUIT) { // Passed on, after the monitor.
        cogo_send(ctx, w->target, cogo_msg_create(cogo_context_system(ctx), CLUSTER_QUIT, 0));
    }
    if (w->downs != 0 && cogo_actor_id_is_set(w->waiting)) {
        cogo_send(ctx, w->waiting,
                  scene_msg_u64(cogo_context_system(ctx), SCENE_ASK, w->downs << 8 | w->kind));
        w->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static const cogo_behavior watcher_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "watcher",
    .state_size_bytes = sizeof(watcher),
    .start = watcher_start,
    .receive = watcher_receive,
};

Test(node, a_monitor_fires_once_when_a_remote_actor_ends)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    cogo_actor_id w = scene_spawn(b.system, &watcher_behavior, &far, sizeof far, 0);
    cogo_system_send(b.system, w, cogo_msg_create(b.system, CLUSTER_QUIT, 0));
    cr_expect_eq(scene_ask_u64(b.system, w), (1u << 8 | COGO_EXIT_ERROR));
    cogo_actor_id late = scene_spawn(b.system, &watcher_behavior, &far, sizeof far, 0);
    cr_expect_eq(scene_ask_u64(b.system, late), (1u << 8 | COGO_EXIT_NOPROC));
    cr_expect_eq(cogo_node_stop(a.system, SCENE_LONG_NS), COGO_OK);
    sem_wait(&b.downs);
    cr_expect_eq(scene_ask_u64(b.system, w), (1u << 8 | COGO_EXIT_ERROR), "not twice");
    scene_close(a.system);
    place_close(&b);
}

/* A node goes; who watched there is told once, who asks is told at once, and the node that
 * comes back under the same name is another one. */
Test(node, a_lost_node_fires_monitors_once_and_comes_back_as_another)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    uint16_t port = cogo_node_port(a.system);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    cogo_actor_id w = scene_spawn(b.system, &watcher_behavior, &far, sizeof far, 0);
    (void)scene_ask_u64(b.system, far);
    place_close(&a);
    sem_wait(&b.downs);
    cr_expect_eq(scene_ask_u64(b.system, w), (1u << 8 | COGO_EXIT_NOCONNECTION));
    cr_expect_eq(cogo_system_send(b.system, far, scene_msg_u64(b.system, CLUSTER_COUNT, 0)),
                 COGO_EGONE);
    cogo_node_config again = cluster_config("a");
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    cogo_system *system = scene_open(2);
    again.listen = address;
    cr_assert_eq(cogo_node_start(system, &again), COGO_OK);
    place back = {.system = system};
    (void)cluster_echo(&back, "echo");
    cluster_types(system);
    cogo_actor_id new_far = cluster_find(&b, "a", "echo");
    cr_expect_neq(new_far.node, far.node);
    cr_expect_eq(cogo_system_send(b.system, far, scene_msg_u64(b.system, CLUSTER_COUNT, 0)),
                 COGO_EGONE, "an old id never resolves to the new node");
    cr_expect_eq(scene_ask_u64(b.system, new_far), 0u);
    cr_expect_eq(scene_ask_u64(b.system, w), (1u << 8 | COGO_EXIT_NOCONNECTION), "once");
    place_close(&b);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
}

/* An actor that does not get to its messages is felt by its senders, and bounds what waits. */
typedef struct gate {
    sem_t open;
    uint64_t count;
} gate;

static cogo_err gate_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    *(gate **)state = *(gate *const *)args;
    return COGO_OK;
}

static cogo_err gate_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    gate *g = *(gate **)state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, g->count);
    }
    if (g->count++ == 0) {
        sem_wait(&g->open);
    }
    return COGO_OK;
}

static const cogo_behavior gate_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "gate",
    .state_size_bytes = sizeof(gate *),
    .start = gate_start,
    .receive = gate_receive,
};

Test(node, a_slow_reader_is_felt_by_its_senders_and_bounds_what_waits)
{
    place a, b;
    gate g = {.count = 0};
    gate *args = &g;
    sem_init(&g.open, 0, 0);
    cogo_node_config config = cluster_config("a");
    config.window_bytes = 524288;
    place_open(&a, config, NULL);
    place_open(&b, cluster_config("b"), &a);
    cogo_actor_id id =
        scene_spawn(a.system, &gate_behavior, &args, sizeof args, COGO_SPAWN_DETACHED);
    cr_expect_eq(cogo_name_register(a.system, "gate", id), COGO_OK);
    cogo_actor_id far = cluster_find(&b, "a", "gate");
    uint64_t sent = 0;
    cogo_err err = COGO_OK;
    while (
        (err = cogo_system_send(b.system, far, cogo_msg_create(b.system, CLUSTER_COUNT, 1000)))
        == COGO_OK) {
        sent++;
        cr_assert_lt(sent, 4000u, "window and queue are full long before");
    }
    cr_expect_eq(err, COGO_EFULL);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(b.system, &stats);
    cr_expect_eq(stats.dead_letters_by[COGO_DEAD_LINK], 1u);
    sem_post(&g.open);
    uint64_t got = 0;
    while ((got = scene_ask_u64(b.system, far)) == UINT64_MAX) { // Its queue was full.
    }
    cr_expect_eq(got, sent);
    place_close(&b);
    place_close(&a);
    sem_destroy(&g.open);
}

Test(node, without_a_secret_only_loopback_is_allowed)
{
    cogo_system *system = scene_open(1);
    cogo_node_config config = {
        .struct_size = sizeof config, .name = "a", .listen = "0.0.0.0:0"};
    cr_expect_eq(cogo_node_start(system, &config), COGO_EAUTH);
    config.listen = NULL;
    config.join = "127.0.0.1:1,10.0.0.1:7000";
    cr_expect_eq(cogo_node_start(system, &config), COGO_EAUTH);
    config.join = "nonsense";
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL);
    config.join = NULL;
    config.listen = "[::1]:0";
    config.secret = "short";
    config.secret_size_bytes = 5;
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL);
    config.name = NULL;
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL);
    cr_expect_eq(cogo_node_stop(system, 0), COGO_ESTATE);
    scene_close(system);
}
