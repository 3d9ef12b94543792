/* The entry that libFuzzer calls, also for the unit tests that replay a corpus.
 * Used by tests/fuzz/NAME_fuzz.c and tests/unit.
 * Never part of a program. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void claim(int truth)
{
    if (!truth) {
        abort();
    }
}

#endif
