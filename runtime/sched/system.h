/* Making a system in another world than the operating system's.
 * Used by cogo_system_create() and by simulation.
 * Never public. */
#ifndef COGO_SCHED_SYSTEM_H
#define COGO_SCHED_SYSTEM_H

#include "runtime/base/world.h"

#include <cogo/system.h>

cogo_err cogo__system_create_in(const cogo__world *world, const cogo_system_config *config,
                                cogo_system **out_system);

#endif
