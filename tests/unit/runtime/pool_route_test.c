/* Which worker of a pool gets a message. */
#include "tests/unit/runtime/inside.h"
#include "tests/unit/runtime/pool.h"

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

enum { KEYS = 2000 };

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
