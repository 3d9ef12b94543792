/* The listening socket, and which addresses are loopback.
 * Used by gateway_start(). Never accepts. */
#ifndef GATEWAY_LISTEN_H
#define GATEWAY_LISTEN_H

#include <stdbool.h>

/* Binds @p host (a name or an address) and @p port (0: any free one), listens. With
 * @p loopback_only any other address is refused. Returns the socket and writes the port, or -1
 * with one sentence in @p error. */
int listen_open(const char *host, int port, bool loopback_only, int *out_port, char error[256]);

/* True for a Host or Origin authority (with or without port) that names this machine itself. */
bool listen_is_local_name(const char *authority);

#endif
