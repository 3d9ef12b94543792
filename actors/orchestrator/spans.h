/* Where the time of tasks goes, as spans for a collector: the task below the request that
 * submitted it, its attempts below it, and the states that it was in as phases of both.
 * Used by transition.c and dispatch.c. Costs one comparison when nobody collects. */
#ifndef ORCHESTRATOR_SPANS_H
#define ORCHESTRATOR_SPANS_H

#include "actors/orchestrator/room.h"

/* @p t has left the state @p before, in which it was since @p since_ms. */
void orc_spans_moved(orc *o, const orc_task *t, int32_t before, int64_t since_ms);

/* What a worker is told for the attempt with this lease, in the scratch arena: its work belongs
 * to the span of the attempt. Without a collector the caller's own context goes on. */
const char *orc_spans_traceparent(orc *o, const orc_task *t, int64_t lease);

/* The trace of @p t, hexadecimal with its NUL. */
void orc_spans_trace_id(const orc *o, const orc_task *t, char out[40]);

void orc_spans_metrics(orc *o, metric_list *list);

#endif
