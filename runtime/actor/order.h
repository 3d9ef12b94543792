/* The order that a user's thread or actor sends to a supervisor.
 * Used by supervisor_start.c, which makes it, and supervisor_order.c, which does it.
 * Never made by users: COGO__MSG_INSIDE says that it comes from here. */
#ifndef COGO_ACTOR_ORDER_H
#define COGO_ACTOR_ORDER_H

#include "runtime/actor/child.h"

enum { COGO__CHILD_REMOVE = 1000 }; /**< As TERMINATE, and its spec goes. */

/* Payload of COGO__MSG_ORDER. */
typedef struct cogo__order {
    uint32_t action; /**< cogo_child_action, or COGO__CHILD_REMOVE. */
    bool has_spec;   /**< `bytes` is a packed cogo_child_spec. */
    cogo_actor_id actor;
    size_t args_size_bytes;             /**< `bytes` are the args of a simple one's child. */
    _Alignas(16) unsigned char bytes[]; /**< Or an id; at least "". */
} cogo__order;

static inline const cogo_child_spec *cogo__order_spec(const cogo__order *order)
{
    return (const cogo_child_spec *)(const void *)order->bytes;
}

#endif
