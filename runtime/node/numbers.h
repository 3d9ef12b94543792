/* A small map from message-type numbers to what one connection knows of them.
 * Used for types that were announced, on either side. Never shrinks; bounded. */
#ifndef COGO_NODE_NUMBERS_H
#define COGO_NODE_NUMBERS_H

#include <cogo/allocator.h>
#include <cogo/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { COGO__NUMBERS_MAX = 16384 }; /**< Types that one peer may announce, a count. */

typedef struct cogo__numbers_entry {
    uint64_t key; /**< Number + 1; 0: free. */
    const void *value;
} cogo__numbers_entry;

/* Zero-initialise, but for `from`. */
typedef struct cogo__numbers {
    const cogo_allocator *from; /**< NULL: malloc. */
    cogo__numbers_entry *entries;
    uint32_t size, count;
} cogo__numbers;

void cogo__numbers_finish(cogo__numbers *numbers);
/** True if it is there, with its value. */
bool cogo__numbers_get(const cogo__numbers *numbers, uint32_t number, const void **out_value);
/** Adds or replaces. COGO_OK, COGO_ELIMIT, COGO_ENOMEM. */
cogo_err cogo__numbers_put(cogo__numbers *numbers, uint32_t number, const void *value);

#endif
