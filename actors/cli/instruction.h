/* What describes a task on the command line.
 * Used by `cogo task submit` and `cogo schedule create`. Never talks to a server. */
#ifndef CLI_INSTRUCTION_H
#define CLI_INSTRUCTION_H

#include "actors/cli/args.h"

#include <jansson.h>

/* An instruction from the first positional (the role) and the options, --context and others,
 * that the command has. The caller owns it. NULL: said what is wrong. */
json_t *instruction_read(const args *a);

#endif
