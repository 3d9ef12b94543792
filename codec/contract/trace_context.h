/* W3C trace context: "00-<trace>-<span>-<flags>".
 * Used by the doors, the orchestrator and the exporter of spans. Never keeps anything. */
#ifndef CONTRACT_TRACE_CONTEXT_H
#define CONTRACT_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_ID_SIZE = 33, SPAN_ID_SIZE = 17, TRACEPARENT_SIZE = 56 }; /* With their NULs. */

typedef struct trace_context {
    char trace_id[TRACE_ID_SIZE];
    char span_id[SPAN_ID_SIZE];
    bool sampled;
} trace_context;

/* False: @p text (may be NULL) is no traceparent; @p out is not touched. */
bool trace_context_parse(const char *text, trace_context *out);
void trace_context_format(const trace_context *c, char out[TRACEPARENT_SIZE]);

/* A new trace; of all of them @p ratio (0 to 1) are sampled. */
void trace_context_begin(trace_context *out, uint64_t random_high, uint64_t random_low,
                         double ratio);

/* Sixteen digits of a number that is not 0. */
void span_id_format(uint64_t number, char out[SPAN_ID_SIZE]);

#endif
