/* Every last block of a system's memory, taken by one of its actors and given back later.
 * Used by tests of what is done without memory. One system at a time. */
#ifndef TESTS_UNIT_RUNTIME_HOARD_H
#define TESTS_UNIT_RUNTIME_HOARD_H

#include "tests/unit/runtime/purse.h"
#include "tests/unit/runtime/scene.h"

enum { HOARD_MAX = 400000, STEP = 16, LARGEST = 4000 };

static cogo_msg *hoard[HOARD_MAX];
static size_t hoarded;
static purse money;

static inline void close_purse(bool closed)
{
    cogo__lock_take(&money.lock);
    money.closed = closed;
    cogo__lock_give(&money.lock);
}

/* From now on there is no block of any size. */
static inline void take_all(cogo_context *ctx)
{
    close_purse(true);
    for (size_t size = LARGEST + STEP; size >= STEP; size -= STEP) {
        cogo_msg *msg = NULL;
        while (hoarded < HOARD_MAX
               && (msg = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, size - STEP))
                      != NULL) {
            hoard[hoarded++] = msg;
        }
    }
    cr_assert_lt(hoarded, (size_t)HOARD_MAX);
}

static inline void give_all(void)
{
    while (hoarded > 0) {
        cogo_msg_destroy(hoard[--hoarded]);
    }
    close_purse(false);
}

#endif
