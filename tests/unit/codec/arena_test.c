#include "tests/unit/test.h"

#include <cogo/arena.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(arena, memory_is_zeroed_and_aligned_at_every_size)
{
    cogo_arena arena = {0};
    for (size_t size = 0; size < 20000; size += 1 + size / 7) {
        uint8_t *memory = cogo_arena_alloc(&arena, size);
        cr_assert_not_null(memory);
        cr_expect_eq((uintptr_t)memory % 16, 0u);
        for (size_t i = 0; i < size; i++) {
            cr_assert_eq(memory[i], 0);
            memory[i] = 0xff; // The next allocation must not see this.
        }
    }
    cogo_arena_finish(&arena);
}

Test(arena, what_was_given_out_never_moves_or_changes)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    char *texts[500];
    for (int i = 0; i < 500; i++) {
        texts[i] = cogo_arena_printf(&arena, "text %d %*s", i, i % 90 * 40, "");
        cr_assert_not_null(texts[i]);
    }
    for (int i = 0; i < 500; i++) {
        cr_expect_eq(atoi(texts[i] + 5), i);
    }
    cogo_arena_finish(&arena);
}

Test(arena, the_limit_is_kept_and_a_smaller_allocation_still_fits)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 1024);
    cr_expect_not_null(cogo_arena_alloc(&arena, 1000 - 16));
    cr_expect_null(cogo_arena_alloc(&arena, 100));
    cr_expect_not_null(cogo_arena_alloc(&arena, 16));
    cr_expect_leq(arena.used_bytes, 1024u);
    cr_expect_null(cogo_arena_alloc(&arena, SIZE_MAX));
    cr_expect_null(cogo_arena_alloc(&arena, SIZE_MAX - 15));
    cr_expect_null(cogo_arena_copy(&arena, "", SIZE_MAX));
    cogo_arena_finish(&arena);
}

Test(arena, finish_leaves_an_empty_usable_arena)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 64);
    cr_expect_not_null(cogo_arena_alloc(&arena, 64));
    cr_expect_null(cogo_arena_alloc(&arena, 1));
    cogo_arena_finish(&arena);
    cr_expect_not_null(cogo_arena_alloc(&arena, 64));
    cogo_arena_finish(&arena);
    cogo_arena_finish(&arena);
}

Test(arena, copies_end_with_nul_and_null_stays_null)
{
    cogo_arena arena = {0};
    cr_expect_null(cogo_arena_strdup(&arena, NULL));
    cr_expect_str_eq(cogo_arena_strdup(&arena, "abc"), "abc");
    cr_expect_str_eq((char *)cogo_arena_copy(&arena, "abcdef", 3), "abc");
    cr_expect_str_eq((char *)cogo_arena_copy(&arena, NULL, 0), "");
    cogo_arena_finish(&arena);
}
