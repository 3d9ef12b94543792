/* Metrics of the links between nodes.
 * Used by GET /metrics of a node that has links. Only linked nodes have series of their own, at
 * most LINK_SERIES_MAX of them. */
#ifndef GATEWAY_METRICS_LINKS_H
#define GATEWAY_METRICS_LINKS_H

#include "codec/contract/metric_text.h"

#include <cogo/node.h>

enum { LINK_SERIES_MAX = 256 };

/* Adds them to @p list; nothing when @p system is no node. */
void metrics_links(cogo_system *system, metric_list *list);

#endif
