/* Timers. */
#include "tests/unit/runtime/scene.h"

enum { START = COGO_MSG_USER, FOUR, CANCEL };

typedef struct clock_state {
    uint64_t timer, fired, cookies;
    cogo_actor_id waiting;
} clock_state;

typedef struct order {
    uint64_t delay_ns, period_ns, cookie;
} order;

static void answer(cogo_context *ctx, clock_state *c)
{
    if (cogo_actor_id_is_set(c->waiting) && c->fired != 0) {
        cogo_send(ctx, c->waiting, scene_msg_u64(cogo_context_system(ctx), START, c->cookies));
        c->waiting = COGO_NO_ACTOR;
    }
}

/* Deadlines in the order of their cookies, also when this thread loses its CPU in between: then
 * all four are started anew. */
static cogo_err start_four(cogo_context *ctx)
{
    static const uint64_t delays_ms[] = {80, 20, 60, 40};
    uint64_t timers[4] = {0}, begin = 0;
    do {
        begin = cogo_now_ns(ctx);
        for (int i = 0; i < 4; i++) {
            cogo_timer_cancel(ctx, timers[i]);
            cogo_err err = cogo_timer_start(ctx, delays_ms[i] * SCENE_MS, 0, delays_ms[i] / 20,
                                            &timers[i]);
            if (err != COGO_OK) {
                return err;
            }
        }
    } while (cogo_now_ns(ctx) - begin >= 20 * SCENE_MS);
    return COGO_OK;
}

static cogo_err clock_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    clock_state *c = state;
    if (cogo_msg_type_of(msg) == START) {
        const order *o = cogo_msg_payload(msg);
        return cogo_timer_start(ctx, o->delay_ns, o->period_ns, o->cookie, &c->timer);
    }
    if (cogo_msg_type_of(msg) == FOUR) {
        return start_four(ctx);
    }
    if (cogo_msg_type_of(msg) == CANCEL) {
        // Long enough for a timer of this lane to be due: its message may be on the way
        // already.
        uint64_t until = cogo_now_ns(ctx) + 2 * SCENE_MS;
        while (cogo_now_ns(ctx) < until) {
        }
        cogo_timer_cancel(ctx, c->timer);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_TIMER) {
        const cogo_timer_fired *fired = cogo_msg_payload(msg);
        cr_expect(fired->cookie != 0);
        c->fired++;
        c->cookies = c->cookies * 10 + fired->cookie;
    } else if (cogo_msg_size(msg) != 0) { // How often so far?
        return scene_reply_u64(ctx, msg, c->fired);
    } else {
        c->waiting = cogo_msg_reply_to(msg);
        c->fired = 0;
    }
    answer(ctx, c);
    return COGO_OK;
}

static const cogo_behavior clock_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "clock",
    .state_size_bytes = sizeof(clock_state),
    .receive = clock_receive,
};

static void start(cogo_system *system, cogo_actor_id to, uint64_t delay, uint64_t period,
                  uint64_t cookie)
{
    cogo_msg *msg = cogo_msg_create(system, START, sizeof(order));
    *(order *)cogo_msg_payload(msg) = (order){delay, period, cookie};
    cogo_system_send(system, to, msg);
}

Test(timer, fires_once_with_its_cookie_and_not_too_early)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id clock = scene_spawn(system, &clock_behavior, NULL, 0, 0);
    uint64_t before = cogo_system_now_ns(system);
    start(system, clock, 20 * SCENE_MS, 0, 5);
    cr_expect_eq(scene_ask_u64(system, clock), 5u);
    cr_expect_geq(cogo_system_now_ns(system) - before, 20 * SCENE_MS);
    scene_close(system);
}

Test(timer, a_cancelled_one_never_arrives_even_if_it_is_due)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id clock = scene_spawn(system, &clock_behavior, NULL, 0, 0);
    for (int i = 0; i < 20; i++) {
        start(system, clock, SCENE_MS, 0, 1);
        cogo_system_send(system, clock, cogo_msg_create(system, CANCEL, 0));
    }
    cogo_msg *msg = NULL;
    cr_expect_eq(cogo_system_ask(system, clock, scene_msg_u64(system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &msg),
                 COGO_OK);
    cr_expect_eq(scene_u64(msg), 0u);
    cogo_msg_destroy(msg);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.timers, 0u, "nothing stays behind");
    scene_close(system);
}

/* Keeps its lane awake: as many messages to itself as it is told. */
static cogo_err busy_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint64_t left = scene_u64(msg);
    cogo_msg *next =
        left != 0 ? scene_msg_u64(cogo_context_system(ctx), START, left - 1) : NULL;
    return next != NULL ? cogo_send(ctx, cogo_self(ctx), next) : COGO_OK;
}

static const cogo_behavior busy_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "busy",
    .receive = busy_receive,
};

/* The timers of a detached actor are fired by lanes, at once if they are due. */
Test(timer, is_never_counted_as_gone_before_it_is_as_armed)
{
    enum { MANY = 20, LOOKS = 20, TURNS = 20000 };
    cogo_system *system = scene_open(1);
    cogo_actor_id busy = scene_spawn(system, &busy_behavior, NULL, 0, 0);
    cogo_actor_id clock = scene_spawn(system, &clock_behavior, NULL, 0, COGO_SPAWN_DETACHED);
    cogo_system_send(system, busy, scene_msg_u64(system, START, TURNS));
    for (int i = 0; i < MANY; i++) {
        start(system, clock, 0, 0, 1);
    }
    cogo_system_stats stats = {.struct_size = sizeof stats};
    for (int look = 0; look < LOOKS; look++) {
        cogo_system_stats_read(system, &stats);
        cr_expect_leq(stats.timers, (uint64_t)MANY);
    }
    scene_close(system);
}

Test(timer, a_period_goes_on_until_its_actor_ends)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id clock = scene_spawn(system, &clock_behavior, NULL, 0, 0);
    start(system, clock, SCENE_MS, SCENE_MS, 1);
    for (int i = 0; i < 5; i++) {
        cr_expect(scene_ask_u64(system, clock) % 10 == 1);
    }
    scene_close(system); // Checks that no timer is left.
}

Test(timer, many_fire_in_the_order_of_their_deadlines)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id clock = scene_spawn(system, &clock_behavior, NULL, 0, 0);
    for (uint64_t i = 0; i < 200; i++) { // A large heap around the four that matter.
        start(system, clock, SCENE_LONG_NS + (i * 7919 % 200) * SCENE_MS, 0, 9);
    }
    cogo_system_send(system, clock, cogo_msg_create(system, FOUR, 0));
    uint64_t seen = 0;
    while (seen < 1000) {
        seen = scene_ask_u64(system, clock);
    }
    cr_expect_eq(seen, 1234u);
    scene_close(system);
}
