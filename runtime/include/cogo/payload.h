/* Payloads that many messages share, counted: what is large is made once and never copied.
 * Used for broadcasts and topics, and by whoever sends the same bytes to many.
 * Never changed once a second message has it: all receivers read the same bytes. */
#ifndef COGO_PAYLOAD_H
#define COGO_PAYLOAD_H

#include <cogo/message.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cogo_payload cogo_payload; /**< Opaque. Freed by the last cogo_payload_drop(). */

/**
 * Makes a payload of @p size_bytes, not initialised, held once.
 *
 * Ownership: the caller has one hold and ends it with cogo_payload_drop().
 * Threads:   any thread.
 * @return NULL when out of memory or above 4 GiB.
 */
COGO_API cogo_payload *cogo_payload_create(cogo_system *system, size_t size_bytes);
/** One more hold. Threads: any thread that has one. @return @p payload. */
COGO_API cogo_payload *cogo_payload_hold(cogo_payload *payload);
/** Ends one hold; the last one frees it. NULL is allowed. Threads: any thread. */
COGO_API void cogo_payload_drop(cogo_payload *payload);
/** The bytes, aligned for any type. Written only before it is shared. Threads: any holder. */
COGO_API void *cogo_payload_data(cogo_payload *payload);
/** How many bytes. Threads: any holder. */
COGO_API size_t cogo_payload_size(const cogo_payload *payload);

/**
 * Makes a message whose payload is @p payload, not a copy: cogo_msg_payload() gives its bytes.
 *
 * Ownership: takes a hold of its own, which ends with the message; the caller owns the message.
 * Threads:   any thread, and inside a behaviour.
 * @return NULL when out of memory.
 */
COGO_API cogo_msg *cogo_msg_create_shared(cogo_system *system, cogo_msg_type type,
                                          cogo_payload *payload);
/** The payload that @p msg shares, or NULL. Hold it to keep it. Threads: the owner. */
COGO_API cogo_payload *cogo_msg_shared(cogo_msg *msg);

#ifdef __cplusplus
}
#endif
#endif
