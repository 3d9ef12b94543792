/* Actors that run on another node by a word in their options, under an id of this one. */
#include "tests/unit/runtime/placed.h"

/* Sends a CALL to who it is told of, and keeps the question until it is called back. */
typedef struct caller {
    cogo_actor_id whom, waiting;
} caller;

static cogo_err caller_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(cogo_actor_id));
    return COGO_OK;
}

static cogo_err caller_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    caller *c = state;
    cogo_system *system = cogo_context_system(ctx);
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        c->waiting = cogo_msg_reply_to(msg);
        cogo_send(ctx, c->whom, cogo_msg_create(system, PLACED_CALL, 0));
    } else if (cogo_msg_type_of(msg) == PLACED_CALLED) {
        bool far = cogo_msg_sender(msg).node != 0;
        cogo_send(ctx, c->waiting, scene_msg_u64(system, SCENE_ASK, far ? 1 : 2));
    }
    return COGO_OK;
}

static const cogo_behavior caller_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "caller",
    .state_size_bytes = sizeof(caller),
    .start = caller_start,
    .receive = caller_receive,
};

Test(placed, an_actor_is_where_one_word_of_its_options_says)
{
    static const char *const placements[] = {NULL, "local", "node:b", "node:a"};
    place a, b;
    open_two(&a, &b);
    uint64_t before = actors_of(&a);
    for (size_t i = 0; i < sizeof placements / sizeof *placements; i++) {
        job j = {.title = "seven..", .count = 42};
        cogo_actor_id id = COGO_NO_ACTOR;
        cogo_spawn_options options = at(placements[i], &clerk);
        options.args = &j;
        options.args_size_bytes = sizeof j;
        options.name = "the clerk";
        cr_assert_eq(cogo_system_spawn(b.system, &options, &id), COGO_OK);
        cr_expect_eq(id.node, 0u, "the id is one of this node");
        cr_expect_eq(scene_ask_u64(b.system, id), 7042u);
        cr_expect(cogo_actor_id_equal(cogo_name_find(b.system, "the clerk"), id));
        cr_expect_eq(actors_of(&a), before + (i == 3));
        cogo_exit_actor(b.system, id, COGO_EXIT_SHUTDOWN, "");
        cr_expect_eq(cogo_system_await(b.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    }
    cr_expect_eq(actors_of(&a), before, "it ended before its deputy did");
    place_close(&b);
    place_close(&a);
}

Test(placed, what_is_sent_comes_in_order_also_before_it_has_begun)
{
    enum { MESSAGES = 5000 };
    place a, b;
    open_two(&a, &b);
    cogo_actor_id id = placed(&b, "node:a", &echo_behavior, 0);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        cogo_system_send(b.system, id, scene_msg_u64(b.system, CLUSTER_COUNT, i));
    }
    cr_expect_eq(scene_ask_u64(b.system, id), (uint64_t)MESSAGES);
    place_close(&b);
    place_close(&a);
}

/* It answers who sent, not who passed it on. */
Test(placed, the_sender_is_known_over_there)
{
    place a, b;
    open_two(&a, &b);
    cogo_actor_id id = placed(&b, "node:a", &stubborn, 0);
    cogo_actor_id who = scene_spawn(b.system, &caller_behavior, &id, sizeof id, 0);
    cr_expect_eq(scene_ask_u64(b.system, who), 1u);
    place_close(&b);
    place_close(&a);
}

Test(placed, what_can_not_be_placed_is_refused_at_once)
{
    static char much[140] = "node:";
    static uint8_t args[COGO_PLACEMENT_ARGS_MAX + 1];
    static const char *const wrong[] = {"", "node:", "nowhere", "LOCAL", "node", much};
    place a;
    cogo_actor_id id = COGO_NO_ACTOR;
    memset(much + 5, 'n', sizeof much - 6);
    place_open(&a, cluster_config("a"), NULL);
    offer(&a);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cogo_spawn_options options = at(wrong[i], &stubborn);
        cr_expect_eq(cogo_system_spawn(a.system, &options, &id), COGO_EINVAL);
    }
    cogo_spawn_options options = at("node:b", &stubborn);
    options.memory_limit_bytes = 1000;
    cr_expect_eq(cogo_system_spawn(a.system, &options, &id), COGO_EINVAL);
    options = at("node:b", &stubborn);
    options.args = args;
    options.args_size_bytes = sizeof args;
    cr_expect_eq(cogo_system_spawn(a.system, &options, &id), COGO_ELIMIT);
    options = at("node:b", &clerk); // Wants a record and gets none.
    cr_expect_eq(cogo_system_spawn(a.system, &options, &id), COGO_EINVAL);
    cogo_supervisor_spec below = {.struct_size = sizeof below};
    options = at("node:b", cogo_supervisor_behavior());
    options.args = &below;
    options.args_size_bytes = sizeof below;
    cr_expect_eq(cogo_system_spawn(a.system, &options, &id), COGO_EINVAL);
    place_close(&a);
    cogo_system *alone = scene_open(1);
    options = at("node:b", &stubborn);
    cr_expect_eq(cogo_system_spawn(alone, &options, &id), COGO_ESTATE);
    scene_close(alone);
}

Test(placed, a_node_that_is_away_and_one_that_refuses_are_named)
{
    static const cogo_behavior strange = {
        .struct_size = sizeof strange, .name = "strange", .receive = stubborn_receive};
    place a, b;
    open_two(&a, &b);
    for (size_t i = 0; i < 2; i++) {
        cogo_reason why =
            end_of(&b, i == 0 ? at("node:atlantis", &stubborn) : at("node:a", &strange));
        cr_expect_eq(why.kind, i == 0 ? COGO_EXIT_NOCONNECTION : COGO_EXIT_ERROR);
        cr_expect_eq(why.err, i == 0 ? COGO_EGONE : COGO_ENOTFOUND);
        cr_expect_str_eq(why.text,
                         i == 0 ? "node atlantis is not linked" : "node a refuses: not found");
    }
    place_close(&b);
    place_close(&a);
}

/* Of messages of 32 KiB and their heads, a window of 1 MiB has room for 31, and a queue of that
 * size is full with 32. */
enum { HELD_LARGE = 32768, HELD_MOST = 31 + 32 };

static cogo_err send_large(place *p, cogo_actor_id to)
{
    return cogo_system_send(p->system, to,
                            cogo_msg_create(p->system, CLUSTER_COUNT, HELD_LARGE));
}

static sem_t held_until;

static cogo_err held_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx, (void)state, (void)msg;
    sem_wait(&held_until);
    return sem_post(&held_until) == 0 ? COGO_OK : COGO_EFAULT;
}

/* It is away for the moment, as far as a supervisor has to know, which then waits. */
Test(placed, a_node_that_takes_no_more_now_is_named)
{
    static const cogo_behavior held = {
        .struct_size = sizeof held, .name = "held", .receive = held_receive};
    place a, b;
    sem_init(&held_until, 0, 0);
    open_two(&a, &b);
    sem_post(&b.ups);
    cogo_actor_id here = scene_spawn(a.system, &held, NULL, 0, COGO_SPAWN_DETACHED);
    cr_expect_eq(cogo_name_register(a.system, "held", here), COGO_OK);
    cogo_actor_id there = cluster_find(&b, "a", "held");
    for (uint32_t taken = 0; taken < HELD_MOST;) { // Then the link can do nothing any more.
        taken += send_large(&b, there) == COGO_OK;
    }
    cr_expect_eq(send_large(&b, there), COGO_EFULL);
    cogo_reason why = end_of(&b, at("node:a", &stubborn));
    cr_expect_eq(why.kind, COGO_EXIT_NOCONNECTION);
    cr_expect_eq(why.err, COGO_EFULL);
    cr_expect_str_eq(why.text, "node a takes no more now");
    sem_post(&held_until);
    place_close(&b);
    place_close(&a);
    sem_destroy(&held_until);
}

Test(placed, exit_signals_reach_it_and_a_kill_of_the_deputy_too)
{
    place a, b;
    open_two(&a, &b);
    uint64_t before = actors_of(&a);
    cogo_actor_id id = placed(&b, "node:a", &stubborn, COGO_SPAWN_TRAP_EXIT);
    cr_expect_eq(scene_ask_u64(b.system, id), 7u);
    cogo_exit_actor(b.system, id, COGO_EXIT_ERROR, "it traps this");
    cr_expect_eq(scene_ask_u64(b.system, id), 7u);
    cogo_exit_actor(b.system, id, COGO_EXIT_KILLED, "not this");
    await_actors(&a, before);
    id = placed(&b, "node:a", &stubborn, 0);
    cr_expect_eq(scene_ask_u64(b.system, id), 7u);
    cogo_actor_id witness = mourn(&b, id);
    cogo_exit_actor(b.system, id, COGO_EXIT_ERROR, "as it was said");
    cr_expect_str_eq(reason_of(&b, witness).text, "as it was said");
    cr_expect_eq(actors_of(&a), before);
    place_close(&b);
    place_close(&a);
}
