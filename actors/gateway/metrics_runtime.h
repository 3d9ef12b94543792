/* The runtime's own metrics: actors, mailboxes, lanes, dead letters, offloaded work, links.
 * Used by GET /metrics. Never has more series than there are behaviours (257), lanes and
 * reasons. */
#ifndef GATEWAY_METRICS_RUNTIME_H
#define GATEWAY_METRICS_RUNTIME_H

#include "codec/contract/metric_text.h"

#include <cogo/system.h>

/* All families of @p system, in @p arena. */
COGO_MUST_USE cogo_err metrics_runtime(cogo_system *system, cogo_arena *arena, metrics *out);

#endif
