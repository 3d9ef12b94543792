/* A simulated network: sockets, and what can happen to what goes over them.
 * Used by net_calls.c, which stands for the system calls, and by scenarios, which cut, slow
 * down and heal. Everything is decided by the seed, in one thread. Never loses or reorders
 * bytes within a connection that lives: it is TCP. What a cut holds back comes when the path
 * heals, unless somebody has given up by then. */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NET_HOSTS_MAX = 8,
    NET_FD_FIRST = 1 << 20, /* Numbers below are the machine's own. */
};

#define NET_NEVER UINT64_MAX

/* What goes from one host to another. */
typedef struct net_path {
    bool cut;
    uint64_t delay_ns, jitter_ns;
    uint64_t bytes_per_s; /* 0: no limit. */
} net_path;

typedef struct net_segment {
    struct net_segment *next;
    uint64_t at_ns;     /* It arrives; NET_NEVER while the path is cut. */
    uint64_t number;    /* The first to a socket is 1. */
    size_t size, taken; /* size 0: the end. */
    bool reset;         /* Of an end: it is a reset. */
    uint8_t bytes[];
} net_segment;

struct net_poll;

typedef struct net_socket {
    bool used, listens, closed, shut, broken; /* broken: reset. */
    int host, error;
    uint16_t port;            /* Of a listener. */
    struct net_socket *peer;  /* NULL: none, or it has been forgotten. */
    struct net_socket *owner; /* The listener whose backlog it is in. */
    int peer_host;
    uint64_t made_at_ns;       /* Connected, or to be accepted, from then on. */
    net_segment *first, *last; /* On their way here, or here. */
    uint64_t queued;           /* Bytes of those. */
    uint64_t limit;            /* Of `queued`. */
    uint64_t sent_here, told;  /* Segments so far; of those, what was told of. */
    bool full, anew;           /* A send found no room; its state is to be told. */
    struct net_poll *poll;
    uint32_t wanted; /* EPOLLIN, EPOLLRDHUP, EPOLLOUT; 0: not armed. */
    bool stays;      /* EPOLLET: changes are told, not what is so. */
    uint64_t data;
} net_socket;

/** Begins with @p hosts that are all connected, with delays by the seed. */
void net_begin(int hosts);
/** All must have been closed. */
void net_end(void);
/** The host of the thread that runs now. */
void net_host_is(const void *system, int host);
int net_host(void);

net_path *net_path_of(int from, int to);
/** After a path has been changed: what is held back goes, or what is on its way is held. */
void net_path_changed(int from, int to);
/** A middlebox resets all connections between two hosts. */
void net_reset(int a, int b);
/** Sockets that are open. For the end, and for limits. */
int net_open_count(int host);

/* For net_calls.c. */
net_socket *net_socket_new(int host);
net_socket *net_socket_at(int fd);
int net_fd_of(const net_socket *s);
net_socket *net_listener_at(uint16_t port);
net_socket *net_backlog_next(const net_socket *listener, uint64_t now);
void net_connect(net_socket *s, uint16_t port);
/** Bytes taken; 0: no room. */
size_t net_put(net_socket *s, const void *bytes, size_t size);
/** Bytes; 0: the end; -1: nothing yet; -2: it is broken. */
long net_get(net_socket *s, void *bytes, size_t size);
void net_shut(net_socket *s);
void net_close(net_socket *s);
/** EPOLL* bits of @p wanted that are so now. */
uint32_t net_ready(const net_socket *s, uint64_t now);
/** Those, if anything has changed since it was last asked; as EPOLLET has it. */
uint32_t net_news(net_socket *s, uint64_t now);
/** When something may change by itself; NET_NEVER: not. */
uint64_t net_next_ns(const net_socket *s, uint64_t now);
/** Somebody waits for @p s: he looks again. */
void net_poke(const net_socket *s);
uint64_t net_now(void);

#endif
