/* The entry that libFuzzer calls, for the unit test that replays the corpus.
 * Used by tests/unit/contract.
 * Never part of a program. */
#ifndef TESTS_FUZZ_RECORD_FUZZ_H
#define TESTS_FUZZ_RECORD_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
