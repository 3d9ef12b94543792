#include "runtime/actor/stash.h"

#include "runtime/actor/dead.h"
#include "runtime/actor/extra.h"

static cogo_msg *next_of(const cogo_msg *msg)
{
    return cogo__ptr_load_relaxed(&msg->link.next);
}

static void append(cogo__queue *q, cogo_msg *msg)
{
    cogo__ptr_store_relaxed(&msg->link.next, NULL);
    if (q->last != NULL) {
        cogo__ptr_store_relaxed(&q->last->link.next, msg);
    } else {
        q->first = msg;
    }
    q->last = msg;
    q->count++;
}

static cogo_msg *take(cogo__queue *q)
{
    cogo_msg *msg = q->first;
    if (msg != NULL) {
        q->first = next_of(msg);
        q->last = q->first != NULL ? q->last : NULL;
        q->count--;
    }
    return msg;
}

/* The stash goes before what is being replayed, each in its order. */
static void join(cogo__extra *extra)
{
    cogo__queue both = extra->stash;
    if (both.first == NULL) {
        return;
    }
    cogo__ptr_store_relaxed(&both.last->link.next, extra->replay.first);
    both.last = extra->replay.last != NULL ? extra->replay.last : both.last;
    both.count += extra->replay.count;
    extra->replay = both;
    extra->stash = (cogo__queue){0};
}

/* It waits again, as in a mailbox: sent = handled + dead letters + waiting (I4). */
static void count_handled(cogo_context *ctx, bool handled)
{
    cogo__count(ctx->system, ctx, COGO__HANDLED, handled ? 1 : UINT64_MAX);
}

void cogo__replay_one(cogo_context *ctx, cogo__cell *cell)
{
    cogo_msg *msg = take(&cell->extra->replay);
    if (msg == NULL) {
        cell->flags &= ~(uint32_t)COGO__ACTOR_REPLAY;
        return;
    }
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    count_handled(ctx, true);
    msg->flags |= COGO__MSG_STASHED;
    ctx->current = msg;
    ctx->trace = msg->trace;
    ctx->request = (msg->flags & COGO__MSG_REQUEST) != 0 ? msg->ask : 0;
    cogo__u32_store_relaxed(&ctx->doing, msg->type);
    cell->flags |= behavior->drained != NULL ? COGO__ACTOR_UNDRAINED : 0;
    cogo_err err = behavior->receive(ctx, cell->state, msg);
    if (err != COGO_OK && !ctx->ending) {
        cogo__context_end(ctx, COGO_EXIT_ERROR, err, cogo_strerror(err));
    }
    if (ctx->request != 0 && !ctx->ending) {
        cogo__unanswered(ctx, ctx->request);
        ctx->request = 0;
    }
    if (ctx->current == msg) { // Neither taken nor put aside again.
        cogo__msg_free(ctx->heap, msg);
    }
    ctx->current = NULL;
}

void cogo__stash_keep(cogo_context *ctx, cogo__cell *cell)
{
    join(cell->extra);
    cogo__queue all = cell->extra->replay;
    cell->extra->replay = (cogo__queue){0};
    for (cogo_msg *msg = take(&all); msg != NULL; msg = take(&all)) {
        if ((msg->flags & (COGO__MSG_ANSWER | COGO__MSG_RUNTIME)) == 0) {
            append(&cell->extra->replay, msg);
        } else {
            count_handled(ctx, true);
            cogo__msg_free(ctx->heap, msg);
        }
    }
}

cogo_msg *cogo__stash_pop(cogo__cell *cell)
{
    if (cell->extra == NULL) {
        return NULL;
    }
    join(cell->extra);
    return take(&cell->extra->replay);
}

void cogo__stash_drop(cogo_context *ctx, cogo__cell *cell)
{
    for (cogo_msg *msg = cogo__stash_pop(cell); msg != NULL; msg = cogo__stash_pop(cell)) {
        cogo__dead_letter(ctx->system, ctx, msg, ctx->self, COGO_DEAD_GONE);
        cogo__msg_free(ctx->heap, msg);
    }
}

/* In undelivered(): there is no later for it. */
static bool has_ended(const cogo_context *ctx)
{
    return cogo__u32_load_relaxed(&ctx->cell->generation) != ctx->self.generation;
}

cogo_err cogo_stash(cogo_context *ctx, cogo_msg *msg)
{
    if (msg == NULL || ctx->current != msg || has_ended(ctx)) {
        return COGO_EINVAL;
    }
    cogo__extra *extra = cogo__extra_of(ctx->system, ctx->cell);
    if (extra == NULL) {
        return COGO_ENOMEM;
    }
    if (extra->stash.count >= COGO_STASH_MAX) {
        return COGO_ELIMIT;
    }
    cogo_msg_take(ctx, msg);
    if ((msg->flags & COGO__MSG_REQUEST) != 0 && ctx->request == msg->ask) {
        ctx->request = 0; // It waits in the message.
    }
    count_handled(ctx, false);
    append(&extra->stash, msg);
    return COGO_OK;
}

uint32_t cogo_unstash_all(cogo_context *ctx)
{
    cogo__extra *extra = ctx->cell->extra;
    uint32_t count = extra != NULL ? extra->stash.count : 0;
    if (count != 0) {
        join(extra);
        ctx->cell->flags |= COGO__ACTOR_REPLAY;
    }
    return count;
}

cogo_err cogo_become(cogo_context *ctx, const cogo_behavior *behavior)
{
    cogo__cell *cell = ctx->cell;
    const cogo_behavior *now = cogo__ptr_load_relaxed(&cell->behavior);
    if (cell->extra != NULL && cell->extra->first != NULL) {
        now = cell->extra->first; // Its state was made for this one.
    }
    if (has_ended(ctx) || behavior == NULL || behavior->struct_size < COGO__BEHAVIOR_SIZE_MIN
        || behavior->receive == NULL || behavior->name == NULL
        || behavior->state_size_bytes > now->state_size_bytes
        || cogo__is_supervisor(behavior)) {
        return COGO_EINVAL;
    }
    cogo__extra *extra = cogo__extra_of(ctx->system, cell);
    if (extra == NULL) {
        return COGO_ENOMEM;
    }
    extra->first = extra->first != NULL ? extra->first : now;
    cogo__ptr_store_relaxed(&cell->behavior, (void *)(uintptr_t)behavior);
    return COGO_OK;
}

void cogo_unbecome(cogo_context *ctx)
{
    cogo__extra *extra = ctx->cell->extra;
    if (extra != NULL && extra->first != NULL) {
        cogo__ptr_store_relaxed(&ctx->cell->behavior, (void *)(uintptr_t)extra->first);
        extra->first = NULL;
    }
}
