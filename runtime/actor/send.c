#include "runtime/actor/send.h"

#include "runtime/actor/extra.h"

#include <string.h>

static cogo_err refuse(cogo_system *system, cogo_context *here, cogo_msg *msg, cogo_err err)
{
    cogo__dead_letter(system, here, msg, err);
    cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    return err;
}

/* The limit is a count taken before the push and given back at dispatch; the queue has none. */
static cogo_err take_place(cogo__cell *cell, uint32_t limit, cogo_msg *msg)
{
    if (cogo__u32_add_relaxed(&cell->credit, 1) >= limit) {
        (void)cogo__u32_add_relaxed(&cell->credit, UINT32_MAX); // Minus one.
        return COGO_EFULL;
    }
    msg->flags |= COGO__MSG_CREDIT;
    return COGO_OK;
}

static void put(cogo_system *system, cogo_context *here, cogo__cell *cell, cogo_msg *msg)
{
    uint32_t tick = here != NULL ? here->sample_tick++ : 0;
    if ((tick & (COGO__SAMPLE_MESSAGES - 1)) == 0) {
        msg->enqueued_ns = cogo__world_now(system->world);
    }
    // Not one locked addition: exact with one sender at a time, approximate in a race.
    cogo__u32_store_relaxed(&cell->depth, cogo__u32_load_relaxed(&cell->depth) + 1);
    if (cogo__mailbox_push(&cell->box, &msg->link)) {
        cogo__sched_ready(system, here, cell);
    }
}

static cogo_err answer(cogo_system *system, cogo_context *here, cogo_actor_id alias,
                       cogo_msg *msg)
{
    uint64_t number = cogo__ref_number(alias.generation, alias.slot & ~COGO__SLOT_ALIAS);
    cogo__ref *ref = cogo__ref_find(system, number);
    if (ref == NULL) {
        return refuse(system, here, msg, COGO_EGONE);
    }
    uint32_t kind = cogo__u32_load_relaxed(&ref->kind);
    cogo_actor_id owner = cogo__ref_owner(system, ref);
    if ((kind != COGO__REF_ASK && kind != COGO__REF_WAITER) || !cogo__ref_claim(ref, number)) {
        return refuse(system, here, msg, COGO_EGONE);
    }
    // A request sent to an alias asks nobody: its own ask must not wait for ever.
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__ask_fail(system, here, msg->ask, COGO_EGONE);
    }
    msg->flags = (msg->flags & COGO__MSG_SLAB) | COGO__MSG_ANSWER;
    msg->ask = number;
    if (kind == COGO__REF_WAITER) {
        cogo__count(system, here, COGO__HANDLED, 1);
        cogo__sched_waiter_give(system, ref, msg);
        return COGO_OK;
    }
    cogo__cell *cell = cogo__cell_find(system, owner);
    if (cell == NULL) {
        return refuse(system, here, msg, COGO_EGONE);
    }
    msg->target = owner.generation;
    put(system, here, cell, msg);
    return COGO_OK;
}

cogo_err cogo__deliver(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                       bool bounded)
{
    cogo__count(system, here, COGO__SENT, 1);
    cogo__cell *cell = cogo__cell_find(system, to);
    if (__builtin_expect(cell == NULL, 0)) {
        if (to.node == 0 && to.incarnation == system->incarnation
            && (to.slot & COGO__SLOT_ALIAS) != 0) {
            return answer(system, here, to, msg);
        }
        return refuse(system, here, msg, COGO_EGONE);
    }
    uint32_t limit = cogo__u32_load_relaxed(&cell->limit);
    if (limit != 0 && bounded && take_place(cell, limit, msg) != COGO_OK) {
        bool drop = (cogo__u32_load_relaxed(&cell->phase) & COGO__CELL_DROP_NEW) != 0;
        (void)refuse(system, here, msg, COGO_EFULL);
        return drop ? COGO_OK : COGO_EFULL;
    }
    // From here on the actor may end and its cell may be another's: the receiver compares the
    // generation again when it takes the message (I2).
    msg->target = to.generation;
    put(system, here, cell, msg);
    return COGO_OK;
}

void cogo__post(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg_type type,
                uint64_t number, const void *body, size_t size_bytes)
{
    cogo_msg *msg = cogo__msg_alloc(here != NULL ? here->heap : NULL, type, size_bytes);
    if (msg == NULL) {
        cogo__log(system, COGO_LOG_ERROR, "out of memory: a message of type %u is lost", type);
        return;
    }
    msg->flags |= COGO__MSG_RUNTIME;
    msg->ask = number;
    memcpy(cogo__msg_body(msg), body, size_bytes);
    (void)cogo__deliver(system, here, to, msg, false);
}

void cogo__dead_letter(cogo_system *system, cogo_context *here, cogo_msg *msg, cogo_err err)
{
    cogo__count(system, here, COGO__DEAD, 1);
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__ask_fail(system, here, msg->ask, err);
    }
}

void cogo__ask_post_failure(cogo_system *system, cogo_context *here, uint64_t number,
                            cogo_actor_id owner, cogo_err err)
{
    cogo_ask_failed failed = {.err = err};
    cogo_msg *msg =
        cogo__msg_alloc(here != NULL ? here->heap : NULL, COGO_MSG_ASK_FAILED, sizeof failed);
    if (msg == NULL) {
        cogo__log(system, COGO_LOG_ERROR, "out of memory: the failure of an ask is lost");
        return;
    }
    memcpy(cogo__msg_body(msg), &failed, sizeof failed);
    msg->flags |= COGO__MSG_ANSWER;
    msg->ask = number;
    (void)cogo__deliver(system, here, owner, msg, false);
}

void cogo__ask_fail(cogo_system *system, cogo_context *here, uint64_t number, cogo_err err)
{
    cogo__ref *ref = cogo__ref_find(system, number);
    if (ref == NULL) {
        return;
    }
    uint32_t kind = cogo__u32_load_relaxed(&ref->kind);
    cogo_actor_id owner = cogo__ref_owner(system, ref);
    if ((kind != COGO__REF_ASK && kind != COGO__REF_WAITER) || !cogo__ref_claim(ref, number)) {
        return;
    }
    if (kind == COGO__REF_ASK) {
        cogo__ask_post_failure(system, here, number, owner, err);
        return;
    }
    cogo_ask_failed failed = {.err = err};
    cogo_msg *msg = cogo__msg_alloc(NULL, COGO_MSG_ASK_FAILED, sizeof failed);
    if (msg != NULL) {
        memcpy(cogo__msg_body(msg), &failed, sizeof failed);
    }
    cogo__sched_waiter_give(system, ref, msg); // NULL: the waiter reads it as out of memory.
}

cogo_err cogo_send(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg)
{
    if (msg == NULL) {
        return COGO_EINVAL;
    }
    msg->sender = ctx->self;
    msg->flags &= COGO__MSG_SLAB | COGO__MSG_REQUEST; // A request that is passed on stays one.
    msg->enqueued_ns = 0;
    if ((to.slot & COGO__SLOT_ALIAS) != 0) {
        cogo__answered(ctx, cogo__ref_number(to.generation, to.slot & ~COGO__SLOT_ALIAS));
    }
    return cogo__deliver(ctx->system, ctx, to, msg, true);
}

cogo_err cogo_system_send(cogo_system *system, cogo_actor_id to, cogo_msg *msg)
{
    if (msg == NULL) {
        return COGO_EINVAL;
    }
    msg->sender = COGO_NO_ACTOR;
    msg->flags &= COGO__MSG_SLAB;
    msg->enqueued_ns = 0;
    return cogo__deliver(system, cogo__here_in(system), to, msg, true);
}

cogo_err cogo_reply(cogo_context *ctx, const cogo_msg *request, cogo_msg *msg)
{
    if (request == NULL) {
        cogo_msg_destroy(msg);
        return COGO_EINVAL;
    }
    return cogo_send(ctx, cogo_msg_reply_to(request), msg);
}
