/* Mailboxes at their limit, and where what they refuse goes. */
#include "tests/unit/runtime/scene.h"

#include <pthread.h>

enum { JOB = COGO_MSG_USER, GO, LIMIT = 4, FLOOD = 40 };

typedef struct gate {
    uint64_t seen, first, last;
} gate;

static cogo_err gate_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    gate *g = state;
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, g->seen * 10000 + g->first * 100 + g->last);
    case GO: { // Fills its own mailbox, or another's, from the inside.
        cogo_actor_id to = cogo_self(ctx);
        for (uint64_t i = 0; i < FLOOD; i++) {
            cr_expect_eq(cogo_send(ctx, to, scene_msg_u64(cogo_context_system(ctx), JOB, i)),
                         COGO_OK);
        }
        return COGO_OK;
    }
    default:
        g->first = g->seen == 0 ? scene_u64(msg) : g->first;
        g->last = scene_u64(msg);
        g->seen++;
        return COGO_OK;
    }
}

static const cogo_behavior gate_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "gate",
    .state_size_bytes = sizeof(gate),
    .receive = gate_receive,
};

static cogo_actor_id spawn_limited(cogo_system *system, cogo_pressure pressure,
                                   cogo_actor_id divert_to)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &gate_behavior,
        .mailbox_limit = LIMIT,
        .pressure = pressure,
        .divert_to = divert_to,
        .wait_ns = 20 * SCENE_MS,
    };
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_OK);
    return id;
}

typedef struct flood {
    cogo_actor_id to;
    uint64_t ok, full;
} flood;

/* Sends FLOOD jobs in one handler of the only lane: the receiver can't run in between. */
static cogo_err flood_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    flood *f = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        cogo_actor_info info = {.struct_size = sizeof info};
        if (cogo_actor_info_read(cogo_context_system(ctx), f->to, &info) == COGO_OK
            && info.mailbox_depth != 0 && !info.detached) { // Not before it has handled them.
            cogo_msg_take(ctx, msg);
            return cogo_send(ctx, cogo_self(ctx), msg);
        }
        return scene_reply_u64(ctx, msg, f->ok * 100 + f->full);
    }
    for (uint64_t i = 0; i < FLOOD; i++) {
        cogo_err err = cogo_send(ctx, f->to, scene_msg_u64(cogo_context_system(ctx), JOB, i));
        f->ok += err == COGO_OK;
        f->full += err == COGO_EFULL;
    }
    return COGO_OK;
}

static cogo_err flood_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    ((flood *)state)->to = *(const cogo_actor_id *)args;
    return COGO_OK;
}

static const cogo_behavior flood_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "flood",
    .state_size_bytes = sizeof(flood),
    .start = flood_start,
    .receive = flood_receive,
};

/* ok * 100 + full, as the sender was told. */
static uint64_t flood_it(cogo_system *system, cogo_actor_id to)
{
    cogo_actor_id from = scene_spawn(system, &flood_behavior, &to, sizeof to, 0);
    cogo_system_send(system, from, cogo_msg_create(system, JOB, 0));
    return scene_ask_u64(system, from);
}

static uint64_t dead_of(cogo_system *system, cogo_dead_reason reason)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    return stats.dead_letters_by[reason];
}

Test(pressure, fail_tells_the_sender_and_counts_the_dead_letter)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id to = spawn_limited(system, COGO_PRESSURE_FAIL, COGO_NO_ACTOR);
    cr_expect_eq(flood_it(system, to), LIMIT * 100u + (FLOOD - LIMIT));
    cr_expect_eq(scene_ask_u64(system, to), LIMIT * 10000u + 0 + LIMIT - 1);
    cr_expect_eq(dead_of(system, COGO_DEAD_FULL), (uint64_t)FLOOD - LIMIT);
    scene_close(system);
}

Test(pressure, drop_new_keeps_the_oldest_and_tells_nobody)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id to = spawn_limited(system, COGO_PRESSURE_DROP_NEW, COGO_NO_ACTOR);
    cr_expect_eq(flood_it(system, to), FLOOD * 100u);
    cr_expect_eq(scene_ask_u64(system, to), LIMIT * 10000u + 0 + LIMIT - 1);
    cr_expect_eq(dead_of(system, COGO_DEAD_NEW), (uint64_t)FLOOD - LIMIT);
    scene_close(system);
}

/* A display of prices wants the newest ones: what waits longest is worth least. */
Test(pressure, drop_old_keeps_the_newest_in_their_order)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id to = spawn_limited(system, COGO_PRESSURE_DROP_OLD, COGO_NO_ACTOR);
    cr_expect_eq(flood_it(system, to), FLOOD * 100u);
    uint64_t seen = scene_ask_u64(system, to);
    cr_expect_eq(seen, LIMIT * 10000u + (FLOOD - LIMIT) * 100u + FLOOD - 1);
    cr_expect_eq(dead_of(system, COGO_DEAD_OLD), (uint64_t)FLOOD - LIMIT);
    scene_close(system);
}

Test(pressure, divert_gives_what_is_too_much_to_another_actor)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id spare = scene_spawn(system, &gate_behavior, NULL, 0, 0);
    cogo_actor_id to = spawn_limited(system, COGO_PRESSURE_DIVERT, spare);
    cr_expect_eq(flood_it(system, to), FLOOD * 100u);
    cr_expect_eq(scene_ask_u64(system, to), LIMIT * 10000u + 0 + LIMIT - 1);
    cr_expect_eq(scene_ask_u64(system, spare),
                 (FLOOD - LIMIT) * 10000u + LIMIT * 100u + FLOOD - 1);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.diverted, (uint64_t)FLOOD - LIMIT);
    scene_close(system);
}

/* Overflows of overflows: a message must not go on for ever. */
Test(pressure, a_diverted_message_passes_four_full_actors_and_no_more)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id spare = scene_spawn(system, &gate_behavior, NULL, 0, 0);
    cogo_actor_id first = spawn_limited(system, COGO_PRESSURE_DIVERT, spare);
    for (int i = 0; i < 6; i++) { // A chain longer than what a message may pass.
        first = spawn_limited(system, COGO_PRESSURE_DIVERT, first);
    }
    cr_expect_eq(flood_it(system, first), 5u * LIMIT * 100 + (FLOOD - 5u * LIMIT));
    cr_expect_eq(dead_of(system, COGO_DEAD_FULL), FLOOD - 5u * LIMIT);
    scene_close(system);
}

/* An actor that fills its own mailbox while it starts must not be refused: it alone could make
 * room. */
Test(pressure, what_an_actor_sends_to_itself_is_not_limited)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id to = spawn_limited(system, COGO_PRESSURE_FAIL, COGO_NO_ACTOR);
    cogo_system_send(system, to, cogo_msg_create(system, GO, 0));
    cr_expect_neq(scene_ask_u64(system, to), UINT64_MAX);
    cr_expect_eq(scene_ask_u64(system, to), FLOOD * 10000u + FLOOD - 1);
    scene_close(system);
}

/* --- Block: only for threads that may wait. --------------------------------------------- */

typedef struct sleeper {
    cogo_actor_id peer;
    uint64_t seen;
} sleeper;

typedef struct door {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool open, entered;
} door;

static door the_door = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

static void door_set(bool open)
{
    pthread_mutex_lock(&the_door.lock);
    the_door.open = open;
    the_door.entered = the_door.entered && open;
    pthread_cond_broadcast(&the_door.cond);
    pthread_mutex_unlock(&the_door.lock);
}

static void door_pass(void)
{
    pthread_mutex_lock(&the_door.lock);
    the_door.entered = true;
    pthread_cond_broadcast(&the_door.cond);
    while (!the_door.open) {
        pthread_cond_wait(&the_door.cond, &the_door.lock);
    }
    pthread_mutex_unlock(&the_door.lock);
}

static void door_wait_entered(void)
{
    pthread_mutex_lock(&the_door.lock);
    while (!the_door.entered) {
        pthread_cond_wait(&the_door.cond, &the_door.lock);
    }
    pthread_mutex_unlock(&the_door.lock);
}

static cogo_err sleeper_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    sleeper *s = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, s->seen);
    }
    if (cogo_msg_type_of(msg) == GO) {
        door_pass();
        return COGO_OK;
    }
    s->seen++;
    return COGO_OK;
}

static const cogo_behavior sleeper_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "sleeper",
    .state_size_bytes = sizeof(sleeper),
    .receive = sleeper_receive,
};

static cogo_actor_id spawn_blocking(cogo_system *system, uint64_t wait_ns)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &sleeper_behavior,
        .flags = COGO_SPAWN_DETACHED,
        .mailbox_limit = LIMIT,
        .pressure = COGO_PRESSURE_BLOCK,
        .wait_ns = wait_ns,
    };
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_OK);
    return id;
}

/* It is inside a handler, and LIMIT messages wait. */
static void fill_behind_the_door(cogo_system *system, cogo_actor_id to)
{
    door_set(false);
    cr_expect_eq(cogo_system_send(system, to, cogo_msg_create(system, GO, 0)), COGO_OK);
    door_wait_entered();
    for (int i = 0; i < LIMIT; i++) {
        cr_expect_eq(cogo_system_send(system, to, scene_msg_u64(system, JOB, 1)), COGO_OK);
    }
}

Test(pressure, a_foreign_thread_waits_no_longer_than_the_deadline)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id to = spawn_blocking(system, 20 * SCENE_MS);
    fill_behind_the_door(system, to);
    uint64_t before = cogo_system_now_ns(system);
    cr_expect_eq(cogo_system_send(system, to, scene_msg_u64(system, JOB, 1)), COGO_ETIMEOUT);
    cr_expect_geq(cogo_system_now_ns(system) - before, 20 * SCENE_MS);
    cr_expect_eq(dead_of(system, COGO_DEAD_TIMEOUT), 1u);
    // A lane never waits.
    cr_expect_eq(flood_it(system, to), (uint64_t)FLOOD);
    door_set(true);
    cr_expect_eq(scene_ask_u64(system, to), (uint64_t)LIMIT);
    scene_close(system);
}

enum { PRODUCERS = 4, EACH = 500 };

typedef struct producer {
    cogo_system *system;
    cogo_actor_id to;
    uint64_t ok;
} producer;

static void *produce(void *arg)
{
    producer *p = arg;
    for (int i = 0; i < EACH; i++) {
        p->ok +=
            cogo_system_send(p->system, p->to, scene_msg_u64(p->system, JOB, 1)) == COGO_OK;
    }
    return NULL;
}

/* Producers that are faster than their consumer: all arrives, nothing is dropped, and the
 * mailbox stays small. */
Test(pressure, producers_that_wait_lose_nothing)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id to = spawn_blocking(system, SCENE_LONG_NS);
    fill_behind_the_door(system, to);
    pthread_t threads[PRODUCERS];
    producer producers[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (producer){system, to, 0};
        cr_assert_eq(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    door_set(true);
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(producers[i].ok, (uint64_t)EACH);
    }
    cr_expect_eq(scene_ask_u64(system, to), (uint64_t)PRODUCERS * EACH + LIMIT);
    scene_close(system);
}

Test(pressure, a_sender_that_waits_hears_of_the_end_of_the_receiver)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id to = spawn_blocking(system, SCENE_LONG_NS);
    fill_behind_the_door(system, to);
    pthread_t thread;
    producer p = {system, to, 0};
    cogo_exit_actor(system, to, COGO_EXIT_KILLED, NULL); // Handled after the door opens.
    cr_assert_eq(pthread_create(&thread, NULL, produce, &p), 0);
    door_set(true);
    pthread_join(thread, NULL);
    cr_expect_lt(p.ok, (uint64_t)EACH);
    scene_close(system);
}

static void *ask_with_patience(void *arg)
{
    producer *p = arg;
    cogo_msg *answer = NULL;
    p->ok = cogo_system_ask(p->system, p->to, cogo_msg_create(p->system, SCENE_ASK, 0),
                            20 * SCENE_MS, &answer);
    return NULL;
}

static void *send_one(void *arg)
{
    producer *p = arg;
    p->ok = cogo_system_send(p->system, p->to, scene_msg_u64(p->system, JOB, 1));
    return NULL;
}

/* Two wait for a place. Who asks waits no longer than for the answer, and leaves the line; the
 * other one stays in it. */
Test(pressure, who_asks_waits_for_a_place_no_longer_than_for_the_answer)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id to = spawn_blocking(system, SCENE_LONG_NS);
    fill_behind_the_door(system, to);
    pthread_t sender, asker;
    producer first = {system, to, 0}, second = {system, to, 0};
    cr_assert_eq(pthread_create(&sender, NULL, send_one, &first), 0);
    cr_assert_eq(pthread_create(&asker, NULL, ask_with_patience, &second), 0);
    pthread_join(asker, NULL);
    cr_expect_eq(second.ok, (uint64_t)COGO_ETIMEOUT);
    door_set(true);
    pthread_join(sender, NULL);
    cr_expect_eq(first.ok, (uint64_t)COGO_OK);
    cr_expect_eq(scene_ask_u64(system, to), (uint64_t)LIMIT + 1);
    scene_close(system);
}
