/* The parts below the public calls, each alone: error texts, lock, deque, table, spinning. */
#include "runtime/actor/table.h"
#include "runtime/base/lock.h"
#include "runtime/sched/deque.h"
#include "runtime/sched/spin.h"
#include "tests/unit/test.h"

#include <cogo/cogo.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

Test(error, every_code_has_its_text)
{
#define X(name, value, text) cr_expect_str_eq(cogo_strerror(COGO_##name), text);
    COGO_ERR_MAP(X)
#undef X
    int no_code = 4711;
    cogo_err made_up;
    memcpy(&made_up, &no_code, sizeof made_up);
    cr_expect_str_eq(cogo_strerror(made_up), "unknown error");
    cr_expect(cogo_version()[0] != '\0');
}

enum { LOCKERS = 4, LOCKED_EACH = 100000 };

static struct {
    cogo__lock lock;
    uint64_t count; // Under it.
} locked;

static void *count_locked(void *arg)
{
    for (int i = 0; i < LOCKED_EACH; i++) {
        cogo__lock_take(&locked.lock);
        locked.count++;
        if (i % 1000 == 0) {
            cogo__thread_yield(); // With the lock: the others come to its slow way.
        }
        cogo__lock_give(&locked.lock);
    }
    return arg;
}

Test(lock, whoever_waits_gets_it_and_nobody_has_it_twice)
{
    pthread_t threads[LOCKERS];
    cogo__lock_init(&locked.lock);
    for (int i = 0; i < LOCKERS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, count_locked, NULL), 0);
    }
    for (int i = 0; i < LOCKERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    cr_expect_eq(locked.count, (uint64_t)LOCKERS * LOCKED_EACH);
    cogo__lock_finish(&locked.lock);
}

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

Test(deque, grows_up_to_its_limit_and_not_without_memory)
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

typedef struct element {
    uint32_t next_free, owner;
} element;

Test(table, gives_an_index_to_one_taker_up_to_its_capacity)
{
    cogo__table table;
    cogo__table_cache cache = {0};
    cr_assert_eq(cogo__table_init(&table, NULL, 64, offsetof(element, next_free), 5000, 1),
                 COGO_OK);
    uint32_t seen = 0, index = 0;
    while ((index = cogo__table_take(&table, seen % 2 == 0 ? &cache : NULL)) != 0) {
        element *e = cogo__table_find(&table, index);
        cr_expect_eq(e->owner, 0u);
        e->owner = ++seen;
    }
    cr_expect_eq(seen, 5000u);
    cr_expect_null(cogo__table_find(&table, 5001));
    for (uint32_t i = 1; i <= 5000; i++) {
        cogo__table_give(&table, &cache, i);
    }
    for (seen = 0; cogo__table_take(&table, &cache) != 0; seen++) {
    }
    cr_expect_eq(seen, 5000u);
    cogo__table_finish(&table);
}

/* Messages that come every 10 us keep the lane awake; when they stop it soon hardly looks. */
Test(spin, the_budget_follows_its_success)
{
    cogo__spin spin = {0};
    for (int i = 0; i < 200; i++) {
        uint32_t budget = cogo__spin_budget(&spin, 256);
        bool found = budget >= 100;
        cogo__spin_learn(&spin, found ? 100 : budget, found, 256);
    }
    cr_expect_geq(cogo__spin_budget(&spin, 256), 100u);
    uint64_t rounds = 0;
    for (int i = 0; i < 640; i++) {
        uint32_t budget = cogo__spin_budget(&spin, 256);
        rounds += budget;
        cogo__spin_learn(&spin, budget, false, 256);
    }
    cr_expect_lt(rounds / 640, 20u);
    cr_expect_leq(cogo__spin_budget(&spin, 4), 4u);
}
