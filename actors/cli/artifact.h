/* What is kept beside tasks, as commands see it.
 * Used by whatever shows the output of a task. */
#ifndef CLI_ARTIFACT_H
#define CLI_ARTIFACT_H

#include "actors/cli/client.h"

/* Fetches the output of @p task when it is kept beside it, and puts it where a small one is.
 * CLI_OK also when there is nothing to fetch; otherwise said why. */
cli_exit artifact_fill(const client *c, json_t *task);

#endif
