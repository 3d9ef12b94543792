/* The events of one task in their order, for one reader: first those that are recorded, then
 * those that happen. Used by event streams, WebSockets and the Redis door. Never keeps events:
 * what was missed is read again, so none is lost, doubled or out of order. */
#ifndef DOORS_FEED_H
#define DOORS_FEED_H

#include "codec/contract/messages.h"

enum { FEED_PAGE = 500 }; /* Events per read. */

typedef struct feed feed;

typedef struct feed_reader {
    /* Asks the orchestrator; its page goes to feed_page(). */
    void (*ask)(feed *f, const task_events *what);
    void (*write)(feed *f, const task_event *event);
    void (*end)(feed *f); /* The task has ended. */
} feed_reader;

struct feed {
    const feed_reader *reader;
    const char *task_id; /* Stays as long as the feed. */
    int64_t last;        /* Sequence of the last event that was written. */
    bool reading;        /* A page of recorded events is asked for. */
    bool again;          /* Something happened meanwhile: read once more. */
};

/* Reads what is recorded after sequence @p f->last. */
void feed_read(feed *f);
void feed_page(feed *f, const event_page *page);
/* An event of its task. */
void feed_take(feed *f, const task_event *event);

#endif
