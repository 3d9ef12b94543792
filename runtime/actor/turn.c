/* One turn: a lane (or an actor's own thread) runs an actor that it holds, within a budget. */
#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/life.h"
#include "runtime/actor/meter.h"
#include "runtime/actor/pool.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/actor/stash.h"

#include <cogo/io.h>

enum {
    CLOCK_FIRST = 8,  // The clock is read after so many messages of a turn,
    CLOCK_MOST = 16,  // and then after so many more, while they take little time.
    QUICK_SHARE = 64, // Little: this part of the turn's time.
};

_Thread_local cogo_context *cogo__here;

static cogo__ref *own_ref(cogo_context *ctx, uint64_t number, cogo__ref_kind kind)
{
    cogo__ref *ref = cogo__ref_find(&ctx->system->refs, number);
    bool mine = ref != NULL && cogo__u32_load_relaxed(&ref->kind) == (uint32_t)kind
                && cogo_actor_id_equal(cogo__ref_owner(ctx->system, ref), ctx->self);
    return mine ? ref : NULL;
}

static bool accept_exit(cogo__cell *cell, const cogo_msg *msg)
{
    if (msg->ask == 0) {
        return true;
    }
    cogo__tie *tie = cogo__tie_find_exited(cell, msg->ask);
    if (tie == NULL) {
        return false; // Unlinked meanwhile.
    }
    cogo__tie_remove(cell, tie);
    cogo__relations_publish(cell, 0);
    return true;
}

/* What the runtime sent may have been taken back since: cancelled, unlinked, timed out. */
static bool accept(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    cogo__ref *ref = NULL;
    if ((msg->flags & COGO__MSG_ANSWER) != 0) {
        ref = own_ref(ctx, msg->ask, COGO__REF_ASK);
        if (ref != NULL) {
            // acquire: as in cogo__ref_release().
            uint64_t state = cogo__u64_load_acquire(&ref->state);
            if (cogo__ref_phase(state) == COGO__REF_USED_YOUNG) { // It never had a timer.
                cogo__count(ctx->system, ctx, COGO__TIMERS_GONE, 1);
            } else {
                cogo__sched_timer_disarm(ctx->system, ctx, ref);
            }
            cogo__ref_release(ctx->system, ctx, cell, ref);
        }
        return ref != NULL;
    }
    switch (msg->type) {
    case COGO_MSG_TIMER:
        ref = own_ref(ctx, msg->ask, COGO__REF_TIMER);
        if (ref != NULL && ref->period_ns == 0) {
            cogo__ref_release(ctx->system, ctx, cell, ref);
        } else if (ref != NULL) {
            cogo__u32_store_release(&ref->posted, 0);
        }
        return ref != NULL;
    case COGO_MSG_IO:
        ref = own_ref(ctx, msg->ask, COGO__REF_IO);
        if (ref != NULL) {
            cogo_io_ready *ready = cogo__msg_body(msg);
            // acq_rel: see tell() in io/loop.c. What comes from here on is a new message.
            uint64_t told =
                cogo__u64_swap_acq_rel(&ref->told, msg->ask & ~(uint64_t)UINT32_MAX);
            ready->events = (uint32_t)told;
            ready->cookie = ref->cookie;
        }
        return ref != NULL;
    case COGO_MSG_DOWN:
        ref = own_ref(ctx, msg->ask, COGO__REF_MONITOR);
        if (ref != NULL) {
            cogo__ref_release(ctx->system, ctx, cell, ref);
        }
        return ref != NULL;
    case COGO_MSG_EXIT:
        return accept_exit(cell, msg);
    case COGO__MSG_DRAIN: { // All that its pool sent before has been handled.
        const cogo__drain *drain = cogo__msg_body(msg);
        cogo__post(ctx->system, ctx, drain->pool, COGO__MSG_DRAINED, 0, msg->trace, drain,
                   sizeof *drain);
        return false;
    }
    default:
        return true;
    }
}

/* What few messages need. False: it isn't for the behaviour. */
static bool admit(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_REMOTE) != 0) {
        cogo__remote_consume(ctx->system, ctx, msg);
    }
    if ((msg->flags & (COGO__MSG_ANSWER | COGO__MSG_RUNTIME)) != 0 && !accept(ctx, cell, msg)) {
        cogo__cell_pass(cell, 1);
        return false;
    }
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        ctx->request = msg->ask;
    }
    return true;
}

static inline void dispatch(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const uint32_t rare =
        COGO__MSG_ANSWER | COGO__MSG_RUNTIME | COGO__MSG_REQUEST | COGO__MSG_REMOTE;
    cogo_dead_reason why = COGO_DEAD_GONE;
    bool keep = true;
    if (__builtin_expect(cogo__msg_guarded(msg), 0)) {
        keep = cogo__guard_release(ctx->system, msg, &why);
    }
    // I2: a sender that was slower than the end of its receiver is found here.
    bool gone = msg->target != ctx->self.generation || (cell->flags & COGO__ACTOR_ALIVE) == 0;
    if (__builtin_expect(gone || !keep, 0)) {
        cogo_actor_id to = ctx->self;
        to.generation = msg->target;
        cogo__cell_pass(cell, 1);
        cogo__dead_letter(ctx->system, ctx, msg, to, gone ? COGO_DEAD_GONE : why);
        return;
    }
    cogo__count(ctx->system, ctx, COGO__HANDLED, 1);
    if (__builtin_expect((msg->flags & rare) != 0, 0) && !admit(ctx, cell, msg)) {
        return;
    }
    cogo__u64_bump(&cell->handled, 1);
    ctx->current = msg;
    cogo__u32_store_relaxed(&ctx->doing, msg->type);
    ctx->trace = msg->trace;
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    if (behavior->drained != NULL) {
        cell->flags |= COGO__ACTOR_UNDRAINED;
    }
    cogo_err err = __builtin_expect(msg->enqueued_ns == 0, 1)
                       ? behavior->receive(ctx, cell->state, msg)
                       : cogo__meter_receive(ctx, behavior, msg);
    if (__builtin_expect(err != COGO_OK, 0) && !ctx->ending) {
        cogo__context_end(ctx, COGO_EXIT_ERROR, err, cogo_strerror(err));
    }
    if (__builtin_expect(ctx->request != 0, 0) && !ctx->ending) {
        cogo__unanswered(ctx, ctx->request);
        ctx->request = 0;
    }
}

static void drain(cogo_context *ctx, cogo__cell *cell)
{
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    cell->flags &= ~(uint32_t)COGO__ACTOR_UNDRAINED;
    cogo__u32_store_relaxed(&ctx->doing, 0);
    ctx->current = NULL;
    ctx->trace = 0;
    // A behaviour that it became since may have none.
    cogo_err err = behavior->drained != NULL ? behavior->drained(ctx, cell->state) : COGO_OK;
    if (err != COGO_OK && !ctx->ending) {
        cogo__context_end(ctx, COGO_EXIT_ERROR, err, cogo_strerror(err));
    }
}

/* Signals, and what they or the last callback led to. True: the turn is over. */
static bool settle(cogo_context *ctx, cogo__cell *cell, cogo__turn_result *result)
{
    if (ctx->ending) {
        cogo__life_end(ctx, cell);
    }
    if (cogo__signals_waiting(cell) || (cell->flags & COGO__ACTOR_STARTING) != 0) {
        cogo__relations_handle(ctx, cell);
    }
    bool astray = cogo__is_astray(ctx, cell);
    if (!ctx->is_lane && (astray || (cell->flags & COGO__ACTOR_DETACHED) == 0)) {
        *result = COGO__TURN_ENDED; // Not this thread's actor: that one is no more.
        return true;
    }
    if (astray && (cell->flags & COGO__ACTOR_SUSPENDED) == 0) {
        *result = COGO__TURN_HANDED;
        cogo__sched_thread_give(ctx->system, cell->extra->thread, cell);
        return true;
    }
    if ((cell->flags & COGO__ACTOR_SUSPENDED) != 0 && cogo__signals_suspend(cell)) {
        *result = COGO__TURN_IDLE;
        return true;
    }
    return false;
}

/* The queue looked empty. True: given up. */
static inline bool go_idle(cogo_context *ctx, cogo__cell *cell)
{
    cogo__link *done = NULL;
    // What racing senders left uncounted is made good while nothing waits.
    uint32_t drift = cogo__u32_load_relaxed(&cell->pushed) - cogo__cell_gone(cell);
    if (__builtin_expect(drift != 0, 0)) {
        cogo__cell_pass(cell, drift);
    }
    if (!cogo__mailbox_idle(&cell->box, &cell->tail, &done)) {
        cogo__cell_pass(cell, 0 - drift);
        return false;
    }
    // Given up: only `done`, which left the queue with us, is ours from here on.
    bool again = cogo__signals_recheck(cell);
    if (done != NULL) {
        cogo__msg_free(ctx->heap, (cogo_msg *)(void *)done);
    }
    return !again;
}

/* When a turn looks at the clock: rarely, and not at all in turns of few messages. The end of
 * its time is in the context, where cogo_should_yield() finds it too. */
typedef struct looks {
    uint64_t last_ns;
    uint32_t next; /* In messages. */
} looks;

/* After message number l->next. True: the turn's time is over. */
static bool time_is_over(looks *l, cogo_context *ctx)
{
    const uint64_t most = ctx->system->config.batch_ns;
    uint64_t now = cogo__world_now(ctx->system->world);
    bool quick = l->last_ns != 0 && now - l->last_ns < most / QUICK_SHARE;
    l->last_ns = now;
    l->next += quick ? CLOCK_MOST : CLOCK_FIRST;
    ctx->deadline_ns = ctx->deadline_ns != 0 ? ctx->deadline_ns : now + most;
    return now >= ctx->deadline_ns;
}

/* Signals come first, and what the last callback led to; neither is so for most messages. */
static inline bool calls_for_care(const cogo_context *ctx, const cogo__cell *cell)
{
    const uint32_t rare = COGO__ACTOR_STARTING | COGO__ACTOR_SUSPENDED | COGO__ACTOR_DETACHED
                          | COGO__ACTOR_REPLAY;
    return __builtin_expect((cell->flags & rare) != 0 || ctx->ending
                                || cogo__signals_waiting(cell) || !ctx->is_lane,
                            0);
}

cogo__turn_result cogo__turn(cogo_context *ctx, cogo__cell *cell)
{
    const uint32_t most = ctx->system->config.batch_messages;
    cogo__turn_result result = COGO__TURN_AGAIN;
    looks clock = {.next = CLOCK_FIRST};
    uint32_t handled = 0;
    cogo__context_enter(ctx, cell);
    for (;;) {
        // A message may be newer than a signal that was not seen yet (a START, or a monitor
        // whose sender then caused this message): so the signals are looked at after it.
        cogo__link *node = cogo__mailbox_peek(cell->tail);
        if (calls_for_care(ctx, cell)) {
            if (settle(ctx, cell, &result)) {
                break;
            }
            node = cogo__mailbox_peek(cell->tail);
            if ((cell->flags & COGO__ACTOR_SUSPENDED) != 0 || cogo__signals_waiting(cell)) {
                continue; // A signal came.
            }
            if ((cell->flags & COGO__ACTOR_REPLAY) != 0 && handled + ctx->charged < most) {
                cogo__replay_one(ctx, cell);
                handled++;
                continue;
            }
        }
        if (handled + ctx->charged >= most) {
            break;
        }
        if (node != NULL) {
            cogo__link *done = cogo__mailbox_take(&cell->box, &cell->tail, node);
            if (done != NULL) {
                cogo__msg_free(ctx->heap, (cogo_msg *)(void *)done);
            }
            dispatch(ctx, cell, (cogo_msg *)(void *)node);
            if (++handled == clock.next && time_is_over(&clock, ctx)) {
                handled = most;
            }
        } else if (!cogo__mailbox_empty(&cell->box, cell->tail)) {
            break; // A sender is about to link its message: others first, no spinning.
        } else if ((cell->flags & COGO__ACTOR_UNDRAINED) != 0) {
            drain(ctx, cell);
        } else if (go_idle(ctx, cell)) {
            result = COGO__TURN_IDLE;
            break;
        }
    }
    if (__builtin_expect(ctx->owed.bytes != 0, 0)) {
        cogo__remote_settle(ctx->system, ctx);
    }
    ctx->cell = NULL;
    ctx->current = NULL;
    ctx->trace = 0;
    return result;
}

void cogo__cell_clear(cogo_system *system, cogo__cell *cell)
{
    cogo__link *node = NULL;
    while ((node = cogo__mailbox_peek(cell->tail)) != NULL) {
        cogo__link *done = cogo__mailbox_take(&cell->box, &cell->tail, node);
        if (done != NULL) {
            cogo__msg_free(NULL, (cogo_msg *)(void *)done);
        }
        cogo_msg *msg = (cogo_msg *)(void *)node;
        cogo_dead_reason why = COGO_DEAD_STOPPED;
        if (cogo__msg_guarded(msg)) {
            (void)cogo__guard_release(system, msg, &why);
        }
        cogo__count(system, NULL, COGO__DEAD, 1);
        cogo__count(system, NULL, (cogo__counter)(COGO__DEAD_FIRST + COGO_DEAD_STOPPED), 1);
    }
    if (cell->tail != &cell->box.stub) {
        cogo__msg_free(NULL, (cogo_msg *)(void *)cell->tail);
        cell->tail = &cell->box.stub;
    }
    for (cogo_msg *msg = cogo__signals_take(cell), *next; msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        cogo__msg_free(NULL, msg);
    }
}

void cogo_msg_take(cogo_context *ctx, cogo_msg *msg)
{
    if (ctx->current != msg || msg == NULL) {
        return; // Not the message that is being handled: nothing to take.
    }
    ctx->current = NULL;
    if ((msg->flags & COGO__MSG_STASHED) != 0) {
        msg->flags &= ~(uint32_t)COGO__MSG_STASHED;
        return;
    }
    cogo__mailbox_detach(&ctx->cell->box, &ctx->cell->tail);
}
