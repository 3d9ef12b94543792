/* Pools of workers behind one id. */
#include "tests/unit/runtime/inside.h"

enum { JOB = COGO_MSG_USER, POISON, WHO, BIG, WORKERS = 5, KEYS = 2000, LIMIT = 8 };

typedef struct worker {
    uint64_t jobs;
    cogo_msg *kept;
} worker;

typedef struct job {
    uint64_t key;
    cogo_actor_id report_to; /**< Gets one JOB for each job that was handled. */
} job;

static cogo_err worker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    worker *w = state;
    switch (cogo_msg_type_of(msg)) {
    case WHO: // Which worker is it?
        return scene_reply_u64(ctx, msg, cogo_self(ctx).slot);
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, w->jobs);
    case POISON:
        return COGO_EIO;
    default: {
        const job *j = cogo_msg_payload(msg);
        w->jobs++;
        cogo_send(ctx, j->report_to, cogo_msg_create(cogo_context_system(ctx), JOB, 0));
        return COGO_OK;
    }
    }
}

static const cogo_behavior worker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker",
    .state_size_bytes = sizeof(worker),
    .receive = worker_receive,
};

/* Answers a SCENE_ASK when so many jobs as its payload says have been reported. */
typedef struct tally {
    uint64_t count, wanted;
    cogo_actor_id asker;
    uint64_t dead;
} tally;

static cogo_err tally_check(cogo_context *ctx, tally *t)
{
    if (t->wanted != 0 && t->count + t->dead >= t->wanted) {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof(uint64_t));
        memcpy(cogo_msg_payload(answer), &t->count, sizeof t->count);
        cogo_send(ctx, t->asker, answer);
        t->wanted = 0;
    }
    return COGO_OK;
}

static cogo_err tally_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    tally *t = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        t->wanted = scene_u64(msg);
        t->asker = cogo_msg_reply_to(msg);
    } else {
        t->dead += cogo_msg_type_of(msg) == COGO_MSG_DEAD_LETTER;
        t->count += cogo_msg_type_of(msg) == JOB;
    }
    return tally_check(ctx, t);
}

static const cogo_behavior tally_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "tally",
    .state_size_bytes = sizeof(tally),
    .receive = tally_receive,
};

static uint64_t tally_wait(cogo_system *system, cogo_actor_id id, uint64_t wanted)
{
    cogo_msg *answer = NULL;
    uint64_t count = UINT64_MAX;
    cr_expect_eq(cogo_system_ask(system, id, scene_msg_u64(system, SCENE_ASK, wanted),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        count = scene_u64(answer);
        cogo_msg_destroy(answer);
    }
    return count;
}

static cogo_pool_spec pool_of(cogo_routing routing, uint32_t size)
{
    return (cogo_pool_spec){
        .struct_size = sizeof(cogo_pool_spec),
        .worker = {.struct_size = sizeof(cogo_spawn_options), .behavior = &worker_behavior},
        .size = size,
        .routing = routing,
        .key_size_bytes = sizeof(uint64_t),
    };
}

static cogo_actor_id start_pool(cogo_system *system, const cogo_pool_spec *spec)
{
    cogo_actor_id pool = COGO_NO_ACTOR;
    cr_expect_eq(cogo_pool_start(system, spec, &pool), COGO_OK);
    return pool;
}

static void send_job(cogo_system *system, cogo_actor_id pool, uint64_t key,
                     cogo_actor_id report)
{
    cogo_msg *msg = cogo_msg_create(system, JOB, sizeof(job));
    *(job *)cogo_msg_payload(msg) = (job){key, report};
    cr_expect_eq(cogo_system_send(system, pool, msg), COGO_OK);
}

static uint64_t ask(cogo_system *system, cogo_actor_id pool, cogo_msg_type type, uint64_t key)
{
    cogo_msg *answer = NULL;
    uint64_t value = 0;
    cr_expect_eq(
        cogo_system_ask(system, pool, scene_msg_u64(system, type, key), SCENE_LONG_NS, &answer),
        COGO_OK);
    if (answer != NULL) {
        value = scene_u64(answer);
        // The pool is not in between: the worker itself answered.
        cr_expect(!cogo_actor_id_equal(cogo_msg_sender(answer), pool));
        cogo_msg_destroy(answer);
    }
    return value;
}

static cogo_pool_stats stats_of(cogo_system *system, cogo_actor_id pool)
{
    cogo_pool_stats stats = {0};
    cr_expect_eq(cogo_pool_stats_read(system, pool, SCENE_LONG_NS, &stats), COGO_OK);
    return stats;
}

Test(pool, round_robin_gives_each_worker_the_same)
{
    cogo_system *system = scene_open(2);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_ROUND_ROBIN, WORKERS);
    cogo_actor_id pool = start_pool(system, &spec);
    uint64_t first[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        first[i] = ask(system, pool, WHO, 0);
        for (int j = 0; j < i; j++) {
            cr_expect_neq(first[i], first[j]);
        }
    }
    for (int i = 0; i < 2 * WORKERS; i++) {
        cr_expect_eq(ask(system, pool, WHO, 0), first[i % WORKERS]);
    }
    cr_expect_eq(stats_of(system, pool).routed, 3u * WORKERS);
    scene_close(system);
}

Test(pool, random_reaches_every_worker)
{
    cogo_system *system = scene_open(1);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_RANDOM, WORKERS);
    cogo_actor_id pool = start_pool(system, &spec),
                  tally_id = scene_spawn(system, &tally_behavior, NULL, 0, 0);
    for (int i = 0; i < 500; i++) {
        send_job(system, pool, 0, tally_id);
    }
    cr_expect_eq(tally_wait(system, tally_id, 500), 500u);
    uint64_t seen = 0;
    for (int i = 0; i < 200; i++) { // 0.8^200 is nothing.
        seen |= UINT64_C(1) << (ask(system, pool, WHO, 0) % 64);
    }
    cr_expect_eq(__builtin_popcountll(seen), WORKERS);
    scene_close(system);
}

/* One key, one worker: and growing from 8 to 9 workers moves about a ninth of the keys, all of
 * them to the new one. */
Test(pool, a_key_stays_with_its_worker_and_few_move_when_the_pool_grows)
{
    cogo_system *system = scene_open(1);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_HASH, 8);
    cogo_actor_id pool = start_pool(system, &spec);
    static uint64_t before[KEYS], after[KEYS];
    uint64_t share[64] = {0};
    for (uint64_t key = 0; key < KEYS; key++) {
        before[key] = ask(system, pool, WHO, key);
        share[before[key] % 64]++;
    }
    for (int i = 0; i < 64; i++) {
        cr_expect(share[i] == 0 || (share[i] > KEYS / 16 && share[i] < KEYS / 4));
    }
    cr_expect_eq(cogo_pool_resize(system, pool, 9), COGO_OK);
    while (stats_of(system, pool).size != 9) {
    }
    uint64_t moved = 0, newcomer = 0;
    for (uint64_t key = 0; key < KEYS; key++) {
        after[key] = ask(system, pool, WHO, key);
        if (after[key] != before[key]) {
            newcomer = newcomer != 0 ? newcomer : after[key];
            cr_expect_eq(after[key], newcomer);
            moved++;
        }
    }
    cr_expect_gt(moved, (uint64_t)KEYS / 9 / 2);
    cr_expect_lt(moved, (uint64_t)KEYS / 9 * 2);
    scene_close(system);
}

/* A cache of settings in each worker is told to forget at one go. */
Test(pool, broadcast_reaches_all_with_one_shared_payload)
{
    cogo_system *system = scene_open(2);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_BROADCAST, WORKERS);
    cogo_actor_id pool = start_pool(system, &spec);
    cogo_actor_id tally_id = scene_spawn(system, &tally_behavior, NULL, 0, 0);
    cogo_msg *msg = cogo_msg_create(system, BIG, 100000);
    memset(cogo_msg_payload(msg), 0, 100000);
    *(job *)cogo_msg_payload(msg) = (job){1, tally_id};
    cr_expect_eq(cogo_system_send(system, pool, msg), COGO_OK);
    send_job(system, pool, 0, tally_id);
    cr_expect_eq(tally_wait(system, tally_id, 2 * WORKERS), 2u * WORKERS);
    cr_expect_eq(ask(system, pool, SCENE_ASK, 0), 2u, "the first answer counts");
    scene_close(system);
}

/* A worker that fails comes back in its place: what waited for it is not lost. */
Test(pool, a_restarted_worker_keeps_its_place)
{
    cogo_system *system = scene_open(1);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_HASH, WORKERS);
    cogo_actor_id pool = start_pool(system, &spec);
    cogo_actor_id tally_id = scene_spawn(system, &tally_behavior, NULL, 0, 0);
    uint64_t who = ask(system, pool, WHO, 42);
    cr_expect_eq(cogo_system_send(system, pool, scene_msg_u64(system, POISON, 42)), COGO_OK);
    for (int i = 0; i < 20; i++) {
        send_job(system, pool, 42, tally_id);
    }
    cr_expect_eq(tally_wait(system, tally_id, 20), 20u);
    cr_expect_eq(ask(system, pool, WHO, 42), who);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.restarts, 1u);
    scene_close(system);
}

Test(pool, what_waits_at_a_worker_that_is_taken_out_is_handled_first)
{
    cogo_system *system = scene_open(2);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_ROUND_ROBIN, 8);
    cogo_actor_id pool = start_pool(system, &spec);
    cogo_actor_id tally_id = scene_spawn(system, &tally_behavior, NULL, 0, 0);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 400; i++) {
            send_job(system, pool, 0, tally_id);
        }
        cr_expect_eq(cogo_pool_resize(system, pool, round % 2 == 0 ? 1 : 8), COGO_OK);
    }
    cr_expect_eq(tally_wait(system, tally_id, 2000), 2000u);
    cogo_pool_stats stats = stats_of(system, pool);
    cr_expect_eq(stats.size, 1u);
    cr_expect_eq(stats.routed, 2000u);
    cr_expect_eq(stats.refused, 0u);
    while (stats_of(system, pool).draining != 0) {
    }
    scene_close(system);
}

/* Full workers pass work on; when all are full the sender's message is a counted dead letter
 * and an asker hears it at once. */
Test(pool, full_workers_are_passed_over_and_a_full_pool_says_so)
{
    cogo_system *system = scene_open(1);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_LEAST_LOADED, 3);
    spec.worker.mailbox_limit = LIMIT;
    cogo_actor_id pool = start_pool(system, &spec);
    cogo_actor_id tally_id = scene_spawn(system, &tally_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_dead_letter_subscribe(system, tally_id, 1000000), COGO_OK);
    for (int i = 0; i < 1000; i++) {
        send_job(system, pool, 0, tally_id);
    }
    uint64_t done = tally_wait(system, tally_id, 1000); // Jobs and dead letters together.
    cogo_pool_stats stats = stats_of(system, pool);
    cr_expect_eq(stats.routed, done);
    cr_expect_eq(stats.routed + stats.refused, 1000u);
    cr_expect_geq(done, 3u * LIMIT);
    scene_close(system);
}

/* Workers that answer late are busy although their mailboxes are empty. */
static cogo_err late_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    worker *w = state;
    if (cogo_msg_type_of(msg) == WHO) {
        w->jobs++;
        return scene_reply_u64(ctx, msg, w->jobs);
    }
    if (cogo_msg_type_of(msg) == JOB && w->kept == NULL) {
        cogo_msg_take(ctx, msg);
        w->kept = msg;
        const job *j = cogo_msg_payload(msg);
        cogo_send(ctx, j->report_to, cogo_msg_create(cogo_context_system(ctx), JOB, 0));
    }
    return COGO_OK;
}

static void late_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    cogo_msg_destroy(((worker *)state)->kept);
}

static const cogo_behavior late_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "late",
    .state_size_bytes = sizeof(worker),
    .receive = late_receive,
    .stop = late_stop,
};

static cogo_err asker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    const job *j = cogo_msg_payload(msg);
    if (cogo_msg_type_of(msg) == JOB) { // report_to is the pool here; the key a tally's slot.
        cogo_msg *request = cogo_msg_create(cogo_context_system(ctx), JOB, sizeof(job));
        *(job *)cogo_msg_payload(request) =
            (job){0, cogo_name_find(cogo_context_system(ctx), "tally")};
        uint64_t number = 0;
        cr_expect_eq(cogo_ask(ctx, j->report_to, request, SCENE_LONG_NS, &number), COGO_OK);
    }
    return COGO_OK;
}

static const cogo_behavior asker_behavior = {
    .struct_size = sizeof(cogo_behavior), .name = "asker", .receive = asker_receive};

Test(pool, least_loaded_counts_asks_that_are_not_answered)
{
    cogo_system *system = scene_open(1);
    cogo_pool_spec spec = pool_of(COGO_ROUTE_LEAST_LOADED, 4);
    spec.worker.behavior = &late_behavior;
    cogo_actor_id pool = start_pool(system, &spec);
    cogo_actor_id tally_id = scene_spawn(system, &tally_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_name_register(system, "tally", tally_id), COGO_OK);
    cogo_actor_id asker = scene_spawn(system, &asker_behavior, NULL, 0, 0);
    for (uint64_t i = 1; i <= 3; i++) { // Three of four owe an answer.
        send_job(system, asker, 0, pool);
        cr_expect_eq(tally_wait(system, tally_id, i), i);
    }
    for (uint64_t i = 1; i <= 5; i++) { // So the fourth gets all these.
        cr_expect_eq(ask(system, pool, WHO, 0), i);
    }
    scene_close(system);
}

Test(pool, wrong_figures_are_refused)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_pool_spec spec = pool_of(COGO_ROUTE_HASH, 0);
    cr_expect_eq(cogo_pool_start(system, &spec, &id), COGO_EINVAL);
    spec.size = COGO_POOL_SIZE_MAX + 1;
    cr_expect_eq(cogo_pool_start(system, &spec, &id), COGO_EINVAL);
    spec.size = 1;
    spec.load_percent = 99;
    cr_expect_eq(cogo_pool_start(system, &spec, &id), COGO_EINVAL);
    id = scene_spawn(system, &worker_behavior, NULL, 0, 0);
    cogo_pool_stats stats;
    cr_expect_eq(cogo_pool_resize(system, id, 2), COGO_EGONE);
    cr_expect_eq(cogo_pool_resize(system, id, 0), COGO_EINVAL);
    cr_expect_eq(cogo_pool_stats_read(system, id, 1, &stats), COGO_EGONE);
    scene_close(system);
}

/* Everybody asks for the same customer. */
static uint64_t one_key(cogo_msg *msg)
{
    (void)msg;
    return 4711;
}

/* From one callback, so that all wait at the pool before a worker runs. */
enum { BURST = 200 };

typedef struct burst {
    cogo_actor_id pool, tally;
} burst;

static void send_burst(cogo_context *ctx, void *arg)
{
    const burst *b = arg;
    for (uint64_t i = 0; i < BURST; i++) {
        cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), JOB, sizeof(job));
        *(job *)cogo_msg_payload(msg) = (job){i, b->tally};
        cr_expect_eq(cogo_send(ctx, b->pool, msg), COGO_OK);
    }
}

static uint32_t workers_that_worked(cogo_system *system, const cogo_actor_id *ids, size_t count)
{
    uint32_t busy = 0;
    for (size_t i = 0; i < count; i++) {
        busy += scene_ask_u64(system, ids[i]) > 0;
    }
    return busy;
}

/* One customer that everybody asks for: all of its messages have one key. With a bound on the
 * load they spill over to the next worker for that key; without one they do not. */
Test(pool, a_hot_key_stays_with_its_worker_or_spills_over_when_the_load_is_bounded)
{
    for (uint32_t percent = 0; percent <= 125; percent += 125) {
        cogo_system *system = scene_open(1);
        cogo_pool_spec spec = pool_of(COGO_ROUTE_HASH, WORKERS);
        spec.key = one_key;
        spec.load_percent = percent;
        burst b = {.pool = start_pool(system, &spec),
                   .tally = scene_spawn(system, &tally_behavior, NULL, 0, 0)};
        inside(system, send_burst, &b);
        cr_expect_eq(tally_wait(system, b.tally, BURST), (uint64_t)BURST);
        cogo_actor_info infos[64];
        cogo_actor_id workers[WORKERS];
        size_t found = 0;
        uint32_t cursor = 0;
        infos[0].struct_size = sizeof infos[0];
        size_t count = cogo_actor_list(system, &cursor, infos, 64);
        for (size_t i = 0; i < count && found < WORKERS; i++) {
            if (strcmp(infos[i].behavior, "worker") == 0) {
                workers[found++] = infos[i].id;
            }
        }
        cr_assert_eq(found, (size_t)WORKERS);
        uint32_t busy = workers_that_worked(system, workers, found);
        cr_expect(percent == 0 ? busy == 1 : busy > 1, "%u %%: %u worked", percent, busy);
        scene_close(system);
    }
}
