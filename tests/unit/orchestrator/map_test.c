#include "actors/orchestrator/map.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

enum { COUNT = 5000 };

static char keys[COUNT][16];

/* Taking out closes the hole: what collided with it must still be found. */
Test(map, finds_what_is_left_after_taking_out)
{
    orc_map map = {.seed = {1, 2}};
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key-%zu", i);
        orc_map_put_text(&map, keys[i], keys[i]);
    }
    for (size_t i = 0; i < COUNT; i += 3) {
        cr_expect_eq(orc_map_take_text(&map, keys[i]), (void *)keys[i]);
    }
    bool right = true;
    for (size_t i = 0; i < COUNT; i++) {
        void *expected = i % 3 == 0 ? NULL : keys[i];
        right = right && orc_map_get_text(&map, keys[i]) == expected;
    }
    cr_expect(right);
    cr_expect_null(orc_map_take_text(&map, "key-0"));
    orc_map_finish(&map);
}

Test(map, everything_can_be_taken_out_while_walking)
{
    orc_map map = {.seed = {3, 4}};
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key-%zu", i);
        orc_map_put_text(&map, keys[i], keys[i]);
    }
    size_t cursor = 0;
    size_t seen = 0;
    for (char *key; (key = orc_map_next(&map, &cursor)) != NULL; cursor--) {
        cr_assert_eq(orc_map_take_text(&map, key), (void *)key);
        seen++;
    }
    cr_expect_eq(seen, (size_t)COUNT);
    cr_expect_eq(map.count, 0u);
    orc_map_finish(&map);
}

Test(map, numbers_are_keys_too)
{
    orc_map map = {0};
    int64_t numbers[2] = {7, 8};
    orc_map_put(&map, &numbers[0], sizeof numbers[0], &numbers[0]);
    int64_t seven = 7;
    cr_expect_eq(orc_map_get(&map, &seven, sizeof seven), (void *)&numbers[0]);
    cr_expect_null(orc_map_get(&map, &numbers[1], sizeof numbers[1]));
    orc_map_finish(&map);
}
