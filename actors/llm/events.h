/* Server-sent events: bytes of a text/event-stream -> events.
 * Used by whoever watches a task or reads a model's answer as it grows.
 * Never connects again by itself: the caller decides, with the last id. */
#ifndef LLM_EVENTS_H
#define LLM_EVENTS_H

#include "actors/llm/http.h"

/* One event. The strings live until the callback returns. */
typedef struct http_event {
    const char *id;   /* The last one seen; "" when none. */
    const char *type; /* "message" when the stream names none. */
    const char *data; /* Lines joined with a newline. */
} http_event;

/* False ends the stream with HTTP_STOPPED. */
typedef bool (*http_event_fn)(void *ctx, const http_event *event);

/* A parser that can be fed any cut of the stream. Zero-initialise, set limit_bytes. */
typedef struct http_event_parser {
    size_t limit_bytes; /* Of one line and of the data of one event. */
    char *line;
    size_t line_size, line_capacity;
    char *data;
    size_t data_size, data_capacity;
    char id[128];
    char type[128];
    bool has_data;
    bool after_cr; /* A LF now belongs to the CR before it. */
} http_event_parser;

typedef enum http_events_fed {
    HTTP_EVENTS_OK,
    HTTP_EVENTS_STOPPED,   /* The callback said so. */
    HTTP_EVENTS_TOO_LARGE, /* A line or an event over the limit, or no memory for it. */
} http_events_fed;

http_events_fed http_events_feed(http_event_parser *parser, const char *bytes, size_t size,
                                 http_event_fn on_event, void *ctx);
void http_events_finish(http_event_parser *parser);

/* Opens @p request as an event stream and gives each event to @p on_event until the server ends
 * it (HTTP_ANSWERED), the callback stops it, or it breaks. @p last_id (NULL: none) is sent as
 * Last-Event-ID. */
http_outcome http_events(const http_request *request, const char *last_id,
                         http_event_fn on_event, void *ctx, http_response *response);

#endif
