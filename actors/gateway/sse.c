#include "actors/gateway/sse.h"

#include "actors/gateway/feeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct stream {
    desk_feed feed; /* First: a feed of ours is a stream. */
    struct stream *next;
    exchange *x;
} stream;

static size_t count_streams(const desk *d)
{
    size_t count = 0;
    for (const stream *s = d->streams; s != NULL; s = s->next) {
        count++;
    }
    return count;
}

static void write_piece(stream *s, const char *text, size_t size, bool last)
{
    exchange *x = s->x;
    server_answer(x->desk->server, x->request->exchange,
                  answer_piece(x->request->exchange, text, size, last));
}

/* One event in the text format; the record is one line of JSON. */
static void write_event(feed *f, const task_event *event)
{
    stream *s = (stream *)f;
    json_t *json = json_from_record(&task_event_record, event);
    char *data = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    size_t capacity = data != NULL ? strlen(data) + 256 : 0;
    char *text = data != NULL ? malloc(capacity) : NULL;
    int size = 0;
    if (text != NULL && event->sequence > 0) {
        size = snprintf(text, capacity, "id: %lld\nevent: %.128s\ndata: %s\n\n",
                        (long long)event->sequence, event->type, data);
    } else if (text != NULL) { /* Progress is not recorded and has no number. */
        size = snprintf(text, capacity, "event: %.128s\ndata: %s\n\n", event->type, data);
    }
    if (size > 0) {
        write_piece(s, text, (size_t)size, false);
    }
    free(data);
    free(text);
}

static void open_stream(stream *s)
{
    exchange *x = s->x;
    exchange_add_header(x, "X-Accel-Buffering", "no");
    answer_head head = exchange_head(x, 200, "text/event-stream");
    counts_add(x->desk->counts, x->request->head.method, "/v1/tasks/{id}/events", 200);
    server_answer(x->desk->server, x->request->exchange,
                  answer_stream(x->request->exchange, &head));
    x->opened = true;
    write_piece(s, ": replay\n\n", 10, false);
}

static void on_page(exchange *x, cogo_msg *msg)
{
    stream *s = x->data;
    if (!x->opened) {
        open_stream(s);
    }
    feed_page(&s->feed.feed, cogo_msg_payload(msg));
}

static void ask_page(feed *f, const task_events *what)
{
    exchange_ask(((stream *)f)->x, MSG_TASK_EVENTS, what, 0, MSG_EVENT_PAGE, on_page);
}

static void end_stream(feed *f)
{
    stream *s = (stream *)f;
    write_piece(s, NULL, 0, true);
    s->x->answered = true;
    sse_forget(s->x);
}

static const feed_reader reader = {.ask = ask_page, .write = write_event, .end = end_stream};

void sse_start(exchange *x, int64_t after)
{
    desk *d = x->desk;
    stream *s = cogo_arena_alloc(&x->arena, sizeof *s);
    if (s == NULL || count_streams(d) >= SSE_STREAMS_MAX) {
        exchange_problem(x, 503, NULL, "Too many event streams are open.");
        return;
    }
    if (x->request->head.method == HTTP_METHOD_HEAD) {
        exchange_text(x, 200, "text/event-stream", "");
        return;
    }
    *s = (stream){
        .feed = {.feed = {.reader = &reader, .task_id = x->id, .last = after}, .desk = d},
        .next = d->streams,
        .x = x};
    x->data = s;
    x->streaming = true;
    if (d->streams == NULL) {
        uint64_t period = SSE_KEEP_ALIVE_SECONDS * UINT64_C(1000000000);
        if (cogo_timer_start(d->ctx, period, period, 0, &d->keep_alive_timer) != COGO_OK) {
            d->keep_alive_timer = 0; /* Streams work without; a proxy may cut idle ones. */
        }
    }
    d->streams = s;
    feeds_start(&s->feed);
}

void sse_keep_alive(desk *d)
{
    for (stream *s = d->streams; s != NULL; s = s->next) {
        if (s->x->opened) {
            write_piece(s, ": keep-alive\n\n", 14, false);
        }
    }
}

void sse_forget(exchange *x)
{
    desk *d = x->desk;
    stream *mine = x->data;
    for (stream **at = &d->streams; *at != NULL; at = &(*at)->next) {
        if (*at == mine) {
            *at = mine->next;
            break;
        }
    }
    feeds_stop(&mine->feed);
    if (d->streams == NULL && d->keep_alive_timer != 0) {
        cogo_timer_cancel(d->ctx, d->keep_alive_timer);
        d->keep_alive_timer = 0;
    }
    x->streaming = false;
}

void sse_end_all(desk *d)
{
    while (d->streams != NULL) {
        exchange *x = d->streams->x;
        if (d->streams->x->opened) {
            end_stream(&d->streams->feed.feed);
        } else {
            sse_forget(x);
            exchange_problem(x, 503, NULL, "The server is stopping.");
        }
    }
}
