/* Parts of an answer: Range and the entity tags that go with it (RFC 9110), as far as the door
 * has them: one range of bytes. Pure. */
#ifndef GATEWAY_RANGE_H
#define GATEWAY_RANGE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum range_verdict {
    RANGE_ALL,  /* None is asked for, or not one that is understood: all of it is the answer. */
    RANGE_PART, /* [first, last] of it. */
    RANGE_BAD,  /* It has no such bytes: 416. */
} range_verdict;

/* Reads "bytes=A-B", "bytes=A-" or "bytes=-N" for @p size bytes. @p text NULL: none. */
range_verdict range_read(const char *text, int64_t size, int64_t *out_first, int64_t *out_last);

/* True when the list of @p text (If-None-Match), or "*", has @p tag, which is quoted. NULL has
 * none. */
bool range_tag_in(const char *text, const char *tag);

#endif
