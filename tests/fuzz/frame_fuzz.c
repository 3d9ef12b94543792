/* Bytes from anywhere into the decoder of frames (clang -fsanitize=fuzzer,address). */
#include "tests/fuzz/frame_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return frame_fuzz(data, size);
}
