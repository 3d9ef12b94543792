/* Servers: tables of calls and casts. */
#include "tests/unit/runtime/scene.h"

enum { ADD = COGO_MSG_USER, WAIT, RELEASE, DENY, FAIL, SET, ECHO, UNKNOWN, WAITERS = 4 };

typedef struct bank {
    uint64_t sum, infos, timers;
    cogo_caller waiting[WAITERS];
    uint32_t waiter_count;
    cogo_err last_reply;
} bank;

static cogo_err on_add(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    bank *b = state;
    (void)ctx;
    b->sum += *(const uint64_t *)request;
    cr_expect_eq(cogo_msg_type_of(cogo_call_message(call)), ADD);
    cr_expect_eq(*(uint64_t *)cogo_call_answer(call), 0u, "it is zeroed");
    *(uint64_t *)cogo_call_answer(call) = b->sum;
    return COGO_OK;
}

/* Answered when somebody releases it. */
static cogo_err on_wait(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    bank *b = state;
    (void)ctx, (void)request;
    if (b->waiter_count == WAITERS) {
        cogo_call_refuse(call, COGO_ELIMIT);
        return COGO_OK;
    }
    b->waiting[b->waiter_count++] = cogo_call_later(call);
    return COGO_OK;
}

static cogo_err on_deny(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    bank *b = state;
    cogo_caller caller = cogo_call_later(call);
    (void)request;
    cr_expect_eq(cogo_server_refuse(ctx, caller, COGO_OK), COGO_EINVAL);
    cr_expect_eq(cogo_server_refuse(ctx, caller, COGO_EAUTH), COGO_OK);
    cr_expect_eq(cogo_server_refuse(ctx, caller, COGO_EIO), COGO_EGONE, "once");
    b->last_reply = cogo_server_reply(ctx, caller, "late", 4);
    cr_expect_eq(b->last_reply, COGO_EGONE);
    return COGO_OK;
}

static cogo_err on_fail(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    (void)ctx, (void)state, (void)request, (void)call;
    return COGO_EIO;
}

static cogo_err on_set(cogo_context *ctx, void *state, const void *payload)
{
    (void)ctx;
    ((bank *)state)->sum = *(const uint64_t *)payload;
    return COGO_OK;
}

static cogo_err on_release(cogo_context *ctx, void *state, const void *payload)
{
    bank *b = state;
    (void)payload;
    for (uint32_t i = 0; i < b->waiter_count; i++) {
        b->last_reply = cogo_server_reply(ctx, b->waiting[i], &b->sum, sizeof b->sum);
    }
    b->waiter_count = 0;
    return COGO_OK;
}

static cogo_err on_info(cogo_context *ctx, void *state, cogo_msg *msg)
{
    bank *b = state;
    (void)ctx, (void)msg;
    b->infos++;
    return COGO_OK;
}

static cogo_err on_state(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    const bank *b = state;
    (void)ctx, (void)request;
    *(uint64_t *)cogo_call_answer(call) = b->sum + b->infos * 1000 + b->waiter_count * 1000000u
                                          + (uint64_t)b->last_reply * 100000000;
    return COGO_OK;
}

static const cogo_server_call bank_calls[] = {
    {ADD, sizeof(uint64_t), sizeof(uint64_t), on_add},
    {WAIT, 0, 0, on_wait},
    {DENY, 0, 0, on_deny},
    {FAIL, 0, 0, on_fail},
    {SCENE_ASK, 0, sizeof(uint64_t), on_state},
};
static const cogo_server_cast bank_casts[] = {
    {SET, sizeof(uint64_t), on_set},
    {RELEASE, 0, on_release},
};
static const cogo_server bank_server = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "bank",
                 .state_size_bytes = sizeof(bank),
                 .receive = cogo_server_receive},
    .table = {.struct_size = sizeof(cogo_server_table),
              .calls = bank_calls,
              .call_count = sizeof bank_calls / sizeof *bank_calls,
              .casts = bank_casts,
              .cast_count = sizeof bank_casts / sizeof *bank_casts,
              .info = on_info},
};

static cogo_err call(cogo_system *system, cogo_actor_id to, cogo_msg_type type, uint64_t value,
                     uint64_t *out)
{
    return cogo_server_call_wait(system, to, type, &value, sizeof value, SCENE_LONG_NS, out,
                                 sizeof *out);
}

Test(server, answers_calls_obeys_casts_and_tells_the_rest_to_info)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &bank_server.behavior, NULL, 0, 0);
    uint64_t sum = 0, value = 40;
    cr_expect_eq(call(system, id, ADD, 2, &sum), COGO_OK);
    cr_expect_eq(sum, 2u);
    cr_expect_eq(cogo_system_cast_send(system, id, SET, &value, sizeof value), COGO_OK);
    cr_expect_eq(call(system, id, ADD, 2, &sum), COGO_OK);
    cr_expect_eq(sum, 42u);
    cogo_system_send(system, id, cogo_msg_create(system, UNKNOWN, 0));
    cr_expect_eq(scene_ask_u64(system, id), 1042u);
    scene_close(system);
}

/* What a client of another version sends neither ends the server nor leaves its sender
 * alone. */
Test(server, what_does_not_fit_the_table_is_refused_at_once)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id id = scene_spawn(system, &bank_server.behavior, NULL, 0, 0);
    uint64_t sum = 0;
    uint32_t small = 1;
    cr_expect_eq(cogo_server_call_wait(system, id, ADD, &small, sizeof small, SCENE_LONG_NS,
                                       &sum, sizeof sum),
                 COGO_EINVAL, "the request is too short");
    cr_expect_eq(call(system, id, UNKNOWN, 1, &sum), COGO_EINVAL);
    cr_expect_eq(call(system, id, SET, 1, &sum), COGO_EINVAL, "a cast has no answer");
    cr_expect_eq(cogo_server_call_wait(system, id, ADD, &sum, sizeof sum, SCENE_LONG_NS, &small,
                                       sizeof small),
                 COGO_EDECODE, "the answer is longer");
    cr_expect_eq(cogo_system_cast_send(system, id, SET, &small, sizeof small), COGO_OK);
    cr_expect_eq(scene_ask_u64(system, id), 0u);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters_by[COGO_DEAD_REFUSED], 4u);
    scene_close(system);
}

/* --- A server that calls another one. ----------------------------------------------------- */

typedef struct client {
    cogo_actor_id bank;
    uint64_t ask[3], outcomes[3], wrong;
    cogo_err errors[3];
} client;

static cogo_err client_start(cogo_context *ctx, void *state, const void *args)
{
    client *c = state;
    (void)ctx;
    c->bank = *(const cogo_actor_id *)args;
    return COGO_OK;
}

/* Calls once with its payload: a type and a time-out in ms. */
static cogo_err on_echo(cogo_context *ctx, void *state, const void *payload)
{
    client *c = state;
    const uint64_t *order = payload;
    const uint64_t one = 1;
    return cogo_server_call_start(ctx, c->bank, (cogo_msg_type)order[0], &one, sizeof one,
                                  order[1] * SCENE_MS, &c->ask[order[2]]);
}

static cogo_err on_answered(cogo_context *ctx, void *state, uint64_t ask, cogo_err err,
                            cogo_msg *answer)
{
    client *c = state;
    (void)ctx;
    c->wrong += (answer == NULL) != (err != COGO_OK);
    for (int i = 0; i < 3; i++) {
        if (c->ask[i] == ask) {
            c->outcomes[i]++;
            c->errors[i] = err;
        }
    }
    return COGO_OK;
}

/* Digits from the right: outcomes, then errors, then what was wrong. */
static cogo_err on_client_state(cogo_context *ctx, void *state, const void *request,
                                cogo_call *call_)
{
    const client *c = state;
    (void)ctx, (void)request;
    uint64_t text = c->outcomes[0] + c->outcomes[1] * 10 + c->outcomes[2] * 100;
    text += (uint64_t)c->errors[0] * 1000 + (uint64_t)c->errors[1] * 100000
            + (uint64_t)c->errors[2] * 10000000 + c->wrong * 1000000000;
    *(uint64_t *)cogo_call_answer(call_) = text;
    return COGO_OK;
}

static const cogo_server_call client_calls[] = {
    {SCENE_ASK, 0, sizeof(uint64_t), on_client_state}};
static const cogo_server_cast client_casts[] = {{ECHO, 3 * sizeof(uint64_t), on_echo}};
static const cogo_server client_server = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "client",
                 .state_size_bytes = sizeof(client),
                 .start = client_start,
                 .receive = cogo_server_receive},
    .table = {.struct_size = sizeof(cogo_server_table),
              .calls = client_calls,
              .call_count = 1,
              .casts = client_casts,
              .cast_count = 1,
              .answered = on_answered},
};

static void let_call(cogo_system *system, cogo_actor_id client_id, uint64_t type, uint64_t ms,
                     uint64_t place)
{
    const uint64_t order[] = {type, ms, place};
    cr_expect_eq(cogo_system_cast_send(system, client_id, ECHO, order, sizeof order), COGO_OK);
}

static void wait_for(cogo_system *system, cogo_actor_id id, uint64_t value)
{
    uint64_t seen = 0;
    for (int i = 0; i < 1000000 && seen != value; i++) {
        seen = scene_ask_u64(system, id);
    }
    cr_expect_eq(seen, value);
}

Test(server, each_call_has_one_outcome_answered_later_refused_or_timed_out)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &bank_server.behavior, NULL, 0, 0);
    cogo_actor_id one = scene_spawn(system, &client_server.behavior, &id, sizeof id, 0);
    let_call(system, one, WAIT, 60000, 0);
    let_call(system, one, DENY, 60000, 1);
    let_call(system, one, WAIT, 1, 2); // Its time is over before it is released.
    const uint64_t denied = COGO_EAUTH * UINT64_C(100000),
                   over = COGO_ETIMEOUT * UINT64_C(10000000);
    wait_for(system, one, denied + over + 110);
    cogo_system_cast_send(system, id, RELEASE, NULL, 0);
    wait_for(system, one, denied + over + 111);
    cr_expect_eq(scene_ask_u64(system, id), COGO_EGONE * UINT64_C(100000000),
                 "the last was late");
    scene_close(system);
}

Test(server, whoever_waits_hears_of_the_end_and_a_full_waiting_room_refuses)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &bank_server.behavior, NULL, 0, 0);
    cogo_actor_id one = scene_spawn(system, &client_server.behavior, &id, sizeof id, 0);
    for (uint64_t i = 0; i < WAITERS; i++) {
        let_call(system, one, WAIT, 60000, 0);
    }
    wait_for(system, id, WAITERS * UINT64_C(1000000));
    uint64_t answer = 0;
    cr_expect_eq(cogo_server_call_wait(system, id, WAIT, NULL, 0, SCENE_LONG_NS, NULL, 0),
                 COGO_ELIMIT);
    cr_expect_eq(call(system, id, FAIL, 0, &answer), COGO_EGONE, "the server failed");
    wait_for(system, one, 1 + COGO_EGONE * UINT64_C(1000)); // The last of its four.
    scene_close(system);
}

/* From who does not wait: nothing is sent to nobody. */
Test(server, a_call_without_a_caller_is_handled_and_not_answered)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id id = scene_spawn(system, &bank_server.behavior, NULL, 0, 0);
    cr_expect_eq(cogo_system_send(system, id, scene_msg_u64(system, ADD, 5)), COGO_OK);
    cr_expect_eq(cogo_system_send(system, id, cogo_msg_create(system, WAIT, 0)), COGO_OK);
    cr_expect_eq(cogo_system_send(system, id, cogo_msg_create(system, RELEASE, 0)), COGO_OK);
    cr_expect_eq(scene_ask_u64(system, id), 5u + COGO_EGONE * UINT64_C(100000000));
    scene_close(system);
}
