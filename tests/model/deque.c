/* A lane's run queue: each entry goes to exactly one, who sees what was written before. */
#include "runtime/sched/deque.h"

#include "tests/model/explore.h"

#include <string.h>

enum { ENTRIES = 3 };

typedef struct entry {
    unsigned value, taken;
} entry;

static cogo__deque deque;
static entry entries[ENTRIES + 1];

static void begin(uint64_t top, uint64_t bottom)
{
    memset(entries, 0, sizeof entries);
    cogo__u64_store_relaxed(&deque.top, top);
    cogo__u64_store_relaxed(&deque.bottom, bottom);
    for (unsigned i = 0; i <= ENTRIES; i++) {
        cogo__ptr_store_relaxed(&deque.slots[i], NULL);
    }
}

static void got(entry *e)
{
    if (e != NULL) {
        MODEL_CHECK(e->value == 7);
        e->taken++;
    }
}

static void steal_two(void *arg)
{
    (void)arg;
    got(cogo__deque_steal(&deque));
    got(cogo__deque_steal(&deque));
}

static void push(unsigned index)
{
    entries[index].value = 7;
    MODEL_CHECK(cogo__deque_push(&deque, &entries[index]));
}

static void take_the_rest(void)
{
    for (entry *e = cogo__deque_take(&deque); e != NULL; e = cogo__deque_take(&deque)) {
        got(e);
    }
    MODEL_CHECK(cogo__deque_empty(&deque));
}

static void check_all(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        MODEL_CHECK(entries[i].taken == 1);
    }
}

static void owner_and_thief(void)
{
    begin(0, 0);
    unsigned thief = model_start(steal_two, NULL);
    push(0);
    push(1);
    got(cogo__deque_take(&deque));
    push(2);
    take_the_rest();
    model_join(thief);
    check_all();
}

static void two_thieves(void)
{
    begin(0, 0);
    push(0);
    push(1);
    push(2);
    unsigned one = model_start(steal_two, NULL), two = model_start(steal_two, NULL);
    take_the_rest();
    model_join(one);
    model_join(two);
    check_all();
}

static void steal_one(void *arg)
{
    (void)arg;
    entry *e = cogo__deque_steal(&deque);
    MODEL_CHECK(e == NULL || e == &entries[0] || e == &entries[1]);
    got(e);
}

/* A full one: a slot is used again only after its entry was taken. */
static void a_full_one(void)
{
    begin(0, COGO__DEQUE_SIZE);
    entries[0].value = 7;
    entries[1].value = 7;
    entries[2].value = 7;
    cogo__ptr_store_relaxed(&deque.slots[0], &entries[0]);
    cogo__ptr_store_relaxed(&deque.slots[1], &entries[1]);
    unsigned thief = model_start(steal_one, NULL);
    unsigned other = model_start(steal_one, NULL);
    if (cogo__deque_push(&deque, &entries[2])) {
        MODEL_CHECK(cogo__deque_take(&deque) == &entries[2]);
    }
    model_join(thief);
    model_join(other);
    MODEL_CHECK(entries[0].taken <= 1 && entries[1].taken <= 1 && entries[2].taken == 0);
}

const model_program deque_programs[] = {
    {"deque/owner_and_thief", owner_and_thief, 40000},
    {"deque/two_thieves", two_thieves, 40000},
    {"deque/a_full_one", a_full_one, 10000},
    {0},
};
