#include "actors/orchestrator/queue.h"
#include "tests/unit/test.h"

Test(queue, first_in_first_out_within_a_priority)
{
    orc_queue queue = {0};
    orc_waiting a = {0}, b = {0};
    orc_queue_push(&queue, &a, PRIORITY_MEDIUM, 10);
    orc_queue_push(&queue, &b, PRIORITY_MEDIUM, 11);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &a);
    orc_queue_remove(&queue, &a);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &b);
    cr_expect_eq(orc_queue_count(&queue), 1u);
}

Test(queue, higher_priority_goes_first)
{
    orc_queue queue = {0};
    orc_waiting low = {0}, urgent = {0};
    orc_queue_push(&queue, &low, PRIORITY_LOW, 10);
    orc_queue_push(&queue, &urgent, PRIORITY_URGENT, 11);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &urgent);
}

/* A stream of urgent work must not starve what came long before. */
Test(queue, low_task_overtakes_fresh_urgent_ones_after_three_ageing_steps)
{
    orc_queue queue = {0};
    orc_waiting low = {0}, urgent = {0};
    uint64_t almost = 3 * QUEUE_AGEING_NS;
    orc_queue_push(&queue, &low, PRIORITY_LOW, 0);
    orc_queue_push(&queue, &urgent, PRIORITY_URGENT, almost);
    cr_expect_eq(orc_queue_peek(&queue, almost, NULL), &urgent);
    orc_queue_remove(&queue, &urgent);
    orc_queue_push(&queue, &urgent, PRIORITY_URGENT, almost + 1);
    cr_expect_eq(orc_queue_peek(&queue, almost + 1, NULL), &low);
}

Test(queue, task_given_back_stands_in_front)
{
    orc_queue queue = {0};
    orc_waiting a = {0}, b = {0};
    orc_queue_push(&queue, &a, PRIORITY_LOW, 10);
    orc_queue_push_front(&queue, &b, PRIORITY_LOW, 12);
    cr_expect_eq(orc_queue_peek(&queue, 20, NULL), &b);
}

Test(queue, removing_from_the_middle_keeps_the_others)
{
    orc_queue queue = {0};
    orc_waiting all[3] = {{0}};
    for (int i = 0; i < 3; i++) {
        orc_queue_push(&queue, &all[i], PRIORITY_HIGH, (uint64_t)i);
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
    orc_queue_push(&queue, &low, PRIORITY_LOW, 0);
    orc_queue_push(&queue, &high[0], PRIORITY_HIGH, 1);
    orc_queue_push(&queue, &high[1], PRIORITY_HIGH, 2);
    cr_expect_eq(orc_queue_position(&queue, &low, 10), 3u);
    cr_expect_eq(orc_queue_position(&queue, &low, 10 + 3 * QUEUE_AGEING_NS), 3u);
    cr_expect_null(orc_queue_peek(&(orc_queue){0}, 1, NULL));
}
