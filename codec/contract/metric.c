#include "codec/contract/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const metric_buckets metric_buckets_fast = {
    .bounds = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2,
               0.1, 1},
    .count = 15,
};
const metric_buckets metric_buckets_slow = {
    .bounds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300,
               900, 3600},
    .count = 18,
};
const metric_buckets metric_buckets_size = {
    .bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096},
    .count = 13,
};

struct metric_series {
    char *values; // One after the other, each with its NUL.
    size_t values_size;
    double value;
    metric_histogram *histogram;
};

void metric_histogram_init(metric_histogram *histogram, const metric_buckets *buckets)
{
    *histogram = (metric_histogram){.buckets = buckets};
}

void metric_histogram_observe(metric_histogram *histogram, double value)
{
    const metric_buckets *buckets = histogram->buckets;
    size_t at = 0;
    if (isnan(value)) {
        return;
    }
    while (at < buckets->count && value > buckets->bounds[at]) {
        at++;
    }
    histogram->counts[at]++;
    histogram->sum += value;
}

void metric_histogram_append(const metric_histogram *histogram, const char *labels,
                             metric_list *list)
{
    const metric_buckets *buckets = histogram->buckets;
    const char *before = labels == NULL ? "" : labels;
    const char *comma = labels == NULL ? "" : ",";
    uint64_t total = 0;
    for (size_t i = 0; i <= buckets->count; i++) {
        char bound[32] = "+Inf";
        if (i < buckets->count) {
            (void)snprintf(bound, sizeof bound, "%.15g", buckets->bounds[i]);
        }
        total += histogram->counts[i];
        const char *all = cogo_arena_printf(list->arena, "%s%sle=\"%s\"", before, comma, bound);
        list->failed = list->failed || all == NULL;
        metric_list_sample(list, "_bucket", all, (double)total);
    }
    metric_list_sample(list, "_sum", labels, histogram->sum);
    metric_list_sample(list, "_count", labels, (double)total);
}

static void series_destroy(struct metric_series *series)
{
    free(series->values);
    free(series->histogram);
}

static bool same_values(const metric *it, const struct metric_series *series,
                        const char *const *values)
{
    const char *at = series->values;
    for (size_t i = 0; i < it->label_count; i++) {
        if (strcmp(at, values[i] == NULL ? "" : values[i]) != 0) {
            return false;
        }
        at += strlen(at) + 1;
    }
    return true;
}

static struct metric_series *find(const metric *it, const char *const *values)
{
    for (size_t i = 0; i < it->count; i++) {
        if (same_values(it, &it->series[i], values)) {
            return &it->series[i];
        }
    }
    return NULL;
}

/* Copies of the values, one after the other. */
static bool keep_values(const metric *it, const char *const *values, struct metric_series *to)
{
    size_t size = 1; // Without labels there is something to free, too.
    for (size_t i = 0; i < it->label_count; i++) {
        size += strlen(values[i] == NULL ? "" : values[i]) + 1;
    }
    to->values = calloc(1, size);
    char *at = to->values;
    for (size_t i = 0; at != NULL && i < it->label_count; i++) {
        const char *value = values[i] == NULL ? "" : values[i];
        memcpy(at, value, strlen(value) + 1);
        at += strlen(value) + 1;
    }
    return to->values != NULL;
}

static struct metric_series *add_series(metric *it, const char *const *values)
{
    if (it->count == it->capacity) {
        size_t more = it->capacity == 0 ? 8 : it->capacity * 2;
        struct metric_series *bigger = realloc(it->series, more * sizeof *bigger);
        if (bigger == NULL) {
            return NULL;
        }
        it->series = bigger;
        it->capacity = more;
    }
    struct metric_series series = {0};
    bool ok = keep_values(it, values, &series);
    if (ok && it->config->buckets != NULL) {
        series.histogram = malloc(sizeof *series.histogram);
        ok = series.histogram != NULL;
    }
    if (!ok) {
        series_destroy(&series);
        return NULL;
    }
    if (series.histogram != NULL) {
        metric_histogram_init(series.histogram, it->config->buckets);
    }
    it->series[it->count] = series;
    return &it->series[it->count++];
}

/* The series of @p values, made when it is new; NULL when out of memory. */
static struct metric_series *get(metric *it, const char *const *values)
{
    static const char *const other[METRIC_LABELS_MAX] = {"other", "other", "other", "other"};
    struct metric_series *series = find(it, values);
    if (series == NULL && it->count + 1 >= METRIC_SERIES_MAX) {
        values = other;
        series = find(it, values);
    }
    return series == NULL ? add_series(it, values) : series;
}

cogo_err metric_init(metric *it, const metric_config *config)
{
    *it = (metric){.config = config};
    while (it->label_count < METRIC_LABELS_MAX && config->labels[it->label_count] != NULL) {
        it->label_count++;
    }
    return it->label_count > 0 || get(it, NULL) != NULL ? COGO_OK : COGO_ENOMEM;
}

void metric_finish(metric *it)
{
    for (size_t i = 0; i < it->count; i++) {
        series_destroy(&it->series[i]);
    }
    free(it->series);
    *it = (metric){.config = it->config, .label_count = it->label_count};
}

void metric_clear(metric *it)
{
    if (it->label_count > 0) {
        metric_finish(it);
    }
}

void metric_add(metric *it, const char *const *values, double by)
{
    struct metric_series *series = get(it, values);
    if (series != NULL) {
        series->value += by;
    }
}

void metric_set(metric *it, const char *const *values, double value)
{
    struct metric_series *series = get(it, values);
    if (series != NULL) {
        series->value = value;
    }
}

void metric_observe(metric *it, const char *const *values, double value)
{
    struct metric_series *series = get(it, values);
    if (series != NULL && series->histogram != NULL) {
        metric_histogram_observe(series->histogram, value);
    }
}

double metric_read(const metric *it, const char *const *values)
{
    const struct metric_series *series = find(it, values);
    if (series == NULL || series->histogram == NULL) {
        return series == NULL ? 0 : series->value;
    }
    uint64_t total = 0;
    for (size_t i = 0; i <= series->histogram->buckets->count; i++) {
        total += series->histogram->counts[i];
    }
    return (double)total;
}

void metric_append(const metric *it, metric_list *list)
{
    metric_list_family(list, it->config->name, it->config->help, it->config->type);
    for (size_t i = 0; i < it->count; i++) {
        const struct metric_series *series = &it->series[i];
        const char *values[METRIC_LABELS_MAX] = {NULL};
        const char *at = series->values;
        for (size_t n = 0; n < it->label_count; n++) {
            values[n] = at;
            at += strlen(at) + 1;
        }
        const char *labels =
            metric_labels(list->arena, it->config->labels, values, it->label_count);
        list->failed = list->failed || (labels == NULL && it->label_count > 0);
        if (series->histogram != NULL) {
            metric_histogram_append(series->histogram, labels, list);
        } else {
            metric_list_sample(list, "", labels, series->value);
        }
    }
}
