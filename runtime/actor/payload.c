#include "runtime/actor/payload.h"

#include "runtime/actor/core.h"

static cogo_payload *make(const cogo_system *system, size_t size_bytes)
{
    if (size_bytes > UINT32_MAX - sizeof(cogo_msg)) {
        return NULL;
    }
    cogo_payload *payload = cogo__alloc(system->config.allocator, sizeof *payload + size_bytes);
    if (payload != NULL) {
        cogo__u32_store_relaxed(&payload->holds, 1);
        payload->size_bytes = size_bytes;
    }
    return payload;
}

cogo_payload *cogo_payload_create(cogo_system *system, size_t size_bytes)
{
    return system != NULL ? make(system, size_bytes) : NULL;
}

cogo_payload *cogo_payload_hold(cogo_payload *payload)
{
    (void)cogo__u32_add_relaxed(&payload->holds, 1);
    return payload;
}

/* seq_cst, at least acq_rel: whoever frees it comes after all that others did with it. */
void cogo_payload_drop(cogo_payload *payload)
{
    if (payload != NULL && cogo__u32_add_seq_cst(&payload->holds, UINT32_MAX) == 1) {
        cogo__free(payload);
    }
}

void *cogo_payload_data(cogo_payload *payload)
{
    return payload->bytes;
}

size_t cogo_payload_size(const cogo_payload *payload)
{
    return payload->size_bytes;
}

static cogo_msg *wrap(cogo_system *system, cogo_context *here, cogo_msg_type type,
                      cogo_payload *payload)
{
    cogo_msg *msg =
        cogo__msg_alloc(system, here != NULL ? here->heap : NULL, type, sizeof(cogo_payload *));
    if (msg != NULL) {
        (void)cogo_payload_hold(payload);
        memcpy(cogo__msg_body(msg), &payload, sizeof(cogo_payload *));
        msg->size_bytes = (uint32_t)payload->size_bytes;
        msg->flags |= COGO__MSG_SHARED;
    }
    return msg;
}

cogo_msg *cogo_msg_create_shared(cogo_system *system, cogo_msg_type type, cogo_payload *payload)
{
    if (payload == NULL) {
        return NULL;
    }
    cogo_context *here = cogo__here_in(system);
    cogo_msg *msg = wrap(system, here, type, payload);
    if (msg != NULL && here != NULL) {
        msg->trace = here->trace;
    }
    return msg;
}

cogo_payload *cogo_msg_shared(cogo_msg *msg)
{
    return (msg->flags & COGO__MSG_SHARED) != 0 ? cogo__msg_shared(msg) : NULL;
}

static void copy_header(cogo_msg *to, const cogo_msg *from)
{
    to->sender = from->sender;
    to->trace = from->trace;
}

cogo_msg *cogo__msg_share(cogo_system *system, cogo_context *here, cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_SHARED) != 0 || msg->size_bytes < COGO__SHARE_MIN) {
        return msg;
    }
    cogo_payload *payload = make(system, msg->size_bytes);
    if (payload == NULL) {
        return NULL;
    }
    memcpy(payload->bytes, cogo__msg_body(msg), msg->size_bytes);
    cogo_msg *shared = wrap(system, here, msg->type, payload);
    cogo_payload_drop(payload); // The message has its own hold.
    if (shared != NULL) {
        copy_header(shared, msg);
        shared->ask = msg->ask;
        shared->flags |= msg->flags & COGO__MSG_ASKED;
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    }
    return shared;
}

cogo_msg *cogo__msg_twin(cogo_system *system, cogo_context *here, cogo_msg *msg)
{
    cogo_msg *twin = NULL;
    if ((msg->flags & COGO__MSG_SHARED) != 0) {
        twin = wrap(system, here, msg->type, cogo__msg_shared(msg));
    } else {
        twin = cogo__msg_alloc(system, here != NULL ? here->heap : NULL, msg->type,
                               msg->size_bytes);
        if (twin != NULL) {
            memcpy(cogo__msg_body(twin), cogo__msg_body(msg), msg->size_bytes);
        }
    }
    if (twin != NULL) {
        copy_header(twin, msg);
    }
    return twin;
}
