/* TLS 1.3 without its socket: what came from the wire goes in, what is to be sent comes out, so
 * that it runs over anything that moves bytes. Both sides show a certificate.
 * Used by connections; the one place of libcogo that sees TLS.
 * Never reads a socket or a clock of ours, and never lets a byte through before both
 * certificates have been checked. */
#ifndef COGO_NODE_TLS_H
#define COGO_NODE_TLS_H

#include <cogo/allocator.h>
#include <cogo/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COGO__TLS_BINDING = 32,         /**< Bytes that only both ends of one connection know. */
    COGO__TLS_STRANGER_MAX = 65536, /**< Bytes that a peer may send before it is checked. */
    COGO__TLS_OUT_HIGH = 262144,    /**< Bytes that wait to be sent: then no more are taken. */
};

typedef struct cogo__tls_keys cogo__tls_keys; /**< Certificate, key and CA, read from files. */
typedef struct cogo__tls cogo__tls;           /**< One connection. */

/** COGO_OK; COGO_EIO, @p why names the file and what is wrong with it; COGO_ENOMEM. */
cogo_err cogo__tls_keys_read(const char *cert, const char *key, const char *ca,
                             cogo__tls_keys **out_keys, char *why, size_t why_size);
void cogo__tls_keys_drop(cogo__tls_keys *keys);
/** What a peer with the same authorities would not like about the certificate, if it is to be
 * that of the node @p name: COGO_EIO with @p why, which does not name the file; COGO_ENOMEM. */
cogo_err cogo__tls_keys_check(cogo__tls_keys *keys, const char *name, char *why,
                              size_t why_size);

/** @p opens: this side opened the connection, and speaks first. @p from: what it takes by
 * itself comes from there. NULL when out of memory. */
cogo__tls *cogo__tls_create(cogo__tls_keys *keys, bool opens, const cogo_allocator *from);
void cogo__tls_destroy(cogo__tls *tls);

/** Bytes from the wire; all are taken. False: the connection is over, see cogo__tls_why(). */
bool cogo__tls_input(cogo__tls *tls, const uint8_t *bytes, size_t size_bytes);
/** Content that has come in, at most @p room_bytes. 0: none now, or it is over. */
size_t cogo__tls_read(cogo__tls *tls, uint8_t *out, size_t room_bytes);
/** Takes content to be sent. Returns how much; 0: not now. */
size_t cogo__tls_write(cogo__tls *tls, const uint8_t *bytes, size_t size_bytes);
/** Bytes for the wire; valid until the next call. */
const uint8_t *cogo__tls_output(cogo__tls *tls, size_t *out_size);
void cogo__tls_sent(cogo__tls *tls, size_t size_bytes);
/** Tells the peer that nothing more comes. */
void cogo__tls_close(cogo__tls *tls);

/** Both certificates have been checked; content may pass. */
bool cogo__tls_open(const cogo__tls *tls);
/** It is over: it failed, or the peer said that nothing more comes. */
bool cogo__tls_broken(const cogo__tls *tls);
/** It is over because one side did not like the other, or what it said. */
bool cogo__tls_failed(const cogo__tls *tls);
/** For logs; names the fault. Never NULL. */
const char *cogo__tls_why(const cogo__tls *tls);
/** True if the peer's certificate is for the node @p name: one of its DNS names is that, or a
 * wildcard for it. */
bool cogo__tls_is_for(const cogo__tls *tls, const char *name);
/** Only when open. */
bool cogo__tls_binding(const cogo__tls *tls, uint8_t out[COGO__TLS_BINDING]);

#endif
