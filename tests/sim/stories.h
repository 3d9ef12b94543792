/* The scenarios, one per line: function, faults that it bears, and its story.
 * Used by the runner for its table; a new scenario is a new line. */
#ifndef TESTS_SIM_STORIES_H
#define TESTS_SIM_STORIES_H

#include "tests/sim/scenario.h"

#define STORY_MAP(X) \
    X(talk_fifo, SCENARIO_JUMPS, "all talk to all: nothing lost, nothing twice, in order")

#define X(name, faults, story) void name(void);
STORY_MAP(X)
#undef X

#endif
