/* Event streams of tasks (text/event-stream) over a feed each.
 * Used by the events route and by the gateway actor, which hands its timer in.
 * Never keeps events; see feed.h. */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include "actors/gateway/exchange.h"

enum {
    SSE_STREAMS_MAX = 256, /* A count, over all clients. */
    SSE_KEEP_ALIVE_SECONDS = 15,
};

/* Makes @p x a stream of the events of x->id after sequence @p after. */
void sse_start(exchange *x, int64_t after);
/* The keep-alive timer fired. */
void sse_keep_alive(desk *d);
/* The client of @p x has gone, or the stream is over: forgets it. */
void sse_forget(exchange *x);
/* Ends all streams: the gateway stops. */
void sse_end_all(desk *d);

#endif
