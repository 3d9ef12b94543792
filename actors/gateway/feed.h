/* The events of one task, for one reader: first those that are recorded, then those that
 * happen. Used by event streams (sse.c) and WebSockets (ws_client.c). Never keeps events: what
 * was missed is read again, so none is lost, doubled or out of order. */
#ifndef GATEWAY_FEED_H
#define GATEWAY_FEED_H

#include "actors/gateway/exchange.h"

enum { FEED_PAGE = 500 }; /* Events per read. */

typedef struct feed feed;

typedef struct feed_reader {
    /* Asks the orchestrator; its page goes to feed_page(). */
    void (*ask)(feed *f, const task_events *what);
    void (*write)(feed *f, const task_event *event);
    void (*end)(feed *f); /* The task has ended: feed_stop() and more. */
} feed_reader;

struct feed {
    feed *next;
    desk *desk;
    const feed_reader *reader;
    const char *task_id; /* Stays as long as the feed. */
    int64_t last;        /* Sequence of the last event that was written. */
    bool reading;        /* A page of recorded events is asked for. */
    bool again;          /* Something happened meanwhile: read once more. */
};

/* Begins after sequence @p f->last. All but next, reading and again are set. */
void feed_start(feed *f);
void feed_page(feed *f, const event_page *page);
void feed_stop(feed *f);
/* MSG_EVENT came. */
void feed_event(desk *d, const task_event *event);

#endif
