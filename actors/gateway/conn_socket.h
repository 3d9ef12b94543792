/* A connection that has become a WebSocket: frames in, messages out, control frames answered.
 * Used by the server. Pure, as conn.h: no socket, no clock, no thread. */
#ifndef GATEWAY_CONN_SOCKET_H
#define GATEWAY_CONN_SOCKET_H

#include "actors/gateway/conn.h"

/* Takes the whole message in c->reader. False: it can't be taken, the socket ends. */
typedef bool (*conn_message_fn)(void *ctx, conn *c, frame_opcode opcode);

/* Goes on with what is there, as far as the actor keeps up. */
void conn_socket_read(conn *c, conn_message_fn take, void *ctx);
/* Queues a close frame, once; what waits before it is dropped for a slow reader. */
void conn_socket_end(conn *c, frame_code code, const char *reason);
void conn_socket_ping(conn *c);

#endif
