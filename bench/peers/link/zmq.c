/* ZeroMQ, a PAIR of sockets. */
#include "bench/peers/link/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { HIGH_WATER = 100000 }; /* Messages. */

static void *sock;
static char buffer[PEER_LARGEST];

static void put(size_t size)
{
    peer_check(zmq_send(sock, buffer, size, 0) >= 0, zmq_strerror(zmq_errno()));
}

static size_t get(void)
{
    int got = zmq_recv(sock, buffer, sizeof buffer, 0);
    peer_check(got > 0, zmq_strerror(zmq_errno()));
    return (size_t)got;
}

static void open_socket(void)
{
    int high = HIGH_WATER;
    sock = zmq_socket(zmq_ctx_new(), ZMQ_PAIR);
    (void)zmq_setsockopt(sock, ZMQ_SNDHWM, &high, sizeof high);
    (void)zmq_setsockopt(sock, ZMQ_RCVHWM, &high, sizeof high);
}

static uint16_t start(void)
{
    char at[64];
    size_t size = sizeof at;
    open_socket();
    peer_check(zmq_bind(sock, "tcp://127.0.0.1:*") == 0
                   && zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, at, &size) == 0,
               "can't listen");
    return (uint16_t)atoi(strrchr(at, ':') + 1);
}

/* The first byte: e comes back, s is counted, g asks for the count. */
static void serve(void)
{
    for (uint64_t count = 0;;) {
        size_t size = get();
        if (buffer[0] == 'e') {
            put(size);
        } else if (buffer[0] == 'g') {
            memcpy(buffer, &count, sizeof count);
            put(sizeof count);
            count = 0;
        } else {
            count++;
        }
    }
}

static void join(uint16_t port)
{
    char at[64];
    open_socket();
    (void)snprintf(at, sizeof at, "tcp://127.0.0.1:%u", port);
    peer_check(zmq_connect(sock, at) == 0, "can't connect");
}

static void round_trip(size_t size)
{
    buffer[0] = 'e';
    put(size);
    peer_check(get() == size, "another size came back");
}

static uint64_t one_way(size_t size, uint64_t count)
{
    uint64_t got = 0;
    buffer[0] = 's';
    for (uint64_t i = 0; i < count; i++) {
        put(size);
    }
    buffer[0] = 'g';
    put(1);
    (void)get();
    memcpy(&got, buffer, sizeof got);
    return got;
}

const peer the_peer = {"zeromq", 1, start, serve, join, round_trip, one_way};
