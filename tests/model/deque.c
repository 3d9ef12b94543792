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

static void begin(uint64_t room)
{
    memset(entries, 0, sizeof entries);
    MODEL_CHECK(cogo__deque_init(&deque, NULL, room));
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
    cogo__deque_finish(&deque);
}

static void owner_and_thief(void)
{
    begin(4);
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
    begin(4);
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
    begin(2);
    push(0);
    push(1);
    entries[2].value = 7;
    unsigned thief = model_start(steal_one, NULL);
    unsigned other = model_start(steal_one, NULL);
    if (cogo__deque_push(&deque, &entries[2])) {
        MODEL_CHECK(cogo__deque_take(&deque) == &entries[2]);
    }
    model_join(thief);
    model_join(other);
    MODEL_CHECK(entries[0].taken <= 1 && entries[1].taken <= 1 && entries[2].taken == 0);
    cogo__deque_finish(&deque);
}

/* The ring is replaced under the eyes of a thief, who may look at either. */
static void it_grows(void)
{
    begin(1);
    push(0);
    unsigned thief = model_start(steal_two, NULL);
    for (unsigned i = 1; i < ENTRIES; i++) {
        entries[i].value = 7;
        if (!cogo__deque_push(&deque, &entries[i])) {
            MODEL_CHECK(cogo__deque_grow(&deque, NULL));
            MODEL_CHECK(cogo__deque_push(&deque, &entries[i]));
        }
    }
    take_the_rest();
    model_join(thief);
    check_all();
}

const model_program deque_programs[] = {
    {"deque/owner_and_thief", owner_and_thief, 40000},
    {"deque/two_thieves", two_thieves, 40000},
    {"deque/a_full_one", a_full_one, 10000},
    {"deque/it_grows", it_grows, 40000},
    {0},
};
