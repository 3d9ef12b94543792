/* Workers in child processes: which ones, the pools of a node, and what this program is in such
 * a process. Used by node.c and by main.c, which asks first of all. Never starts a worker: its
 * guardian does. */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include "actors/cli/guardian.h"

/* Runs a child process, if this one is: true when it is over, with what main() returns. */
bool process_main(int *out_code);

/* Gives each worker of a type in @p which ("all", or types with commas; NULL: none) its pool.
 * False: @p error says which is wrong. */
bool process_choose(guardian_config *config, const char *which, char error[256]);

/* One process for each type that has a pool. The node of @p system runs. */
COGO_MUST_USE cogo_err process_pools_start(cogo_system *system, const guardian_config *config,
                                           char error[256]);

#endif
