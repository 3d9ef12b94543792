/* The system calls of sockets and epoll, as the simulated network gives them. The linker gives
 * the runtime these in place of the machine's; outside of a run they are the machine's. */
#include "tests/sim/net.h"
#include "tests/sim/scenario.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    POLLS_MAX = 32,
    WATCHED_MAX = 256,
    POLL_FIRST = NET_FD_FIRST * 2,
    BELL_FIRST = NET_FD_FIRST * 3,
    CLOCK_FIRST = NET_FD_FIRST * 4
};

/* An epoll descriptor; the bell and the clock of the same number belong to it. */
typedef struct net_poll {
    bool used, rung, belled;
    uint64_t bell_data, clock_data;
    uint64_t alarm_ns; /* The clock rings, once; NET_NEVER. */
    cogo__parker parker;
    net_socket *watched[WATCHED_MAX];
} net_poll;

static net_poll polls[POLLS_MAX];
static int newest; // Of `polls`: the next bell and the next clock are its.

static bool is_ours(int fd)
{
    return fd >= NET_FD_FIRST;
}

static net_poll *poll_at(int fd)
{
    return &polls[fd - POLL_FIRST];
}

void net_poke(const net_socket *s)
{
    const cogo__world *world = cogo__sim_world();
    if (s->owner != NULL) {
        s = s->owner;
    }
    if (s->poll != NULL && s->wanted != 0) {
        cogo__world_wake(world, &s->poll->parker);
    }
}

static int failed(int error)
{
    errno = error;
    return -1;
}

#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAP(int, socket, int domain, int type, int protocol);
WRAP(int, bind, int fd, const struct sockaddr *at, socklen_t size);
WRAP(int, listen, int fd, int backlog);
WRAP(int, connect, int fd, const struct sockaddr *at, socklen_t size);
WRAP(int, accept4, int fd, struct sockaddr *at, socklen_t *size, int flags);
WRAP(int, getsockname, int fd, struct sockaddr *at, socklen_t *size);
WRAP(int, getsockopt, int fd, int level, int name, void *value, socklen_t *size);
WRAP(int, setsockopt, int fd, int level, int name, const void *value, socklen_t size);
WRAP(ssize_t, recv, int fd, void *bytes, size_t size, int flags);
WRAP(ssize_t, send, int fd, const void *bytes, size_t size, int flags);
WRAP(int, shutdown, int fd, int how);
WRAP(int, close, int fd);
WRAP(int, epoll_create1, int flags);
WRAP(int, epoll_ctl, int fd, int how, int watched, struct epoll_event *event);
WRAP(int, epoll_wait, int fd, struct epoll_event *events, int most, int limit_ms);
WRAP(int, eventfd, unsigned int value, int flags);
WRAP(int, timerfd_create, int clock, int flags);
WRAP(int, timerfd_settime, int fd, int flags, const struct itimerspec *at,
     struct itimerspec *before);
WRAP(ssize_t, read, int fd, void *bytes, size_t size);
WRAP(ssize_t, write, int fd, const void *bytes, size_t size);

/* --- Sockets. ---------------------------------------------------------------------------- */

static uint16_t port_of(const struct sockaddr *at)
{
    struct sockaddr_in in;
    memcpy(&in, at, sizeof in);
    return ntohs(in.sin_port);
}

int __wrap_socket(int domain, int type, int protocol)
{
    if (!cogo__sim_active()) {
        return __real_socket(domain, type, protocol);
    }
    return net_fd_of(net_socket_new(-1)); // Its host is known when it binds or connects.
}

/* The last digit of a port is its host, whoever binds it. */
int __wrap_bind(int fd, const struct sockaddr *at, socklen_t size)
{
    if (!is_ours(fd)) {
        return __real_bind(fd, at, size);
    }
    net_socket *s = net_socket_at(fd);
    s->port = port_of(at);
    s->host = s->port % NET_HOSTS_MAX;
    return net_listener_at(s->port) != NULL ? failed(EADDRINUSE) : 0;
}

int __wrap_listen(int fd, int backlog)
{
    if (!is_ours(fd)) {
        return __real_listen(fd, backlog);
    }
    net_socket_at(fd)->listens = true;
    return 0;
}

int __wrap_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    if (!is_ours(fd)) {
        return __real_connect(fd, at, size);
    }
    net_socket *s = net_socket_at(fd);
    s->host = net_host();
    net_connect(s, port_of(at));
    return failed(EINPROGRESS);
}

int __wrap_accept4(int fd, struct sockaddr *at, socklen_t *size, int flags)
{
    if (!is_ours(fd)) {
        return __real_accept4(fd, at, size, flags);
    }
    net_socket *next = net_backlog_next(net_socket_at(fd), net_now());
    if (next == NULL) {
        return failed(EAGAIN);
    }
    next->owner = NULL;
    return net_fd_of(next);
}

int __wrap_getsockname(int fd, struct sockaddr *at, socklen_t *size)
{
    if (!is_ours(fd)) {
        return __real_getsockname(fd, at, size);
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    in.sin_port = htons(net_socket_at(fd)->port);
    memcpy(at, &in, sizeof in);
    *size = sizeof in;
    return 0;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (!is_ours(fd)) {
        return __real_getsockopt(fd, level, name, value, size);
    }
    const net_socket *s = net_socket_at(fd);
    memcpy(value, &s->error, sizeof s->error);
    return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return is_ours(fd) ? 0 : __real_setsockopt(fd, level, name, value, size);
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    if (!is_ours(fd)) {
        return __real_recv(fd, bytes, size, flags);
    }
    cogo__sim_yield();
    long got = net_get(net_socket_at(fd), bytes, size);
    // All that is here, as TCP has it: less than there is room for means no more.
    for (long more = got; more > 0 && (size_t)got < size;) {
        more = net_get(net_socket_at(fd), (char *)bytes + got, size - (size_t)got);
        got += more > 0 ? more : 0;
    }
    return got == -1 ? failed(EAGAIN) : got == -2 ? failed(ECONNRESET) : got;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
    if (!is_ours(fd)) {
        return __real_send(fd, bytes, size, flags);
    }
    cogo__sim_yield();
    net_socket *s = net_socket_at(fd);
    if (s->broken || s->shut) {
        return failed(EPIPE);
    }
    size_t put = net_put(s, bytes, size);
    return put != 0 ? (ssize_t)put : failed(EAGAIN);
}

int __wrap_shutdown(int fd, int how)
{
    if (!is_ours(fd)) {
        return __real_shutdown(fd, how);
    }
    net_shut(net_socket_at(fd));
    return 0;
}

/* --- epoll and its bell. ----------------------------------------------------------------- */

int __wrap_epoll_create1(int flags)
{
    if (!cogo__sim_active()) {
        return __real_epoll_create1(flags);
    }
    for (int i = 0; i < POLLS_MAX; i++) {
        if (!polls[i].used) {
            polls[i] = (net_poll){.used = true, .alarm_ns = NET_NEVER};
            newest = i;
            return POLL_FIRST + i;
        }
    }
    return failed(EMFILE);
}

/* Made right after its epoll descriptor, and used with it alone. */
int __wrap_eventfd(unsigned int value, int flags)
{
    return cogo__sim_active() ? BELL_FIRST + newest : __real_eventfd(value, flags);
}

int __wrap_timerfd_create(int clock, int flags)
{
    return cogo__sim_active() ? CLOCK_FIRST + newest : __real_timerfd_create(clock, flags);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *at,
                           struct itimerspec *before)
{
    if (!is_ours(fd)) {
        return __real_timerfd_settime(fd, flags, at, before);
    }
    uint64_t in = (uint64_t)at->it_value.tv_sec * SCENARIO_S + (uint64_t)at->it_value.tv_nsec;
    polls[fd - CLOCK_FIRST].alarm_ns = in != 0 ? net_now() + in : NET_NEVER;
    return 0;
}

static void unwatch(net_poll *p, net_socket *s)
{
    for (int i = 0; i < WATCHED_MAX; i++) {
        if (p->watched[i] == s) {
            p->watched[i] = NULL;
            s->poll = NULL;
            s->wanted = 0;
        }
    }
}

static int watch(net_poll *p, net_socket *s)
{
    for (int i = 0; i < WATCHED_MAX; i++) {
        if (p->watched[i] == NULL) {
            p->watched[i] = s;
            s->poll = p;
            return 0;
        }
    }
    return failed(ENOSPC);
}

int __wrap_epoll_ctl(int fd, int how, int watched, struct epoll_event *event)
{
    if (!is_ours(fd)) {
        return __real_epoll_ctl(fd, how, watched, event);
    }
    net_poll *p = poll_at(fd);
    if (watched >= CLOCK_FIRST) {
        p->clock_data = event->data.u64;
        return 0;
    }
    if (watched >= BELL_FIRST) {
        p->belled = true;
        p->bell_data = event->data.u64;
        return 0;
    }
    net_socket *s = net_socket_at(watched); // Fails the run if it is closed already.
    if (how == EPOLL_CTL_DEL) {
        unwatch(p, s);
        return 0;
    }
    if (how == EPOLL_CTL_ADD && watch(p, s) != 0) {
        return -1;
    }
    if (s->poll != p) {
        return failed(ENOENT);
    }
    s->wanted = event->events & (uint32_t)(EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    s->stays = (event->events & (uint32_t)EPOLLET) != 0;
    s->anew = true;
    s->data = event->data.u64;
    net_poke(s);
    return 0;
}

/* What is ready; each watch fires once, unless it stays. @p next: when to look again. */
static int collect(net_poll *p, struct epoll_event *events, int most, uint64_t *next)
{
    int count = 0;
    uint64_t now = net_now();
    if (p->rung) {
        events[count++] = (struct epoll_event){.events = EPOLLIN, .data.u64 = p->bell_data};
    }
    if (p->alarm_ns <= now) {
        p->alarm_ns = NET_NEVER;
        events[count++] = (struct epoll_event){.events = EPOLLIN, .data.u64 = p->clock_data};
    }
    *next = p->alarm_ns;
    for (int i = 0; i < WATCHED_MAX && count < most; i++) {
        net_socket *s = p->watched[i];
        if (s == NULL || s->wanted == 0) {
            continue;
        }
        uint32_t ready = s->stays ? net_news(s, now) : net_ready(s, now);
        uint64_t later = net_next_ns(s, now);
        if (ready != 0) {
            events[count++] = (struct epoll_event){.events = ready, .data.u64 = s->data};
            s->wanted = s->stays ? s->wanted : 0;
        } else {
            *next = later < *next ? later : *next;
        }
    }
    return count;
}

/* @p limit_ms: 0 or without a limit. */
int __wrap_epoll_wait(int fd, struct epoll_event *events, int most, int limit_ms)
{
    if (!is_ours(fd)) {
        return __real_epoll_wait(fd, events, most, limit_ms);
    }
    const cogo__world *world = cogo__sim_world();
    net_poll *p = poll_at(fd);
    for (;;) {
        uint64_t next = 0;
        int count = collect(p, events, most, &next);
        if (count != 0 || limit_ms == 0) {
            return count;
        }
        cogo__world_park(world, &p->parker, next == NET_NEVER ? COGO__FOREVER : next);
    }
}

static net_poll *poll_of_bell(int fd)
{
    return &polls[fd - BELL_FIRST];
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    if (!is_ours(fd)) {
        return __real_read(fd, bytes, size);
    }
    net_poll *p = poll_of_bell(fd);
    p->rung = false;
    return (ssize_t)size;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (!is_ours(fd)) {
        return __real_write(fd, bytes, size);
    }
    net_poll *p = poll_of_bell(fd);
    p->rung = true;
    cogo__world_wake(cogo__sim_world(), &p->parker);
    return (ssize_t)size;
}

int __wrap_close(int fd)
{
    if (!is_ours(fd)) {
        return __real_close(fd);
    }
    if (fd >= BELL_FIRST) { // Or a clock.
        return 0;
    }
    if (fd >= POLL_FIRST) {
        poll_at(fd)->used = false;
        return 0;
    }
    net_close(net_socket_at(fd));
    return 0;
}
