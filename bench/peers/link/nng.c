/* nng, a PAIR of sockets. */
#include "bench/peers/link/peer.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <stdio.h>
#include <string.h>

enum { BUFFERED = 4096 }; /* Messages. */

static nng_socket sock;
static char buffer[PEER_LARGEST];

static void check(int err)
{
    peer_check(err == 0, nng_strerror(err));
}

static void put(size_t size)
{
    check(nng_send(sock, buffer, size, 0));
}

static size_t get(void)
{
    size_t size = sizeof buffer;
    check(nng_recv(sock, buffer, &size, 0));
    return size;
}

static void open_socket(void)
{
    check(nng_pair0_open(&sock));
    check(nng_socket_set_int(sock, NNG_OPT_SENDBUF, BUFFERED));
    check(nng_socket_set_int(sock, NNG_OPT_RECVBUF, BUFFERED));
}

static uint16_t start(void)
{
    nng_listener listener;
    nng_sockaddr at;
    open_socket();
    check(nng_listen(sock, "tcp://127.0.0.1:0", &listener, 0));
    check(nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &at));
    return (uint16_t)(at.s_in.sa_port >> 8 | (at.s_in.sa_port & 0xff) << 8);
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
    check(nng_dial(sock, at, NULL, 0));
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

const peer the_peer = {"nng", 10, start, serve, join, round_trip, one_way};
