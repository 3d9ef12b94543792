/* Shared payloads, as the runtime sees them: a message that has one keeps a pointer as its
 * body. Used by messages, broadcasts and topics. Never looked at on the way of a message: only
 * its payload and its end differ. */
#ifndef COGO_ACTOR_PAYLOAD_H
#define COGO_ACTOR_PAYLOAD_H

#include "runtime/actor/message.h"

#include <cogo/payload.h>

#include <string.h>

struct cogo_payload {
    cogo__au32 holds;
    size_t size_bytes;
    _Alignas(16) unsigned char bytes[];
};

struct cogo_context;

enum { COGO__SHARE_MIN = 256 }; /**< Bytes; what is smaller is copied for each receiver. */

/** Of a message with COGO__MSG_SHARED. */
static inline cogo_payload *cogo__msg_shared(cogo_msg *msg)
{
    cogo_payload *payload = NULL;
    memcpy(&payload, cogo__msg_body(msg), sizeof(cogo_payload *));
    return payload;
}

static inline void *cogo__payload_bytes(cogo_payload *payload)
{
    return payload->bytes;
}

/** Makes @p msg ready to be copied by cogo__msg_twin(): a large payload becomes a shared
 * one. The message may be another one afterwards. NULL when out of memory; then @p msg is as
 * before. */
cogo_msg *cogo__msg_share(cogo_system *system, struct cogo_context *here, cogo_msg *msg);
/** Another message with the same payload, sender, trace and type; no request. NULL when out of
 * memory. */
cogo_msg *cogo__msg_twin(cogo_system *system, struct cogo_context *here, cogo_msg *msg);

#endif
