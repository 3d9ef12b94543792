/* Addresses "address:port" and the sockets made of them.
 * Used by listeners and joiners. Never resolves names: that would block a lane. */
#ifndef COGO_NODE_ADDRESS_H
#define COGO_NODE_ADDRESS_H

#include <cogo/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    COGO__HOST_SIZE = 254,   /**< Bytes of the longest name with its NUL. */
    COGO__ADDRESS_TEXT = 64, /**< Bytes of the longest address as text, with its NUL. */
};

typedef struct cogo__address {
    struct sockaddr_storage at;
    socklen_t size;
} cogo__address;

/** @p text up to a NUL or a comma: "127.0.0.1:7000", "[::1]:7000", "localhost:7000". */
cogo_err cogo__address_parse(const char *text, cogo__address *out);
/** "name:port" or "dns:name:port", up to a NUL or a comma. Does not look it up. */
cogo_err cogo__address_parse_name(const char *text, char out_host[COGO__HOST_SIZE],
                                  uint16_t *out_port);
bool cogo__address_is_loopback(const cogo__address *address);

/** For people: as cogo__address_parse() takes it. */
void cogo__address_text(const cogo__address *address, char out[COGO__ADDRESS_TEXT]);

/** Non-blocking, closed on exec. COGO_OK or COGO_EIO. */
cogo_err cogo__address_listen(const cogo__address *address, int *out_fd, uint16_t *out_port);
/** A connection that is being made. COGO_OK or COGO_EIO. */
cogo_err cogo__address_connect(const cogo__address *address, int *out_fd);
/** The next connection, without delay; -1: none waits, or it failed. */
int cogo__address_accept(int fd);

#endif
