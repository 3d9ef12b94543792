/* The run queue of a lane: to whom its entries go, how far it grows, and what is done when it
 * can't. */
#include "runtime/sched/deque.h"
#include "tests/unit/runtime/hoard.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { THIEVES = 2, ENTRIES = 100000 };

typedef struct deque_race {
    cogo__deque deque;
    cogo__au32 seen[ENTRIES];
    cogo__au32 stop;
} deque_race;

static void *steal_many(void *arg)
{
    deque_race *race = arg;
    while (cogo__u32_load_acquire(&race->stop) == 0) {
        uintptr_t entry = (uintptr_t)cogo__deque_steal(&race->deque);
        if (entry != 0) {
            (void)cogo__u32_add_relaxed(&race->seen[entry - 1], 1);
        }
    }
    return NULL;
}

/* From one entry on, so that it grows before the eyes of the thieves. */
Test(deque, every_entry_goes_to_exactly_one)
{
    deque_race *race = aligned_alloc(64, (sizeof *race + 63) / 64 * 64);
    pthread_t threads[THIEVES];
    memset(race, 0, sizeof *race);
    cr_assert(cogo__deque_init(&race->deque, NULL, 1));
    for (int i = 0; i < THIEVES; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, steal_many, race), 0);
    }
    for (uintptr_t i = 1; i <= ENTRIES; i++) {
        if (!cogo__deque_push(&race->deque, (void *)i)) {
            cr_expect(cogo__deque_grow(&race->deque, NULL));
            cr_expect(cogo__deque_push(&race->deque, (void *)i));
        }
        for (uintptr_t own = i % 3; own > 0; own--) {
            uintptr_t entry = (uintptr_t)cogo__deque_take(&race->deque);
            if (entry != 0) {
                (void)cogo__u32_add_relaxed(&race->seen[entry - 1], 1);
            }
        }
    }
    while (!cogo__deque_empty(&race->deque)) {
        cogo__cpu_relax();
    }
    cogo__u32_store_release(&race->stop, 1);
    for (int i = 0; i < THIEVES; i++) {
        cr_expect_eq(pthread_join(threads[i], NULL), 0);
    }
    uint32_t bad = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        bad += cogo__u32_load_relaxed(&race->seen[i]) != 1;
    }
    cr_expect_eq(bad, 0u);
    cogo__deque_finish(&race->deque);
    free(race);
}

Test(deque, grows_up_to_its_limit)
{
    cogo__deque deque;
    memset(&deque, 0, sizeof deque);
    cr_assert(cogo__deque_init(&deque, NULL, COGO__DEQUE_FIRST));
    uintptr_t count = 0;
    while (cogo__deque_push(&deque, (void *)(count + 1)) || cogo__deque_grow(&deque, NULL)) {
        count = (uintptr_t)cogo__u64_load_relaxed(&deque.bottom);
    }
    cr_expect_eq(count, (uintptr_t)COGO__DEQUE_MOST);
    cr_expect_eq((uintptr_t)cogo__deque_steal(&deque), 1u, "the oldest");
    for (uintptr_t i = count; i > 1; i--) {
        cr_assert_eq((uintptr_t)cogo__deque_take(&deque), i);
    }
    cr_expect_null(cogo__deque_take(&deque));
    cogo__deque_finish(&deque);
}

Test(deque, without_memory_stays_as_it_is)
{
    purse p;
    cogo_allocator allocator = purse_open(&p);
    cogo__deque deque;
    p.closed = true;
    cr_expect_not(cogo__deque_init(&deque, &allocator, 1));
    cogo__deque_finish(&deque);
    p.closed = false;
    cr_assert(cogo__deque_init(&deque, &allocator, 1));
    cr_expect(cogo__deque_push(&deque, &p));
    p.closed = true;
    cr_expect_not(cogo__deque_grow(&deque, &allocator));
    cr_expect_not(cogo__deque_push(&deque, &p));
    cr_expect_eq(cogo__deque_take(&deque), &p);
    cogo__deque_finish(&deque);
    purse_close(&p);
}

/* --- A system whose lane can't make room for all that is ready. --------------------------- */

enum { GO = COGO_MSG_USER, CROWD = 4 * COGO__DEQUE_FIRST };

static cogo_actor_id crowd[CROWD];

static cogo_err counter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    uint64_t *count = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, *count);
    }
    ++*count;
    return COGO_OK;
}

static const cogo_behavior counter = {.struct_size = sizeof counter,
                                      .name = "counter",
                                      .state_size_bytes = sizeof(uint64_t),
                                      .receive = counter_receive};

/* All of them in one callback, while there is no memory. */
static cogo_err caller_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    static cogo_msg *calls[CROWD];
    for (int i = 0; i < CROWD; i++) {
        calls[i] = cogo_msg_create(cogo_context_system(ctx), GO, 0);
    }
    close_purse(true);
    for (int i = 0; i < CROWD; i++) {
        cr_expect_eq(cogo_send(ctx, crowd[i], calls[i]), COGO_OK);
    }
    cr_expect_gt(money.refused, 0u);
    close_purse(false);
    return scene_reply_u64(ctx, msg, 1);
}

static const cogo_behavior caller = {
    .struct_size = sizeof caller, .name = "caller", .receive = caller_receive};

Test(deque, who_finds_no_room_runs_behind_all_others)
{
    cogo_allocator allocator = purse_open(&money);
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 1, .allocator = &allocator};
    cr_assert_eq(cogo_system_create(&config, &system), COGO_OK);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = scene_spawn(system, &counter, NULL, 0, 0);
        cr_expect_eq(scene_ask_u64(system, crowd[i]), 0u);
    }
    cr_expect_eq(scene_ask_u64(system, scene_spawn(system, &caller, NULL, 0, 0)), 1u);
    for (int i = 0; i < CROWD; i++) {
        cr_expect_eq(scene_ask_u64(system, crowd[i]), 1u);
    }
    scene_close(system);
    purse_close(&money);
}
