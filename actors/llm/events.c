#include "actors/llm/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_ID_MAX = 128 };

static bool append(char **buffer, size_t *size, size_t *capacity, const char *bytes,
                   size_t count, size_t limit)
{
    if (count > limit || *size > limit - count) {
        return false;
    }
    if (*size + count + 1 > *capacity) {
        size_t wider = 2 * *capacity + count + 256;
        char *longer = realloc(*buffer, wider);
        if (longer == NULL) {
            return false;
        }
        *buffer = longer;
        *capacity = wider;
    }
    memcpy(*buffer + *size, bytes, count);
    *size += count;
    (*buffer)[*size] = '\0';
    return true;
}

/* The blank line: gives the event out, if there is one. */
static http_events_fed dispatch(http_event_parser *p, http_event_fn on_event, void *ctx)
{
    bool go_on = true;
    if (p->has_data) {
        http_event event = {.id = p->id,
                            .type = p->type[0] != '\0' ? p->type : "message",
                            .data = p->data != NULL ? p->data : ""};
        go_on = on_event(ctx, &event);
    }
    p->has_data = false;
    p->data_size = 0;
    p->type[0] = '\0';
    if (p->data != NULL) {
        p->data[0] = '\0';
    }
    return go_on ? HTTP_EVENTS_OK : HTTP_EVENTS_STOPPED;
}

static http_events_fed take_line(http_event_parser *p, http_event_fn on_event, void *ctx)
{
    char *line = p->line_size > 0 ? p->line : NULL;
    p->line_size = 0;
    if (line == NULL) {
        return dispatch(p, on_event, ctx);
    }
    if (line[0] == ':') {
        return HTTP_EVENTS_OK; /* A comment keeps the connection alive. */
    }
    char *value = strchr(line, ':');
    if (value == NULL) {
        value = line + strlen(line);
    } else {
        *value++ = '\0';
        value += *value == ' ';
    }
    if (strcmp(line, "data") == 0) {
        bool ok =
            !p->has_data
            || append(&p->data, &p->data_size, &p->data_capacity, "\n", 1, p->limit_bytes);
        p->has_data = true;
        if (!ok
            || !append(&p->data, &p->data_size, &p->data_capacity, value, strlen(value),
                       p->limit_bytes)) {
            return HTTP_EVENTS_TOO_LARGE;
        }
    } else if (strcmp(line, "id") == 0) {
        snprintf(p->id, sizeof p->id, "%s", value);
    } else if (strcmp(line, "event") == 0) {
        snprintf(p->type, sizeof p->type, "%s", value);
    }
    return HTTP_EVENTS_OK;
}

http_events_fed http_events_feed(http_event_parser *p, const char *bytes, size_t size,
                                 http_event_fn on_event, void *ctx)
{
    size_t at = 0;
    while (at < size) {
        if (p->after_cr && bytes[at] == '\n') {
            p->after_cr = false;
            at++;
            continue;
        }
        p->after_cr = false;
        size_t end = at;
        while (end < size && bytes[end] != '\n' && bytes[end] != '\r') {
            end++;
        }
        if (!append(&p->line, &p->line_size, &p->line_capacity, bytes + at, end - at,
                    p->limit_bytes)) {
            return HTTP_EVENTS_TOO_LARGE;
        }
        if (end == size) {
            break;
        }
        p->after_cr = bytes[end] == '\r';
        http_events_fed fed = take_line(p, on_event, ctx);
        if (fed != HTTP_EVENTS_OK) {
            return fed;
        }
        at = end + 1;
    }
    return HTTP_EVENTS_OK;
}

void http_events_finish(http_event_parser *parser)
{
    free(parser->line);
    free(parser->data);
    memset(parser, 0, sizeof *parser);
}

typedef struct stream {
    http_event_parser parser;
    http_event_fn on_event;
    void *ctx;
    bool too_large;
} stream;

static bool on_bytes(void *ctx, const char *bytes, size_t size)
{
    stream *s = ctx;
    http_events_fed fed = http_events_feed(&s->parser, bytes, size, s->on_event, s->ctx);
    s->too_large = fed == HTTP_EVENTS_TOO_LARGE;
    return fed == HTTP_EVENTS_OK;
}

http_outcome http_events(const http_request *request, const char *last_id,
                         http_event_fn on_event, void *ctx, http_response *response)
{
    const char *headers[HTTP_REQUEST_HEADERS_MAX + 1] = {"Accept: text/event-stream"};
    size_t count = 1;
    char last[LAST_ID_MAX + 32];
    if (last_id != NULL && last_id[0] != '\0') {
        snprintf(last, sizeof last, "Last-Event-ID: %.*s", LAST_ID_MAX, last_id);
        headers[count++] = last;
    }
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL
                       && count < HTTP_REQUEST_HEADERS_MAX;
         i++) {
        headers[count++] = request->headers[i];
    }
    headers[count] = NULL;
    http_request asked = *request;
    asked.headers = headers;

    stream s = {.on_event = on_event, .ctx = ctx};
    s.parser.limit_bytes =
        request->response_limit > 0 ? request->response_limit : HTTP_RESPONSE_LIMIT;
    http_outcome outcome = http_stream(&asked, on_bytes, &s, response);
    if (s.too_large) {
        response->outcome = outcome = HTTP_TOO_LARGE;
        snprintf(response->error, sizeof response->error, "an event is larger than the limit");
    }
    http_events_finish(&s.parser);
    return outcome;
}
