/* Counts of durations in log-linear buckets, as HDR histograms have them: any value, small
 * error. Used by the workloads that time single operations, and by bench/peers/futex.c. Never
 * allocates; one thread writes, and others read when it is done. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 7,    /* Each power of two has 128 equal buckets. */
    HISTOGRAM_VALUE_BITS = 44, /* Larger values (from 4.8 hours in ns) count as the largest. */
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

/* All zero is empty. */
typedef struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t min, max; /* Exact. */
} histogram;

void histogram_add(histogram *h, uint64_t value);
void histogram_merge(histogram *h, const histogram *other);

/* The value that the share @p share (0 to 1) of all does not exceed: at most 1/128 above the
 * true one, never below it. 0 if empty. */
uint64_t histogram_at(const histogram *h, double share);

#endif
