#include "actors/doors/feed.h"

#include <string.h>

static const char *const terminal_types[] = {"cogo.task.succeeded", "cogo.task.partial",
                                             "cogo.task.failed",    "cogo.task.cancelled",
                                             "cogo.task.expired",   "cogo.task.deadlettered"};

void feed_read(feed *f)
{
    task_events ask = {.task_id = f->task_id, .after = f->last, .limit = FEED_PAGE};
    f->reading = true;
    f->again = false;
    f->reader->ask(f, &ask);
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
        feed_read(f);
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
void feed_take(feed *f, const task_event *event)
{
    if (f->reading) {
        f->again = f->again || event->sequence > f->last;
    } else if (event->sequence == 0) {
        f->reader->write(f, event);
    } else if (event->sequence == f->last + 1) {
        f->reader->write(f, event);
        f->last = event->sequence;
        if (is_terminal(event->type)) {
            feed_read(f); /* Perhaps a retry follows: the page says whether it has ended. */
        }
    } else if (event->sequence > f->last) {
        feed_read(f);
    }
}
