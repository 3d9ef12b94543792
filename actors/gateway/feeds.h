/* All feeds of the gateway: whose events the orchestrator has to send. Used by event streams
 * (sse.c) and WebSockets (ws_client.c). Never orders events: actors/doors/feed.h does. */
#ifndef GATEWAY_FEEDS_H
#define GATEWAY_FEEDS_H

#include "actors/doors/feed.h"
#include "actors/gateway/exchange.h"

typedef struct desk_feed {
    feed feed; /* First: a feed of the gateway is one of these. */
    struct desk_feed *next;
    desk *desk;
} desk_feed;

/* Begins after sequence @p f->feed.last. All but next, reading and again are set. */
void feeds_start(desk_feed *f);
void feeds_stop(desk_feed *f);
/* MSG_EVENT came. */
void feeds_event(desk *d, const task_event *event);

#endif
