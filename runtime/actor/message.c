#include "runtime/actor/message.h"

#include "runtime/actor/core.h"
#include "runtime/actor/payload.h"

void *cogo__msg_block(const cogo_system *system, cogo__heap *heap, size_t size_bytes)
{
    return cogo__large_alloc(heap != NULL ? &heap->large : NULL, system->config.allocator,
                             size_bytes);
}

void cogo__msg_free_slowly(cogo__heap *mine, cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_SHARED) != 0) {
        cogo_payload_drop(cogo__msg_shared(msg));
    }
    if ((msg->flags & COGO__MSG_SLAB) != 0) {
        cogo__heap_free(mine, msg);
    } else {
        cogo__large_free(mine != NULL ? &mine->large : NULL, msg);
    }
}

cogo_msg *cogo_msg_create(cogo_system *system, cogo_msg_type type, size_t size_bytes)
{
    cogo_context *here = cogo__here_in(system);
    cogo_msg *msg = cogo__msg_alloc(system, here != NULL ? here->heap : NULL, type, size_bytes);
    if (msg != NULL && here != NULL) {
        msg->trace = here->trace;
    }
    return msg;
}

cogo_msg *cogo_msg_create_record(cogo_system *system, cogo_msg_type type, const void *record)
{
    const cogo_type *known = cogo__types_find(&system->types, type);
    if (known == NULL || known->record == NULL || record == NULL) {
        return NULL;
    }
    cogo_msg *msg = cogo_msg_create(system, type, cogo_record_flat_size(known->record, record));
    if (msg != NULL) {
        cogo_record_flatten(known->record, record, cogo__msg_body(msg));
    }
    return msg;
}

void cogo_msg_destroy(cogo_msg *msg)
{
    if (msg != NULL) {
        cogo__msg_free(cogo__here != NULL ? cogo__here->heap : NULL, msg);
    }
}

void *cogo_msg_payload(cogo_msg *msg)
{
    if (__builtin_expect((msg->flags & COGO__MSG_SHARED) != 0, 0)) {
        return cogo__payload_bytes(cogo__msg_shared(msg));
    }
    return cogo__msg_body(msg);
}

size_t cogo_msg_size(const cogo_msg *msg)
{
    return msg->size_bytes;
}

cogo_msg_type cogo_msg_type_of(const cogo_msg *msg)
{
    return msg->type;
}

/* A foreign thread's request keeps node and incarnation for its alias, with slot 0. */
cogo_actor_id cogo_msg_sender(const cogo_msg *msg)
{
    return msg->sender.slot != 0 ? msg->sender : COGO_NO_ACTOR;
}

/* An alias lives where its asker lives, or here if its asker is on another node. */
cogo_actor_id cogo_msg_reply_to(const cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_REQUEST) == 0) {
        return cogo_msg_sender(msg);
    }
    cogo_actor_id alias = {msg->sender.node, msg->sender.incarnation,
                           (uint32_t)msg->ask | COGO__SLOT_ALIAS, (uint32_t)(msg->ask >> 32)};
    if ((msg->flags & COGO__MSG_RELAYED) != 0) {
        alias.node = 0; // Its owner is the actor that handles it, or has kept it.
        alias.incarnation = cogo__here != NULL ? cogo__here->system->incarnation : 0;
    }
    return alias;
}

uint64_t cogo_msg_ask(const cogo_msg *msg)
{
    return (msg->flags & COGO__MSG_ANSWER) != 0 ? msg->ask : 0;
}

uint64_t cogo_msg_trace(const cogo_msg *msg)
{
    return msg->trace;
}

void cogo_msg_set_trace(cogo_msg *msg, uint64_t trace)
{
    msg->trace = trace;
}
