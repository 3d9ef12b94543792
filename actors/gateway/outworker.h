/* The actor that stands for one worker in another language: to the orchestrator it is the
 * worker, to the gateway a receiver of its frames. Used by ws_worker.c. Outlives a lost
 * connection for a while; never runs a role itself. */
#ifndef GATEWAY_OUTWORKER_H
#define GATEWAY_OUTWORKER_H

#include <cogo/actor.h>

enum {
    OUTWORKER_ID_MAX = 128,
    OUTWORKER_SESSION_SIZE = 33,
    OUTWORKER_AWAY_MS = 5000, /* For the worker to come back, as with node links. */
    OUTWORKER_KEPT_MAX = 256, /* Frames kept for it meanwhile; then it is lost. */
};

typedef struct outworker_args {
    cogo_actor_id gateway;
    char id[OUTWORKER_ID_MAX + 1];
    char session[OUTWORKER_SESSION_SIZE];
} outworker_args;

/* GATEWAY_MSG_ATTACH: its frames come from and go to this socket; 0: none any more. */
typedef struct outworker_wire {
    uint64_t exchange;
    bool packed;
} outworker_wire;

/* GATEWAY_MSG_FRAME: a frame for this socket, as JSON. */
typedef struct outworker_frame {
    uint64_t exchange;
    size_t size;
    char text[];
} outworker_frame;

extern const cogo_behavior outworker_behavior;

#endif
