/* Links and unlinks that cross, spawn with a link, and exits. */
#include "tests/unit/runtime/scene.h"

#include <stdatomic.h>

enum { DO = COGO_MSG_USER, HOLD, BYE };

/* How often somebody has been in HOLD, and up to which time they were let go on. */
static _Atomic(uint32_t) holding, released;

/* What to do with @c peer, in this order; a bit of `acts` per step: link (1) or unlink. */
typedef struct steps {
    cogo_actor_id peer;
    uint32_t acts, count;
} steps;

typedef struct side {
    uint64_t exits;
    uint64_t last;
} side;

static cogo_err side_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    side *s = state;
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (type == HOLD) {
        uint32_t round = atomic_fetch_add_explicit(&holding, 1, memory_order_acq_rel) + 1;
        while (atomic_load_explicit(&released, memory_order_acquire) != round) {
        }
    }
    if (type == DO || type == HOLD) {
        const steps *todo = cogo_msg_payload(msg);
        cogo_trap_exit(ctx, true);
        for (uint32_t i = 0; i < todo->count; i++) {
            if ((todo->acts >> i & 1) != 0) {
                cr_expect_eq(cogo_link(ctx, todo->peer), COGO_OK);
            } else {
                cogo_unlink(ctx, todo->peer);
            }
        }
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_EXIT) {
        s->exits++;
        s->last = ((const cogo_down *)cogo_msg_payload(msg))->reason.kind;
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == BYE) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "bye");
        return COGO_OK;
    }
    return scene_reply_u64(ctx, msg, s->exits * 100 + s->last);
}

static const cogo_behavior side_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "side",
    .state_size_bytes = sizeof(side),
    .receive = side_receive,
};

static void tell(cogo_system *system, cogo_msg_type type, cogo_actor_id to, cogo_actor_id peer,
                 uint32_t acts, uint32_t count)
{
    cogo_msg *msg = cogo_msg_create(system, type, sizeof(steps));
    *(steps *)cogo_msg_payload(msg) = (steps){peer, acts, count};
    cogo_system_send(system, to, msg);
}

/* Signals overtake messages, and an answer to a signal (an ACK) is one more round. */
static void settle(cogo_system *system, cogo_actor_id a, cogo_actor_id b)
{
    for (int i = 0; i < 3; i++) {
        (void)scene_ask_u64(system, a);
        (void)scene_ask_u64(system, b);
    }
}

/* Does @p a hear of the end of @p b? */
static bool hears_of(cogo_system *system, cogo_actor_id a, cogo_actor_id b)
{
    cogo_system_send(system, b, cogo_msg_create(system, BYE, 0));
    cr_expect_eq(cogo_system_await(system, b, SCENE_LONG_NS, NULL), COGO_OK);
    (void)scene_ask_u64(system, a); // Its exit signal came before this, so EXIT is behind it.
    uint64_t heard = scene_ask_u64(system, a);
    cr_expect(heard == 0 || heard == 100 + COGO_EXIT_ERROR, "exactly one, and not NOPROC");
    cogo_exit_actor(system, a, COGO_EXIT_KILLED, NULL);
    return heard != 0;
}

/* b is in the middle of a callback when a does its steps, and does its own before it has seen
 * them: all their signals cross. Then one ends. Does the other hear of it? */
static bool cross(cogo_system *system, bool linked, uint32_t a_acts, uint32_t b_acts,
                  bool b_ends)
{
    cogo_actor_id a = scene_spawn(system, &side_behavior, NULL, 0, 0);
    cogo_actor_id b = scene_spawn(system, &side_behavior, NULL, 0, 0);
    tell(system, DO, a, b, 1, linked ? 1 : 0);
    settle(system, a, b);
    uint32_t round = atomic_load_explicit(&holding, memory_order_acquire) + 1;
    tell(system, HOLD, b, a, b_acts, 3);
    while (atomic_load_explicit(&holding, memory_order_acquire) != round) {
    }
    tell(system, DO, a, b, a_acts, 3);
    (void)scene_ask_u64(system, a);
    atomic_store_explicit(&released, round, memory_order_release);
    settle(system, a, b);
    return b_ends ? hears_of(system, a, b) : hears_of(system, b, a);
}

/* All that two actors can do in three steps each, from linked and from not linked. Whatever
 * comes of it, both sides must have the same idea; and nobody keeps a link that both have
 * dropped. */
Test(link, both_sides_agree_however_links_and_unlinks_cross)
{
    cogo_system *system = scene_open(2);
    for (uint32_t acts = 0; acts < 64; acts++) {
        for (int linked = 0; linked <= 1; linked++) {
            uint32_t a = acts & 7, b = acts >> 3;
            bool heard = cross(system, linked, a, b, true);
            cr_expect_eq(cross(system, linked, a, b, false), heard, "acts %u", acts);
            if ((a & 4) == 0 && (b & 4) == 0) {
                cr_expect_not(heard, "acts %u: both unlinked last", acts);
            }
            if (a == 7 && b == 7) {
                cr_expect(heard);
            }
        }
    }
    scene_close(system);
}

static cogo_err child_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_EIO;
}

static cogo_err fail_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    (void)state;
    (void)args;
    return COGO_EIO;
}

static const cogo_behavior stillborn = {
    .struct_size = sizeof(cogo_behavior),
    .name = "stillborn",
    .start = fail_start,
    .receive = child_receive,
};

/* kameo#351: whoever was linked to an actor that failed in its start heard nothing. */
static cogo_err parent_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    (void)args;
    uint64_t monitor = 0;
    cogo_actor_id id;
    cogo_trap_exit(ctx, true);
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &stillborn,
                                  .flags = COGO_SPAWN_LINK | COGO_SPAWN_MONITOR,
                                  .out_monitor = &monitor};
    return cogo_spawn(ctx, &options, &id);
}

static cogo_err parent_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    side *s = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_EXIT || cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        const cogo_down *down = cogo_msg_payload(msg);
        s->exits += cogo_msg_type_of(msg) == COGO_MSG_EXIT ? 1 : 10;
        s->last = (uint64_t)down->reason.err;
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == BYE) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    }
    return scene_reply_u64(ctx, msg, s->exits * 100 + s->last);
}

static const cogo_behavior parent_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "parent",
    .state_size_bytes = sizeof(side),
    .start = parent_start,
    .receive = parent_receive,
};

Test(link, a_child_that_fails_to_start_is_heard_of_once_by_link_and_once_by_monitor)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &parent_behavior, NULL, 0, 0);
    uint64_t heard = 0;
    while (heard / 100 < 11) {
        heard = scene_ask_u64(system, id);
    }
    cr_expect_eq(heard, 1100u + COGO_EIO);
    cogo_system_send(system, id, cogo_msg_create(system, BYE, 0));
    scene_close(system);
}
