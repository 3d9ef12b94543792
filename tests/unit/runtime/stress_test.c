/* Many lanes, many actors, foreign threads; at the end every message is accounted for. */
#include "tests/unit/runtime/scene.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    HOP = COGO_MSG_USER,
    FANS = 64,
    HOPS = 200,
    THREADS = 3,
    PER_THREAD = 10000,
    TARGETS = 50
};

static _Atomic(uint64_t) arrived;

/* Passes a message on to a random peer until its hops are used up; sometimes by taking it. */
static cogo_err hopper_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo_actor_id *peers = state;
    cogo_system *system = cogo_context_system(ctx);
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, 1);
    }
    if (cogo_msg_size(msg) == FANS * sizeof(cogo_actor_id)) {
        memcpy(peers, cogo_msg_payload(msg), cogo_msg_size(msg));
        return COGO_OK;
    }
    uint64_t left = scene_u64(msg);
    if (left == 0) {
        atomic_fetch_add_explicit(&arrived, 1, memory_order_relaxed);
        return COGO_OK;
    }
    cogo_actor_id to = peers[cogo_system_random(system) % FANS];
    left--;
    if (left % 3 == 0) {
        memcpy(cogo_msg_payload(msg), &left, sizeof left);
        cogo_msg_take(ctx, msg);
        return cogo_send(ctx, to, msg);
    }
    return cogo_send(ctx, to, scene_msg_u64(system, HOP, left));
}

static const cogo_behavior hopper_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "hopper",
    .state_size_bytes = FANS * sizeof(cogo_actor_id),
    .receive = hopper_receive,
};

static void hop(uint32_t lanes, uint64_t messages)
{
    cogo_system *system = scene_open(lanes);
    cogo_actor_id ids[FANS];
    atomic_store_explicit(&arrived, 0, memory_order_relaxed);
    for (int i = 0; i < FANS; i++) {
        ids[i] = scene_spawn(system, &hopper_behavior, NULL, 0, 0);
    }
    for (int i = 0; i < FANS; i++) {
        cogo_msg *msg = cogo_msg_create(system, HOP, sizeof ids);
        memcpy(cogo_msg_payload(msg), ids, sizeof ids);
        cogo_system_send(system, ids[i], msg);
    }
    for (int i = 0; i < FANS; i++) {
        (void)scene_ask_u64(system, ids[i]);
    }
    for (uint64_t i = 0; i < messages; i++) {
        cogo_system_send(system, ids[i % FANS], scene_msg_u64(system, HOP, HOPS));
    }
    while (atomic_load_explicit(&arrived, memory_order_relaxed) < messages) {
        (void)scene_ask_u64(system, ids[0]);
    }
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters, 0u);
    cr_expect_geq(stats.messages_handled, messages * (HOPS + 1));
    cr_expect(stats.wait_count > 0);
    scene_close(system);
}

Test(stress, two_lanes_lose_nothing)
{
    hop(2, 1000);
}

Test(stress, sixteen_lanes_on_few_cpus_lose_nothing)
{
    hop(16, 500);
}

typedef struct sender {
    cogo_system *system;
    _Atomic(uint64_t) slots[TARGETS]; // Ids of the targets: slot << 32 | generation.
    uint32_t incarnation;
} sender;

static cogo_actor_id target_id(sender *s, uint64_t i)
{
    uint64_t id = atomic_load_explicit(&s->slots[i % TARGETS], memory_order_relaxed);
    return (cogo_actor_id){0, s->incarnation, (uint32_t)(id >> 32), (uint32_t)id};
}

/* Half of what it sends goes to ids that die at that very moment. */
static void *sender_main(void *arg)
{
    sender *s = arg;
    for (uint64_t i = 0; i < PER_THREAD; i++) {
        cogo_system_send(s->system, target_id(s, i * 7), scene_msg_u64(s->system, HOP, i));
    }
    return NULL;
}

typedef struct mortal {
    uint64_t self;
} mortal;

static _Atomic(uint64_t) wrong;

/* Any message that is for somebody else would be a message in the wrong incarnation. */
static cogo_err mortal_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    mortal *m = state;
    uint64_t self = (uint64_t)cogo_self(ctx).slot << 32 | cogo_self(ctx).generation;
    if (m->self == 0) {
        m->self = self;
    }
    if (m->self != self) {
        atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
    }
    if (scene_u64(msg) % 16 == 0) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior mortal_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "mortal",
    .state_size_bytes = sizeof(mortal),
    .receive = mortal_receive,
};

Test(stress, foreign_threads_race_with_death_and_rebirth)
{
    static sender s;
    pthread_t threads[THREADS];
    s.system = scene_open(2);
    for (uint32_t i = 0; i < TARGETS; i++) {
        cogo_actor_id id = scene_spawn(s.system, &mortal_behavior, NULL, 0, 0);
        s.incarnation = id.incarnation;
        atomic_store_explicit(&s.slots[i], (uint64_t)id.slot << 32 | id.generation,
                              memory_order_relaxed);
    }
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, sender_main, &s), 0);
    }
    for (uint32_t i = 0; i < 20000; i++) { // Whoever died is replaced.
        cogo_actor_info info = {.struct_size = sizeof info};
        if (cogo_actor_info_read(s.system, target_id(&s, i), &info) == COGO_EGONE) {
            cogo_actor_id id = scene_spawn(s.system, &mortal_behavior, NULL, 0, 0);
            atomic_store_explicit(&s.slots[i % TARGETS],
                                  (uint64_t)id.slot << 32 | id.generation,
                                  memory_order_relaxed);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        cr_expect_eq(pthread_join(threads[i], NULL), 0);
    }
    cr_expect_eq(atomic_load_explicit(&wrong, memory_order_relaxed), 0u);
    scene_close(s.system); // Counts: sent = handled + dead letters.
}

/* Spawns a tree of actors; each leaf reports to its parent. */
typedef struct node_args {
    cogo_actor_id parent;
    uint32_t depth;
} node_args;

typedef struct node {
    node_args args;
    uint64_t sum, waiting;
} node;

static cogo_err node_start(cogo_context *ctx, void *state, const void *args);

static cogo_err node_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    node *n = state;
    n->sum += scene_u64(msg);
    if (--n->waiting == 0) {
        if (cogo_actor_id_is_set(n->args.parent)) {
            cogo_send(ctx, n->args.parent,
                      scene_msg_u64(cogo_context_system(ctx), HOP, n->sum));
        } else {
            atomic_store_explicit(&arrived, n->sum, memory_order_relaxed);
        }
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior node_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "node",
    .state_size_bytes = sizeof(node),
    .start = node_start,
    .receive = node_receive,
};

static cogo_err node_start(cogo_context *ctx, void *state, const void *args)
{
    node *n = state;
    n->args = *(const node_args *)args;
    if (n->args.depth == 0) {
        cogo_send(ctx, n->args.parent, scene_msg_u64(cogo_context_system(ctx), HOP, 1));
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    }
    node_args child = {cogo_self(ctx), n->args.depth - 1};
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &node_behavior,
        .args = &child,
        .args_size_bytes = sizeof child,
    };
    for (n->waiting = 0; n->waiting < 10; n->waiting++) {
        cogo_actor_id id;
        cogo_err err = cogo_spawn(ctx, &options, &id);
        if (err != COGO_OK) {
            return err;
        }
    }
    return COGO_OK;
}

Test(stress, a_tree_of_11111_actors_adds_up)
{
    cogo_system *system = scene_open(4);
    node_args args = {COGO_NO_ACTOR, 4};
    atomic_store_explicit(&arrived, 0, memory_order_relaxed);
    cogo_actor_id root = scene_spawn(system, &node_behavior, &args, sizeof args, 0);
    cr_expect_eq(cogo_system_await(system, root, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(atomic_load_explicit(&arrived, memory_order_relaxed), 10000u);
    scene_close(system);
}
