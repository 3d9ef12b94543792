/* The keeper: a process between us and the program that outlives neither, and kills everything
 * the program started, also what left its session or was orphaned (it is a subreaper).
 * Used by the runner, one keeper per run.
 * Never executes anything itself; it ends when the runner's end of the control pipe closes. */
#ifndef SANDBOX_KEEPER_H
#define SANDBOX_KEEPER_H

#include "actors/sandbox/confine.h"

#define KEEPER_TERMINATE 't' /* SIGTERM to all. */
#define KEEPER_KILL      'k' /* Kill all and report. */

/* The body of the forked child. */
_Noreturn void sandbox__keeper_main(const sandbox__plan *plan);

#endif
