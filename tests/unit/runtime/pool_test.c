/* Pools of workers behind one id: that they grow, shrink, fail and are full. */
#include "tests/unit/runtime/pool.h"

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
