/* Signals in their order, and exits, with the meaning they have in Erlang/OTP.
 * The block of an exit signal becomes the EXIT message of an actor that traps. */
#include "runtime/actor/relation.h"

#include "runtime/actor/events.h"
#include "runtime/actor/life.h"
#include "runtime/actor/send.h"

#include <stdio.h>

/* DOWN goes to the watcher's mailbox, behind all that this actor sent to it before; and after
 * the exit signals, so that who has got DOWN knows that they are on their way. */
void cogo__relations_tell(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason)
{
    if (cell->extra != NULL) {
        cogo__links_end(ctx, cell->extra, reason);
        cogo__watchers_end(ctx, cell->extra, reason);
        cogo__u32_store_relaxed(&cell->relations, 0);
    }
}

bool cogo__answer_for_dead(cogo_context *ctx, cogo_msg *msg)
{
    cogo__signal answer = *(const cogo__signal *)cogo__msg_body(msg);
    cogo_actor_id asker = answer.from;
    cogo_actor_id gone = ctx->self;
    gone.generation = msg->target;
    answer.reason = (cogo_reason){.kind = COGO_EXIT_NOPROC};
    answer.from = gone;
    if (msg->type == COGO__SIG_MONITOR) {
        cogo__watcher_tell(ctx, msg, gone, &answer.reason);
        return true;
    }
    if (msg->type == COGO__SIG_LINK) {
        answer.number = COGO__OVER_LINK;
        (void)cogo__signal_send_in(ctx->system, ctx, msg, asker, COGO__SIG_EXIT, &answer);
        return true;
    }
    if (msg->type == COGO__SIG_UNLINK) {
        (void)cogo__signal_send_in(ctx->system, ctx, msg, asker, COGO__SIG_UNLINK_ACK, &answer);
        return true;
    }
    return false;
}

void cogo__exit_deliver(cogo_context *ctx, cogo_msg *msg, uint64_t number)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    cogo_down down = {.actor = signal->from, .reason = signal->reason};
    cogo__post_in(ctx->system, ctx, msg, ctx->self, COGO_MSG_EXIT, number, ctx->trace, &down,
                  sizeof down);
}

/* True: @p msg was used up. */
static bool on_exit_signal(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    const cogo_reason *reason = &signal->reason;
    if ((cell->flags & COGO__ACTOR_SUSPENDED) != 0) {
        return false; // It has ended already; its supervisor decides.
    }
    if (signal->number == COGO__OVER_LINK) {
        return cogo__link_on_exit(ctx, cell, msg);
    }
    // A supervisor ends after its children, also when it is killed: it kills them first.
    bool traps = (cell->flags & COGO__ACTOR_TRAPS) != 0
                 && (reason->kind != COGO_EXIT_KILLED
                     || cogo__is_supervisor(cogo__ptr_load_relaxed(&cell->behavior)));
    if (traps) {
        cogo__exit_deliver(ctx, msg, 0);
        return true;
    }
    cogo__context_end(ctx, reason->kind, reason->err, reason->text);
    return false;
}

static void on_restart(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    cell->extra->token = msg;
    cell->flags &= ~(uint32_t)COGO__ACTOR_SUSPENDED;
    cell->flags |= COGO__ACTOR_STARTING;
    cell->start->trace = msg->trace;
    cogo__phase_change(cell, 0, COGO__CELL_WAITS);
    cogo__u32_store_relaxed(&cell->restarts, cogo__u32_load_relaxed(&cell->restarts) + 1);
    COGO__SAW(ctx->system, ctx, RESTART, restart, ctx->self, ctx->self.slot, 0, msg->trace);
    cell->flags |= cell->extra->replay.count != 0 ? COGO__ACTOR_REPLAY : 0;
}

/* True: @p msg was used up, or is kept. */
static bool handle_alive(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    bool suspended = (cell->flags & COGO__ACTOR_SUSPENDED) != 0;
    switch (msg->type) {
    case COGO__SIG_EXIT:
        return on_exit_signal(ctx, cell, msg);
    case COGO__SIG_LINK:
        return cogo__link_on_link(ctx, cell, msg);
    case COGO__SIG_UNLINK:
        return cogo__link_on_unlink(ctx, cell, msg);
    case COGO__SIG_UNLINK_ACK:
        cogo__link_on_over(cell, signal, COGO__TIE_LEAVING);
        return false;
    case COGO__SIG_FORGET:
        cogo__link_on_over(cell, signal, COGO__TIE_ACTIVE);
        return false;
    case COGO__SIG_MONITOR:
        return cogo__monitor_on_monitor(ctx, cell, msg);
    case COGO__SIG_DEMONITOR:
        cogo__monitor_on_demonitor(ctx, cell, signal);
        return false;
    case COGO__SIG_LOST:
        cogo__links_lost(ctx, cell, signal);
        cogo__watchers_lost(ctx, cell, signal->from.node);
        return false;
    case COGO__SIG_RESTART:
        if (suspended) {
            on_restart(ctx, cell, msg);
        }
        return suspended;
    case COGO__SIG_BURY:
        if (suspended) {
            cogo__life_bury(ctx, cell, &signal->reason);
        }
        return false;
    default:
        return false;
    }
}

/* Begins what may begin here; a detached actor begins on its own thread. */
static void begin_if_here(cogo_context *ctx, cogo__cell *cell)
{
    if ((cell->flags & COGO__ACTOR_STARTING) != 0 && !cogo__is_astray(ctx, cell)
        && !ctx->ending) {
        cogo__life_begin(ctx, cell);
    }
}

void cogo__relations_handle(cogo_context *ctx, cogo__cell *cell)
{
    begin_if_here(ctx, cell);
    if (ctx->ending) {
        cogo__life_end(ctx, cell);
    }
    if (!cogo__signals_waiting(cell)) {
        return; // Came only to begin.
    }
    cogo_msg *next = NULL;
    for (cogo_msg *msg = cogo__signals_take(cell); msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        bool alive = (cell->flags & COGO__ACTOR_ALIVE) != 0;
        ctx->trace = msg->trace;
        if (msg->type == COGO__SIG_START) {
            cogo__life_accept(ctx, cell, msg); // Keeps the message.
            begin_if_here(ctx, cell);
        } else {
            bool here = alive && msg->target == ctx->self.generation;
            bool used = here ? handle_alive(ctx, cell, msg) : cogo__answer_for_dead(ctx, msg);
            if (here) {
                begin_if_here(ctx, cell);
            }
            if (!used) {
                cogo__msg_free(ctx->heap, msg);
            }
        }
        if (ctx->ending && (cell->flags & COGO__ACTOR_ALIVE) != 0) {
            cogo__life_end(ctx, cell);
        }
    }
    cogo__relations_publish(cell, 0);
}

void cogo_trap_exit(cogo_context *ctx, bool on)
{
    ctx->cell->flags &= ~(uint32_t)COGO__ACTOR_TRAPS;
    ctx->cell->flags |= on ? COGO__ACTOR_TRAPS : 0;
}

void cogo__exit_send(cogo_system *system, cogo_context *here, cogo_actor_id to,
                     const cogo__signal *signal)
{
    if (cogo__signal_send(system, here, to, COGO__SIG_EXIT, signal) == COGO_ENOMEM) {
        cogo__log(system, COGO_LOG_ERROR, "out of memory: an exit signal is lost");
    }
}

void cogo_exit_actor(cogo_system *system, cogo_actor_id id, cogo_exit_kind kind,
                     const char *text)
{
    cogo_context *here = cogo__here_in(system);
    cogo__signal signal = {.from = here != NULL ? here->self : COGO_NO_ACTOR,
                           .reason = {.kind = kind}};
    signal.reason.err = kind == COGO_EXIT_ERROR ? COGO_EFAULT : COGO_OK;
    (void)snprintf(signal.reason.text, sizeof signal.reason.text, "%s",
                   text != NULL ? text : "");
    cogo__exit_send(system, here, id, &signal);
}
