/* Programs that use a ready-made behaviour for what it is not, or leave out what they need not
 * give: each hears of it, and nothing is lost. */
#include "tests/unit/runtime/inside.h"

enum { CAST = COGO_MSG_USER, OPEN, FAIL, CALL };

/* --- A table behind a behaviour that is not of a server or a state machine. --------------- */

static cogo_err borrow_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    if (cogo_msg_type_of(msg) != SCENE_ASK) {
        return cogo_msg_type_of(msg) == CAST ? cogo_server_receive(ctx, state, msg)
                                             : cogo_fsm_receive(ctx, state, msg);
    }
    cr_expect_str_eq(cogo_fsm_state_name(ctx), "");
    cr_expect_eq(cogo_fsm_next(ctx, 0), COGO_ESTATE);
    return scene_reply_u64(ctx, msg, 1);
}

static const cogo_behavior borrower = {.struct_size = sizeof(cogo_behavior),
                                       .name = "borrower",
                                       .state_size_bytes = sizeof(cogo_fsm_core),
                                       .receive = borrow_receive};

Test(misfit, who_borrows_a_receive_without_its_table_ends_with_an_error)
{
    static const cogo_msg_type ways[] = {CAST, CALL};
    cogo_system *system = scene_open(1);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
        cogo_actor_id keeper = COGO_NO_ACTOR;
        cogo_child_spec child = {
            .id = "it",
            .restart = COGO_RESTART_TEMPORARY,
            .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &borrower}};
        cogo_supervisor_spec spec = {
            .struct_size = sizeof spec, .children = &child, .child_count = 1};
        cr_assert_eq(cogo_supervisor_start(system, &spec, &keeper), COGO_OK);
        cogo_actor_id id = cogo_supervisor_child(system, keeper, "it");
        cr_expect_eq(scene_ask_u64(system, id), 1u);
        cr_expect_eq(cogo_system_send(system, id, cogo_msg_create(system, ways[i], 0)),
                     COGO_OK);
        cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, &reason), COGO_OK);
        cr_expect(reason.kind == COGO_EXIT_NOPROC || reason.err == COGO_ESTATE);
    }
    scene_close(system);
}

/* --- A server that has only what it must. ------------------------------------------------- */

typedef struct quiet {
    uint64_t casts, ask;
} quiet;

static cogo_err on_cast(cogo_context *ctx, void *state, const void *payload)
{
    (void)ctx, (void)payload;
    ((quiet *)state)->casts++;
    return COGO_OK;
}

/* Asks itself, through the mailbox: the answer is for nobody, as is its failure. */
static cogo_err on_open(cogo_context *ctx, void *state, const void *payload)
{
    quiet *q = state;
    const cogo_actor_id self = cogo_self(ctx);
    (void)payload;
    cr_expect_eq(cogo_server_call_start(ctx, self, SCENE_ASK, NULL, 0, SCENE_LONG_NS, &q->ask),
                 COGO_OK);
    return cogo_server_call_start(ctx, self, FAIL, NULL, 0, SCENE_LONG_NS, &q->ask);
}

static cogo_err on_count(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    (void)ctx, (void)request;
    *(uint64_t *)cogo_call_answer(call) = ((const quiet *)state)->casts;
    return COGO_OK;
}

static const cogo_server_call quiet_calls[] = {{SCENE_ASK, 0, sizeof(uint64_t), on_count}};
static const cogo_server_cast quiet_casts[] = {{CAST, 0, on_cast}, {OPEN, 0, on_open}};
static const cogo_server quiet_server = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "quiet",
                 .state_size_bytes = sizeof(quiet),
                 .receive = cogo_server_receive},
    .table = {.struct_size = sizeof(cogo_server_table),
              .calls = quiet_calls,
              .call_count = 1,
              .casts = quiet_casts,
              .cast_count = 2},
};

static void cast_to(cogo_context *ctx, void *arg)
{
    const cogo_actor_id *to = arg;
    const uint64_t more = 7; // Than is looked at.
    cr_expect_eq(cogo_server_cast_send(ctx, *to, CAST, NULL, 0), COGO_OK);
    cr_expect_eq(cogo_server_cast_send(ctx, *to, CAST, &more, sizeof more), COGO_OK);
    cr_expect_eq(cogo_server_cast_send(ctx, *to, OPEN, NULL, 0), COGO_OK);
}

Test(misfit, a_server_without_answered_and_info_goes_on_when_either_is_due)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id id = scene_spawn(system, &quiet_server.behavior, NULL, 0, 0);
    inside(system, cast_to, &id);
    cr_expect_eq(cogo_system_send(system, id, cogo_msg_create(system, CALL, 0)), COGO_OK);
    cr_expect_eq(scene_ask_u64(system, id), 2u);
    cr_expect_eq(scene_ask_u64(system, id), 2u, "its own calls have been answered");
    scene_close(system);
}

/* --- What was put aside goes wrong when its time has come. -------------------------------- */

static cogo_err deaf_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx, (void)state;
    return cogo_msg_type_of(msg) == FAIL ? COGO_EIO : COGO_OK; // Answers nobody.
}

static cogo_err deaf_drained(cogo_context *ctx, void *state)
{
    (void)ctx, (void)state;
    return COGO_OK;
}

static const cogo_behavior deaf = {.struct_size = sizeof(cogo_behavior),
                                   .name = "deaf",
                                   .receive = deaf_receive,
                                   .drained = deaf_drained};

static cogo_err later_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) != OPEN) {
        return cogo_stash(ctx, msg);
    }
    cr_expect_eq(cogo_become(ctx, &deaf), COGO_OK);
    cr_expect_eq(cogo_unstash_all(ctx), 2u);
    return COGO_OK;
}

static const cogo_behavior later = {
    .struct_size = sizeof(cogo_behavior), .name = "later", .receive = later_receive};

/* Asks one that puts everything aside, and opens it. */
typedef struct asker {
    cogo_actor_id other;
    cogo_msg_type outcome;
} asker;

static cogo_err asker_start(cogo_context *ctx, void *state, const void *args)
{
    asker *a = state;
    uint64_t ask = 0;
    cogo_system *system = cogo_context_system(ctx);
    a->other = *(const cogo_actor_id *)args;
    cr_expect_eq(cogo_ask(ctx, a->other, cogo_msg_create(system, CALL, 0), SCENE_LONG_NS, &ask),
                 COGO_OK);
    cr_expect_eq(cogo_send(ctx, a->other, cogo_msg_create(system, FAIL, 0)), COGO_OK);
    return cogo_send(ctx, a->other, cogo_msg_create(system, OPEN, 0));
}

static cogo_err asker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    asker *a = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED) {
        cr_expect_eq(((const cogo_ask_failed *)cogo_msg_payload(msg))->err, COGO_EGONE);
        cogo_exit(ctx, COGO_EXIT_NORMAL, "heard of it");
    }
    a->outcome = cogo_msg_type_of(msg);
    return COGO_OK;
}

static const cogo_behavior asker_behavior = {.struct_size = sizeof(cogo_behavior),
                                             .name = "asker",
                                             .state_size_bytes = sizeof(asker),
                                             .start = asker_start,
                                             .receive = asker_receive};

Test(misfit, an_ask_put_aside_and_never_answered_fails_when_its_actor_does)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id it = scene_spawn(system, &later, NULL, 0, 0);
    cogo_actor_id who = scene_spawn(system, &asker_behavior, &it, sizeof it, 0);
    cr_expect_eq(cogo_system_await(system, who, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(cogo_system_await(system, it, SCENE_LONG_NS, NULL), COGO_OK);
    scene_close(system);
}

/* --- Workers of a pool that are told something. ------------------------------------------- */

static cogo_err told_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(uint64_t));
    return COGO_OK;
}

static cogo_err told_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    return scene_reply_u64(ctx, msg, *(const uint64_t *)state);
}

static const cogo_behavior told = {.struct_size = sizeof(cogo_behavior),
                                   .name = "told",
                                   .state_size_bytes = sizeof(uint64_t),
                                   .start = told_start,
                                   .receive = told_receive};

Test(misfit, workers_of_a_pool_have_a_copy_of_their_args)
{
    cogo_system *system = scene_open(1);
    uint64_t word = 4711;
    cogo_pool_spec spec = {.struct_size = sizeof spec,
                           .worker = {.struct_size = sizeof(cogo_spawn_options),
                                      .behavior = &told,
                                      .args = &word,
                                      .args_size_bytes = sizeof word},
                           .size = 3};
    cogo_actor_id pool = COGO_NO_ACTOR;
    cr_assert_eq(cogo_pool_start(system, &spec, &pool), COGO_OK);
    word = 0; // Its own from now on.
    for (int i = 0; i < 6; i++) {
        cr_expect_eq(scene_ask_u64(system, pool), 4711u);
    }
    cr_expect_eq(cogo_pool_resize(system, pool, 5), COGO_OK);
    for (int i = 0; i < 10; i++) {
        cr_expect_eq(scene_ask_u64(system, pool), 4711u);
    }
    scene_close(system);
}
