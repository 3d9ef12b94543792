#include "runtime/actor/context.h"
#include "tests/sim/net_parts.h"
#include "tests/sim/scenario.h"

#include <errno.h>
#include <stdlib.h>

enum { SOCKETS_MAX = 1024 };

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

net_segment *net_segment_take(net_socket *s)
{
    net_segment *segment = s->first;
    if (segment != NULL) {
        s->first = segment->next;
        s->last = s->first != NULL ? s->last : NULL;
        s->queued -= segment->size - segment->taken;
    }
    return segment;
}

void net_forget(net_socket *s)
{
    for (net_segment *segment = NULL; (segment = net_segment_take(s)) != NULL;) {
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
        net_forget(s);
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

uint64_t net_arrival(int from, int to, size_t size)
{
    const net_path *path = &net.paths[from][to];
    uint64_t at = net_now() + path->delay_ns;
    at += path->jitter_ns != 0 ? scenario_pick(path->jitter_ns) : 0;
    at += path->bytes_per_s != 0 ? size * SCENARIO_S / path->bytes_per_s : 0;
    return path->cut ? NET_NEVER : at;
}

/* Behind what is on its way already. */
void net_send(net_socket *to, int from, net_segment *segment)
{
    segment->at_ns = net_arrival(from, to->host, segment->size);
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

net_segment *net_segment_of(const void *bytes, size_t size)
{
    net_segment *segment = calloc(1, sizeof *segment + size);
    scenario_must(segment != NULL);
    segment->size = size;
    if (size != 0) {
        memcpy(segment->bytes, bytes, size);
    }
    return segment;
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
            s->made_at_ns = net_arrival(from, to, 0);
        }
        for (net_segment *segment = s->first; segment != NULL; segment = segment->next) {
            if (segment->at_ns > now && (cut || segment->at_ns == NET_NEVER)) {
                segment->at_ns = net_arrival(from, to, segment->size);
            }
            segment->at_ns = segment->at_ns > last ? segment->at_ns : last;
            last = segment->at_ns;
        }
        net_poke(s);
    }
}

void net_break(net_socket *s, int error)
{
    for (net_segment *segment = NULL; (segment = net_segment_take(s)) != NULL;) {
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
            net_break(s, ECONNRESET);
        }
    }
}
