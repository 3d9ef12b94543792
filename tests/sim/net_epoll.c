/* epoll, its bell and its clock, as the simulated network gives them. */
#include "tests/sim/net_calls.h"
#include "tests/sim/scenario.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

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

enum {
    POLLS_MAX = 32,
    WATCHED_MAX = 256,
    POLL_FIRST = NET_FD_FIRST * 2,
    BELL_FIRST = NET_FD_FIRST * 3,
    CLOCK_FIRST = NET_FD_FIRST * 4
};

/* An epoll descriptor; the bell and the clock of the same number belong to it. */
typedef struct net_poll {
    bool used, rung;
    uint64_t bell_data, clock_data;
    uint64_t alarm_ns; /* The clock rings, once; NET_NEVER. */
    cogo__parker parker;
    net_socket *watched[WATCHED_MAX];
} net_poll;

static net_poll polls[POLLS_MAX];
static int newest; // Of `polls`: the next bell and the next clock are its.

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
    return net_failed(EMFILE);
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
    if (!net_is_ours(fd)) {
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
    return net_failed(ENOSPC);
}

int __wrap_epoll_ctl(int fd, int how, int watched, struct epoll_event *event)
{
    if (!net_is_ours(fd)) {
        return __real_epoll_ctl(fd, how, watched, event);
    }
    net_poll *p = poll_at(fd);
    if (watched >= CLOCK_FIRST) {
        p->clock_data = event->data.u64;
        return 0;
    }
    if (watched >= BELL_FIRST) {
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
        return net_failed(ENOENT);
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
    if (!net_is_ours(fd)) {
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
    if (!net_is_ours(fd)) {
        return __real_read(fd, bytes, size);
    }
    net_poll *p = poll_of_bell(fd);
    p->rung = false;
    return (ssize_t)size;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (!net_is_ours(fd)) {
        return __real_write(fd, bytes, size);
    }
    net_poll *p = poll_of_bell(fd);
    p->rung = true;
    cogo__world_wake(cogo__sim_world(), &p->parker);
    return (ssize_t)size;
}

int __wrap_close(int fd)
{
    if (!net_is_ours(fd)) {
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
