/* Spans as OTLP in JSON (opentelemetry-proto, ExportTraceServiceRequest). Pure.
 * Used by the exporter. */
#ifndef TELEMETRY_OTLP_H
#define TELEMETRY_OTLP_H

#include "actors/telemetry/settings.h"
#include "codec/contract/messages.h"

/* A request with @p count spans. The caller frees the text. NULL: out of memory. */
char *otlp_request(const telemetry_settings *settings, const span *const *spans, size_t count);

/* Spans that the answer @p body says were rejected; 0 when it says nothing of that. */
int64_t otlp_rejected(const char *body, size_t size);

#endif
