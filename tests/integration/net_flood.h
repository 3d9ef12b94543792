/* Much for one peer, and how its heartbeats fare, for tests of networks.
 * Used by net_node.c. */
#ifndef TESTS_INTEGRATION_NET_FLOOD_H
#define TESTS_INTEGRATION_NET_FLOOD_H

#include "net_pipe.h"

#include <unistd.h>

enum { FLOOD = ECHO + 8, FLOOD_BYTES = 65536, FLOOD_WAIT_US = 500 };

/* Sends @count messages, or what goes within @ms (0: no limit); each that is refused for want
 * of room is tried again. The ask behind them is answered when all were handled. */
static inline void flood(cogo_system *system, const char *peer, uint64_t count, uint64_t ms)
{
    static cogo_actor_id there; // Kept: a peer that stands still can't be asked.
    uint32_t node = cogo_node_find(system, peer);
    bool known = there.node == node && cogo_actor_id_is_set(there);
    cogo_err err = known ? COGO_OK : cogo_node_name_find(system, node, "echo", ANSWER_NS, &there);
    uint64_t began = cogo_system_now_ns(system), sent = 0, full = 0;
    while (sent < count && (err == COGO_OK || err == COGO_EFULL)
           && (ms == 0 || cogo_system_now_ns(system) - began < ms * MS)) {
        cogo_msg *msg = cogo_msg_create(system, FLOOD, FLOOD_BYTES);
        if (msg != NULL) {
            memset(cogo_msg_payload(msg), (int)sent, FLOOD_BYTES);
        }
        err = cogo_system_send(system, there, msg);
        sent += err == COGO_OK;
        if (err == COGO_EFULL) {
            full++;
            usleep(FLOOD_WAIT_US);
        }
    }
    printf("{\"event\":\"flooded\",\"sent\":%" PRIu64 ",\"full\":%" PRIu64 ",\"ms\":%" PRIu64
           ",\"end\":\"%s\"}\n",
           sent, full, (cogo_system_now_ns(system) - began) / MS, cogo_strerror(err));
}

/* The slowest heartbeat so far, as a power of two: it took at most so many microseconds. */
static inline void beats(cogo_system *system, const char *peer)
{
    cogo_node_info info = {.struct_size = sizeof info};
    uint64_t count = 0, slowest_us = 0;
    for (uint32_t cursor = 0; cogo_node_list(system, &cursor, &info, 1) == 1;) {
        for (int i = 0; info.up && strcmp(info.name, peer) == 0 && i < COGO_NODE_RTT_BUCKETS;
             i++) {
            count += info.rtt_counts[i];
            slowest_us = info.rtt_counts[i] > 0 ? UINT64_C(16) << i : slowest_us;
        }
        if (cursor == 0) {
            break;
        }
    }
    printf("{\"event\":\"beats\",\"count\":%" PRIu64 ",\"slowest_us\":%" PRIu64 "}\n", count,
           slowest_us);
}

#endif
