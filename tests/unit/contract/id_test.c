#include "codec/contract/id.h"
#include "tests/unit/test.h"

#include <string.h>

Test(id, ids_sort_by_time_and_then_by_random_bits)
{
    char before[ID_SIZE], after[ID_SIZE];
    uint64_t seed = 5;
    for (int i = 0; i < 1000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t ms = (int64_t)(seed >> 20);
        id_make(before, "tsk", ms, seed, ~seed);
        id_make(after, "tsk", ms + 1, ~seed, seed);
        cr_assert_lt(strcmp(before, after), 0);
    }
    id_make(before, "tsk", 7, 0, UINT64_MAX);
    id_make(after, "tsk", 7, 1, 0);
    cr_expect_lt(strcmp(before, after), 0);
}

/* The first ten characters are those of the ULID specification's example. */
Test(id, the_text_is_that_of_a_ulid)
{
    char id[ID_SIZE];
    id_make(id, "tsk", INT64_C(1469922850259), 0, 0);
    cr_expect_str_eq(id, "tsk_01ARZ3NDEK0000000000000000");
    id_make(id, "wrk", INT64_MAX, UINT64_MAX, UINT64_MAX);
    cr_expect_str_eq(id, "wrk_7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    id_make(id, "wrk", -1, 0, 1);
    cr_expect_str_eq(id, "wrk_00000000000000000000000001");
}

Test(id, only_well_formed_ids_with_the_prefix_pass)
{
    char id[ID_SIZE];
    id_make(id, "tsk", 1, 2, 3);
    cr_expect(id_check(id, "tsk"));
    cr_expect_not(id_check(id, "ins"));
    cr_expect_not(id_check(NULL, "tsk"));
    cr_expect_not(id_check("", "tsk"));
    cr_expect_not(id_check("tsk_", "tsk"));
    cr_expect_not(id_check("tsk_01ARZ3NDEK000000000000000", "tsk"));
    cr_expect_not(id_check("tsk_01ARZ3NDEK00000000000000000", "tsk"));
    cr_expect_not(id_check("tsk_01ARZ3NDEK000000000000000U", "tsk"));
    cr_expect_not(id_check("tsk_81ARZ3NDEK0000000000000000", "tsk"));
    cr_expect_not(id_check("tsk_01arz3ndek0000000000000000", "tsk"));
}
