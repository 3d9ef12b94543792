/* The program's malloc and friends, wrapped: blocks of a run are counted, some requests fail.
 * Used by the runner: the linker gives it every call that the runtime and the scenarios make.
 * Never touches what happens outside of a run. */
#ifndef TESTS_SIM_MEMORY_H
#define TESTS_SIM_MEMORY_H

#include <stdint.h>

/** Forgets what was counted. @p fail_share: one request of so many fails while hungry; 0:
 * none. */
void memory_begin(uint64_t fail_share);
/** Blocks that were taken in the run and not freed. */
int64_t memory_live(void);
uint64_t memory_failures(void);
void memory_hungry(int hungry);

#endif
