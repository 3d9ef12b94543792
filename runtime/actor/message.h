/* A message in memory: a 64-byte header, then the payload, in one block.
 * Used by mailboxes, signals and whoever sends.
 * Never has two owners: it moves from sender to mailbox to handler. */
#ifndef COGO_ACTOR_MESSAGE_H
#define COGO_ACTOR_MESSAGE_H

#include "runtime/base/heap.h"

#include <cogo/message.h>

enum {
    COGO__MSG_SLAB = 1 << 0,     /**< Its block comes from a heap; else from alloc.h. */
    COGO__MSG_REQUEST = 1 << 1,  /**< `ask` is the alias that waits for an answer. */
    COGO__MSG_ANSWER = 1 << 2,   /**< `ask` is the ask that it ends. */
    COGO__MSG_RUNTIME = 1 << 3,  /**< Made by the runtime; checked against its reference. */
    COGO__MSG_CREDIT = 1 << 4,   /**< Took a place in a bounded mailbox. */
    COGO__MSG_METERED = 1 << 5,  /**< Its bytes count for its receiver; see guard.h. */
    COGO__MSG_SHARED = 1 << 6,   /**< Its payload is a cogo_payload. */
    COGO__MSG_STASHED = 1 << 8,  /**< Comes from the stash: it is in no mailbox. */
    COGO__MSG_INSIDE = 1 << 7,   /**< An order to a supervisor, made by the library. */
    COGO__MSG_REMOTE = 1 << 9,   /**< From another node, whose bytes are not given back yet. */
    COGO__MSG_RELAYED = 1 << 10, /**< With REQUEST: `ask` is of this node, the sender not. */
    COGO__MSG_ASKED = COGO__MSG_REQUEST | COGO__MSG_RELAYED,
    COGO__MSG_BLOCK = COGO__MSG_SLAB | COGO__MSG_SHARED, /**< What stays when it is sent. */
    COGO__MSG_GUARD_SHIFT = 12, /**< Above: the guard of its receiver; 0: none. */
};

/* Numbers that never reach a behaviour, except COGO__MSG_CHILD to supervisors. */
enum {
    COGO__SIG_START = 32,
    COGO__SIG_EXIT,
    COGO__SIG_LINK,
    COGO__SIG_UNLINK,
    COGO__SIG_MONITOR,
    COGO__SIG_DEMONITOR,
    COGO__SIG_RESTART,
    COGO__SIG_BURY,
    COGO__SIG_UNLINK_ACK,
    COGO__SIG_FORGET,
    COGO__SIG_LOST, /**< A node is gone: `from` says which, `reason` why. */
    COGO__MSG_CHILD,
    COGO__MSG_ORDER,
};

struct cogo_msg {
    cogo__link link; /**< In a mailbox, a signal stack or a free list. First. */
    cogo_actor_id sender;
    cogo_msg_type type;
    uint32_t size_bytes;
    uint64_t ask; /**< Number of a reference; see the flags. */
    uint64_t trace;
    uint64_t enqueued_ns; /**< 0: not sampled. */
    uint32_t target;      /**< Generation of the actor that it is for. */
    uint32_t flags;
};

_Static_assert(sizeof(struct cogo_msg) == 64, "one cache line");

/** A block that no span holds. Out of the way of those that come from one. */
void *cogo__msg_block(const cogo_system *system, cogo__heap *heap, size_t size_bytes);

/** From @p heap (of the calling thread), or from the system's allocator if NULL. NULL when out
 * of memory. */
static inline cogo_msg *cogo__msg_alloc(const cogo_system *system, cogo__heap *heap,
                                        cogo_msg_type type, size_t size_bytes)
{
    size_t block_size = sizeof(cogo_msg) + size_bytes;
    bool slab = heap != NULL && size_bytes <= COGO__HEAP_BLOCK_MAX - sizeof(cogo_msg);
    cogo_msg *msg = NULL;
    if (__builtin_expect(slab, 1)) {
        msg = cogo__heap_alloc(heap, block_size);
    } else if (size_bytes <= UINT32_MAX - sizeof(cogo_msg)) {
        msg = cogo__msg_block(system, heap, block_size);
    }
    if (__builtin_expect(msg == NULL, 0)) {
        return NULL;
    }
    msg->sender = (cogo_actor_id){0, 0, 0, 0};
    msg->type = type;
    msg->size_bytes = (uint32_t)size_bytes;
    msg->ask = 0;
    msg->trace = 0;
    msg->enqueued_ns = 0;
    msg->target = 0;
    msg->flags = slab ? COGO__MSG_SLAB : 0;
    return msg;
}

/** Blocks that are not of a heap, shared payloads. */
void cogo__msg_free_slowly(cogo__heap *mine, cogo_msg *msg);

/** @p mine: the heap of the calling thread or NULL. */
static inline void cogo__msg_free(cogo__heap *mine, cogo_msg *msg)
{
    if (__builtin_expect((msg->flags & COGO__MSG_BLOCK) == COGO__MSG_SLAB, 1)) {
        cogo__heap_free(mine, msg);
    } else {
        cogo__msg_free_slowly(mine, msg);
    }
}

/** What it counts for. The same as long as it is in a mailbox. */
static inline uint64_t cogo__msg_bytes(const cogo_msg *msg)
{
    return sizeof *msg + (uint64_t)msg->size_bytes;
}

static inline void *cogo__msg_body(cogo_msg *msg)
{
    return msg + 1;
}

#endif
