/* Asks and timers: what an actor waits for with a deadline. */
#include "runtime/actor/extra.h"
#include "runtime/actor/life.h"
#include "runtime/actor/send.h"

cogo_err cogo_ask(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg, uint64_t timeout_ns,
                  uint64_t *out_ask)
{
    if (msg == NULL) {
        return COGO_EINVAL;
    }
    cogo_system *system = ctx->system;
    cogo__ref *ref = NULL;
    uint64_t number = timeout_ns == 0 || out_ask == NULL
                          ? 0
                          : cogo__ref_create(system, ctx, ctx->cell, COGO__REF_ASK, &ref);
    if (number == 0) {
        cogo_msg_destroy(msg);
        return timeout_ns == 0 || out_ask == NULL ? COGO_EINVAL : COGO_ENOMEM;
    }
    cogo__u64_store_relaxed(&ref->trace, msg->trace);
    cogo_err err = cogo__sched_ask_arm(system, ctx, ref, timeout_ns);
    if (err != COGO_OK) {
        cogo__ref_release(system, ctx, ctx->cell, ref);
        cogo_msg_destroy(msg);
        return err;
    }
    *out_ask = number;
    msg->sender = ctx->self;
    msg->flags = (msg->flags & (COGO__MSG_BLOCK | COGO__MSG_INSIDE)) | COGO__MSG_REQUEST;
    msg->ask = number;
    msg->enqueued_ns = 0;
    // A refused request fails its ask on the way; that answer is taken back with the reference.
    err = cogo__deliver(system, ctx, to, msg, true);
    if (err != COGO_OK) {
        cogo__sched_timer_disarm(system, ctx, ref);
        cogo__ref_release(system, ctx, ctx->cell, ref);
    }
    return err;
}

cogo_err cogo_refuse(cogo_context *ctx, cogo_actor_id reply_to, cogo_err err)
{
    if (err == COGO_OK) {
        return COGO_EINVAL;
    }
    if (reply_to.node != 0 || reply_to.incarnation != ctx->system->incarnation
        || (reply_to.slot & COGO__SLOT_ALIAS) == 0) {
        return COGO_EGONE;
    }
    uint64_t number = cogo__ref_number(reply_to.generation, reply_to.slot & ~COGO__SLOT_ALIAS);
    cogo__answered(ctx, number);
    const cogo__ref *ref = cogo__ref_find(&ctx->system->refs, number);
    if (ref == NULL || !cogo__ref_waits(cogo__u64_load_relaxed(&ref->state))) {
        return COGO_EGONE;
    }
    cogo__ask_fail(ctx->system, ctx, number, err);
    return COGO_OK;
}

cogo_err cogo_timer_start(cogo_context *ctx, uint64_t delay_ns, uint64_t period_ns,
                          uint64_t cookie, uint64_t *out_timer)
{
    cogo_system *system = ctx->system;
    cogo__ref *ref = NULL;
    uint64_t number = cogo__ref_create(system, ctx, ctx->cell, COGO__REF_TIMER, &ref);
    if (number == 0) {
        return COGO_ENOMEM;
    }
    uint64_t now = cogo__world_now(system->world);
    ref->deadline_ns = delay_ns < UINT64_MAX - now ? now + delay_ns : UINT64_MAX;
    ref->period_ns = period_ns;
    ref->cookie = cookie;
    cogo_err err = cogo__sched_timer_arm(system, ctx, ref);
    if (err != COGO_OK) {
        cogo__ref_release(system, ctx, ctx->cell, ref);
        return err;
    }
    if (out_timer != NULL) {
        *out_timer = number;
    }
    return COGO_OK;
}

/* A message of it that is in the mailbox already finds no reference and is dropped at
 * dispatch. */
void cogo_timer_cancel(cogo_context *ctx, uint64_t timer)
{
    cogo__ref *ref = cogo__ref_find(&ctx->system->refs, timer);
    if (ref == NULL || cogo__u32_load_relaxed(&ref->kind) != COGO__REF_TIMER
        || !cogo_actor_id_equal(cogo__ref_owner(ctx->system, ref), ctx->self)) {
        return;
    }
    cogo__sched_timer_disarm(ctx->system, ctx, ref);
    cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
}
