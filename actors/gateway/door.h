/* The private messages between the server thread and the gateway actor.
 * Used by server.c, which makes them, and gateway.c, which handles them.
 * Never leave the process: they hold addresses inside their own block. */
#ifndef GATEWAY_DOOR_H
#define GATEWAY_DOOR_H

#include "actors/gateway/conn.h"

#include <cogo/message.h>

enum {
    GATEWAY_MSG_REQUEST = 4096, /* door_request. */
    GATEWAY_MSG_GONE = 4097,    /* door_gone: nobody waits for this exchange any more. */
    GATEWAY_MSG_DRAIN = 4098,   /* No payload: streams end now. */
    GATEWAY_MSG_SOCKET = 4099,  /* door_message_in: of a WebSocket. */
    GATEWAY_MSG_ATTACH = 4100,  /* outworker_wire. */
    GATEWAY_MSG_FRAME = 4101,   /* outworker_frame. */
};

/* One whole message of a WebSocket. */
typedef struct door_message_in {
    uint64_t exchange;
    bool text;
    size_t size;
    char bytes[];
} door_message_in;

/* Everything points into the block of the message. */
typedef struct door_request {
    uint64_t exchange;
    request_head head;
    const char *body; /* Ends with a NUL that body_size does not count. */
    size_t body_size;
    char bytes[];
} door_request;

typedef struct door_gone {
    uint64_t exchange;
} door_gone;

/* GATEWAY_MSG_REQUEST with a copy of the request that @p c holds. NULL when out of memory. */
cogo_msg *door_message(cogo_system *system, const conn *c);

#endif
