/* Memory of an actor and of the tree below a supervisor, mailbox included. */
#include "tests/unit/runtime/scene.h"

enum {
    JOB = COGO_MSG_USER,
    NOTE,
    BOOM,
    STATE = 512,
    LIMIT = 16384,
    JOB_BYTES = 1000,
    MANY = 64
};

typedef struct clerk {
    uint64_t jobs, alarms;
    char room[STATE - 16];
} clerk;

static cogo_err clerk_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    clerk *c = state;
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, c->alarms * 1000 + c->jobs);
    case NOTE:
        cogo_memory_note(ctx, (int64_t)scene_u64(msg));
        return COGO_OK;
    case COGO_MSG_MEMORY:
        cr_expect_eq(((cogo_memory_alarm *)cogo_msg_payload(msg))->limit_bytes,
                     (uint64_t)LIMIT);
        c->alarms++;
        return COGO_OK;
    default:
        c->jobs++;
        return COGO_OK;
    }
}

static const cogo_behavior clerk_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "clerk",
    .state_size_bytes = STATE,
    .receive = clerk_receive,
};

static cogo_spawn_options clerk_options(uint64_t limit, cogo_memory_policy policy)
{
    return (cogo_spawn_options){
        .struct_size = sizeof(cogo_spawn_options),
        .behavior = &clerk_behavior,
        .memory_limit_bytes = limit,
        .memory_policy = policy,
    };
}

/* Sends MANY jobs in one handler of the only lane: none is handled in between. */
static cogo_err sender_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo_actor_id *to = state;
    uint64_t full = 0;
    if (cogo_msg_type_of(msg) != SCENE_ASK) {
        memcpy(to, cogo_msg_payload(msg), sizeof *to);
        return COGO_OK;
    }
    for (int i = 0; i < MANY; i++) {
        cogo_msg *job = cogo_msg_create(cogo_context_system(ctx), JOB, JOB_BYTES);
        full += cogo_send(ctx, *to, job) == COGO_EFULL;
    }
    return scene_reply_u64(ctx, msg, full);
}

static const cogo_behavior sender_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "sender",
    .state_size_bytes = sizeof(cogo_actor_id),
    .receive = sender_receive,
};

/* How many were refused. */
static uint64_t flood(cogo_system *system, cogo_actor_id to)
{
    cogo_actor_id from = scene_spawn(system, &sender_behavior, NULL, 0, 0);
    cogo_msg *where = cogo_msg_create(system, JOB, sizeof to);
    memcpy(cogo_msg_payload(where), &to, sizeof to);
    cr_expect_eq(cogo_system_send(system, from, where), COGO_OK);
    uint64_t full = scene_ask_u64(system, from);
    cogo_exit_actor(system, from, COGO_EXIT_KILLED, NULL);
    return full;
}

static uint64_t bytes_of(cogo_system *system, cogo_actor_id id)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
    return info.memory_bytes;
}

Test(budget, what_is_above_the_limit_is_refused_and_the_rest_handled)
{
    cogo_system *system = scene_open(1);
    cogo_spawn_options options = clerk_options(LIMIT, COGO_MEMORY_REFUSE);
    cogo_actor_id to = COGO_NO_ACTOR;
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_OK);
    uint64_t refused = flood(system, to);
    uint64_t fit = (LIMIT - STATE) / (JOB_BYTES + 64);
    cr_expect_eq(refused, MANY - fit);
    cr_expect_eq(scene_ask_u64(system, to), fit);
    cr_expect_eq(bytes_of(system, to), (uint64_t)STATE, "what was handled is given back");
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters_by[COGO_DEAD_MEMORY], refused);
    cr_expect_eq(stats.memory_alarms, 1u);
    scene_close(system);
}

Test(budget, a_warning_comes_once_until_it_is_well_below)
{
    cogo_system *system = scene_open(1);
    cogo_spawn_options options = clerk_options(LIMIT, COGO_MEMORY_WARN);
    cogo_actor_id to = COGO_NO_ACTOR;
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_OK);
    cr_expect_eq(flood(system, to), 0u);
    cr_expect_eq(scene_ask_u64(system, to), 1000u + MANY);
    cr_expect_eq(flood(system, to), 0u);
    cr_expect_eq(scene_ask_u64(system, to), 2000u + 2 * MANY);
    scene_close(system);
}

/* A cache that grows in the actor's own memory counts as well. */
Test(budget, what_an_actor_notes_counts_until_it_takes_it_back)
{
    cogo_system *system = scene_open(1);
    cogo_spawn_options options = clerk_options(LIMIT, COGO_MEMORY_REFUSE);
    cogo_actor_id to = COGO_NO_ACTOR;
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_OK);
    cogo_system_send(system, to, scene_msg_u64(system, NOTE, 10000));
    (void)scene_ask_u64(system, to);
    cr_expect_eq(bytes_of(system, to), STATE + 10000u);
    cr_expect_eq(flood(system, to), MANY - (LIMIT - STATE - 10000u) / (JOB_BYTES + 64));
    cogo_system_send(system, to, scene_msg_u64(system, NOTE, (uint64_t)-10000));
    (void)scene_ask_u64(system, to);
    cr_expect_eq(bytes_of(system, to), (uint64_t)STATE);
    scene_close(system);
}

Test(budget, an_actor_that_may_be_killed_ends_with_the_reason_memory)
{
    cogo_system *system = scene_open(1);
    cogo_spawn_options options = clerk_options(LIMIT, COGO_MEMORY_KILL);
    cogo_actor_id to = COGO_NO_ACTOR;
    cogo_reason reason;
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_OK);
    cogo_system_send(system, to, scene_msg_u64(system, NOTE, LIMIT));
    cr_expect_eq(cogo_system_await(system, to, SCENE_LONG_NS, &reason), COGO_OK);
    if (reason.kind != COGO_EXIT_NOPROC) { // It may have ended before we looked.
        cr_expect_eq(reason.kind, COGO_EXIT_KILLED);
        cr_expect_str_eq(reason.text, "memory");
    }
    options.memory_limit_bytes = STATE - 1;
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_EINVAL, "it could never start");
    scene_close(system);
}

static cogo_actor_id start_tree(cogo_system *system, uint64_t tree_limit,
                                cogo_memory_policy policy, cogo_spawn_options child,
                                cogo_actor_id *out_children)
{
    static const char *const names[] = {"a", "b", "c"};
    cogo_child_spec children[3] = {0};
    for (int i = 0; i < 3; i++) {
        children[i].id = names[i];
        children[i].options = child;
    }
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec,
        .children = children,
        .child_count = 3,
        .memory_limit_bytes = tree_limit,
        .memory_policy = policy,
    };
    cogo_actor_id sup = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &sup), COGO_OK);
    for (int i = 0; i < 3; i++) {
        out_children[i] = cogo_supervisor_child(system, sup, names[i]);
        (void)scene_ask_u64(system, out_children[i]); // It has begun.
    }
    return sup;
}

/* One tenant's actors share one budget: the sum counts, whoever of them uses it. */
Test(budget, a_subtree_shares_one_limit)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id children[3];
    cogo_actor_id sup = start_tree(system, LIMIT, COGO_MEMORY_REFUSE,
                                   clerk_options(0, COGO_MEMORY_WARN), children);
    uint64_t base = bytes_of(system, sup);
    cr_expect_geq(base, 3u * STATE);
    cr_expect_eq(bytes_of(system, children[0]), (uint64_t)STATE);
    cogo_system_send(system, children[0], scene_msg_u64(system, NOTE, 8000));
    (void)scene_ask_u64(system, children[0]);
    cr_expect_eq(bytes_of(system, sup), base + 8000);
    cr_expect_eq(flood(system, children[1]), MANY - (LIMIT - base - 8000) / (JOB_BYTES + 64));
    (void)scene_ask_u64(system, children[1]);
    cr_expect_eq(bytes_of(system, sup), base + 8000);
    scene_close(system);
}

/* The mailbox of a restarted child survives; what killed it must not kill it again. */
Test(budget, a_child_killed_for_its_mailbox_comes_back_with_what_fits)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id children[3];
    (void)start_tree(system, 0, COGO_MEMORY_WARN, clerk_options(LIMIT, COGO_MEMORY_KILL),
                     children);
    uint64_t refused = flood(system, children[2]);
    cr_expect_gt(refused, 0u);
    uint64_t jobs = scene_ask_u64(system, children[2]);
    cr_expect_leq(jobs, MANY - refused);
    cr_expect_geq(jobs, MANY - refused - 2);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.restarts, 1u);
    scene_close(system);
}

Test(budget, a_subtree_that_may_be_killed_goes_as_a_whole)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id children[3];
    cogo_actor_id sup = start_tree(system, LIMIT, COGO_MEMORY_KILL,
                                   clerk_options(0, COGO_MEMORY_WARN), children);
    cogo_system_send(system, children[1], scene_msg_u64(system, NOTE, LIMIT));
    cr_expect_eq(cogo_system_await(system, sup, SCENE_LONG_NS, NULL), COGO_OK);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(cogo_system_await(system, children[i], SCENE_LONG_NS, NULL), COGO_OK);
    }
    scene_close(system);
}

/* A program built against an older header gives fewer options. */
Test(budget, smaller_options_of_an_older_caller_still_spawn)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id to = COGO_NO_ACTOR;
    cogo_spawn_options options = clerk_options(1, COGO_MEMORY_KILL); // Not to be read.
    options.struct_size = offsetof(cogo_spawn_options, divert_to);
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_OK);
    cr_expect_eq(scene_ask_u64(system, to), 0u);
    options.struct_size = 8;
    cr_expect_eq(cogo_system_spawn(system, &options, &to), COGO_EINVAL);
    scene_close(system);
}
