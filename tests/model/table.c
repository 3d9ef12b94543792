/* The table of cells and references: an index is one taker's, and a stale index finds memory of
 * the right kind or nothing. */
#include "runtime/actor/table.h"

#include "tests/model/explore.h"

#include <stddef.h>

enum { CAPACITY = 600, LANES = 1 };

typedef struct element {
    cogo__au32 generation;
    uint32_t owner; // Plain: of whoever took it.
    uint32_t next_free;
} element;

static struct {
    cogo__table table;
    cogo__table_cache caches[2];
} w;

static void begin(void)
{
    MODEL_CHECK(cogo__table_init(&w.table, NULL, sizeof(element), offsetof(element, next_free),
                                 CAPACITY, LANES)
                == COGO_OK);
    w.caches[0] = w.caches[1] = (cogo__table_cache){0};
}

/* A stranger's id: the index may not exist yet. */
static void look(void *arg)
{
    (void)arg;
    const element *e = cogo__table_find(&w.table, 1);
    MODEL_CHECK(e == NULL || cogo__u32_load_relaxed(&e->generation) <= 1);
    uint32_t end = cogo__u32_load_acquire(&w.table.fresh);
    for (uint32_t i = 1; i < end; i++) {
        e = cogo__table_at(&w.table, i);
        MODEL_CHECK(cogo__u32_load_relaxed(&e->generation) <= 1);
    }
}

static void grows_while_others_look(void)
{
    begin();
    unsigned other = model_start(look, NULL);
    uint32_t index = cogo__table_take(&w.table, NULL);
    element *e = cogo__table_at(&w.table, index);
    cogo__u32_store_release(&e->generation, 1);
    model_join(other);
    cogo__table_finish(&w.table);
}

static void take_and_give(void *arg)
{
    cogo__table_cache *cache = arg;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t index = cogo__table_take(&w.table, cache);
        element *e = cogo__table_at(&w.table, index);
        e->owner++;
        e->owner--;
        cogo__table_give(&w.table, cache, index);
    }
}

static void each_index_has_one_taker(void)
{
    begin();
    uint32_t index = cogo__table_take(&w.table, NULL);
    cogo__table_give(&w.table, NULL, index);
    unsigned other = model_start(take_and_give, NULL);
    take_and_give(NULL);
    model_join(other);
    cogo__table_finish(&w.table);
}

const model_program table_programs[] = {
    {"table/grows_while_others_look", grows_while_others_look, 5000},
    {"table/each_index_has_one_taker", each_index_has_one_taker, 5000},
    {0},
};
