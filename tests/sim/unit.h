/* The unit tests of the runtime as scenarios: what they tell must be true of every
 * interleaving.
 * Used by the runner. Never those that start threads of the machine or read its clock. */
#ifndef TESTS_SIM_UNIT_H
#define TESTS_SIM_UNIT_H

#include "tests/sim/scenario.h"

/** Sorted by name; ends with a NULL name. */
const scenario *unit_scenarios(void);

#endif
