#include "actors/orchestrator/queue.h"
#include "tests/unit/test.h"

static char key_of_flood[] = "flood", key_of_rare[] = "rare";

Test(queue, first_in_first_out_within_a_priority)
{
    orc_queue queue = {0};
    orc_waiting a = {0}, b = {0};
    orc_queue_push(&queue, &a, NULL, PRIORITY_MEDIUM, 10);
    orc_queue_push(&queue, &b, NULL, PRIORITY_MEDIUM, 11);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &a);
    orc_queue_remove(&queue, &a);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &b);
    cr_expect_eq(orc_queue_count(&queue), 1u);
}

Test(queue, higher_priority_goes_first)
{
    orc_queue queue = {0};
    orc_waiting low = {0}, urgent = {0};
    orc_queue_push(&queue, &low, NULL, PRIORITY_LOW, 10);
    orc_queue_push(&queue, &urgent, NULL, PRIORITY_URGENT, 11);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &urgent);
}

/* A stream of urgent work must not starve what came long before. */
Test(queue, low_task_overtakes_fresh_urgent_ones_after_three_ageing_steps)
{
    orc_queue queue = {0};
    orc_waiting low = {0}, urgent = {0};
    uint64_t almost = 3 * QUEUE_AGEING_NS;
    orc_queue_push(&queue, &low, NULL, PRIORITY_LOW, 0);
    orc_queue_push(&queue, &urgent, NULL, PRIORITY_URGENT, almost);
    cr_expect_eq(orc_queue_peek(&queue, almost, NULL), &urgent);
    orc_queue_remove(&queue, &urgent);
    orc_queue_push(&queue, &urgent, NULL, PRIORITY_URGENT, almost + 1);
    cr_expect_eq(orc_queue_peek(&queue, almost + 1, NULL), &low);
}

Test(queue, task_given_back_stands_in_front)
{
    orc_queue queue = {0};
    orc_waiting a = {0}, b = {0};
    orc_queue_push(&queue, &a, NULL, PRIORITY_LOW, 10);
    orc_queue_push_front(&queue, &b, NULL, PRIORITY_LOW, 12);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &b);
}

Test(queue, removing_from_the_middle_keeps_the_others)
{
    orc_queue queue = {0};
    orc_waiting all[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        orc_queue_push(&queue, &all[i], NULL, PRIORITY_HIGH, (uint64_t)i);
    }
    orc_queue_remove(&queue, &all[1]);
    orc_queue_remove(&queue, &all[1]);
    cr_expect_eq(orc_queue_count(&queue), 2u);
    cr_expect_eq(orc_queue_position(&queue, &all[0], 9), 1u);
    cr_expect_eq(orc_queue_position(&queue, &all[2], 9), 2u);
}

Test(queue, position_counts_more_important_tasks)
{
    orc_queue queue = {0};
    orc_waiting low = {0}, high[2] = {{0}};
    orc_queue_push(&queue, &low, NULL, PRIORITY_LOW, 0);
    orc_queue_push(&queue, &high[0], NULL, PRIORITY_HIGH, 1);
    orc_queue_push(&queue, &high[1], NULL, PRIORITY_HIGH, 2);
    cr_expect_eq(orc_queue_position(&queue, &low, 10), 3u);
    cr_expect_eq(orc_queue_position(&queue, &low, 10 + 3 * QUEUE_AGEING_NS), 3u);
    cr_expect_null(orc_queue_peek(&(orc_queue){0}, 1, NULL));
}

/* A flood of one key, then one task of another: it is second, not last. */
Test(queue, groups_take_turns_and_each_is_first_in_first_out)
{
    enum { FLOOD = 1000 };
    orc_queue queue = {0};
    orc_group flood = {.key = key_of_flood}, rare = {.key = key_of_rare};
    static orc_waiting many[FLOOD], few[3], plain[2];
    for (size_t i = 0; i < FLOOD; i++) {
        orc_queue_push(&queue, &many[i], &flood, PRIORITY_MEDIUM, i);
    }
    for (size_t i = 0; i < 3; i++) {
        orc_queue_push(&queue, &few[i], &rare, PRIORITY_MEDIUM, FLOOD + i);
    }
    for (size_t i = 0; i < 2; i++) {
        orc_queue_push(&queue, &plain[i], NULL, PRIORITY_MEDIUM, FLOOD + 10 + i);
    }
    const orc_waiting *const wanted[] = {&many[0],  &few[0],  &plain[0], &many[1], &few[1],
                                         &plain[1], &many[2], &few[2],   &many[3], &many[4]};
    for (size_t i = 0; i < sizeof wanted / sizeof(orc_waiting *); i++) {
        orc_waiting *next = orc_queue_peek(&queue, 5000, NULL);
        cr_assert_eq(next, wanted[i], "turn %zu", i);
        cr_expect_eq(orc_queue_position(&queue, next, 5000), 1u);
        orc_queue_remove(&queue, next);
    }
    cr_expect_not(rare.in_ring);
    cr_expect_eq(orc_queue_count(&queue), FLOOD - 5u);
}

Test(queue, position_counts_the_turns_of_other_groups)
{
    orc_queue queue = {0};
    orc_group a = {.key = key_of_flood}, b = {.key = key_of_rare};
    orc_waiting of_a[3] = {{0}}, of_b[2] = {{0}};
    for (size_t i = 0; i < 3; i++) {
        orc_queue_push(&queue, &of_a[i], &a, PRIORITY_LOW, i);
    }
    for (size_t i = 0; i < 2; i++) {
        orc_queue_push(&queue, &of_b[i], &b, PRIORITY_LOW, 3 + i);
    }
    const orc_waiting *const order[] = {&of_a[0], &of_b[0], &of_a[1], &of_b[1], &of_a[2]};
    for (size_t i = 0; i < 5; i++) {
        cr_expect_eq(orc_queue_position(&queue, order[i], 9), i + 1);
    }
    orc_group_leave(&a);
    cr_expect_eq(orc_queue_peek(&queue, 9, NULL), &of_b[0]);
    orc_group_enter(&a);
    orc_queue_remove(&queue, &of_b[0]);
    cr_expect_eq(orc_queue_peek(&queue, 9, NULL), &of_a[0]);
}
