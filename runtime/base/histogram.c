#include "runtime/base/histogram.h"

enum { SUB_BITS = 4, SUBS = 1 << SUB_BITS };

static uint32_t bucket_of(uint64_t ns)
{
    if (ns < SUBS) {
        return (uint32_t)ns;
    }
    uint32_t power = 63 - (uint32_t)__builtin_clzll(ns);
    uint32_t shift = power - SUB_BITS;
    uint32_t bucket = (shift + 1) * SUBS + (uint32_t)(ns >> shift & (SUBS - 1));
    return bucket < COGO_HISTOGRAM_BUCKETS ? bucket : COGO_HISTOGRAM_BUCKETS - 1;
}

uint64_t cogo_histogram_bound_ns(uint32_t bucket)
{
    if (bucket >= COGO_HISTOGRAM_BUCKETS - 1) {
        return UINT64_MAX;
    }
    if (bucket < SUBS) {
        return bucket + 1;
    }
    return (uint64_t)(SUBS + bucket % SUBS + 1) << (bucket / SUBS - 1);
}

void cogo_histogram_add(cogo_histogram *histogram, uint64_t ns)
{
    histogram->count++;
    histogram->sum_ns += ns;
    histogram->max_ns = ns > histogram->max_ns ? ns : histogram->max_ns;
    histogram->buckets[bucket_of(ns)]++;
}

void cogo_histogram_merge(cogo_histogram *into, const cogo_histogram *from)
{
    into->count += from->count;
    into->sum_ns += from->sum_ns;
    into->max_ns = from->max_ns > into->max_ns ? from->max_ns : into->max_ns;
    for (uint32_t i = 0; i < COGO_HISTOGRAM_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
}

/* The buckets are what is counted: a reading that raced with its writer has another `count`. */
uint64_t cogo_histogram_quantile_ns(const cogo_histogram *histogram, double q)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < COGO_HISTOGRAM_BUCKETS; i++) {
        total += histogram->buckets[i];
    }
    double share = q > 0 ? q < 1 ? q : 1 : 0; // NaN too gives 0.
    double wanted = share * (double)total;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < COGO_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen != 0 && (double)seen >= wanted) {
            uint64_t bound = cogo_histogram_bound_ns(i);
            return bound <= histogram->max_ns && bound != UINT64_MAX ? bound - 1
                                                                     : histogram->max_ns;
        }
    }
    return 0;
}

void cogo__histogram_add(cogo__histogram *histogram, uint64_t ns)
{
    cogo__u64_bump(&histogram->count, 1);
    cogo__u64_bump(&histogram->sum_ns, ns);
    if (ns > cogo__u64_load_relaxed(&histogram->max_ns)) {
        cogo__u64_store_relaxed(&histogram->max_ns, ns);
    }
    cogo__u64_bump(&histogram->buckets[bucket_of(ns)], 1);
}

void cogo__histogram_read(const cogo__histogram *histogram, cogo_histogram *out)
{
    uint64_t max_ns = 0;
    // acquire: pairs with bump(): the maximum is at least that of each value counted here.
    for (uint32_t i = 0; i < COGO_HISTOGRAM_BUCKETS; i++) {
        out->buckets[i] += cogo__u64_load_acquire(&histogram->buckets[i]);
    }
    out->count += cogo__u64_load_relaxed(&histogram->count);
    out->sum_ns += cogo__u64_load_relaxed(&histogram->sum_ns);
    max_ns = cogo__u64_load_relaxed(&histogram->max_ns);
    out->max_ns = max_ns > out->max_ns ? max_ns : out->max_ns;
}
