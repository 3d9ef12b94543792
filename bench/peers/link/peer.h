/* What the programs over a link in C share: two processes, the timed runs, reports.
 * Used by tcp.c, zmq.c and nng.c: PROGRAM link-rtt|link-throughput LANES RUNS. Never reports
 * work that the other end has not confirmed. */
#ifndef PEER_LINK_H
#define PEER_LINK_H

#include <stddef.h>
#include <stdint.h>

enum { PEER_LARGEST = 65536 }; /* Bytes of a message. */

typedef struct peer {
    const char *name;
    uint64_t share; /* It does one in so many of the messages, for the length of a run. */
    /* Listens on a port of 127.0.0.1 and returns it; then serve() answers for ever. */
    uint16_t (*listen)(void);
    void (*serve)(void);
    void (*connect)(uint16_t port);
    /* One message to the other end and back. */
    void (*round_trip)(size_t size_bytes);
    /* Returns how many the other end has received. */
    uint64_t (*one_way)(size_t size_bytes, uint64_t count);
} peer;

extern const peer the_peer;

/* Ends the process with @p what unless @p right. */
void peer_check(int right, const char *what);

#endif
