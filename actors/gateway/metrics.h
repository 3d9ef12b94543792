/* The Prometheus text of a node: the orchestrator's families, the runtime's and the door's own.
 * Used by GET /metrics. Never has a task id as a label. */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "actors/gateway/exchange.h"

/* With what @p all say, which are `metrics`. The caller frees the text. NULL: out of memory. */
char *metrics_text(const desk *d, const void *const *all, size_t count);

#endif
