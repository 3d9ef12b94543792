/* What describes a task on the command line.
 * Used by `cogo task submit` and `cogo schedule create`. Never talks to a server. */
#ifndef CLI_TASK_H
#define CLI_TASK_H

#include "actors/cli/args.h"

#include <jansson.h>

/* An instruction from the first positional (the role) and the options --context, --priority,
 * --timeout and --depends-on, where the command has them. The caller owns it. NULL: said what
 * is wrong. */
json_t *task_instruction(const args *a);

#endif
