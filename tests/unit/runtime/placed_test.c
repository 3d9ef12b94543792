/* Actors that run on another node by a word in their options: spawned, supervised, lost and
 * found again under one id. */
#include "tests/unit/runtime/cluster.h"

enum { PLACED_CALL = CLUSTER_QUIT + 1, PLACED_CALLED };

/* What a placed actor is told. */
typedef struct job {
    const char *title;
    int64_t count;
} job;

static const cogo_field job_fields[] = {
    {.name = "title", .kind = COGO_FIELD_STRING, .offset_bytes = offsetof(job, title)},
    {.name = "count", .kind = COGO_FIELD_INT, .offset_bytes = offsetof(job, count)},
};
static const cogo_record job_record = {.name = "Job",
                                       .version = 1,
                                       .size_bytes = sizeof(job),
                                       .fields = job_fields,
                                       .field_count = 2};

static cogo_err clerk_start(cogo_context *ctx, void *state, const void *args)
{
    const job *j = args;
    (void)ctx;
    *(uint64_t *)state = strlen(j->title) * 1000 + (uint64_t)j->count;
    return COGO_OK;
}

static cogo_err clerk_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, *(uint64_t *)state)
                                              : COGO_OK;
}

static const cogo_behavior clerk = {
    .struct_size = sizeof(cogo_behavior),
    .name = "clerk",
    .state_size_bytes = sizeof(uint64_t),
    .start = clerk_start,
    .receive = clerk_receive,
};

/* Keeps its life whatever happens; ends at a QUIT. Calls back whoever sends it a CALL. */
static cogo_err stubborn_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, 7);
    }
    if (cogo_msg_type_of(msg) == PLACED_CALL) {
        cogo_send(ctx, cogo_msg_sender(msg),
                  cogo_msg_create(cogo_context_system(ctx), PLACED_CALLED, 0));
    } else if (cogo_msg_type_of(msg) == CLUSTER_QUIT) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, "done");
    }
    return COGO_OK;
}

static const cogo_behavior stubborn = {
    .struct_size = sizeof(cogo_behavior),
    .name = "stubborn",
    .receive = stubborn_receive,
};

static cogo_err broken_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    (void)state;
    (void)args;
    return COGO_EIO;
}

static const cogo_behavior broken = {
    .struct_size = sizeof(cogo_behavior),
    .name = "broken",
    .start = broken_start,
    .receive = stubborn_receive,
};

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

static void offer(place *p)
{
    const cogo_type types[] = {{sizeof(cogo_type), PLACED_CALL, "placed.call", NULL},
                               {sizeof(cogo_type), PLACED_CALLED, "placed.called", NULL}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        cr_expect_eq(cogo_type_register(p->system, &types[i]), COGO_OK);
    }
    cr_expect_eq(cogo_behavior_register(p->system, &clerk, &job_record), COGO_OK);
    cr_expect_eq(cogo_behavior_register(p->system, &echo_behavior, NULL), COGO_OK);
    cr_expect_eq(cogo_behavior_register(p->system, &stubborn, NULL), COGO_OK);
    cr_expect_eq(cogo_behavior_register(p->system, &broken, NULL), COGO_OK);
}

/* Both know the same program; b joined a. */
static void open_two(place *a, place *b)
{
    place_open(a, cluster_config("a"), NULL);
    offer(a);
    place_open(b, cluster_config("b"), a);
    offer(b);
    sem_wait(&b->ups);
}

static cogo_spawn_options at(const char *placement, const cogo_behavior *behavior)
{
    return (cogo_spawn_options){.struct_size = sizeof(cogo_spawn_options),
                                .behavior = behavior,
                                .placement = placement};
}

static cogo_actor_id placed(place *p, const char *placement, const cogo_behavior *behavior,
                            uint32_t flags)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = at(placement, behavior);
    options.flags = flags;
    cr_expect_eq(cogo_system_spawn(p->system, &options, &id), COGO_OK);
    return id;
}

static uint64_t actors_of(const place *p)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(p->system, &stats);
    return stats.actors;
}

static void await_actors(const place *p, uint64_t count)
{
    while (actors_of(p) != count) { // Else the runner's limit is reached.
        sched_yield();
    }
}

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

/* One that keeps the reason of the end of who it was given. */
typedef struct mourner {
    cogo_actor_id whom;
    const cogo_spawn_options *born; /* Then its own child. */
    cogo_actor_id waiting;
    uint64_t downs;
    cogo_reason reason;
} mourner;

static cogo_err mourner_start(cogo_context *ctx, void *state, const void *args)
{
    mourner *m = state;
    *m = *(const mourner *)args;
    return m->born != NULL ? cogo_spawn(ctx, m->born, &m->whom)
                           : cogo_monitor(ctx, m->whom, NULL);
}

static void mourner_tell(cogo_context *ctx, mourner *m)
{
    if (m->downs != 0 && cogo_actor_id_is_set(m->waiting)) {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof m->reason);
        memcpy(cogo_msg_payload(answer), &m->reason, sizeof m->reason);
        cogo_send(ctx, m->waiting, answer);
        m->waiting = COGO_NO_ACTOR;
    }
}

static cogo_err mourner_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    mourner *m = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        m->reason = ((const cogo_down *)cogo_msg_payload(msg))->reason;
        m->downs++;
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        m->waiting = cogo_msg_reply_to(msg);
    } else if (cogo_msg_type_of(msg) == CLUSTER_COUNT) {
        return scene_reply_u64(ctx, msg, 0);
    }
    mourner_tell(ctx, m);
    return COGO_OK;
}

static const cogo_behavior mourner_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "mourner",
    .state_size_bytes = sizeof(mourner),
    .start = mourner_start,
    .receive = mourner_receive,
};

/* When it returns, its monitor overtakes all that is sent to @p whom. */
static cogo_actor_id mourn(place *p, cogo_actor_id whom)
{
    cogo_msg *answer = NULL;
    mourner how = {.whom = whom};
    cogo_actor_id id = scene_spawn(p->system, &mourner_behavior, &how, sizeof how, 0);
    cr_expect_eq(cogo_system_ask(p->system, id, cogo_msg_create(p->system, CLUSTER_COUNT, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    cogo_msg_destroy(answer);
    return id;
}

static cogo_reason reason_of(place *p, cogo_actor_id who)
{
    cogo_msg *answer = NULL;
    cogo_reason reason = {0};
    cr_expect_eq(cogo_system_ask(p->system, who, cogo_msg_create(p->system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        memcpy(&reason, cogo_msg_payload(answer), sizeof reason);
        cogo_msg_destroy(answer);
    }
    return reason;
}

/* Of one that is spawned for that. */
static cogo_reason end_of(place *p, cogo_spawn_options born)
{
    born.flags |= COGO_SPAWN_MONITOR;
    mourner how = {.born = &born};
    return reason_of(p, scene_spawn(p->system, &mourner_behavior, &how, sizeof how, 0));
}

static cogo_child_spec child_at(const char *id, const char *placement,
                                const cogo_behavior *behavior)
{
    return (cogo_child_spec){.id = id,
                             .options = at(placement, behavior),
                             .backoff_min_ns = 5 * SCENE_MS,
                             .backoff_max_ns = 20 * SCENE_MS};
}

static cogo_supervisor_spec spec_of(const cogo_child_spec *children, size_t count,
                                    uint32_t intensity)
{
    return (cogo_supervisor_spec){.struct_size = sizeof(cogo_supervisor_spec),
                                  .intensity = intensity,
                                  .children = children,
                                  .child_count = count};
}

static cogo_actor_id supervise(place *p, const cogo_child_spec *children, size_t count)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    const cogo_supervisor_spec spec = spec_of(children, count, 1000000);
    cr_expect_eq(cogo_supervisor_start(p->system, &spec, &id), COGO_OK);
    return id;
}

/* Why a supervisor of this child gives up. */
static cogo_reason end_of_tree(place *p, const cogo_child_spec *child)
{
    const cogo_supervisor_spec spec = spec_of(child, 1, 3);
    cogo_spawn_options options = at(NULL, cogo_supervisor_behavior());
    options.args = &spec;
    options.args_size_bytes = sizeof spec;
    return end_of(p, options);
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

Test(placed, a_supervised_one_that_fails_there_is_begun_there_again)
{
    place a, b;
    open_two(&a, &b);
    cogo_child_spec child = child_at("e", "node:a", &echo_behavior);
    cogo_actor_id supervisor = supervise(&b, &child, 1);
    cogo_actor_id id = cogo_supervisor_child(b.system, supervisor, "e");
    for (uint64_t i = 0; i < 3; i++) {
        cogo_system_send(b.system, id, scene_msg_u64(b.system, CLUSTER_COUNT, 0));
        cr_expect_eq(scene_ask_u64(b.system, id), 1u, "a new one each time");
        cogo_actor_id witness = mourn(&b, id);
        cogo_system_send(b.system, id, cogo_msg_create(b.system, CLUSTER_QUIT, 0));
        cogo_reason why = reason_of(&b, witness);
        cr_expect_eq(why.kind, COGO_EXIT_ERROR);
        cr_expect_str_eq(why.text, "told to");
    }
    cr_expect(cogo_actor_id_equal(cogo_supervisor_child(b.system, supervisor, "e"), id));
    cr_expect_eq(scene_ask_u64(b.system, id), 0u);
    place_close(&b);
    place_close(&a);
}

/* A transient one that ended well stays away; one that can't begin is given up. */
Test(placed, restart_type_and_intensity_are_those_of_any_child)
{
    place a, b;
    open_two(&a, &b);
    uint64_t before = actors_of(&a);
    cogo_child_spec child = child_at("s", "node:a", &stubborn);
    child.restart = COGO_RESTART_TRANSIENT;
    cogo_actor_id supervisor = supervise(&b, &child, 1);
    cogo_actor_id id = cogo_supervisor_child(b.system, supervisor, "s");
    cogo_system_send(b.system, id, cogo_msg_create(b.system, CLUSTER_QUIT, 0));
    cr_expect_eq(cogo_system_await(b.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(actors_of(&a), before);
    child = child_at("b", "node:a", &broken);
    cr_expect_eq(end_of_tree(&b, &child).err, COGO_ELIMIT);
    child = child_at("n", "node:nobody", &stubborn);
    cr_expect_eq(end_of_tree(&b, &child).err, COGO_ELIMIT, "one that never comes");
    place_close(&b);
    place_close(&a);
}

Test(placed, a_node_that_was_lost_gets_the_child_again_when_it_is_back)
{
    char address[32];
    place a, b;
    open_two(&a, &b);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(a.system));
    cogo_child_spec child = child_at("e", "node:a", &echo_behavior);
    cogo_actor_id supervisor = supervise(&b, &child, 1);
    cogo_actor_id id = cogo_supervisor_child(b.system, supervisor, "e");
    cogo_system_send(b.system, id, scene_msg_u64(b.system, CLUSTER_COUNT, 0));
    cr_expect_eq(scene_ask_u64(b.system, id), 1u);
    cogo_actor_id witness = mourn(&b, id);
    cr_expect_eq(cogo_node_stop(a.system, SCENE_LONG_NS), COGO_OK);
    cogo_reason why = reason_of(&b, witness);
    cr_expect_eq(why.kind, COGO_EXIT_NOCONNECTION);
    cr_expect_str_eq(why.text, "node a was lost");
    cogo_node_config again = cluster_config("a");
    again.listen = address;
    cr_assert_eq(cogo_node_start(a.system, &again), COGO_OK);
    cr_expect_eq(scene_ask_u64(b.system, id), 0u, "another one, and the ask has waited for it");
    place_close(&b);
    place_close(&a);
}

/* The last ends first; one that does not want to is killed after its deadline. */
Test(placed, a_supervisor_stops_them_in_order_and_within_their_deadlines)
{
    place a, b;
    open_two(&a, &b);
    uint64_t before = actors_of(&a), mine = actors_of(&b);
    cogo_child_spec children[] = {child_at("first", "node:a", &echo_behavior),
                                  child_at("second", "node:a", &stubborn)};
    children[1].options.flags = COGO_SPAWN_TRAP_EXIT;
    children[1].shutdown_ns = 20 * SCENE_MS;
    cogo_actor_id supervisor = supervise(&b, children, 2);
    cogo_actor_id first = cogo_supervisor_child(b.system, supervisor, "first");
    cogo_actor_id second = cogo_supervisor_child(b.system, supervisor, "second");
    cr_expect_eq(scene_ask_u64(b.system, first), 0u);
    cr_expect_eq(scene_ask_u64(b.system, second), 7u);
    cogo_actor_id witness = mourn(&b, second);
    cogo_exit_actor(b.system, supervisor, COGO_EXIT_SHUTDOWN, "enough");
    cr_expect_eq(reason_of(&b, witness).kind, COGO_EXIT_KILLED);
    cr_expect_eq(cogo_system_await(b.system, supervisor, SCENE_LONG_NS, NULL), COGO_OK);
    await_actors(&a, before);
    cogo_exit_actor(b.system, witness, COGO_EXIT_SHUTDOWN, "");
    await_actors(&b, mine);
    place_close(&b);
    place_close(&a);
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
