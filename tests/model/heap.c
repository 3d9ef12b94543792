/* Blocks that are freed by other threads come home whole and once. */
#include "runtime/base/heap.h"

#include "tests/model/explore.h"

#include <string.h>

enum { BLOCKS = 4, SIZE = 64, MINE = 16 };

typedef struct block {
    cogo__link link; // What a block's first word is for when it is free.
    uint64_t text[7];
} block;

static struct {
    cogo__heap heaps[2];
    cogo__heap *peers[2];
    block *blocks[BLOCKS];
} w;

static void begin(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        w.peers[i] = &w.heaps[i];
        MODEL_CHECK(cogo__heap_init(&w.heaps[i], NULL, w.peers, 2, i));
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        w.blocks[i] = cogo__heap_alloc(&w.heaps[0], SIZE);
        w.blocks[i]->text[0] = i;
    }
}

static void finish(void)
{
    cogo__heap_collect(&w.heaps[0]);
    MODEL_CHECK(cogo__heap_used(&w.heaps[0]) == 0);
    cogo__heap_finish(&w.heaps[0]);
    cogo__heap_finish(&w.heaps[1]);
}

/* Another lane: it collects them, and sends them home together. */
static void free_as_lane(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 2; i++) {
        w.blocks[i]->text[1] = 1;
        cogo__heap_free(&w.heaps[1], w.blocks[i]);
    }
    cogo__heap_flush(&w.heaps[1]);
}

/* A foreign thread: one by one. */
static void free_as_stranger(void *arg)
{
    for (unsigned i = 2; i < BLOCKS; i++) {
        w.blocks[i]->text[1] = 1;
        cogo__heap_free(NULL, w.blocks[i]);
    }
    (void)arg;
}

/* The owner uses them again as soon as they are home. */
static void reuse(void)
{
    block *mine[MINE];
    unsigned count = 0;
    for (unsigned i = 0; i < 3; i++) {
        cogo__heap_collect(&w.heaps[0]);
        mine[count] = cogo__heap_alloc(&w.heaps[0], SIZE);
        for (unsigned j = 0; j < count; j++) {
            MODEL_CHECK(mine[j] != mine[count]);
        }
        memset(mine[count]->text, 0, sizeof mine[count]->text);
        count++;
    }
    for (unsigned i = 0; i < count; i++) {
        cogo__heap_free(&w.heaps[0], mine[i]);
    }
}

static void blocks_come_home(void)
{
    begin();
    unsigned lane = model_start(free_as_lane, NULL);
    unsigned stranger = model_start(free_as_stranger, NULL);
    reuse();
    model_join(lane);
    model_join(stranger);
    finish();
}

const model_program heap_programs[] = {
    {"heap/blocks_come_home", blocks_come_home, 6000},
    {0},
};
