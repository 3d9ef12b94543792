/* Actors that begin on another node by the name of what they do. */
#include "tests/unit/runtime/clerk.h"
#include "tests/unit/runtime/cluster.h"

static cogo_err worker_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    if (args != NULL) {
        memcpy(state, args, sizeof(uint64_t));
    }
    return COGO_OK;
}

static cogo_err worker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    if (cogo_msg_type_of(msg) == CLUSTER_QUIT) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "told to");
        return COGO_OK;
    }
    return scene_reply_u64(ctx, msg, *(uint64_t *)state);
}

static const cogo_behavior worker = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker",
    .state_size_bytes = sizeof(uint64_t),
    .start = worker_start,
    .receive = worker_receive,
};

static void open_two(place *a, place *b)
{
    place_open(a, cluster_config("a"), NULL);
    place_open(b, cluster_config("b"), a);
    cr_expect_eq(cogo_behavior_register(a->system, &worker, NULL), COGO_OK);
    cr_expect_eq(cogo_behavior_register(a->system, &clerk, &job_record), COGO_OK);
    sem_wait(&b->ups);
}

static cogo_remote_spawn of(const char *behavior)
{
    return (cogo_remote_spawn){.struct_size = sizeof(cogo_remote_spawn), .behavior = behavior};
}

Test(node_spawn, an_actor_begins_there_with_its_args_and_answers)
{
    place a, b;
    open_two(&a, &b);
    uint32_t node = cogo_node_find(b.system, "a");
    uint64_t number = 4711;
    cogo_remote_spawn what = of("worker");
    what.args = &number;
    what.args_size_bytes = sizeof number;
    what.name = "the worker";
    cogo_actor_id id = COGO_NO_ACTOR, found = COGO_NO_ACTOR;
    cr_assert_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_OK);
    cr_expect_eq(id.node, node);
    cr_expect_eq(scene_ask_u64(b.system, id), 4711u);
    cr_expect_eq(cogo_node_name_find(b.system, node, "the worker", SCENE_LONG_NS, &found),
                 COGO_OK);
    cr_expect(cogo_actor_id_equal(found, id));
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_EEXIST);
    job j = {.title = "seven..", .count = 42};
    what = of("clerk");
    what.args = &j;
    what.args_record = &job_record;
    cr_assert_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_OK);
    cr_expect_eq(scene_ask_u64(b.system, id), 7042u);
    place_close(&b);
    place_close(&a);
}

Test(node_spawn, what_can_not_begin_says_why)
{
    static uint8_t much[COGO_PLACEMENT_ARGS_MAX + 1];
    place a, b;
    open_two(&a, &b);
    uint32_t node = cogo_node_find(b.system, "a");
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_remote_spawn what = of("nobody's");
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_ENOTFOUND);
    what = of("clerk");
    what.args = "no map";
    what.args_size_bytes = 6;
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_EDECODE);
    what = of("worker");
    what.args = much;
    what.args_size_bytes = sizeof much;
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_ELIMIT);
    what = of("worker");
    what.flags = COGO_SPAWN_LINK;
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_EINVAL);
    what = of("");
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_EINVAL);
    what = of("worker");
    cr_expect_eq(cogo_node_spawn(b.system, 0, &what, SCENE_LONG_NS, &id), COGO_EINVAL);
    cr_expect_eq(cogo_node_spawn(b.system, node + 1, &what, SCENE_LONG_NS, &id), COGO_EGONE);
    // A message that looks like a request of ours is none.
    cogo_actor_id far = {node, 0, 0, 1};
    cr_expect_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &far), COGO_OK);
    far.slot = 0;
    far.generation = 1;
    cr_expect_eq(
        cogo_system_send(b.system, far, cogo_msg_create(b.system, COGO_MSG_SPAWNED, 3)),
        COGO_EINVAL);
    cr_expect_eq(cogo_behavior_register(a.system, &worker, &job_record), COGO_EEXIST);
    place_close(&b);
    place_close(&a);
}

/* Spawns a worker over there, linked; tells how it ended. */
typedef struct boss {
    uint32_t node;
    bool trap;
    cogo_actor_id worker, waiting;
    uint64_t ask, told;
} boss;

static cogo_err boss_start(cogo_context *ctx, void *state, const void *args)
{
    boss *b = state;
    *b = *(const boss *)args;
    uint64_t number = 5;
    cogo_remote_spawn what = of("worker");
    what.args = &number;
    what.args_size_bytes = sizeof number;
    what.flags = COGO_SPAWN_LINK;
    cogo_trap_exit(ctx, b->trap);
    return cogo_node_spawn_ask(ctx, b->node, &what, SCENE_LONG_NS, &b->ask);
}

static cogo_err boss_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    boss *b = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_SPAWNED:
        cr_expect_eq(cogo_msg_ask(msg), b->ask);
        memcpy(&b->worker, cogo_msg_payload(msg), sizeof b->worker);
        break;
    case COGO_MSG_EXIT: {
        const cogo_down *down = cogo_msg_payload(msg);
        if (!cogo_actor_id_equal(down->actor, b->worker)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the system stops");
            break;
        }
        b->told = 100 + down->reason.kind;
        break;
    }
    case CLUSTER_QUIT:
        cogo_send(ctx, b->worker, cogo_msg_create(cogo_context_system(ctx), CLUSTER_QUIT, 0));
        break;
    case CLUSTER_COUNT:
        cogo_exit(ctx, COGO_EXIT_ERROR, "the boss fails");
        break;
    case SCENE_ASK:
        b->waiting = cogo_msg_reply_to(msg);
        break;
    default:
        break;
    }
    if (cogo_actor_id_is_set(b->waiting) && (b->told != 0 || cogo_actor_id_is_set(b->worker))) {
        uint64_t slot = b->told != 0 ? b->told : b->worker.slot;
        cogo_send(ctx, b->waiting, scene_msg_u64(cogo_context_system(ctx), SCENE_ASK, slot));
        b->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static const cogo_behavior boss_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "boss",
    .state_size_bytes = sizeof(boss),
    .start = boss_start,
    .receive = boss_receive,
};

static uint64_t actors_of(cogo_system *system)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    return stats.actors;
}

Test(node_spawn, a_linked_one_ends_with_its_spawner_and_tells_its_own_end)
{
    place a, b;
    open_two(&a, &b);
    boss how = {.node = cogo_node_find(b.system, "a"), .trap = true};
    cogo_actor_id first = scene_spawn(b.system, &boss_behavior, &how, sizeof how, 0);
    cr_expect_neq(scene_ask_u64(b.system, first), 0u);
    cogo_system_send(b.system, first, cogo_msg_create(b.system, CLUSTER_QUIT, 0));
    uint64_t told = 0;
    while ((told = scene_ask_u64(b.system, first)) < 100) { // Until the exit has come.
    }
    cr_expect_eq(told, 100u + COGO_EXIT_ERROR);
    uint64_t before = actors_of(a.system);
    cogo_actor_id second = scene_spawn(b.system, &boss_behavior, &how, sizeof how, 0);
    uint64_t slot = scene_ask_u64(b.system, second);
    cr_expect_eq(actors_of(a.system), before + 1);
    (void)slot;
    cogo_system_send(b.system, second, cogo_msg_create(b.system, CLUSTER_COUNT, 0));
    while (actors_of(a.system) != before) { // The worker hears of its boss's end.
    }
    // The link is lost: a linked one ends, there is nobody left who knows it.
    (void)scene_ask_u64(b.system, scene_spawn(b.system, &boss_behavior, &how, sizeof how, 0));
    cr_expect_eq(actors_of(a.system), before + 1);
    place_close(&b);
    while (actors_of(a.system) >= before + 1) {
    }
    place_close(&a);
}

/* Exit signals cross nodes as they are. */
Test(node_spawn, an_exit_signal_ends_a_remote_actor)
{
    place a, b;
    open_two(&a, &b);
    cogo_remote_spawn what = of("worker");
    cogo_actor_id id = COGO_NO_ACTOR;
    uint32_t node = cogo_node_find(b.system, "a");
    what.flags = COGO_SPAWN_TRAP_EXIT;
    cr_assert_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_OK);
    cogo_exit_actor(b.system, id, COGO_EXIT_KILLED, "enough");
    cogo_msg *answer = NULL;
    cr_expect_eq(cogo_system_ask(b.system, id, cogo_msg_create(b.system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_EGONE, "FIFO: the exit signal comes first");
    place_close(&b);
    place_close(&a);
}

/* A type that the receiver does not know is answered, and only to who sent it. */
Test(node_spawn, a_type_that_is_not_known_there_fails_its_ask_and_nothing_else)
{
    enum { STRANGE = SCENE_ASK + 500 };
    place a, b;
    open_two(&a, &b);
    const cogo_type strange = {sizeof strange, STRANGE, "only.here", NULL};
    cr_expect_eq(cogo_type_register(b.system, &strange), COGO_OK);
    cogo_remote_spawn what = of("worker");
    cogo_actor_id id = COGO_NO_ACTOR;
    uint32_t node = cogo_node_find(b.system, "a");
    cr_assert_eq(cogo_node_spawn(b.system, node, &what, SCENE_LONG_NS, &id), COGO_OK);
    cogo_msg *answer = NULL;
    cr_expect_eq(cogo_system_ask(b.system, id, cogo_msg_create(b.system, STRANGE, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_ENOTFOUND);
    cr_expect_eq(scene_ask_u64(b.system, id), 0u);
    place_close(&b);
    place_close(&a);
}

/* Links with a supervised actor of another node and unlinks before it is told to fail, many
 * times: neither side is left with a tie to a life that is over. */
typedef struct clinger {
    cogo_actor_id target, waiting;
    uint64_t rounds, exits;
} clinger;

static cogo_err clinger_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(cogo_actor_id));
    return COGO_OK;
}

static cogo_err clinger_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    clinger *c = state;
    cogo_system *system = cogo_context_system(ctx);
    if (cogo_msg_type_of(msg) == COGO_MSG_EXIT) {
        const cogo_down *down = cogo_msg_payload(msg);
        if (!cogo_actor_id_equal(down->actor, c->target)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "");
            return COGO_OK;
        }
        c->exits++;
    } else if (cogo_msg_type_of(msg) == CLUSTER_COUNT) {
        // The first end is on its way here while this link is on its way there.
        cr_expect_eq(cogo_link(ctx, c->target), COGO_OK);
        cogo_send(ctx, c->target, cogo_msg_create(system, CLUSTER_QUIT, 0));
        cogo_unlink(ctx, c->target);
        cr_expect_eq(cogo_link(ctx, c->target), COGO_OK);
        c->rounds++;
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, c->exits);
    }
    return COGO_OK;
}

static const cogo_behavior clinger_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "clinger",
    .state_size_bytes = sizeof(clinger),
    .start = clinger_start,
    .receive = clinger_receive,
};

Test(node_spawn, no_tie_to_a_life_that_is_over_is_left)
{
    place a, b;
    open_two(&a, &b);
    cogo_child_spec child = {
        .id = "w",
        .options = {.struct_size = sizeof child.options, .behavior = &worker, .name = "w"},
    };
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .intensity = 100000, .children = &child, .child_count = 1};
    cogo_actor_id supervisor = COGO_NO_ACTOR, far = COGO_NO_ACTOR;
    cr_assert_eq(cogo_supervisor_start(a.system, &spec, &supervisor), COGO_OK);
    uint32_t node = cogo_node_find(b.system, "a");
    cr_assert_eq(cogo_node_name_find(b.system, node, "w", SCENE_LONG_NS, &far), COGO_OK);
    cogo_actor_id c =
        scene_spawn(b.system, &clinger_behavior, &far, sizeof far, COGO_SPAWN_TRAP_EXIT);
    for (int i = 0; i < 200; i++) {
        cogo_system_send(b.system, c, cogo_msg_create(b.system, CLUSTER_COUNT, 0));
    }
    (void)scene_ask_u64(b.system, c);
    (void)scene_ask_u64(b.system, far); // All of it has arrived; its exits come before this.
    cogo_actor_info info = {.struct_size = sizeof info};
    uint64_t links = 1;
    for (int i = 0; i < 100000 && links != 0; i++) { // FORGETs are on their way.
        (void)scene_ask_u64(b.system, c);
        cogo_actor_info mine = {.struct_size = sizeof mine};
        cr_assert_eq(cogo_actor_info_read(b.system, c, &mine), COGO_OK);
        (void)scene_ask_u64(b.system, far);
        cr_assert_eq(cogo_actor_info_read(
                         a.system, cogo_supervisor_child(a.system, supervisor, "w"), &info),
                     COGO_OK);
        links = info.links != mine.links;
    }
    cr_expect_eq(links, 0u, "both sides know the same link, or none");
    place_close(&b);
    place_close(&a);
}
