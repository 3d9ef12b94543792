#include "codec/contract/metric.h"
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const metric_config tasks_config = {.name = "cogo_tasks_total",
                                           .help = "Tasks by role\nand \\status.",
                                           .type = "counter",
                                           .labels = {"role", "status"}};
static const metric_config wait_config = {.name = "cogo_queue_wait_seconds",
                                          .help = "Seconds in the queue.",
                                          .type = "histogram",
                                          .buckets = &metric_buckets_fast};

/* The text of one metric; the caller frees it. */
static char *text_of(const metric *it)
{
    cogo_arena arena = {0};
    metric_list list;
    metrics all;
    char *text = NULL;
    size_t size = 0;
    metric_list_init(&list, &arena);
    metric_append(it, &list);
    if (metric_list_finish(&list, &all) != COGO_OK
        || metric_text(&all, &text, &size) != COGO_OK) {
        text = calloc(1, 1);
    }
    cogo_arena_finish(&arena);
    return text;
}

Test(metric, counters_are_written_with_escaped_labels_and_help)
{
    metric tasks;
    cr_assert_eq(metric_init(&tasks, &tasks_config), COGO_OK);
    metric_add(&tasks, (const char *const[]){"echo", "succeeded"}, 2);
    metric_add(&tasks, (const char *const[]){"echo", "succeeded"}, 1);
    metric_add(&tasks, (const char *const[]){"a\"b\\c\nd", NULL}, 0.5);
    char *text = text_of(&tasks);
    cr_expect_str_eq(text, "# HELP cogo_tasks_total Tasks by role\\nand \\\\status.\n"
                           "# TYPE cogo_tasks_total counter\n"
                           "cogo_tasks_total{role=\"echo\",status=\"succeeded\"} 3\n"
                           "cogo_tasks_total{role=\"a\\\"b\\\\c\\nd\",status=\"\"} 0.5\n");
    cr_expect_eq(metric_read(&tasks, (const char *const[]){"echo", "succeeded"}), 3);
    cr_expect_eq(metric_read(&tasks, (const char *const[]){"echo", "failed"}), 0);
    free(text);
    metric_finish(&tasks);
}

Test(metric, a_histogram_counts_each_value_in_all_buckets_above_it)
{
    metric wait;
    cr_assert_eq(metric_init(&wait, &wait_config), COGO_OK);
    metric_observe(&wait, NULL, 0.001); // On a bound: belongs to it.
    metric_observe(&wait, NULL, 0.5);
    metric_observe(&wait, NULL, 100);
    metric_observe(&wait, NULL, (double)NAN);
    char *text = text_of(&wait);
    cr_expect_not_null(strstr(text, "_bucket{le=\"0.0005\"} 0\n"));
    cr_expect_not_null(strstr(text, "_bucket{le=\"0.001\"} 1\n"));
    cr_expect_not_null(strstr(text, "_bucket{le=\"0.1\"} 1\n"));
    cr_expect_not_null(strstr(text, "_bucket{le=\"1\"} 2\n"));
    cr_expect_not_null(strstr(text, "_bucket{le=\"+Inf\"} 3\n"));
    cr_expect_not_null(strstr(text, "cogo_queue_wait_seconds_count 3\n"));
    cr_expect_not_null(strstr(text, "cogo_queue_wait_seconds_sum 100.501"));
    cr_expect_eq(metric_read(&wait, NULL), 3);
    free(text);
    metric_finish(&wait);
}

Test(metric, a_metric_without_labels_is_there_before_anything_happened)
{
    static const metric_config config = {
        .name = "cogo_task_retries_total", .help = "Retries.", .type = "counter"};
    metric retries;
    cr_assert_eq(metric_init(&retries, &config), COGO_OK);
    char *text = text_of(&retries);
    cr_expect_not_null(strstr(text, "\ncogo_task_retries_total 0\n"));
    free(text);
    metric_finish(&retries);
}

/* Label values come from users: a flood of them must not fill the memory. */
Test(metric, series_beyond_the_limit_count_as_other)
{
    metric tasks;
    cr_assert_eq(metric_init(&tasks, &tasks_config), COGO_OK);
    for (int i = 0; i < METRIC_SERIES_MAX + 500; i++) {
        char role[32];
        (void)snprintf(role, sizeof role, "role-%d", i);
        metric_add(&tasks, (const char *const[]){role, "failed"}, 1);
    }
    cr_expect_eq(tasks.count, (size_t)METRIC_SERIES_MAX);
    cr_expect_eq(metric_read(&tasks, (const char *const[]){"role-5", "failed"}), 1);
    cr_expect_eq(metric_read(&tasks, (const char *const[]){"other", "other"}), 501);
    metric_finish(&tasks);
}

Test(metric, a_gauge_that_is_cleared_forgets_its_series)
{
    static const metric_config config = {
        .name = "g", .help = "A gauge.", .type = "gauge", .labels = {"l"}};
    metric gauge;
    cr_assert_eq(metric_init(&gauge, &config), COGO_OK);
    metric_set(&gauge, (const char *const[]){"a"}, (double)INFINITY);
    metric_clear(&gauge);
    metric_set(&gauge, (const char *const[]){"b"}, -(double)INFINITY);
    char *text = text_of(&gauge);
    cr_expect_str_eq(text, "# HELP g A gauge.\n# TYPE g gauge\ng{l=\"b\"} -Inf\n");
    free(text);
    metric_finish(&gauge);
}

Test(metric, a_list_that_ran_out_of_memory_says_so)
{
    cogo_arena arena;
    metric_list list;
    metrics all;
    cogo_arena_init(&arena, 64);
    metric_list_init(&list, &arena);
    metric_list_family(&list, "a", "b", "gauge");
    metric_list_sample(&list, "", NULL, 1);
    cr_expect_eq(metric_list_finish(&list, &all), COGO_ENOMEM);
    cogo_arena_finish(&arena);
}
