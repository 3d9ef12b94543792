/* The tables of what is told about where time goes. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field span_attribute_fields[] = {
    FIELD(span_attribute, key, "key", STRING, REQUIRED, .doc = "Its name."),
    FIELD(span_attribute, text, "text", STRING, .doc = "Its value; absent: it is a number."),
    FIELD(span_attribute, number, "number", INT, .min = INT64_MIN, .max = INT64_MAX,
          .doc = "Its value when it is a number."),
};
RECORD(span_attribute, "SpanAttribute", 1, "One fact about a span.");

static const cogo_field span_fields[] = {
    FIELD(span, trace_id, "traceId", STRING, REQUIRED, .doc = "Trace, hexadecimal."),
    FIELD(span, span_id, "spanId", STRING, REQUIRED, .doc = "Span, hexadecimal."),
    FIELD(span, parent_id, "parentSpanId", STRING, .doc = "Span that it is part of."),
    FIELD(span, name, "name", STRING, REQUIRED, .doc = "What was done."),
    FIELD(span, server, "server", BOOL, .doc = "A request from outside; else internal."),
    FIELD(span, start_ns, "start", INT, NOT_NEGATIVE, .doc = "Nanoseconds since 1970."),
    FIELD(span, end_ns, "end", INT, NOT_NEGATIVE, .doc = "Nanoseconds since 1970."),
    FIELD(span, error, "error", STRING, .doc = "Why it failed; absent: it did not."),
    FIELD_RECORDS(span, attributes, "attributes", span_attribute, .doc = "Facts."),
};
RECORD(span, "Span", 1, "Something that took time.");
