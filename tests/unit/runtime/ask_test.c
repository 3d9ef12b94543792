/* Asks: one answer or one failure, never both, and nothing that comes late. */
#include "tests/unit/runtime/scene.h"

enum { KEEP = COGO_MSG_USER, ANSWER_KEPT, DIE, FORGET, TRY };

/* Answers nothing before it is told to. */
typedef struct keeper {
    cogo_actor_id kept;
} keeper;

static cogo_err keeper_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    keeper *k = state;
    cogo_system *system = cogo_context_system(ctx);
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, 7);
    case KEEP:
        k->kept = cogo_msg_reply_to(msg);
        return COGO_OK;
    case ANSWER_KEPT:
        return scene_reply_u64(ctx, msg,
                               cogo_send(ctx, k->kept, scene_msg_u64(system, SCENE_ASK, 9)));
    case DIE:
        return COGO_EFAULT;
    default:
        return COGO_OK;
    }
}

static const cogo_behavior keeper_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "keeper",
    .state_size_bytes = sizeof(keeper),
    .receive = keeper_receive,
};

/* Asks the keeper once and counts what comes back. */
typedef struct asker {
    cogo_actor_id keeper;
    uint64_t ask, answers, failures, other;
    cogo_err err;
    cogo_actor_id waiting; // Who wants to know the outcome.
} asker;

typedef struct asker_args {
    cogo_actor_id keeper;
    cogo_msg_type type;
    uint64_t timeout_ns;
} asker_args;

static cogo_err asker_start(cogo_context *ctx, void *state, const void *args)
{
    asker *a = state;
    const asker_args *b = args;
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), b->type, 0);
    a->keeper = b->keeper;
    return cogo_ask(ctx, b->keeper, msg, b->timeout_ns, &a->ask);
}

static cogo_err asker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    asker *a = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK && cogo_msg_ask(msg) == 0) {
        return scene_reply_u64(ctx, msg, 1);
    }
    if (cogo_msg_type_of(msg) == TRY) { // Answered once the outcome is there.
        a->waiting = cogo_msg_reply_to(msg);
    } else if (cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED && cogo_msg_ask(msg) == a->ask) {
        a->failures++;
        a->err = ((const cogo_ask_failed *)cogo_msg_payload(msg))->err;
    } else if (cogo_msg_ask(msg) == a->ask) {
        a->answers++;
    } else {
        a->other++;
    }
    if (cogo_actor_id_is_set(a->waiting) && a->answers + a->failures != 0) {
        uint64_t outcome = a->answers * 100 + a->failures * 1000 + a->other * 10000 + a->err;
        cogo_send(ctx, a->waiting, scene_msg_u64(cogo_context_system(ctx), TRY, outcome));
        a->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static const cogo_behavior asker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "asker",
    .state_size_bytes = sizeof(asker),
    .start = asker_start,
    .receive = asker_receive,
};

static uint64_t ask_u64(cogo_system *system, cogo_actor_id to, cogo_msg_type type)
{
    cogo_msg *answer = NULL;
    cogo_err err =
        cogo_system_ask(system, to, cogo_msg_create(system, type, 0), SCENE_LONG_NS, &answer);
    uint64_t value = err == COGO_OK ? scene_u64(answer) : UINT64_MAX;
    cogo_msg_destroy(answer);
    return value;
}

static uint64_t outcome(cogo_system *system, cogo_actor_id keeper, cogo_msg_type type,
                        uint64_t timeout_ns)
{
    asker_args args = {keeper, type, timeout_ns};
    cogo_actor_id id = scene_spawn(system, &asker_behavior, &args, sizeof args, 0);
    return ask_u64(system, id, TRY);
}

Test(ask, an_answer_comes_back_with_the_number_of_the_ask)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
    cr_expect_eq(outcome(system, keeper, SCENE_ASK, SCENE_LONG_NS), 100u);
    scene_close(system);
}

Test(ask, a_late_answer_never_enters_the_mailbox)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
    asker_args args = {keeper, KEEP, SCENE_MS};
    cogo_actor_id id = scene_spawn(system, &asker_behavior, &args, sizeof args, 0);
    cr_expect_eq(ask_u64(system, id, TRY), 1000u + COGO_ETIMEOUT);
    cr_expect_eq(ask_u64(system, keeper, ANSWER_KEPT), (uint64_t)COGO_EGONE);
    cr_expect_eq(ask_u64(system, id, TRY), 1000u + COGO_ETIMEOUT, "nothing came after");
    scene_close(system);
}

Test(ask, an_alias_takes_one_answer_only)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
    asker_args args = {keeper, KEEP, SCENE_LONG_NS};
    cogo_actor_id id = scene_spawn(system, &asker_behavior, &args, sizeof args, 0);
    cr_expect_eq(scene_ask_u64(system, id), 1u, "so it has sent its request");
    cr_expect_eq(ask_u64(system, keeper, ANSWER_KEPT), (uint64_t)COGO_OK);
    cr_expect_eq(ask_u64(system, keeper, ANSWER_KEPT), (uint64_t)COGO_EGONE);
    cr_expect_eq(ask_u64(system, id, TRY), 100u);
    scene_close(system);
}

Test(ask, fails_when_the_receiver_ends_before_it_answers)
{
    cogo_system *system =
        scene_open(1); /* In turn: the first ask is there before the second. */
    cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
    asker_args args = {keeper, KEEP, SCENE_LONG_NS};
    cogo_actor_id first = scene_spawn(system, &asker_behavior, &args, sizeof args, 0);
    cr_expect_eq(scene_ask_u64(system, first), 1u, "so it has sent its request");
    cr_expect_eq(outcome(system, keeper, DIE, SCENE_LONG_NS), 1000u + COGO_EGONE);
    cr_expect_eq(ask_u64(system, first, TRY), 1000u + COGO_EGONE, "kept since long, then gone");
    scene_close(system);
}

Test(ask, from_a_foreign_thread_times_out_or_hears_of_the_end)
{
    cogo_system *system = scene_open(2);
    cogo_msg *answer = NULL;
    cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
    cr_expect_eq(
        cogo_system_ask(system, keeper, cogo_msg_create(system, FORGET, 0), SCENE_MS, &answer),
        COGO_ETIMEOUT);
    cr_expect_eq(cogo_system_ask(system, keeper, cogo_msg_create(system, DIE, 0), SCENE_LONG_NS,
                                 &answer),
                 COGO_EGONE);
    cr_expect_eq(cogo_system_await(system, keeper, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(cogo_system_ask(system, keeper, cogo_msg_create(system, DIE, 0), SCENE_LONG_NS,
                                 &answer),
                 COGO_EGONE);
    cr_expect_eq(cogo_system_ask(system, keeper, NULL, 1, &answer), COGO_EINVAL);
    cr_expect_null(answer);
    scene_close(system);
}

/* More asks in one callback than a lane notes without timers: half of them are never
 * answered. */
enum { MANY = 700, MANY_PINGS = MANY / 2 };

typedef struct crowd {
    cogo_actor_id keeper, waiting;
    uint64_t asked_ns;
    uint64_t asks[MANY];
    uint32_t answered, timed_out, early, unknown;
} crowd;

static cogo_err crowd_start(cogo_context *ctx, void *state, const void *args)
{
    crowd *c = state;
    c->keeper = ((const asker_args *)args)->keeper;
    c->asked_ns = cogo_now_ns(ctx);
    cogo_err err = COGO_OK;
    for (uint32_t i = 0; i < MANY && err == COGO_OK; i++) {
        bool answered = i % 2 == 0;
        cogo_msg *msg =
            cogo_msg_create(cogo_context_system(ctx), answered ? SCENE_ASK : FORGET, 0);
        err =
            cogo_ask(ctx, c->keeper, msg, answered ? SCENE_LONG_NS : 5 * SCENE_MS, &c->asks[i]);
    }
    return err;
}

static cogo_err crowd_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    crowd *c = state;
    if (cogo_msg_type_of(msg) == TRY) {
        c->waiting = cogo_msg_reply_to(msg);
    }
    for (uint32_t i = 0; i < MANY && cogo_msg_ask(msg) != 0; i++) {
        if (c->asks[i] == cogo_msg_ask(msg)) {
            bool failed = cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED;
            c->answered += !failed;
            c->timed_out += failed;
            c->early += failed && cogo_now_ns(ctx) < c->asked_ns + 5 * SCENE_MS;
            c->unknown += failed != (i % 2 != 0);
            c->asks[i] = 0; // A second outcome would be unknown.
            break;
        }
        c->unknown += i + 1 == MANY;
    }
    if (cogo_actor_id_is_set(c->waiting) && c->answered + c->timed_out == MANY) {
        uint64_t seen =
            c->answered + c->early * UINT64_C(1000000) + c->unknown * UINT64_C(1000);
        cogo_send(ctx, c->waiting, scene_msg_u64(cogo_context_system(ctx), TRY, seen));
        c->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static const cogo_behavior crowd_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "crowd",
    .state_size_bytes = sizeof(crowd),
    .start = crowd_start,
    .receive = crowd_receive,
};

Test(ask, many_at_once_have_one_outcome_each_and_none_times_out_early)
{
    for (uint32_t lanes = 1; lanes <= 2; lanes++) {
        cogo_system *system = scene_open(lanes);
        cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
        asker_args args = {.keeper = keeper};
        cogo_actor_id id = scene_spawn(system, &crowd_behavior, &args, sizeof args, 0);
        cr_expect_eq(ask_u64(system, id, TRY), (uint64_t)MANY_PINGS);
        scene_close(system); // No timer is left.
    }
}

/* An actor that ends takes its asks along, whether they have timers yet or not. */
Test(ask, that_its_asker_did_not_live_to_see_leaves_nothing)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id keeper = scene_spawn(system, &keeper_behavior, NULL, 0, 0);
    asker_args args = {.keeper = keeper};
    for (int i = 0; i < 20; i++) {
        cogo_actor_id id = scene_spawn(system, &crowd_behavior, &args, sizeof args, 0);
        cogo_exit_actor(system, id, COGO_EXIT_KILLED, "test");
        cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
    }
    scene_close(system);
}
