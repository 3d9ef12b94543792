/* Raw TCP with epoll at both ends: the least that a link can cost. A message has no frame, and
 * its receiver only counts bytes. Writes are as large as cogo's at most are: 256 KiB. */
#include "bench/peers/link/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 262144 };

/* What the client wants next: `count` messages of `size`, each sent back or all counted. */
typedef struct order {
    uint64_t echo, size, count;
} order;

static int fd, ep;
static char block[BLOCK];

static void watch(void)
{
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ep = epoll_create1(0);
    peer_check(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

static void wait_ready(void)
{
    struct epoll_event event;
    peer_check(errno == EAGAIN, "the connection was lost");
    (void)epoll_wait(ep, &event, 1, -1);
}

static size_t get_some(void *to, size_t size)
{
    ssize_t got = 0;
    while ((got = recv(fd, to, size, MSG_DONTWAIT)) <= 0) {
        peer_check(got != 0, "the connection was closed");
        wait_ready();
    }
    return (size_t)got;
}

static void get(void *to, size_t size)
{
    for (size_t at = 0; at < size;) {
        at += get_some((char *)to + at, size - at);
    }
}

static void put(const void *from, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t sent =
            send(fd, (const char *)from + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            at += (size_t)sent;
        } else {
            wait_ready();
        }
    }
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t start(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    peer_check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0
                   && getsockname(fd, (struct sockaddr *)&at, &size) == 0,
               "can't listen");
    return ntohs(at.sin_port);
}

static void serve(void)
{
    fd = accept(fd, NULL, NULL);
    watch();
    for (order o;;) {
        get(&o, sizeof o);
        uint64_t bytes = 0, all = o.size * o.count;
        for (uint64_t i = 0; o.echo && i < o.count; i++) {
            get(block, o.size);
            put(block, o.size);
        }
        while (!o.echo && bytes < all) {
            bytes += get_some(block, all - bytes < BLOCK ? all - bytes : BLOCK);
        }
        if (!o.echo) {
            put(&o.count, sizeof o.count);
        }
    }
}

static void join(uint16_t port)
{
    struct sockaddr_in at = loopback(port);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    peer_check(connect(fd, (struct sockaddr *)&at, sizeof at) == 0, "can't connect");
    watch();
}

static void round_trip(size_t size)
{
    static int begun;
    const order o = {1, size, UINT32_MAX};
    if (!begun++) {
        put(&o, sizeof o);
    }
    put(block, size);
    get(block, size);
}

static uint64_t one_way(size_t size, uint64_t count)
{
    const order o = {0, size, count};
    uint64_t got = 0;
    put(&o, sizeof o);
    for (uint64_t left = size * count; left > 0;) {
        uint64_t now = left < BLOCK ? left : BLOCK;
        put(block, now);
        left -= now;
    }
    get(&got, sizeof got);
    return got;
}

const peer the_peer = {"raw tcp", 1, start, serve, join, round_trip, one_way};
