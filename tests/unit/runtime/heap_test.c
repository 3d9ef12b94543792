/* Memory of messages: the heap of a lane, and blocks that are too large for it. */
#include "runtime/base/heap.h"
#include "runtime/base/large.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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
