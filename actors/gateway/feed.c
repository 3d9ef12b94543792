#include "actors/gateway/feed.h"

#include <string.h>

static const char *const terminal_types[] = {"cogo.task.succeeded", "cogo.task.partial",
                                             "cogo.task.failed",    "cogo.task.cancelled",
                                             "cogo.task.expired",   "cogo.task.deadlettered"};

static void follow(desk *d, const char *task_id, cogo_msg_type type)
{
    events_follow record = {.task_id = task_id};
    /* Lost only when the orchestrator is: its asks fail then and end the feed. */
    (void)cogo_send(d->ctx, d->orchestrator, cogo_msg_create_record(d->system, type, &record));
}

static bool is_followed(const desk *d, const char *task_id)
{
    for (const feed *f = d->feeds; f != NULL; f = f->next) {
        if (strcmp(f->task_id, task_id) == 0) {
            return true;
        }
    }
    return false;
}

static void read_on(feed *f)
{
    task_events ask = {.task_id = f->task_id, .after = f->last, .limit = FEED_PAGE};
    f->reading = true;
    f->again = false;
    f->reader->ask(f, &ask);
}

void feed_start(feed *f)
{
    desk *d = f->desk;
    if (!is_followed(d, f->task_id)) {
        follow(d, f->task_id,
               MSG_EVENTS_FOLLOW); /* Before the first read: nothing is missed. */
    }
    f->next = d->feeds;
    d->feeds = f;
    read_on(f);
}

void feed_stop(feed *f)
{
    desk *d = f->desk;
    for (feed **at = &d->feeds; *at != NULL; at = &(*at)->next) {
        if (*at == f) {
            *at = f->next;
            break;
        }
    }
    if (!is_followed(d, f->task_id)) {
        follow(d, f->task_id, MSG_EVENTS_UNFOLLOW);
    }
}

void feed_page(feed *f, const event_page *page)
{
    const task_event *events = page->events.items;
    int64_t before = f->last;
    f->reading = false;
    for (size_t i = 0; i < page->events.count; i++) {
        if (events[i].sequence > f->last) {
            f->reader->write(f, &events[i]);
            f->last = events[i].sequence;
        }
    }
    /* A page may be shorter than asked for: only one without news is the last. */
    if (f->again || (f->last > before && !page->ended)) {
        read_on(f);
    } else if (page->ended) {
        f->reader->end(f);
    }
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
static void take_event(feed *f, const task_event *event)
{
    if (f->reading) {
        f->again = f->again || event->sequence > f->last;
    } else if (event->sequence == 0) {
        f->reader->write(f, event);
    } else if (event->sequence == f->last + 1) {
        f->reader->write(f, event);
        f->last = event->sequence;
        if (is_terminal(event->type)) {
            read_on(f); /* Perhaps a retry follows: the page says whether it has ended. */
        }
    } else if (event->sequence > f->last) {
        read_on(f);
    }
}

void feed_event(desk *d, const task_event *event)
{
    for (feed *f = d->feeds, *next; f != NULL; f = next) {
        next = f->next;
        if (strcmp(f->task_id, event->task_id) == 0) {
            take_event(f, event);
        }
    }
}
