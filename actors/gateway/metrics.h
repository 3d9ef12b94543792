/* The Prometheus text of a node: the orchestrator's families, the runtime's and the door's own.
 * Used by GET /metrics. Never has a task id as a label. */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "actors/gateway/exchange.h"

/* @p beside: of another door, or NULL. The caller frees the text. NULL when out of memory. */
char *metrics_text(const desk *d, const metrics *from_orchestrator, const metrics *beside);

#endif
