/* TLS of one connection to Redis. Used by wire.c. The server has to prove its name with the
 * system's authorities, or those that SSL_CERT_FILE names. */
#ifndef QUEUE_WIRE_TLS_H
#define QUEUE_WIRE_TLS_H

#include "actors/queue/wire.h"

#include <sys/types.h>

/* False with w->why. */
bool wire_tls_start(wire *w);
/* 1: done; 0: later; -1 with w->why. */
int wire_tls_handshake(wire *w);
/* As send() and recv(); EAGAIN for later. */
ssize_t wire_tls_write(wire *w, const char *bytes, size_t size);
ssize_t wire_tls_read(wire *w, char *bytes, size_t size);
void wire_tls_finish(wire *w);

#endif
