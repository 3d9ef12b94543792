/* A histogram that one thread writes while others read it.
 * Used by the meters of lanes and behaviours; what readers get is a cogo_histogram.
 * Never locks or allocates. */
#ifndef COGO_BASE_HISTOGRAM_H
#define COGO_BASE_HISTOGRAM_H

#include "runtime/base/atomic.h"

#include <cogo/observe.h>

typedef struct cogo__histogram {
    cogo__au64 count, sum_ns, max_ns;
    cogo__au64 buckets[COGO_HISTOGRAM_BUCKETS];
} cogo__histogram;

/** Its one writer, or whoever holds the lock that makes it the only one. */
void cogo__histogram_add(cogo__histogram *histogram, uint64_t ns);
/** Any thread: adds what @p histogram holds to @p out. */
void cogo__histogram_read(const cogo__histogram *histogram, cogo_histogram *out);

#endif
