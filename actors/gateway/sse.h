/* Event streams of tasks: first the events that are recorded, then those that happen.
 * Used by the events route and by the gateway actor, which hands MSG_EVENT and its timer in.
 * Never keeps events: what was missed is read again, so none is lost, doubled or out of order.
 */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include "actors/gateway/exchange.h"

enum {
    SSE_STREAMS_MAX = 256, /* A count, over all clients. */
    SSE_KEEP_ALIVE_SECONDS = 15,
    SSE_PAGE = 500, /* Events per read. */
};

/* Makes @p x a stream of the events of x->id after sequence @p after. */
void sse_start(exchange *x, int64_t after);
/* MSG_EVENT came. */
void sse_event(desk *d, const task_event *event);
/* The keep-alive timer fired. */
void sse_keep_alive(desk *d);
/* The client of @p x has gone, or the stream is over: forgets it. */
void sse_forget(exchange *x);
/* Ends all streams: the gateway stops. */
void sse_end_all(desk *d);

#endif
