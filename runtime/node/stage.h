/* Frames of one peer that its senders made themselves, in the order of their messages. A
 * message whose frame is small and says nothing that the peer has to be told first needs no
 * place in the queue: it ends where it was made, on the lane and in the cache of who sent it,
 * and the data connection has only bytes to write. Used by queue.c (senders) and outgoing.c
 * (the data connection), under the lock of the peer.
 *
 * The stage is open while all that was sent before it is in the session's output or on the
 * stage: whoever has to queue a message closes it, and the connection opens it when it has
 * nothing left to encode. So what is staged is older than all that is queued, and each pair
 * keeps its order. */
#ifndef COGO_NODE_STAGE_H
#define COGO_NODE_STAGE_H

#include "codec/frame.h"

#include <cogo/allocator.h>
#include <cogo/message.h>

enum {
    COGO__STAGE_MOST = 262144,  /**< Bytes that wait on a stage; beyond that messages queue. */
    COGO__STAGE_PAYLOAD = 4096, /**< Bytes of a payload that is copied under the lock. */
    COGO__STAGE_SPOKEN = 16,    /**< Types remembered as announced, by number. A power of 2. */
};

/* All zero: closed and empty. */
typedef struct cogo__stage {
    bool open;
    uint8_t *bytes; /**< Whole frames. */
    size_t size, capacity;
    uint64_t cost;   /**< Of these, in the queue's count. */
    uint32_t window; /**< The peer's: for bytes of messages under way. */
    cogo_msg_type spoken[COGO__STAGE_SPOKEN]; /**< Announced, and not records. 0: none. */
} cogo__stage;

/** The number of @p type means something to the peer, and its payload is sent as it is. */
static inline bool cogo__stage_speaks(const cogo__stage *stage, cogo_msg_type type)
{
    return type == COGO_MSG_BYTES || stage->spoken[type % COGO__STAGE_SPOKEN] == type;
}

/** Appends @p frame. False: it does not fit, or there is no memory. */
bool cogo__stage_add(cogo__stage *stage, const cogo_allocator *from, const cogo__frame *frame);
/** The link has ended: closed and empty. */
void cogo__stage_clear(cogo__stage *stage);

#endif
