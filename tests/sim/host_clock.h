/* The simulated world as one host sees it: with a clock of its own, which is ahead of the
 * others' and may run at another rate. Used by scenarios with several hosts. All else is the
 * world's. */
#ifndef TESTS_SIM_HOST_CLOCK_H
#define TESTS_SIM_HOST_CLOCK_H

#include "runtime/base/sim.h"

typedef struct host_clock {
    cogo__world world; /**< To make a system in. */
    uint64_t ahead_ns;
    uint64_t rate; /**< In 1000: it runs rate / 1000 times as fast; 0: as the world's. */
    int64_t wall_ahead_ms; /**< The time of day. */
} host_clock;

/** Fills in the world; @p clock stays where it is as long as that is used. */
void host_clock_init(host_clock *clock);

#endif
