/* Replays a corpus against the LLVMFuzzerTestOneInput() of this binary.
 * Used by tests/unit, run from the root of the source tree.
 * Never changes the corpus. */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>

enum { REPLAY_BYTES_MAX = 65536, REPLAY_NEIGHBOURS_MAX = 4096 };

static void replay_neighbours(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < REPLAY_NEIGHBOURS_MAX; i++) {
        claim(LLVMFuzzerTestOneInput(bytes, i) == 0);
        uint8_t kept = bytes[i];
        for (int change = 1; change < 256; change = change * 2 + 1) {
            bytes[i] = (uint8_t)(kept ^ change);
            claim(LLVMFuzzerTestOneInput(bytes, size) == 0);
        }
        bytes[i] = kept;
    }
}

/* Every input as it is, cut off at each byte, and with each byte changed: what a fuzzer would
 * do first. Returns how many inputs there were. */
static inline int replay_corpus(const char *folder)
{
    static uint8_t bytes[REPLAY_BYTES_MAX];
    int inputs = 0;
    DIR *corpus = opendir(folder);
    for (const struct dirent *entry = NULL;
         corpus != NULL && (entry = readdir(corpus)) != NULL;) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rbe");
        if (file != NULL) {
            size_t size = fread(bytes, 1, sizeof bytes, file);
            (void)fclose(file);
            claim(LLVMFuzzerTestOneInput(bytes, size) == 0);
            replay_neighbours(bytes, size);
            inputs++;
        }
    }
    if (corpus != NULL) {
        (void)closedir(corpus);
    }
    return inputs;
}

#endif
