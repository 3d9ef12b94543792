/* One input for the decoder of frames, for libFuzzer and for the unit test.
 * Used by tests/fuzz/frame_fuzz.c and tests/unit/codec.
 * Never prints: it aborts. */
#ifndef TESTS_FUZZ_FRAME_FUZZ_H
#define TESTS_FUZZ_FRAME_FUZZ_H

#include "codec/frame.h"

#include <stdlib.h>

/* Prefix and frame. What decodes must encode again, and then be the same bytes for ever. */
static inline int frame_fuzz(const uint8_t *data, size_t size)
{
    size_t whole = 0;
    cogo__frame frame, again;
    if (cogo__frame_measure(data, size, COGO__FRAME_BYTES_MAX, &whole) != COGO__FRAME_READY
        || cogo__frame_decode(data + COGO__FRAME_PREFIX, whole - COGO__FRAME_PREFIX, &frame)
               != NULL
        || cogo__frame_name(frame.kind) == NULL) {
        return 0;
    }
    size_t bound = cogo__frame_bound(&frame);
    uint8_t *first = malloc(bound), *second = malloc(bound);
    if (first == NULL || second == NULL) {
        abort();
    }
    size_t wrote = cogo__frame_encode(&frame, NULL, first, bound);
    // Shortest forms are never longer than what was read.
    if (wrote == 0 || wrote > whole
        || cogo__frame_decode(first + COGO__FRAME_PREFIX, wrote - COGO__FRAME_PREFIX, &again)
               != NULL
        || cogo__frame_encode(&again, NULL, second, bound) != wrote) {
        abort();
    }
    for (size_t i = 0; i < wrote; i++) {
        if (first[i] != second[i]) {
            abort();
        }
    }
    free(first);
    free(second);
    return 0;
}

#endif
