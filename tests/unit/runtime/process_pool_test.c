/* Which child process an actor goes to, and what is left when that process or its pool ends. */
#include "tests/unit/runtime/stage.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* And was reaped. */
static bool has_ended(uint64_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static cogo_actor_id supervised(const char *placement)
{
    cogo_actor_id supervisor = COGO_NO_ACTOR;
    const cogo_child_spec child = {.id = "v", .options = victim_options(placement)};
    const cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .intensity = 1000, .children = &child, .child_count = 1};
    cr_expect_eq(cogo_supervisor_start(scene.system, &spec, &supervisor), COGO_OK);
    return cogo_supervisor_child(scene.system, supervisor, "v");
}

static void tell(cogo_actor_id id, uint64_t how)
{
    cogo_system_send(scene.system, id, scene_msg_u64(scene.system, VICTIM_DIE, how));
}

Test(process_pool, an_actor_runs_in_a_child_process_and_gets_all_in_order)
{
    enum { MESSAGES = 3000 };
    open_pool(0);
    cogo_actor_id id = spawn_victim();
    for (uint64_t i = 0; i < MESSAGES; i++) {
        cogo_system_send(scene.system, id, scene_msg_u64(scene.system, CLUSTER_COUNT, i));
    }
    uint64_t pid = scene_ask_u64(scene.system, id);
    cr_expect_neq(pid, (uint64_t)getpid());
    cr_expect_eq(kill((pid_t)pid, 0), 0);
    cogo_msg *answer = NULL;
    cr_expect_eq(cogo_system_ask(scene.system, id,
                                 cogo_msg_create(scene.system, CLUSTER_ECHO, 0), SCENE_LONG_NS,
                                 &answer),
                 COGO_OK);
    cr_expect_eq(scene_u64(answer), (uint64_t)MESSAGES, "all, and in order");
    cogo_msg_destroy(answer);
    // An error there is an error of the actor alone: the process goes on.
    tell(id, BY_ERROR);
    cr_expect_eq(cogo_system_await(scene.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(scene_ask_u64(scene.system, spawn_victim()), pid);
    close_stage();
    cr_expect(has_ended(pid), "it has ended, and was reaped");
}

Test(process_pool, a_supervisor_begins_the_actor_again_in_a_new_process)
{
    static const uint64_t ways[] = {BY_FAULT, BY_ABORT, BY_EXIT, BY_KILL};
    open_pool(0);
    cogo_actor_id id = supervised("process:p");
    uint64_t before = scene_ask_u64(scene.system, id);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        tell(id, ways[i]);
        uint64_t now = before;
        while (now == before || now == UINT64_MAX) { // What it got before its end is lost.
            now = scene_ask_u64(scene.system, id);
        }
        cr_expect(has_ended(before), "the other one is gone");
        before = now;
    }
    close_stage();
}

/* A pool of @p processes, @p count actors in it and in which process each is. */
static void crowd(uint32_t processes, cogo_actor_id *ids, uint64_t *pids, int count)
{
    cogo_process_pool pool = pool_of("p");
    pool.count = processes;
    start_pool(&pool);
    for (int i = 0; i < count; i++) {
        ids[i] = spawn_victim();
        pids[i] = scene_ask_u64(scene.system, ids[i]);
    }
}

Test(process_pool, the_crash_of_one_process_leaves_the_others)
{
    enum { PROCESSES = 3, ACTORS = 24 };
    cogo_actor_id ids[ACTORS];
    uint64_t pids[ACTORS], other = 0;
    open_stage(0);
    crowd(PROCESSES, ids, pids, ACTORS);
    for (int i = 0; i < ACTORS; i++) {
        other += pids[i] != pids[0];
    }
    cr_expect_eq(other, ACTORS - ACTORS / PROCESSES);
    tell(ids[0], BY_FAULT);
    for (int i = 0; i < ACTORS; i++) {
        if (pids[i] == pids[0]) {
            cr_expect_eq(cogo_system_await(scene.system, ids[i], SCENE_LONG_NS, NULL), COGO_OK);
        } else {
            cr_expect_eq(scene_ask_u64(scene.system, ids[i]), pids[i]);
        }
    }
    close_stage();
}

Test(process_pool, pools_that_can_not_be_are_refused_and_one_can_be_stopped)
{
    static const char *const names[] = {
        NULL,  "",    "a b",
        "a/b", "a:b", "a[b",
        "a{b", "a,b", "a-name-of-sixty-five-letters-that-is-one-too-long-for-any-pool-000"};
    cogo_system *alone = scene_open(1);
    cogo_process_pool pool = pool_of("p");
    cr_expect_eq(cogo_process_pool_start(alone, &pool), COGO_ESTATE);
    cr_expect_eq(cogo_process_pool_stop(alone, "p"), COGO_ESTATE);
    scene_close(alone);
    open_stage(0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pool = pool_of(names[i]);
        cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EINVAL);
        cr_expect_eq(cogo_process_pool_stop(scene.system, names[i]), COGO_ENOTFOUND);
    }
    pool = pool_of("p");
    pool.struct_size = sizeof(size_t);
    cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EINVAL);
    pool = pool_of("A-pool_of.Z9");
    start_pool(&pool);
    cr_expect_eq(cogo_process_pool_stop(scene.system, "A-pool_of.Z9"), COGO_OK);
    pool = pool_of("p");
    pool.count = COGO_PROCESS_COUNT_MAX + 1;
    cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EINVAL);
    cr_expect_eq(cogo_process_pool_start(scene.system, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_process_pool_stop(scene.system, "p"), COGO_ENOTFOUND);
    pool = pool_of("p");
    start_pool(&pool);
    cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EEXIST);
    cogo_actor_id id = spawn_victim();
    uint64_t pid = scene_ask_u64(scene.system, id);
    cr_expect_eq(cogo_process_pool_stop(scene.system, "p"), COGO_OK);
    cr_expect(has_ended(pid));
    cr_expect_eq(cogo_system_await(scene.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    start_pool(&pool);
    close_stage();
}

/* Also when some have ended: those that are free are filled first. */
Test(process_pool, the_next_actor_goes_to_the_process_with_the_fewest)
{
    enum { PROCESSES = 3, EACH = 4, ACTORS = PROCESSES * EACH };
    cogo_actor_id ids[ACTORS];
    uint64_t pids[ACTORS];
    open_stage(0);
    crowd(PROCESSES, ids, pids, ACTORS);
    for (int i = 0; i < ACTORS; i++) {
        int there = 0;
        for (int k = 0; k < ACTORS; k++) {
            there += pids[k] == pids[i];
        }
        cr_expect_eq(there, EACH);
    }
    for (int i = 0, ended = 0; i < ACTORS; i++) { // Two of those in one process.
        if (pids[i] == pids[0] && ended++ < 2) {
            tell(ids[i], BY_ERROR);
            cr_expect_eq(cogo_system_await(scene.system, ids[i], SCENE_LONG_NS, NULL), COGO_OK);
        }
    }
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(scene_ask_u64(scene.system, spawn_victim()), pids[0]);
    }
    close_stage();
}
