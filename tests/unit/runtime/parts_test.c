/* The parts below the public calls, each alone: mailbox, deque, heap, table, error texts.
 */
#include "runtime/actor/mailbox.h"
#include "runtime/actor/table.h"
#include "runtime/base/heap.h"
#include "runtime/base/large.h"
#include "runtime/base/lock.h"
#include "runtime/sched/deque.h"
#include "runtime/sched/spin.h"
#include "tests/unit/runtime/scene.h"

#include <pthread.h>
#include <stdlib.h>

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

Test(mailbox, only_the_push_that_ends_the_idle_state_asks_for_a_lane)
{
    cogo__mailbox box;
    cogo__link *tail = NULL, first, second, *done = NULL;
    cogo__mailbox_init(&box, &tail);
    cr_expect(cogo__mailbox_push(&box, &first));
    cr_expect_not(cogo__mailbox_push(&box, &second));
    cr_expect_not(cogo__mailbox_hold(&box), "held already");
    cr_expect_eq(cogo__mailbox_peek(tail), &first);
    cr_expect_null(cogo__mailbox_take(&box, &tail, &first));
    cr_expect_not(cogo__mailbox_idle(&box, &tail, &done), "one message waits");
    cr_expect_eq(cogo__mailbox_peek(tail), &second);
    cr_expect_eq(cogo__mailbox_take(&box, &tail, &second), &first);
    cr_expect(cogo__mailbox_idle(&box, &tail, &done));
    cr_expect_eq(done, &second);
    cr_expect(cogo__mailbox_hold(&box));
    cr_expect_not(cogo__mailbox_push(&box, &first));
    cr_expect_eq(cogo__mailbox_peek(tail), &first);
}

Test(mailbox, a_chain_is_pushed_at_once_and_taken_in_order)
{
    cogo__mailbox box;
    cogo__link *tail = NULL, chain[3], after, *done = NULL;
    cogo__mailbox_init(&box, &tail);
    cogo__ptr_store_relaxed(&chain[0].next, &chain[1]);
    cogo__ptr_store_relaxed(&chain[1].next, &chain[2]);
    cr_expect(cogo__mailbox_push_all(&box, &chain[0], &chain[2]));
    cr_expect_not(cogo__mailbox_push(&box, &after));
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(cogo__mailbox_peek(tail), &chain[i]);
        cr_expect_eq(cogo__mailbox_take(&box, &tail, &chain[i]), i > 0 ? &chain[i - 1] : NULL);
    }
    cr_expect_eq(cogo__mailbox_peek(tail), &after);
    cr_expect_eq(cogo__mailbox_take(&box, &tail, &after), &chain[2]);
    cr_expect(cogo__mailbox_idle(&box, &tail, &done));
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

enum { SENDERS = 3, NODES = 64, EACH = 20000 };

typedef struct item {
    cogo__link link;
    uint32_t sender, number;
    cogo__au32 free;
} item;

typedef struct box_race {
    cogo__mailbox box;
    cogo__link *tail;
    cogo__au32 right; // 1: somebody has the right to run.
    item items[SENDERS][NODES];
} box_race;

typedef struct box_sender {
    box_race *race;
    uint32_t index;
} box_sender;

/* Nodes are used again as soon as the receiver gives them back. */
static void *push_many(void *arg)
{
    box_sender *s = arg;
    for (uint32_t i = 0; i < EACH; i++) {
        item *it = &s->race->items[s->index][i % NODES];
        while (cogo__u32_load_acquire(&it->free) == 0) {
            cogo__cpu_relax();
        }
        cogo__u32_store_relaxed(&it->free, 0);
        it->sender = s->index;
        it->number = i;
        if (cogo__mailbox_push(&s->race->box, &it->link)) {
            cogo__u32_store_release(&s->race->right, 1);
        }
    }
    return NULL;
}

static void give_back(cogo__link *link)
{
    if (link != NULL) {
        cogo__u32_store_release(&((item *)(void *)link)->free, 1);
    }
}

Test(mailbox, senders_with_recycled_nodes_lose_nothing_and_keep_their_order)
{
    static box_race race;
    pthread_t threads[SENDERS];
    box_sender senders[SENDERS];
    cogo__mailbox_init(&race.box, &race.tail);
    for (uint32_t i = 0; i < SENDERS; i++) {
        for (uint32_t j = 0; j < NODES; j++) {
            cogo__u32_store_relaxed(&race.items[i][j].free, 1);
        }
        senders[i] = (box_sender){&race, i};
        cr_assert_eq(pthread_create(&threads[i], NULL, push_many, &senders[i]), 0);
    }
    uint32_t next[SENDERS] = {0};
    bool held = false, ordered = true;
    for (uint32_t got = 0; got < SENDERS * EACH;) {
        held = held || cogo__u32_swap_acq_rel(&race.right, 0) == 1;
        if (!held) {
            cogo__cpu_relax();
            continue;
        }
        cogo__link *done = NULL, *node = cogo__mailbox_peek(race.tail);
        if (node != NULL) {
            give_back(cogo__mailbox_take(&race.box, &race.tail, node));
            const item *it = (item *)(void *)node;
            ordered = ordered && it->number == next[it->sender];
            next[it->sender]++;
            got++;
            if (got % 7 == 0) { // As a handler that keeps its message.
                cogo__mailbox_detach(&race.box, &race.tail);
                give_back(node);
            }
        } else if (cogo__mailbox_empty(&race.box, race.tail)
                   && cogo__mailbox_idle(&race.box, &race.tail, &done)) {
            give_back(done);
            held = false;
        }
    }
    for (uint32_t i = 0; i < SENDERS; i++) {
        cr_expect_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(next[i], (uint32_t)EACH);
    }
    cr_expect(ordered);
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

Test(deque, every_entry_goes_to_exactly_one)
{
    deque_race *race = aligned_alloc(64, (sizeof *race + 63) / 64 * 64);
    pthread_t threads[THIEVES];
    memset(race, 0, sizeof *race);
    for (int i = 0; i < THIEVES; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, steal_many, race), 0);
    }
    for (uintptr_t i = 1; i <= ENTRIES; i++) {
        while (!cogo__deque_push(&race->deque, (void *)i)) {
            cogo__cpu_relax();
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
    free(race);
}

static void *free_all(void *arg)
{
    void **blocks = arg;
    for (size_t i = 0; blocks[i] != NULL; i++) {
        cogo__heap_free(NULL, blocks[i]);
    }
    return NULL;
}

Test(heap, blocks_come_home_from_other_threads)
{
    static void *blocks[2001];
    cogo__heap *heap = aligned_alloc(64, (sizeof *heap + 63) / 64 * 64);
    cogo__heap *peers[1] = {heap};
    cr_assert(cogo__heap_init(heap, NULL, peers, 1, 0));
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < 2000; i++) {
            size_t size = 1 + (i * 37 + (size_t)round) % COGO__HEAP_BLOCK_MAX;
            blocks[i] = cogo__heap_alloc(heap, size);
            memset(blocks[i], 0xa5, size);
        }
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, free_all, blocks), 0);
        void *own[500];
        for (size_t i = 0; i < 500; i++) {
            own[i] = cogo__heap_alloc(heap, 100);
        }
        for (size_t i = 0; i < 500; i++) {
            cogo__heap_free(heap, own[i]);
        }
        cr_expect_eq(pthread_join(thread, NULL), 0);
        cogo__heap_collect(heap);
        cr_expect_eq(cogo__heap_used(heap), 0u);
    }
    cogo__heap_finish(heap);
    free(heap);
}

/* A stream of large messages fills the same few blocks again and again. */
Test(large, a_block_is_used_again_by_one_of_about_its_size_only)
{
    cogo__large store = {.count = 0};
    void *block = cogo__large_alloc(&store, NULL, 65600);
    memset(block, 1, 65600);
    cogo__large_free(&store, block);
    cr_expect_eq(store.count, 1u);
    void *small = cogo__large_alloc(&store, NULL, 20000), *big = NULL;
    cr_expect_neq(small, block, "much would be wasted");
    big = cogo__large_alloc(&store, NULL, 65601);
    cr_expect_neq(big, block, "it is too small");
    cr_expect_eq(cogo__large_alloc(&store, NULL, 65000), block);
    memset(block, 2, 65600);
    cogo__large_free(&store, small);
    cogo__large_free(&store, big);
    cogo__large_free(NULL, block);
    cogo__large_finish(&store);
    cr_expect_eq(store.count, 0u);
    cr_expect_eq(store.bytes, 0u);
}

/* A connection that reads takes one in each turn. */
Test(large, the_buffer_is_the_same_block_each_time_and_goes_when_nobody_takes_it)
{
    cogo__large store = {.count = 0};
    void *block = cogo__large_buffer_take(&store, NULL);
    void *other = cogo__large_buffer_take(&store, NULL); // Somebody has the first one still.
    memset(block, 1, COGO__LARGE_BUFFER);
    cr_expect_neq(other, block);
    cogo__large_buffer_give(&store, block);
    cogo__large_buffer_give(&store, other);
    cr_expect_eq(cogo__large_buffer_take(&store, NULL), block);
    cogo__large_buffer_give(&store, block);
    uint64_t due = cogo__large_trim(&store, 1000);
    cr_expect_eq(due, 1000 + UINT64_C(1000000000));
    cogo__large_buffer_give(&store, cogo__large_buffer_take(&store, NULL));
    due = cogo__large_trim(&store, due);
    cr_expect_eq(store.buffer, block, "it was needed");
    cr_expect_eq(cogo__large_trim(&store, due), 0u);
    cr_expect_null(store.buffer);
    cogo__large_buffer_give(NULL, cogo__large_buffer_take(NULL, NULL));
    cogo__large_finish(&store);
}

Test(large, what_is_kept_is_bounded_and_goes_when_it_is_not_needed)
{
    enum { BLOCKS = COGO__LARGE_KEPT + 8 };
    cogo__large store = {.count = 0};
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = cogo__large_alloc(&store, NULL, 65600);
    }
    for (int i = 0; i < BLOCKS; i++) {
        cogo__large_free(&store, blocks[i]);
    }
    cr_expect_eq(store.count, (uint32_t)COGO__LARGE_KEPT);
    void *huge = cogo__large_alloc(&store, NULL, COGO__LARGE_KEPT_BYTES);
    cogo__large_free(&store, huge);
    cr_expect_leq(store.bytes, (uint64_t)COGO__LARGE_KEPT_BYTES);
    uint64_t due = cogo__large_trim(&store, 1000);
    cr_expect_eq(due, 1000 + UINT64_C(1000000000));
    cogo__large_free(&store, cogo__large_alloc(&store, NULL, 65600));
    due = cogo__large_trim(&store, due);
    cr_expect_eq(store.count, 1u, "one was needed");
    due = cogo__large_trim(&store, due);
    cr_expect_eq(store.count, 0u);
    cr_expect_eq(cogo__large_trim(&store, due), 0u);
    cogo__large_finish(&store);
}

Test(heap, a_flood_leaves_regions_that_the_next_one_uses)
{
    enum {
        FLOOD = 12 * COGO__REGION_SPANS,
        ROUNDS = 3
    };                               // Blocks; more than the spare regions.
    static void *blocks[FLOOD * 15]; // A span has 15 of the largest.
    cogo__heap *heap = aligned_alloc(64, (sizeof *heap + 63) / 64 * 64);
    cogo__heap *peers[1] = {heap};
    cr_assert(cogo__heap_init(heap, NULL, peers, 1, 0));
    cr_expect_eq(heap->regions.count, 1u);
    uint32_t most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
            blocks[i] = cogo__heap_alloc(heap, COGO__HEAP_BLOCK_MAX);
            cr_assert_not_null(blocks[i]);
            memset(blocks[i], round, COGO__HEAP_BLOCK_MAX);
        }
        most = round == 0 ? heap->regions.count : most;
        cr_expect(most > COGO__REGION_SPARES);
        cr_expect_eq(heap->regions.count, most);
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
            cr_expect_eq(((unsigned char *)blocks[i])[COGO__HEAP_BLOCK_MAX - 1], round);
            cogo__heap_free(heap, blocks[i]);
        }
        cr_expect_eq(cogo__heap_used(heap), 0u);
    }
    // What nobody needed for a while goes back to the system; what is needed stays.
    const uint64_t keep = COGO__REGION_KEEP_NS;
    cr_expect_eq(cogo__heap_trim(heap, 1), 1 + keep, "the time begins");
    cr_expect_eq(cogo__heap_trim(heap, keep), 1 + keep);
    cr_expect_eq(heap->regions.count, most);
    void *block = cogo__heap_alloc(heap, COGO__HEAP_BLOCK_MAX);
    cr_expect_eq(cogo__heap_trim(heap, 1 + keep), 0u);
    cr_expect_eq(heap->regions.empty_count, COGO__REGION_SPARES);
    cogo__heap_free(heap, block);
    cogo__heap_finish(heap);
    free(heap);
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
