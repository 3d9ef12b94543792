/* A device at the edge of its memory: any one request may be refused, at any place. What needed
 * it fails with a clear error or ends one actor; the rest goes on and all is given back. */
#include "tests/unit/runtime/purse.h"
#include "tests/unit/runtime/scene.h"

#include <stdio.h>

enum { ASK_MS = 2000, NAMES = 140, TYPES = 40, REQUESTS_MAX = 2000 };
enum { CRASH = COGO_MSG_USER, NEWS, LATER, DONE };

/* What went wrong in one run: only lack of memory and its consequences may. */
typedef struct outcome {
    uint32_t ok, refused, late, other;
} outcome;

static void note(outcome *o, cogo_err err)
{
    o->ok += err == COGO_OK;
    // A table of actors that can't grow is at its limit.
    bool refused = err == COGO_ENOMEM || err == COGO_ELIMIT;
    o->refused += refused;
    // An actor could not begin, or ended; or the word that there is no answer found no memory.
    bool late = err == COGO_EGONE || err == COGO_EFAULT || err == COGO_ETIMEOUT;
    o->late += late;
    o->other += err != COGO_OK && !refused && !late;
}

static cogo_err answer(cogo_context *ctx, const cogo_msg *request, const void *bytes,
                       size_t size)
{
    cogo_msg *reply = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, size);
    if (reply == NULL) {
        return COGO_ENOMEM;
    }
    memcpy(cogo_msg_payload(reply), bytes, size);
    cogo_reply(ctx, request, reply);
    return COGO_OK;
}

/* A worker with a state and a start message that no slab has. */
static cogo_err worker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    char large[6000] = "large";
    if (cogo_msg_type_of(msg) == CRASH) {
        return COGO_EINVAL;
    }
    return cogo_msg_type_of(msg) == SCENE_ASK ? answer(ctx, msg, large, sizeof large) : COGO_OK;
}

static const cogo_behavior worker = {.struct_size = sizeof worker,
                                     .name = "worker",
                                     .state_size_bytes = 10000,
                                     .receive = worker_receive};

static cogo_msg *compute(cogo_offload_job *job, void *arg)
{
    (void)arg;
    return cogo_msg_create(cogo_offload_system(job), DONE, 5000);
}

static void join_and_publish(cogo_context *ctx, outcome *o)
{
    cogo_system *system = cogo_context_system(ctx);
    cogo_actor_id self = cogo_self(ctx);
    uint64_t watch = 0;
    note(o, cogo_group_watch(ctx, "game", NULL, &watch));
    note(o, cogo_group_join(system, "game", "players", self));
    for (int i = 0; i < 40; i++) { // More than the list of receivers on the stack.
        char pattern[16];
        (void)snprintf(pattern, sizeof pattern, i < 8 ? "new%d*" : "news.%d", i);
        note(o, cogo_topic_subscribe(system, i == 0 ? "news*" : pattern, 0, self));
    }
    cogo_msg *news = cogo_msg_create(system, NEWS, 5000);
    if (news != NULL) {
        note(o, cogo_topic_publish(ctx, "news.9", news, NULL));
    }
}

static void relate(cogo_context *ctx, outcome *o)
{
    cogo_actor_id child = COGO_NO_ACTOR;
    uint64_t monitor = 0, timer = 0, ask = 0;
    cogo_spawn_options spawn = {.struct_size = sizeof spawn,
                                .behavior = &worker,
                                .flags = COGO_SPAWN_LINK | COGO_SPAWN_MONITOR,
                                .out_monitor = &monitor};
    note(o, cogo_spawn(ctx, &spawn, &child));
    if (cogo_actor_id_is_set(child)) {
        note(o, cogo_monitor(ctx, child, &monitor));
        cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, 0);
        note(o, msg == NULL ? COGO_ENOMEM : cogo_ask(ctx, child, msg, SCENE_MS * ASK_MS, &ask));
    }
    note(o, cogo_timer_start(ctx, SCENE_MS, 0, 1, &timer));
    cogo_offload_options job = {.struct_size = sizeof job, .run = compute};
    note(o, cogo_offload(ctx, &job, &ask));
}

static const cogo_behavior driver;

static cogo_err driver_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    outcome o = {0};
    switch (cogo_msg_type_of(msg)) {
    case LATER:
        note(&o, cogo_stash(ctx, msg));
        return o.ok == 1 ? COGO_OK : COGO_ENOMEM;
    case SCENE_ASK:
        relate(ctx, &o);
        join_and_publish(ctx, &o);
        note(&o, cogo_become(ctx, &driver));
        cogo_unbecome(ctx);
        (void)cogo_unstash_all(ctx);
        return answer(ctx, msg, &o, sizeof o);
    default:
        return COGO_OK;
    }
}

static const cogo_behavior driver = {.struct_size = sizeof driver,
                                     .name = "driver",
                                     .state_size_bytes = 64,
                                     .receive = driver_receive};

/* The answer's first bytes; an error when the request or its answer found no memory. */
static cogo_err ask(cogo_system *system, cogo_actor_id to, void *out, size_t size)
{
    cogo_msg *request = cogo_msg_create(system, SCENE_ASK, 0), *reply = NULL;
    if (request == NULL) {
        return COGO_ENOMEM;
    }
    cogo_err err = cogo_system_ask(system, to, request, SCENE_MS * ASK_MS, &reply);
    if (err == COGO_OK) {
        memcpy(out, cogo_msg_payload(reply), size);
        cogo_msg_destroy(reply);
    }
    return err;
}

static void supervise(cogo_system *system, outcome *o)
{
    cogo_child_spec children[] = {
        {.id = "one",
         .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &worker}},
        {.id = "two",
         .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &worker}}};
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .name = "top", .children = children, .child_count = 2};
    cogo_actor_id top = COGO_NO_ACTOR;
    char text[8];
    cogo_err err = cogo_supervisor_start(system, &spec, &top);
    note(o, err);
    if (err != COGO_OK) {
        return;
    }
    cogo_actor_id one = cogo_supervisor_child(system, top, "one");
    cogo_msg *crash = cogo_msg_create(system, CRASH, 0);
    if (crash != NULL) {
        (void)cogo_system_send(system, one, crash);
        note(o, ask(system, cogo_supervisor_child(system, top, "two"), text, sizeof text));
    }
    cogo_child_spec more = {.id = "three", .options = children[0].options};
    note(o, cogo_supervisor_add(system, top, &more));
}

static void start_pool(cogo_system *system, outcome *o)
{
    cogo_pool_spec spec = {
        .struct_size = sizeof spec,
        .worker = {.struct_size = sizeof(cogo_spawn_options), .behavior = &worker},
        .size = 3};
    cogo_actor_id pool = COGO_NO_ACTOR;
    char text[8];
    cogo_err err = cogo_pool_start(system, &spec, &pool);
    note(o, err);
    if (err == COGO_OK) {
        note(o, ask(system, pool, text, sizeof text));
    }
}

static void fill_tables(cogo_system *system, cogo_actor_id id, outcome *o)
{
    char name[16];
    for (int i = 0; i < NAMES; i++) {
        (void)snprintf(name, sizeof name, "name-%d", i);
        note(o, cogo_name_register(system, name, id));
    }
    for (cogo_msg_type i = 0; i < TYPES; i++) {
        cogo_type type = {.struct_size = sizeof type, .number = COGO_MSG_USER + i, .name = "t"};
        note(o, cogo_type_register(system, &type));
    }
    cogo_payload *payload = cogo_payload_create(system, 100000);
    cogo_msg *shared = cogo_msg_create_shared(system, NEWS, payload);
    note(o, shared != NULL ? cogo_system_send(system, id, shared) : COGO_ENOMEM);
    cogo_payload_drop(payload);
}

static outcome play(cogo_system *system)
{
    outcome all = {0}, inside = {0};
    cogo_actor_id id = COGO_NO_ACTOR, own = COGO_NO_ACTOR;
    cogo_spawn_options spawn = {.struct_size = sizeof spawn,
                                .behavior = &driver,
                                .name = "driver",
                                .mailbox_limit = 100};
    note(&all, cogo_system_spawn(system, &spawn, &id));
    cogo_msg *later = cogo_msg_create(system, LATER, 0);
    if (cogo_actor_id_is_set(id) && later != NULL) {
        note(&all, cogo_system_send(system, id, later));
        note(&all, ask(system, id, &inside, sizeof inside));
        fill_tables(system, id, &all);
    } else {
        cogo_msg_destroy(later);
    }
    cogo_spawn_options apart = {
        .struct_size = sizeof apart, .behavior = &worker, .flags = COGO_SPAWN_DETACHED};
    note(&all, cogo_system_spawn(system, &apart, &own));
    supervise(system, &all);
    start_pool(system, &all);
    all.ok += inside.ok;
    all.refused += inside.refused;
    all.late += inside.late;
    all.other += inside.other;
    return all;
}

/* The story of many programs in one: with the n-th request refused, for every n that there
 * is. */
Test(hunger, any_one_request_may_be_refused_and_nothing_breaks_or_leaks)
{
    bool whole = false;
    for (uint64_t n = 1; n < REQUESTS_MAX && !whole; n++) {
        purse p;
        cogo_allocator allocator = purse_open(&p);
        p.refuse_at = n;
        cogo_system *system = NULL;
        cogo_system_config config = {
            .struct_size = sizeof config, .lane_count = 1, .allocator = &allocator};
        cogo_err err = cogo_system_create(&config, &system);
        if (err != COGO_OK) {
            cr_expect_eq(err, COGO_ENOMEM);
            cr_expect_null(system);
        } else {
            outcome o = play(system);
            scene_close(system);
            whole = p.refused == 0;
            cr_expect_eq(o.other, 0u, "request %llu", (unsigned long long)n);
            cr_expect(!whole || (o.refused == 0 && o.late == 0),
                      "all is well without refusals");
        }
        purse_close(&p);
    }
    cr_expect(whole, "the last run had all it asked for");
}
