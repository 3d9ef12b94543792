/* What a worker node says of itself at its door: ready while all its workers are registered.
 * Used by node.c, where no orchestrator is that the door could ask. Never knows tasks. */
#ifndef CLI_STANDING_H
#define CLI_STANDING_H

#include <cogo/actor.h>

/* @p workers: how many the node has. Answers MSG_HEALTH_READ and MSG_METRICS_READ. */
COGO_MUST_USE cogo_err standing_start(cogo_system *system, size_t workers,
                                      cogo_actor_id *out_id);

#endif
