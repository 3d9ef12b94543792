/* The inputs of the fuzzer's corpus, and their neighbours; run from the root of the tree. */
#define LLVMFuzzerTestOneInput tls_fuzz_one
#include "tests/fuzz/replay.h"
#include "tests/fuzz/tls_fuzz.c"
#include "tests/unit/test.h"

Test(fuzz, every_handshake_of_the_corpus_and_its_neighbours_are_handled)
{
    cr_expect_geq(replay_corpus("tests/fuzz/corpus/tls"), 70);
}
