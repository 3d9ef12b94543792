#include "tests/sim/net.h"

#include "runtime/actor/context.h"
#include "tests/sim/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum {
    SOCKETS_MAX = 1024,
    WINDOW_SHARE = 4, // A window opens again when this part of the buffer is free.
};

static struct {
    int hosts;
    const void *systems[NET_HOSTS_MAX];
    net_path paths[NET_HOSTS_MAX][NET_HOSTS_MAX];
    net_socket sockets[SOCKETS_MAX];
} net;

uint64_t net_now(void)
{
    return cogo__world_now(cogo__sim_world());
}

void net_begin(int hosts)
{
    memset(&net, 0, sizeof net);
    net.hosts = hosts;
    for (int a = 0; a < hosts; a++) {
        for (int b = 0; b < hosts; b++) {
            net.paths[a][b].delay_ns = 1 + scenario_pick(2 * SCENARIO_MS);
        }
    }
}

static net_segment *take_segment(net_socket *s)
{
    net_segment *segment = s->first;
    if (segment != NULL) {
        s->first = segment->next;
        s->last = s->first != NULL ? s->last : NULL;
        s->queued -= segment->size - segment->taken;
    }
    return segment;
}

static void forget(net_socket *s)
{
    for (net_segment *segment = NULL; (segment = take_segment(s)) != NULL;) {
        free(segment);
    }
    if (s->peer != NULL) {
        s->peer->peer = NULL;
    }
    memset(s, 0, sizeof *s);
}

void net_end(void)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        net_socket *s = &net.sockets[i];
        scenario_check(!s->used || s->closed || s->owner != NULL, "socket %d is still open", i);
        forget(s);
    }
    net.hosts = 0;
}

void net_host_is(const void *system, int host)
{
    net.systems[host] = system;
}

int net_host(void)
{
    for (int i = 0; cogo__here != NULL && i < net.hosts; i++) {
        if (net.systems[i] == cogo__here->system) {
            return i;
        }
    }
    scenario_check(false, "a socket on a thread of no host");
    return -1;
}

net_path *net_path_of(int from, int to)
{
    return &net.paths[from][to];
}

int net_open_count(int host)
{
    int count = 0;
    for (int i = 0; i < SOCKETS_MAX; i++) {
        const net_socket *s = &net.sockets[i];
        count += s->used && !s->closed && s->host == host && s->owner == NULL;
    }
    return count;
}

net_socket *net_socket_new(int host)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        net_socket *s = &net.sockets[i];
        if (!s->used) {
            *s = (net_socket){.used = true, .host = host, .peer_host = -1};
            s->limit = UINT64_C(1) << (12 + scenario_pick(7)); // 4 KiB to 256 KiB.
            return s;
        }
    }
    scenario_check(false, "too many sockets");
    return NULL;
}

net_socket *net_socket_at(int fd)
{
    scenario_must(fd < NET_FD_FIRST + SOCKETS_MAX && net.sockets[fd - NET_FD_FIRST].used);
    return &net.sockets[fd - NET_FD_FIRST];
}

int net_fd_of(const net_socket *s)
{
    return NET_FD_FIRST + (int)(s - net.sockets);
}

net_socket *net_listener_at(uint16_t port)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        net_socket *s = &net.sockets[i];
        if (s->used && !s->closed && s->listens && s->port == port) {
            return s;
        }
    }
    return NULL;
}

net_socket *net_backlog_next(const net_socket *listener, uint64_t now)
{
    net_socket *next = NULL;
    for (int i = 0; i < SOCKETS_MAX; i++) {
        net_socket *s = &net.sockets[i];
        if (s->used && s->owner == listener && s->made_at_ns <= now
            && (next == NULL || s->made_at_ns < next->made_at_ns)) {
            next = s;
        }
    }
    return next;
}

/* --- The way over a path. ---------------------------------------------------------------- */

static uint64_t arrival(int from, int to, size_t size)
{
    const net_path *path = &net.paths[from][to];
    uint64_t at = net_now() + path->delay_ns;
    at += path->jitter_ns != 0 ? scenario_pick(path->jitter_ns) : 0;
    at += path->bytes_per_s != 0 ? size * SCENARIO_S / path->bytes_per_s : 0;
    return path->cut ? NET_NEVER : at;
}

/* Behind what is on its way already. */
static void send_to(net_socket *to, int from, net_segment *segment)
{
    segment->at_ns = arrival(from, to->host, segment->size);
    if (to->last != NULL && segment->at_ns < to->last->at_ns) {
        segment->at_ns = to->last->at_ns;
    }
    segment->next = NULL;
    segment->number = ++to->sent_here;
    if (to->last != NULL) {
        to->last->next = segment;
    } else {
        to->first = segment;
    }
    to->last = segment;
    to->queued += segment->size;
    net_poke(to);
}

static net_segment *segment_of(const void *bytes, size_t size)
{
    net_segment *segment = calloc(1, sizeof *segment + size);
    scenario_must(segment != NULL);
    segment->size = size;
    if (size != 0) {
        memcpy(segment->bytes, bytes, size);
    }
    return segment;
}

static void send_end(net_socket *s, bool reset)
{
    if (s->peer != NULL && !s->shut) {
        net_segment *segment = segment_of(NULL, 0);
        segment->reset = reset;
        send_to(s->peer, s->host, segment);
    }
    s->shut = true;
}

static bool crosses(const net_socket *s, int from, int to)
{
    return s->used && s->host == to && s->peer_host == from;
}

/* What is sent again after a cut arrives in its order. */
void net_path_changed(int from, int to)
{
    bool cut = net.paths[from][to].cut;
    for (int i = 0; i < SOCKETS_MAX; i++) {
        net_socket *s = &net.sockets[i];
        uint64_t now = net_now(), last = 0;
        if (!crosses(s, from, to)) {
            continue;
        }
        if (s->made_at_ns > now) {
            s->made_at_ns = arrival(from, to, 0);
        }
        for (net_segment *segment = s->first; segment != NULL; segment = segment->next) {
            if (segment->at_ns > now && (cut || segment->at_ns == NET_NEVER)) {
                segment->at_ns = arrival(from, to, segment->size);
            }
            segment->at_ns = segment->at_ns > last ? segment->at_ns : last;
            last = segment->at_ns;
        }
        net_poke(s);
    }
}

static void break_it(net_socket *s, int error)
{
    for (net_segment *segment = NULL; (segment = take_segment(s)) != NULL;) {
        free(segment);
    }
    s->broken = s->anew = true;
    s->error = error;
    net_poke(s);
}

void net_reset(int a, int b)
{
    for (int i = 0; i < SOCKETS_MAX; i++) {
        net_socket *s = &net.sockets[i];
        if (s->peer != NULL && !s->closed && (crosses(s, a, b) || crosses(s, b, a))) {
            break_it(s, ECONNRESET);
        }
    }
}

/* --- Sockets. ---------------------------------------------------------------------------- */

/* Both ends are there from now on; they come to know it later. */
void net_connect(net_socket *s, uint16_t port)
{
    net_socket *listener = net_listener_at(port);
    s->peer_host = port % NET_HOSTS_MAX;
    uint64_t there = arrival(s->host, s->peer_host, 0);
    uint64_t back = arrival(s->peer_host, s->host, 0);
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
            net_segment *end = segment_of(NULL, 0);
            end->reset = s->peer->broken = true;
            send_to(s, s->peer->host, end);
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
        send_to(s->peer, s->host, segment_of(bytes, size));
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
            break_it(s, ECONNRESET);
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
        free(take_segment(s));
    }
    if (s->peer != NULL) {
        net_poke(s->peer); // There is room again.
    }
    return (long)size;
}

void net_shut(net_socket *s)
{
    send_end(s, false);
}

void net_close(net_socket *s)
{
    for (int i = 0; s->listens && i < SOCKETS_MAX; i++) {
        net_socket *waiting = &net.sockets[i];
        if (waiting->used && waiting->owner == s) {
            waiting->owner = NULL;
            net_close(waiting);
        }
    }
    bool unread = s->first != NULL && s->first->size != 0;
    send_end(s, unread);
    s->closed = true;
    s->poll = NULL;
    s->wanted = 0;
    net_socket *peer = s->peer;
    if (peer == NULL || peer->closed) {
        if (peer != NULL) {
            forget(peer);
        }
        forget(s);
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
    for (int i = 0; s->listens && i < SOCKETS_MAX; i++) {
        const net_socket *waiting = &net.sockets[i];
        if (waiting->used && waiting->owner == s && waiting->made_at_ns < next) {
            next = waiting->made_at_ns;
        }
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
