/* The HTTP door: bytes <-> messages. One actor that routes, one libev loop thread that serves.
 * Used by whoever builds a node. Never decides anything about tasks; asks the orchestrator. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <cogo/actor.h>

typedef struct gateway_config {
    const char *host;  /* Address to bind; anything but loopback needs a token. */
    int port;          /* 0: any free one. */
    const char *token; /* Bearer token; NULL: none (loopback only). Copied, kept as a hash. */
    cogo_actor_id orchestrator; /* Or who answers for a node without one: see node_only. */
    cogo_actor_id beside[2];    /* Others of this node that answer metrics.read and health.read;
                                   COGO_NO_ACTOR: none. */
    cogo_actor_id spans;        /* Who exports them; COGO_NO_ACTOR: nobody. */
    double trace_ratio;         /* Of traces that begin here: so many are sampled. */
    bool node_only;           /* Only what the node says of itself: health, metrics, actors. */
    int64_t body_limit;       /* 0: 1 MiB; batches 16 MiB. */
    const char *tenant_rates; /* As rates_init() reads it; NULL: no limits. */
} gateway_config;

typedef struct gateway gateway; /* Opaque. */

/* Binds and serves. @p error gets one sentence on failure. */
COGO_MUST_USE cogo_err gateway_start(cogo_system *system, const gateway_config *config,
                                     gateway **out_gateway, char error[256]);
int gateway_port(const gateway *gateway);
/* Refuses new requests with 503, answers what is running until @p deadline_ns from now, closes.
 */
void gateway_stop(gateway *gateway, uint64_t deadline_ns);
void gateway_destroy(gateway *gateway);

#endif
