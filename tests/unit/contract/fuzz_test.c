/* Replays the inputs of the fuzzer's corpus; run from the root of the source tree. */
#include "tests/fuzz/record_fuzz.c"
#include "tests/unit/test.h"

#include <dirent.h>
#include <stdio.h>

#define CORPUS "tests/fuzz/corpus"

enum { INPUT_BYTES_MAX = 65536, INPUTS_LEAST = 7 };

static size_t read_input(const char *name, uint8_t *bytes)
{
    char path[512];
    (void)snprintf(path, sizeof path, CORPUS "/%s", name);
    FILE *file = fopen(path, "rbe");
    size_t size = file == NULL ? 0 : fread(bytes, 1, INPUT_BYTES_MAX, file);
    if (file != NULL) {
        (void)fclose(file);
    }
    return size;
}

Test(fuzz, every_input_of_the_corpus_is_handled)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    int inputs = 0;
    DIR *corpus = opendir(CORPUS);
    cr_assert_not_null(corpus);
    for (const struct dirent *entry = readdir(corpus); entry; entry = readdir(corpus)) {
        if (entry->d_name[0] != '.') {
            size_t size = read_input(entry->d_name, bytes);
            cr_expect_gt(size, 0u);
            cr_expect_eq(LLVMFuzzerTestOneInput(bytes, size), 0);
            inputs++;
        }
    }
    (void)closedir(corpus);
    cr_expect_geq(inputs, (int)INPUTS_LEAST);
}

/* Each input cut off and with each byte changed: what a fuzzer would do first. */
Test(fuzz, neighbours_of_the_corpus_are_handled)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    DIR *corpus = opendir(CORPUS);
    cr_assert_not_null(corpus);
    for (const struct dirent *entry = readdir(corpus); entry; entry = readdir(corpus)) {
        size_t size = entry->d_name[0] == '.' ? 0 : read_input(entry->d_name, bytes);
        for (size_t i = 0; i < size; i++) {
            cr_assert_eq(LLVMFuzzerTestOneInput(bytes, i), 0);
            uint8_t kept = bytes[i];
            for (int change = 1; change < 256; change = change * 2 + 1) {
                bytes[i] = (uint8_t)(kept ^ change);
                cr_assert_eq(LLVMFuzzerTestOneInput(bytes, size), 0);
            }
            bytes[i] = kept;
        }
    }
    (void)closedir(corpus);
}
