#include "actors/gateway/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct stream {
    struct stream *next;
    exchange *x;
    int64_t last; /* Sequence of the last event that was written. */
    bool reading; /* A page of recorded events is asked for. */
    bool again;   /* Something happened meanwhile: read once more. */
} stream;

static const char *const terminal_types[] = {"cogo.task.succeeded", "cogo.task.partial",
                                             "cogo.task.failed",    "cogo.task.cancelled",
                                             "cogo.task.expired",   "cogo.task.deadlettered"};

static void follow(desk *d, const char *task_id, cogo_msg_type type)
{
    events_follow record = {.task_id = task_id};
    /* Lost only when the orchestrator is: its asks fail then and end the stream. */
    (void)cogo_send(d->ctx, d->orchestrator, cogo_msg_create_record(d->system, type, &record));
}

static size_t followers(const desk *d, const char *task_id)
{
    size_t count = 0;
    for (const stream *s = d->streams; s != NULL; s = s->next) {
        count += task_id == NULL || strcmp(s->x->id, task_id) == 0;
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
static void write_event(stream *s, const task_event *event)
{
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

static void on_page(exchange *x, cogo_msg *msg);

static void read_on(stream *s)
{
    task_events ask = {.task_id = s->x->id, .after = s->last, .limit = SSE_PAGE};
    s->reading = true;
    s->again = false;
    exchange_ask(s->x, MSG_TASK_EVENTS, &ask, 0, MSG_EVENT_PAGE, on_page);
}

static void end_stream(stream *s)
{
    write_piece(s, NULL, 0, true);
    s->x->answered = true;
    s->x->streaming = false;
    sse_forget(s->x);
}

static void on_page(exchange *x, cogo_msg *msg)
{
    stream *s = x->data;
    const event_page *page = cogo_msg_payload(msg);
    const task_event *events = page->events.items;
    int64_t before = s->last;
    s->reading = false;
    if (!s->x->opened) {
        open_stream(s);
    }
    for (size_t i = 0; i < page->events.count; i++) {
        if (events[i].sequence > s->last) {
            write_event(s, &events[i]);
            s->last = events[i].sequence;
        }
    }
    /* A page may be shorter than asked for: only one without news is the last. */
    if (s->again || (s->last > before && !page->ended)) {
        read_on(s);
    } else if (page->ended) {
        end_stream(s);
    }
}

void sse_start(exchange *x, int64_t after)
{
    desk *d = x->desk;
    stream *s = cogo_arena_alloc(&x->arena, sizeof *s);
    if (s == NULL || followers(d, NULL) >= SSE_STREAMS_MAX) {
        exchange_problem(x, 503, NULL, "Too many event streams are open.");
        return;
    }
    if (x->request->head.method == HTTP_METHOD_HEAD) {
        exchange_text(x, 200, "text/event-stream", "");
        return;
    }
    s->x = x;
    s->last = after;
    x->data = s;
    x->streaming = true;
    if (followers(d, x->id) == 0) {
        follow(d, x->id, MSG_EVENTS_FOLLOW); /* Before the first read: nothing falls between. */
    }
    if (d->streams == NULL) {
        uint64_t period = SSE_KEEP_ALIVE_SECONDS * UINT64_C(1000000000);
        if (cogo_timer_start(d->ctx, period, period, 0, &d->keep_alive_timer) != COGO_OK) {
            d->keep_alive_timer = 0; /* Streams work without; a proxy may cut idle ones. */
        }
    }
    s->next = d->streams;
    d->streams = s;
    read_on(s);
}

static bool is_terminal(const char *type)
{
    for (size_t i = 0; i < sizeof terminal_types / sizeof terminal_types[0]; i++) {
        if (strcmp(type, terminal_types[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Writes the event when it is the next one; whatever else it is, the record knows better. */
static void take_event(stream *s, const task_event *event)
{
    if (s->reading) {
        s->again = s->again || event->sequence > s->last;
    } else if (event->sequence == 0) {
        write_event(s, event);
    } else if (event->sequence == s->last + 1) {
        write_event(s, event);
        s->last = event->sequence;
        if (is_terminal(event->type)) {
            read_on(s); /* Perhaps a retry follows: the page says whether it has ended. */
        }
    } else if (event->sequence > s->last) {
        read_on(s);
    }
}

void sse_event(desk *d, const task_event *event)
{
    for (stream *s = d->streams, *next; s != NULL; s = next) {
        next = s->next;
        if (strcmp(s->x->id, event->task_id) == 0) {
            take_event(s, event);
        }
    }
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
    if (followers(d, x->id) == 0) {
        follow(d, x->id, MSG_EVENTS_UNFOLLOW);
    }
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
            end_stream(d->streams);
        } else {
            sse_forget(x);
            exchange_problem(x, 503, NULL, "The server is stopping.");
        }
    }
}
