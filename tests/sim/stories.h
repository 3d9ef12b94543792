/* The scenarios, one per line: function, faults that it bears, and its story.
 * Used by the runner for its table; a new scenario is a new line. */
#ifndef TESTS_SIM_STORIES_H
#define TESTS_SIM_STORIES_H

#include "tests/sim/scenario.h"

#define STORY_MAP(X)                                                                        \
    X(talk_fifo, SCENARIO_JUMPS, "all talk to all: nothing lost, nothing twice, in order")  \
    X(ask_outcomes, SCENARIO_JUMPS, "asks, late answers, deaths: exactly one outcome each") \
    X(watch_and_timers, SCENARIO_JUMPS, "one DOWN per monitor, no cancelled timer arrives") \
    X(stop_anywhere, SCENARIO_JUMPS, "a stop in the middle of everything leaves nothing")   \
    X(stop_hungry, SCENARIO_JUMPS | SCENARIO_MEMORY, "the same while memory is short")      \
    X(threads_of_heirs, 0, "a detached actor in a dead one's cell runs on its own thread")  \
    X(cluster_torn, SCENARIO_CALM,                                                          \
      "a network that is cut and healed: FIFO, one DOWN, groups, a guest, no false id")     \
    X(cluster_alone, SCENARIO_CALM,                                                         \
      "members, a torn network, clocks of other rates: never two singletons, in the end one")

#define X(name, faults, story) void name(void);
STORY_MAP(X)
#undef X

#endif
