#include "runtime/actor/send.h"

#include "runtime/actor/events.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/remote.h"

#include <string.h>

static cogo_err refuse(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                       cogo_dead_reason why)
{
    cogo__dead_letter(system, here, msg, to, why);
    cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    return COGO_EGONE;
}

/* This message is measured: how long it waits, and how long its handler runs. */
static void stamp(cogo_system *system, cogo_context *here, const cogo__cell *cell,
                  cogo_msg *msg)
{
    msg->enqueued_ns = cogo__world_now(system->world);
    COGO__PROBE(send, cell->slot, msg->type, msg->trace, system);
    if (cogo__tracing(system)) {
        cogo__event_note(system, here, COGO__EVENT_SEND,
                         cogo__id(system, cell->slot, msg->target), msg->type, msg->trace,
                         msg->enqueued_ns);
    }
}

static inline void put(cogo_system *system, cogo_context *here, cogo__cell *cell, cogo_msg *msg)
{
    uint32_t tick = here != NULL ? here->sample_tick++ : 0;
    if (__builtin_expect((tick & cogo__u32_load_relaxed(&system->sample_mask)) == 0, 0)) {
        stamp(system, here, cell, msg);
    }
    // Not one locked addition: exact with one sender at a time, approximate in a race.
    cogo__u32_store_relaxed(&cell->pushed, cogo__u32_load_relaxed(&cell->pushed) + 1);
    if (cogo__mailbox_push(&cell->box, &msg->link)) {
        cogo__sched_ready(system, here, cell);
    }
}

void cogo__put(cogo_system *system, cogo_context *here, cogo__cell *cell, cogo_msg *msg)
{
    put(system, here, cell, msg);
}

static cogo_err answer(cogo_system *system, cogo_context *here, cogo_actor_id alias,
                       cogo_msg *msg)
{
    uint64_t number = cogo__ref_number(alias.generation, alias.slot & ~COGO__SLOT_ALIAS);
    cogo__ref *ref = cogo__ref_find(&system->refs, number);
    if (ref == NULL) {
        return refuse(system, here, alias, msg, COGO_DEAD_LATE);
    }
    uint32_t kind = cogo__u32_load_relaxed(&ref->kind);
    cogo_actor_id owner = cogo__ref_owner(system, ref);
    cogo_actor_id asker;
    if (kind == COGO__REF_RELAY && cogo__relay_claim(system, here, ref, number, &asker)) {
        msg->flags &= COGO__MSG_BLOCK;
        return cogo__remote_send(system, here, asker, msg);
    }
    if ((kind != COGO__REF_ASK && kind != COGO__REF_WAITER) || !cogo__ref_claim(ref, number)) {
        return refuse(system, here, alias, msg, COGO_DEAD_LATE);
    }
    // A request sent to an alias asks nobody: its own ask must not wait for ever.
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__ask_fail(system, here, msg->ask, COGO_EGONE);
    }
    msg->flags = (msg->flags & (COGO__MSG_BLOCK | COGO__MSG_REMOTE)) | COGO__MSG_ANSWER;
    msg->ask = number;
    if (kind == COGO__REF_WAITER) {
        if ((msg->flags & COGO__MSG_REMOTE) != 0) {
            cogo__remote_consume(system, here, msg);
        }
        cogo__count(system, here, COGO__HANDLED, 1);
        cogo__sched_waiter_give(system, ref, msg);
        return COGO_OK;
    }
    cogo__cell *cell = cogo__cell_find(system, owner);
    if (cell == NULL) {
        return refuse(system, here, alias, msg, COGO_DEAD_LATE);
    }
    if (cogo__u32_load_relaxed(&cell->guard) != 0) {
        return cogo__guard_deliver(system, here, cell, owner, msg, false);
    }
    msg->target = owner.generation;
    put(system, here, cell, msg);
    return COGO_OK;
}

/* No such actor here, an alias, or an actor with limits. The same parameters as
 * cogo__deliver(), so that the way of all others neither keeps nor copies them for it. */
static __attribute__((noinline)) cogo_err deliver_rarely(cogo_system *system,
                                                         cogo_context *here, cogo_actor_id to,
                                                         cogo_msg *msg, bool bounded)
{
    cogo__cell *cell = cogo__cell_find(system, to);
    if (cell != NULL) {
        return cogo__guard_deliver(system, here, cell, to, msg, bounded);
    }
    if (to.node != 0) {
        return cogo__remote_send(system, here, to, msg);
    }
    if (to.incarnation == system->incarnation && (to.slot & COGO__SLOT_ALIAS) != 0) {
        return answer(system, here, to, msg);
    }
    return refuse(system, here, to, msg, COGO_DEAD_GONE);
}

static inline cogo_err deliver(cogo_system *system, cogo_context *here, cogo_actor_id to,
                               cogo_msg *msg, bool bounded)
{
    cogo__count(system, here, COGO__SENT, 1);
    cogo__cell *cell = cogo__cell_find(system, to);
    if (__builtin_expect(cell == NULL || cogo__u32_load_relaxed(&cell->guard) != 0, 0)) {
        return deliver_rarely(system, here, to, msg, bounded);
    }
    // From here on the actor may end and its cell may be another's: the receiver compares the
    // generation again when it takes the message (I2).
    msg->target = to.generation;
    put(system, here, cell, msg);
    return COGO_OK;
}

cogo_err cogo__deliver(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                       bool bounded)
{
    return deliver(system, here, to, msg, bounded);
}

/* As put() for each of the chain. */
static void put_chain(cogo_system *system, cogo_context *here, cogo__cell *cell,
                      const cogo__chain *chain)
{
    const uint32_t mask = cogo__u32_load_relaxed(&system->sample_mask);
    cogo_msg *msg = chain->first;
    for (uint32_t i = 0; i < chain->count; i++) {
        msg->target = chain->to.generation;
        uint32_t tick = here != NULL ? here->sample_tick++ : 0;
        if (__builtin_expect((tick & mask) == 0, 0)) {
            stamp(system, here, cell, msg);
        }
        msg = cogo__ptr_load_relaxed(&msg->link.next);
    }
    cogo__u32_store_relaxed(&cell->pushed,
                            cogo__u32_load_relaxed(&cell->pushed) + chain->count);
    if (cogo__mailbox_push_all(&cell->box, &chain->first->link, &chain->last->link)) {
        cogo__sched_ready(system, here, cell);
    }
}

void cogo__chain_push(cogo_system *system, cogo_context *here, cogo__chain *chain)
{
    if (chain->count <= 1) {
        if (chain->count == 1) {
            chain->count = 0;
            (void)deliver(system, here, chain->to, chain->first, true);
        }
        return;
    }
    cogo__count(system, here, COGO__SENT, chain->count);
    cogo__cell *cell = cogo__cell_find(system, chain->to);
    if (cell != NULL && cogo__u32_load_relaxed(&cell->guard) == 0) {
        put_chain(system, here, cell, chain);
        chain->count = 0;
        return;
    }
    for (cogo_msg *msg = chain->first; chain->count > 0; chain->count--) {
        cogo_msg *next = cogo__ptr_load_relaxed(&msg->link.next);
        (void)deliver_rarely(system, here, chain->to, msg, true);
        msg = next;
    }
}

void cogo__chain_add(cogo_system *system, cogo_context *here, cogo__chain *chain,
                     cogo_actor_id to, cogo_msg *msg)
{
    if (chain->count != 0 && !cogo_actor_id_equal(chain->to, to)) {
        cogo__chain_push(system, here, chain);
    }
    cogo__ptr_store_relaxed(&msg->link.next, NULL);
    if (chain->count == 0) {
        chain->to = to;
        chain->first = msg;
    } else {
        cogo__ptr_store_relaxed(&chain->last->link.next, msg);
    }
    chain->last = msg;
    if (++chain->count == COGO__CHAIN_MOST) {
        cogo__chain_push(system, here, chain);
    }
}

cogo__cell *cogo__nudge_hold(cogo_system *system, cogo_actor_id to, bool *out_same)
{
    cogo__cell *cell = cogo__cell_find(system, to);
    if (cell == NULL || !cogo__mailbox_hold(&cell->box)) {
        *out_same = false;
        return NULL;
    }
    // Ours until it is scheduled. It may be another's by now, who then runs for nothing.
    // relaxed: only the holder changes it.
    *out_same = cogo__u32_load_relaxed(&cell->generation) == to.generation
                && (cell->flags & COGO__ACTOR_ALIVE) != 0;
    cell->flags |= *out_same ? COGO__ACTOR_UNDRAINED : 0;
    return cell;
}

bool cogo__nudge(cogo_system *system, cogo_context *here, cogo_actor_id to)
{
    bool same = false;
    cogo__cell *cell = cogo__nudge_hold(system, to, &same);
    if (cell != NULL) {
        cogo__sched_ready(system, here, cell);
    }
    return same;
}

void cogo__post(cogo_system *system, cogo_context *here, cogo_actor_id to, cogo_msg_type type,
                uint64_t number, uint64_t trace, const void *body, size_t size_bytes)
{
    cogo_msg *msg = cogo__msg_alloc(system, here != NULL ? here->heap : NULL, type, size_bytes);
    if (msg == NULL) {
        cogo__log(system, COGO_LOG_ERROR, "out of memory: a message of type %u is lost", type);
        return;
    }
    cogo__post_in(system, here, msg, to, type, number, trace, body, size_bytes);
}

void cogo__post_in(cogo_system *system, cogo_context *here, cogo_msg *msg, cogo_actor_id to,
                   cogo_msg_type type, uint64_t number, uint64_t trace, const void *body,
                   size_t size_bytes)
{
    msg->sender = COGO_NO_ACTOR;
    msg->type = type;
    msg->size_bytes = (uint32_t)size_bytes;
    msg->ask = number;
    msg->trace = trace;
    msg->enqueued_ns = 0;
    msg->flags = (msg->flags & COGO__MSG_SLAB) | COGO__MSG_RUNTIME;
    memcpy(cogo__msg_body(msg), body, size_bytes);
    (void)cogo__deliver(system, here, to, msg, false);
}

void cogo__ask_post_failure(cogo_system *system, cogo_context *here, uint64_t number,
                            cogo_actor_id owner, uint64_t trace, cogo_err err)
{
    cogo_ask_failed failed = {.err = err};
    cogo_msg *msg = cogo__msg_alloc(system, here != NULL ? here->heap : NULL,
                                    COGO_MSG_ASK_FAILED, sizeof failed);
    if (msg == NULL) {
        cogo__log(system, COGO_LOG_ERROR, "out of memory: the failure of an ask is lost");
        return;
    }
    memcpy(cogo__msg_body(msg), &failed, sizeof failed);
    msg->flags |= COGO__MSG_ANSWER;
    msg->ask = number;
    msg->trace = trace;
    (void)cogo__deliver(system, here, owner, msg, false);
}

void cogo__ask_fail(cogo_system *system, cogo_context *here, uint64_t number, cogo_err err)
{
    cogo__ref *ref = cogo__ref_find(&system->refs, number);
    if (ref == NULL) {
        return;
    }
    uint32_t kind = cogo__u32_load_relaxed(&ref->kind);
    cogo_actor_id owner = cogo__ref_owner(system, ref);
    uint64_t trace = cogo__u64_load_relaxed(&ref->trace);
    cogo_actor_id asker;
    if (kind == COGO__REF_RELAY && cogo__relay_claim(system, here, ref, number, &asker)) {
        cogo__remote *remote = cogo__ptr_load_acquire(&system->remote);
        remote->refuse(remote, here, asker, err);
        return;
    }
    if ((kind != COGO__REF_ASK && kind != COGO__REF_WAITER) || !cogo__ref_claim(ref, number)) {
        return;
    }
    if (kind == COGO__REF_ASK) {
        cogo__ask_post_failure(system, here, number, owner, trace, err);
        return;
    }
    cogo_ask_failed failed = {.err = err};
    cogo_msg *msg = cogo__msg_alloc(system, NULL, COGO_MSG_ASK_FAILED, sizeof failed);
    if (msg != NULL) {
        memcpy(cogo__msg_body(msg), &failed, sizeof failed);
    }
    cogo__sched_waiter_give(system, ref, msg); // NULL: the waiter reads it as out of memory.
}

/* To an alias: an answer. */
static __attribute__((noinline)) cogo_err send_answer(cogo_context *ctx, cogo_actor_id alias,
                                                      cogo_msg *msg)
{
    cogo_system *system = ctx->system;
    cogo__answered(ctx, cogo__ref_number(alias.generation, alias.slot & ~COGO__SLOT_ALIAS));
    if (alias.node != 0 || alias.incarnation != system->incarnation) {
        return cogo__deliver(system, ctx, alias, msg, true);
    }
    cogo__count(system, ctx, COGO__SENT, 1);
    return answer(system, ctx, alias, msg);
}

/* Once in COGO__SAMPLE_MESSAGES sends of this thread, and with each that goes into no mailbox
 * (to another node, or to nobody) right after: those do not count. A callback is told from the
 * next by the count of messages that its actor has handled. */
static __attribute__((noinline)) void look_for_flood(cogo_context *ctx)
{
    if (ctx->flood_tick == ctx->sample_tick) {
        return;
    }
    ctx->flood_tick = ctx->sample_tick;
    uint64_t handled = cogo__u64_load_relaxed(&ctx->cell->handled);
    if (ctx->flood_cell != ctx->cell || ctx->flood_handled != handled) {
        ctx->flood_cell = ctx->cell;
        ctx->flood_handled = handled;
        ctx->flood_sends = 0;
    }
    ctx->flood_sends += COGO__SAMPLE_MESSAGES;
    if (ctx->flood_sends >= ctx->system->config.relief_sends && ctx->is_lane && !ctx->ending) {
        ctx->flood_sends = 0;
        cogo__sched_relieve(ctx);
    }
}

cogo_err cogo_send(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg)
{
    if (msg == NULL) {
        return COGO_EINVAL;
    }
    msg->sender = ctx->self;
    msg->flags &= COGO__MSG_BLOCK | COGO__MSG_REQUEST; // A request that is passed on stays one.
    msg->enqueued_ns = 0;
    cogo_err err = __builtin_expect((to.slot & COGO__SLOT_ALIAS) != 0, 0)
                       ? send_answer(ctx, to, msg)
                       : deliver(ctx->system, ctx, to, msg, true);
    if (__builtin_expect((ctx->sample_tick & (COGO__SAMPLE_MESSAGES - 1)) == 0, 0)) {
        look_for_flood(ctx);
    }
    return err;
}

cogo_err cogo_system_send(cogo_system *system, cogo_actor_id to, cogo_msg *msg)
{
    if (msg == NULL) {
        return COGO_EINVAL;
    }
    msg->sender = COGO_NO_ACTOR;
    msg->flags &= COGO__MSG_BLOCK;
    msg->enqueued_ns = 0;
    return deliver(system, cogo__here_in(system), to, msg, true);
}

cogo_err cogo_reply(cogo_context *ctx, const cogo_msg *request, cogo_msg *msg)
{
    if (request == NULL) {
        cogo_msg_destroy(msg);
        return COGO_EINVAL;
    }
    return cogo_send(ctx, cogo_msg_reply_to(request), msg);
}
