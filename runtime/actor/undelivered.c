/* What waited for an actor that has ended goes to its behaviour, one by one.
 *
 * The cell is still held, so no callback of this actor runs beside, and nobody else has its
 * slot yet. Its generation is the next one already: whoever sends from here on is told so. A
 * sender that looked before that may still push; what it sends is found here, or is a dead
 * letter of the cell as it always was (I2). */
#include "runtime/actor/guard.h"
#include "runtime/actor/life.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/stash.h"

/* The oldest message of the mailbox that is linked, or NULL. It stays the newest one taken
 * until the next is: cogo_msg_take() detaches it. */
static cogo_msg *next_waiting(cogo_context *ctx, cogo__cell *cell)
{
    cogo__link *node = cogo__mailbox_peek(cell->tail);
    if (node == NULL) {
        return NULL;
    }
    cogo__link *done = cogo__mailbox_take(&cell->box, &cell->tail, node);
    if (done != NULL) {
        cogo__msg_free(ctx->heap, (cogo_msg *)(void *)done);
    }
    return (cogo_msg *)(void *)node;
}

/* Counted as handled if it is taken, else as a dead letter. @p waited: in the mailbox. */
static void offer(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason, cogo_msg *msg,
                  bool waited)
{
    const uint32_t inside = COGO__MSG_ANSWER | COGO__MSG_RUNTIME | COGO__MSG_INSIDE;
    cogo_dead_reason why = COGO_DEAD_GONE;
    if (cogo__msg_guarded(msg)) {
        (void)cogo__guard_release(ctx->system, msg, &why);
    }
    bool for_us = msg->target == ctx->self.generation && (msg->flags & inside) == 0;
    ctx->current = msg;
    if (for_us) {
        ctx->trace = msg->trace;
        cogo__count(ctx->system, ctx, COGO__HANDLED, 1);
        cogo__undelivered_of(cogo__ptr_load_relaxed(&cell->behavior))(ctx, reason, msg);
    }
    if (waited) {
        cogo__cell_pass(cell, 1);
    }
    if (ctx->current == msg) { // Not taken.
        if (for_us) {
            cogo__count(ctx->system, ctx, COGO__HANDLED, UINT64_MAX);
        }
        cogo_actor_id to = ctx->self;
        to.generation = msg->target;
        cogo__dead_letter(ctx->system, ctx, msg, to, COGO_DEAD_GONE);
        if (!waited) {
            cogo__msg_free(ctx->heap, msg);
        }
    }
    ctx->current = NULL;
}

void cogo__life_undelivered(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason)
{
    const uint64_t trace = ctx->trace;
    for (uint32_t count = 0; count < COGO_UNDELIVERED_MAX; count++) {
        cogo_msg *msg = cogo__stash_pop(cell);
        bool waited = msg == NULL;
        msg = waited ? next_waiting(ctx, cell) : msg;
        if (msg == NULL) {
            break;
        }
        if (!waited) {
            msg->flags |= COGO__MSG_STASHED;
        }
        if ((msg->flags & COGO__MSG_REMOTE) != 0) {
            cogo__remote_consume(ctx->system, ctx, msg);
        }
        offer(ctx, cell, reason, msg, waited);
    }
    ctx->trace = trace;
    ctx->ending = false; // What it says about exits is too late.
    ctx->request = 0;
}
