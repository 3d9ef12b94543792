#include "actors/telemetry/otlp.h"

#include "codec/json/json.h"

#include <cogo/system.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { KIND_INTERNAL = 1, KIND_SERVER = 2, STATUS_ERROR = 2 };

static json_t *text_attribute(const char *key, const char *value)
{
    return json_pack("{s:s, s:{s:s}}", "key", key, "value", "stringValue", value);
}

/* 64-bit numbers are text in the JSON of protobuf. */
static json_t *number_text(int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    return json_string(text);
}

static json_t *attribute(const span_attribute *a)
{
    return a->text != NULL ? text_attribute(a->key, a->text)
                           : json_pack("{s:s, s:{s:o}}", "key", a->key, "value", "intValue",
                                       number_text(a->number));
}

static json_t *one_span(const span *s)
{
    const span_attribute *all = s->attributes.items;
    json_t *attributes = json_array();
    for (size_t i = 0; i < s->attributes.count; i++) {
        (void)json_array_append_new(attributes, attribute(&all[i]));
    }
    json_t *status = s->error == NULL
                         ? json_object()
                         : json_pack("{s:i, s:s}", "code", STATUS_ERROR, "message", s->error);
    return json_pack("{s:s, s:s, s:s*, s:s, s:i, s:o, s:o, s:o, s:o}", "traceId", s->trace_id,
                     "spanId", s->span_id, "parentSpanId", s->parent_id, "name", s->name,
                     "kind", s->server ? KIND_SERVER : KIND_INTERNAL, "startTimeUnixNano",
                     number_text(s->start_ns), "endTimeUnixNano", number_text(s->end_ns),
                     "attributes", attributes, "status", status);
}

static json_t *resource(const telemetry_settings *settings)
{
    json_t *attributes = json_array();
    (void)json_array_append_new(attributes, text_attribute("service.name", settings->service));
    (void)json_array_append_new(attributes, text_attribute("service.version", cogo_version()));
    for (size_t i = 0; i < settings->resource.count; i++) {
        (void)json_array_append_new(attributes, text_attribute(settings->resource.names[i],
                                                               settings->resource.values[i]));
    }
    return json_pack("{s:o}", "attributes", attributes);
}

char *otlp_request(const telemetry_settings *settings, const span *const *spans, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, one_span(spans[i]));
    }
    json_t *request = json_pack("{s:[{s:o, s:[{s:{s:s, s:s}, s:o}]}]}", "resourceSpans",
                                "resource", resource(settings), "scopeSpans", "scope", "name",
                                "cogo", "version", cogo_version(), "spans", list);
    char *text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
    json_decref(request);
    return text;
}

int64_t otlp_rejected(const char *body, size_t size)
{
    cogo_record_error error;
    json_t *json = body == NULL ? NULL : json_parse(body, size, &error);
    const json_t *count =
        json_object_get(json_object_get(json, "partialSuccess"), "rejectedSpans");
    int64_t rejected = json_is_string(count) ? strtoll(json_string_value(count), NULL, 10)
                                             : (int64_t)json_integer_value(count);
    json_decref(json);
    return rejected > 0 ? rejected : 0;
}
