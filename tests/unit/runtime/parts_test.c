/* The parts below the public calls, each alone: error texts, lock, table, spinning. */
#include "runtime/actor/table.h"
#include "runtime/base/lock.h"
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
