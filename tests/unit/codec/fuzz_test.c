/* The inputs of the fuzzer's corpus, and their neighbours; run from the root of the tree. */
#include "tests/fuzz/frame_fuzz.c"
#include "tests/fuzz/replay.h"
#include "tests/unit/test.h"

Test(fuzz, every_frame_of_the_corpus_and_its_neighbours_are_handled)
{
    cr_expect_geq(replay_corpus("tests/fuzz/corpus/frame"), 100);
}
