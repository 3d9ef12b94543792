/* Messages put aside, and behaviours exchanged. */
#include "tests/unit/runtime/scene.h"

enum { ITEM = COGO_MSG_USER, OPEN, SHUT, FAIL };

typedef struct door {
    uint64_t passed, last;
    bool disorder;
} door;

static const cogo_behavior open_door;

/* Shut: all wait; SCENE_ASK too. */
static cogo_err shut_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == OPEN) {
        cogo_err err = cogo_become(ctx, &open_door);
        (void)cogo_unstash_all(ctx);
        return err;
    }
    return cogo_msg_type_of(msg) == FAIL ? COGO_EIO : cogo_stash(ctx, msg);
}

static cogo_err open_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    door *d = state;
    if (cogo_msg_type_of(msg) == ITEM) {
        d->disorder = d->disorder || scene_u64(msg) <= d->last;
        d->last = scene_u64(msg);
        d->passed++;
    } else if (cogo_msg_type_of(msg) == SHUT) {
        cogo_unbecome(ctx);
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, d->disorder ? UINT64_MAX : d->passed);
    }
    return COGO_OK;
}

static const cogo_behavior shut_door = {.struct_size = sizeof(cogo_behavior),
                                        .name = "shut",
                                        .state_size_bytes = sizeof(door),
                                        .receive = shut_receive};
static const cogo_behavior open_door = {.struct_size = sizeof(cogo_behavior),
                                        .name = "open",
                                        .state_size_bytes = sizeof(door),
                                        .receive = open_receive};

static void items(cogo_system *system, cogo_actor_id to, uint64_t from, uint64_t last)
{
    for (uint64_t i = from; i <= last; i++) {
        cogo_system_send(system, to, scene_msg_u64(system, ITEM, i));
    }
}

static void tell(cogo_system *system, cogo_actor_id to, cogo_msg_type type)
{
    cogo_system_send(system, to, cogo_msg_create(system, type, 0));
}

Test(stash, what_was_put_aside_comes_before_what_waits_and_in_order)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id it = scene_spawn(system, &shut_door, NULL, 0, 0);
    items(system, it, 1, 1000);
    tell(system, it, OPEN);
    items(system, it, 1001, 2000);
    cr_expect_eq(scene_ask_u64(system, it), 2000u);
    tell(system, it, SHUT);
    items(system, it, 2001, 2010);
    tell(system, it, OPEN);
    cr_expect_eq(scene_ask_u64(system, it), 2010u, "an ask can wait there too");
    scene_close(system);
}

Test(stash, a_restart_hands_it_to_the_next_life_and_an_end_makes_dead_letters_of_it)
{
    cogo_system *system = scene_open(2);
    cogo_child_spec child = {
        .id = "it",
        .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &shut_door}};
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id sup = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &sup), COGO_OK);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    items(system, it, 1, 500);
    tell(system, it, FAIL);
    items(system, it, 501, 1000);
    tell(system, it, OPEN);
    cr_expect_eq(scene_ask_u64(system, it), 1000u);
    tell(system, it, SHUT);
    items(system, it, 1001, 1007);
    cogo_msg *answer = NULL;
    cogo_err err = cogo_system_ask(system, it, cogo_msg_create(system, SCENE_ASK, 0),
                                   5 * SCENE_MS, &answer);
    cr_expect_eq(err, COGO_ETIMEOUT);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    uint64_t dead = stats.dead_letters;
    cr_expect_eq(cogo_system_stop(system, SCENE_LONG_NS), COGO_OK);
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters, dead + 8);
    scene_close(system);
}

static cogo_err greedy_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) != SCENE_ASK) {
        cr_expect_eq(cogo_stash(ctx, NULL), COGO_EINVAL);
        cr_expect_eq(cogo_become(ctx, NULL), COGO_EINVAL);
        cr_expect_eq(cogo_become(ctx, &open_door), COGO_EINVAL, "a larger state");
        return COGO_OK;
    }
    return scene_reply_u64(ctx, msg, cogo_unstash_all(ctx));
}

static const cogo_behavior greedy = {
    .struct_size = sizeof(cogo_behavior), .name = "greedy", .receive = greedy_receive};

Test(stash, what_makes_no_sense_is_refused)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id it = scene_spawn(system, &greedy, NULL, 0, 0);
    tell(system, it, ITEM);
    cr_expect_eq(scene_ask_u64(system, it), 0u);
    scene_close(system);
}
