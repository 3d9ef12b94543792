#include "bench/histogram.h"

#define VALUE_MAX ((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1)

/* Values below 2 * 128 have buckets of their own; above, the highest 8 bits choose. */
static size_t bucket_of(uint64_t value)
{
    uint64_t kept = value;
    size_t shift = 0;
    for (; kept >> (HISTOGRAM_SUB_BITS + 1) != 0; kept >>= 1) {
        shift++;
    }
    return (shift << HISTOGRAM_SUB_BITS) + (size_t)kept;
}

static uint64_t highest_of(size_t bucket)
{
    const size_t subs = (size_t)1 << HISTOGRAM_SUB_BITS;
    if (bucket < 2 * subs) {
        return bucket;
    }
    size_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    return ((uint64_t)(bucket % subs + subs + 1) << shift) - 1;
}

void histogram_add(histogram *h, uint64_t value)
{
    h->min = h->total == 0 || value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
    h->counts[bucket_of(value > VALUE_MAX ? VALUE_MAX : value)]++;
    h->total++;
}

void histogram_merge(histogram *h, const histogram *other)
{
    if (other->total == 0) {
        return;
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        h->counts[i] += other->counts[i];
    }
    h->min = h->total == 0 || other->min < h->min ? other->min : h->min;
    h->max = other->max > h->max ? other->max : h->max;
    h->total += other->total;
}

uint64_t histogram_at(const histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->total + 0.999999), seen = 0;
    wanted = wanted == 0 ? 1 : wanted;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= wanted && h->counts[i] != 0) {
            uint64_t highest = highest_of(i);
            return highest < h->max ? highest : h->max;
        }
    }
    return h->max;
}
