/* The two ends of a connection: what is put in at one comes out at the other. */
#include "tests/sim/net_parts.h"
#include "tests/sim/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { WINDOW_SHARE = 4 }; // A window opens again when this part of the buffer is free.

/* Both ends are there from now on; they come to know it later. */
void net_connect(net_socket *s, uint16_t port)
{
    net_socket *listener = net_listener_at(port);
    s->peer_host = port % NET_HOSTS_MAX;
    uint64_t there = net_arrival(s->host, s->peer_host, 0);
    uint64_t back = net_arrival(s->peer_host, s->host, 0);
    s->made_at_ns =
        there == NET_NEVER || back == NET_NEVER ? NET_NEVER : there + back - net_now();
    if (listener == NULL) {
        s->error = ECONNREFUSED;
        return;
    }
    net_socket *other = net_socket_new(listener->host);
    other->owner = listener;
    other->peer = s;
    other->peer_host = s->host;
    other->made_at_ns = there;
    s->peer = other;
    net_poke(listener);
}

/* What the peer of @p s takes now. As TCP does, it says nothing of a small part of its buffer
 * that has become free (RFC 9293, 3.8.6.2.2): else byte after byte would go alone. */
static size_t room_at_peer(const net_socket *s)
{
    uint64_t room = s->peer->queued < s->limit ? s->limit - s->peer->queued : 0;
    return room >= s->limit / WINDOW_SHARE ? (size_t)room : 0;
}

size_t net_put(net_socket *s, const void *bytes, size_t size)
{
    if (s->peer == NULL) {
        return size; // Nobody is there any more; that is on its way to us.
    }
    if (s->peer->closed) {
        if (!s->peer->broken) {
            net_segment *end = net_segment_of(NULL, 0);
            end->reset = s->peer->broken = true;
            net_send(s, s->peer->host, end);
        }
        return size;
    }
    size_t room = room_at_peer(s);
    size = size < room ? size : room;
    if (size > 1 && scenario_maybe(10)) {
        size = 1 + (size_t)scenario_pick(size);
    }
    s->full = s->full || size == 0;
    if (size != 0) {
        net_send(s->peer, s->host, net_segment_of(bytes, size));
    }
    return size;
}

long net_get(net_socket *s, void *bytes, size_t size)
{
    net_segment *segment = s->first;
    if (s->broken) {
        return -2;
    }
    if (segment == NULL || segment->at_ns > net_now()) {
        return -1;
    }
    if (segment->size == 0) {
        if (segment->reset) {
            net_break(s, ECONNRESET);
            return -2;
        }
        return 0;
    }
    size_t left = segment->size - segment->taken;
    size = size < left ? size : left;
    memcpy(bytes, segment->bytes + segment->taken, size);
    segment->taken += size;
    s->queued -= size;
    if (segment->taken == segment->size) {
        free(net_segment_take(s));
    }
    if (s->peer != NULL) {
        net_poke(s->peer); // There is room again.
    }
    return (long)size;
}

static void send_end(net_socket *s, bool reset)
{
    if (s->peer != NULL && !s->shut) {
        net_segment *segment = net_segment_of(NULL, 0);
        segment->reset = reset;
        net_send(s->peer, s->host, segment);
    }
    s->shut = true;
}

void net_shut(net_socket *s)
{
    send_end(s, false);
}

void net_close(net_socket *s)
{
    net_socket *waiting = NULL;
    while (s->listens && (waiting = net_backlog_next(s, NET_NEVER)) != NULL) {
        waiting->owner = NULL;
        net_close(waiting);
    }
    bool unread = s->first != NULL && s->first->size != 0;
    send_end(s, unread);
    s->closed = true;
    s->poll = NULL;
    s->wanted = 0;
    net_socket *peer = s->peer;
    if (peer == NULL || peer->closed) {
        if (peer != NULL) {
            net_forget(peer);
        }
        net_forget(s);
    }
}

uint32_t net_ready(const net_socket *s, uint64_t now)
{
    uint32_t ready = 0;
    if (s->listens) {
        return net_backlog_next(s, now) != NULL ? s->wanted & (uint32_t)EPOLLIN : 0;
    }
    if (s->made_at_ns > now) {
        return 0;
    }
    if (s->broken || s->error != 0) {
        return s->wanted | (uint32_t)EPOLLERR;
    }
    ready |= s->first != NULL && s->first->at_ns <= now ? (uint32_t)EPOLLIN : 0;
    ready |= s->last != NULL && s->last->size == 0 && s->last->at_ns <= now
                 ? (uint32_t)EPOLLRDHUP
                 : 0;
    ready |= s->peer == NULL || room_at_peer(s) != 0 ? (uint32_t)EPOLLOUT : 0;
    return ready & s->wanted;
}

uint32_t net_news(net_socket *s, uint64_t now)
{
    uint32_t ready = net_ready(s, now);
    uint64_t here = s->told;
    for (const net_segment *at = s->first; at != NULL && at->at_ns <= now; at = at->next) {
        here = at->number > here ? at->number : here;
    }
    bool room = s->full && (ready & (uint32_t)EPOLLOUT) != 0;
    if (ready == 0 || (!s->anew && here == s->told && !room)) {
        return 0;
    }
    s->anew = false;
    s->full = s->full && !room;
    s->told = here;
    return ready;
}

uint64_t net_next_ns(const net_socket *s, uint64_t now)
{
    uint64_t next = s->made_at_ns > now ? s->made_at_ns : NET_NEVER;
    const net_socket *waiting = s->listens ? net_backlog_next(s, NET_NEVER) : NULL;
    if (waiting != NULL && waiting->made_at_ns < next) {
        next = waiting->made_at_ns;
    }
    const net_segment *coming = s->first;
    while (coming != NULL && coming->at_ns <= now) {
        coming = coming->next;
    }
    if (coming != NULL && coming->at_ns < next) {
        next = coming->at_ns;
    }
    return next;
}
