/* Counters, gauges and histograms, with or without labels.
 * Used by the actors that measure; each is owned by one actor and needs no lock.
 * Never grows without end: beyond METRIC_SERIES_MAX label values count as "other". */
#ifndef CONTRACT_METRIC_H
#define CONTRACT_METRIC_H

#include "codec/contract/metric_text.h"

enum {
    METRIC_BUCKETS_MAX = 24,
    METRIC_LABELS_MAX = 4,
    METRIC_SERIES_MAX = 1000, /* Of one metric. */
};

/* Upper bounds of a histogram, ascending; +Inf is added. */
typedef struct metric_buckets {
    double bounds[METRIC_BUCKETS_MAX];
    size_t count;
} metric_buckets;

extern const metric_buckets
    metric_buckets_fast; /* Seconds: 1 us to 1 s. Dispatch, mailboxes. */
extern const metric_buckets metric_buckets_slow; /* Seconds: 1 ms to 1 h. Commits, tasks. */
extern const metric_buckets metric_buckets_size; /* Counts: 1 to 4096. Batches. */

typedef struct metric_histogram {
    const metric_buckets *buckets;
    uint64_t
        counts[METRIC_BUCKETS_MAX + 1]; /* Not cumulative; the last is beyond all bounds. */
    double sum;
} metric_histogram;

void metric_histogram_init(metric_histogram *histogram, const metric_buckets *buckets);
void metric_histogram_observe(metric_histogram *histogram, double value); /* NaN is ignored. */

/* Adds _bucket, _sum and _count samples to the latest family of @p list. @p labels may be NULL
 * and is borrowed; the rest is in the list's arena. */
void metric_histogram_append(const metric_histogram *histogram, const char *labels,
                             metric_list *list);

/* What a metric is. Constant data; ends with NULL in `labels` when there are fewer. */
typedef struct metric_config {
    const char *name;
    const char *help;
    const char *type; /* "counter", "gauge" or "histogram". */
    const char *labels[METRIC_LABELS_MAX];
    const metric_buckets *buckets; /* For "histogram". */
} metric_config;

struct metric_series;

/* All series of one metric: one per combination of label values. */
typedef struct metric {
    const metric_config *config;
    size_t label_count;
    struct metric_series *series;
    size_t count;
    size_t capacity;
} metric;

/* Keeps @p config. Without labels the one series is there from the start, with 0. */
COGO_MUST_USE cogo_err metric_init(metric *it, const metric_config *config);
void metric_finish(metric *it);

/* @p values: one text per label, copied when new; NULL counts as "". NULL when there are no
 * labels. When out of memory the measurement is lost: measuring never makes an actor fail. */
void metric_add(metric *it, const char *const *values, double by);
void metric_set(metric *it, const char *const *values, double value);
void metric_observe(metric *it, const char *const *values, double value);

/* Forgets all series with labels, for gauges that are filled anew before each reading. */
void metric_clear(metric *it);

/* The value of a counter or gauge, the count of a histogram; 0 when there is no such series. */
double metric_read(const metric *it, const char *const *values);

/* Adds the family with all series to @p list. */
void metric_append(const metric *it, metric_list *list);

#endif
