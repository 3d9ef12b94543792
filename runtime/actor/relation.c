/* Links, monitors and exit signals, with the meaning they have in Erlang/OTP. */
#include "runtime/actor/extra.h"
#include "runtime/actor/life.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"

#include <stdio.h>

static void tell_watcher(cogo_context *ctx, uint64_t number, cogo_actor_id who,
                         cogo_actor_id ended, const cogo_reason *reason)
{
    cogo_down down = {.actor = ended, .monitor = number, .reason = *reason};
    cogo__post(ctx->system, ctx, who, COGO_MSG_DOWN, number, &down, sizeof down);
}

static void send_exit(cogo_context *ctx, cogo_actor_id to, cogo_actor_id from, uint64_t number,
                      const cogo_reason *reason)
{
    cogo__signal signal = {.from = from, .number = number, .reason = *reason};
    (void)cogo__signal_send(ctx->system, ctx, to, COGO__SIG_EXIT, &signal);
}

/* DOWN goes to the watcher's mailbox, behind all that this actor sent to it before. */
void cogo__relations_tell(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason)
{
    cogo__extra *extra = cell->extra;
    if (extra == NULL) {
        return;
    }
    for (uint32_t i = 0; i < extra->watcher_count; i++) {
        tell_watcher(ctx, extra->watchers[i].number, extra->watchers[i].who, ctx->self, reason);
    }
    extra->watcher_count = 0;
    for (uint32_t i = 0; i < extra->tie_count; i++) {
        send_exit(ctx, extra->ties[i].peer, ctx->self, extra->ties[i].number, reason);
    }
    extra->tie_count = 0;
}

/* The signal is for an actor that is gone. */
static void answer_for_dead(cogo_context *ctx, const cogo_msg *msg, const cogo__signal *signal)
{
    cogo_actor_id gone = ctx->self;
    gone.generation = msg->target;
    cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
    if (msg->type == COGO__SIG_MONITOR) {
        tell_watcher(ctx, signal->number, signal->from, gone, &reason);
    } else if (msg->type == COGO__SIG_LINK) {
        send_exit(ctx, signal->from, gone, signal->number, &reason);
    }
}

static void become_message(cogo_context *ctx, const cogo__signal *signal)
{
    cogo_down down = {.actor = signal->from, .reason = signal->reason};
    cogo__post(ctx->system, ctx, ctx->self, COGO_MSG_EXIT, signal->number, &down, sizeof down);
}

static void on_exit_signal(cogo_context *ctx, cogo__cell *cell, const cogo__signal *signal)
{
    const cogo_reason *reason = &signal->reason;
    bool parent = cell->extra != NULL && cell->extra->child != 0
                  && cogo_actor_id_equal(cell->extra->supervisor, signal->from);
    if ((cell->flags & COGO__ACTOR_SUSPENDED) != 0) {
        // What its supervisor asked for by exit signals it has done already; BURY follows.
        bool orphan = parent && signal->number != 0;
        if (orphan || (!parent && reason->kind == COGO_EXIT_KILLED)) {
            cogo__life_bury(ctx, cell, reason);
        }
        return;
    }
    if (parent && signal->number != 0) { // The supervisor is gone: nobody outlives it.
        cogo__context_end(ctx, COGO_EXIT_SHUTDOWN, COGO_OK, "its supervisor ended");
        return;
    }
    bool traps = (cell->flags & COGO__ACTOR_TRAPS) != 0;
    if (signal->number == 0) { // cogo_exit_actor().
        if (traps && reason->kind != COGO_EXIT_KILLED) {
            become_message(ctx, signal);
        } else {
            cogo__context_end(ctx, reason->kind, reason->err, reason->text);
        }
        return;
    }
    cogo__tie *tie = cogo__tie_find(cell, signal->from);
    bool valid = tie != NULL && !tie->exited
                 && (tie->number == signal->number || reason->kind == COGO_EXIT_NOPROC);
    if (!valid) {
        return; // Unlinked meanwhile.
    }
    if (traps) { // The link stays until the message is handled: an unlink takes it back.
        tie->exited = true;
        tie->number = signal->number;
        become_message(ctx, signal);
        return;
    }
    cogo__tie_remove(cell, tie);
    if (reason->kind != COGO_EXIT_NORMAL) {
        cogo__context_end(ctx, reason->kind, reason->err, reason->text);
    }
}

static void handle_alive(cogo_context *ctx, cogo__cell *cell, const cogo_msg *msg,
                         const cogo__signal *signal)
{
    cogo__tie *tie = NULL;
    bool suspended = (cell->flags & COGO__ACTOR_SUSPENDED) != 0;
    switch (msg->type) {
    case COGO__SIG_EXIT:
        on_exit_signal(ctx, cell, signal);
        break;
    case COGO__SIG_LINK:
        if (suspended || cogo__tie_add(cell, signal->number, signal->from) != COGO_OK) {
            answer_for_dead(ctx, msg, signal);
        }
        break;
    case COGO__SIG_UNLINK:
        tie = cogo__tie_find(cell, signal->from);
        if (tie != NULL && tie->number == signal->number) {
            cogo__tie_remove(cell, tie);
        }
        break;
    case COGO__SIG_MONITOR:
        if (cogo__watcher_add(cell, signal->number, signal->from) != COGO_OK) {
            answer_for_dead(ctx, msg, signal);
        }
        break;
    case COGO__SIG_DEMONITOR:
        cogo__watcher_remove(cell, signal->number);
        break;
    case COGO__SIG_RESTART:
        if (suspended) {
            cell->flags &= ~(uint32_t)COGO__ACTOR_SUSPENDED;
            cell->flags |= COGO__ACTOR_STARTING;
        }
        break;
    case COGO__SIG_BURY:
        if (suspended) {
            cogo__life_bury(ctx, cell, &signal->reason);
        }
        break;
    default:
        break;
    }
}

/* Begins what may begin here; a detached actor begins on its own thread. */
static void begin_if_here(cogo_context *ctx, cogo__cell *cell)
{
    bool elsewhere = (cell->flags & COGO__ACTOR_DETACHED) != 0 && ctx->is_lane;
    if ((cell->flags & COGO__ACTOR_STARTING) != 0 && !elsewhere && !ctx->ending) {
        cogo__life_begin(ctx, cell);
    }
}

void cogo__relations_handle(cogo_context *ctx, cogo__cell *cell)
{
    begin_if_here(ctx, cell);
    if (ctx->ending) {
        cogo__life_end(ctx, cell);
    }
    cogo_msg *next = NULL;
    for (cogo_msg *msg = cogo__signals_take(cell); msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        bool alive = (cell->flags & COGO__ACTOR_ALIVE) != 0;
        if (msg->type == COGO__SIG_START) {
            cogo__life_accept(ctx, cell, msg); // Keeps the message.
            begin_if_here(ctx, cell);
        } else {
            const cogo__signal *signal = cogo__msg_body(msg);
            if (alive && msg->target == ctx->self.generation) {
                handle_alive(ctx, cell, msg, signal);
                begin_if_here(ctx, cell);
            } else {
                answer_for_dead(ctx, msg, signal);
            }
            cogo__msg_free(ctx->heap, msg);
        }
        if (ctx->ending && (cell->flags & COGO__ACTOR_ALIVE) != 0) {
            cogo__life_end(ctx, cell);
        }
    }
}

cogo_err cogo_monitor(cogo_context *ctx, cogo_actor_id id, uint64_t *out_monitor)
{
    cogo__ref *ref = NULL;
    uint64_t number = cogo__ref_create(ctx->system, ctx, ctx->cell, COGO__REF_MONITOR, &ref);
    if (number == 0) {
        return COGO_ENOMEM;
    }
    ref->target = id;
    cogo__signal signal = {.from = ctx->self, .number = number};
    cogo_err err = cogo__signal_send(ctx->system, ctx, id, COGO__SIG_MONITOR, &signal);
    if (err == COGO_ENOMEM) {
        cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
        return err;
    }
    if (err == COGO_EGONE) {
        cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
        tell_watcher(ctx, number, ctx->self, id, &reason);
    }
    if (out_monitor != NULL) {
        *out_monitor = number;
    }
    return COGO_OK;
}

/* A DOWN that is in the mailbox already finds no reference and is dropped at dispatch. */
void cogo_demonitor(cogo_context *ctx, uint64_t monitor)
{
    cogo__ref *ref = cogo__ref_find(ctx->system, monitor);
    if (ref == NULL || cogo__u32_load_relaxed(&ref->kind) != COGO__REF_MONITOR
        || !cogo_actor_id_equal(cogo__ref_owner(ctx->system, ref), ctx->self)) {
        return;
    }
    cogo__signal signal = {.from = ctx->self, .number = monitor};
    (void)cogo__signal_send(ctx->system, ctx, ref->target, COGO__SIG_DEMONITOR, &signal);
    cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
}

cogo_err cogo_link(cogo_context *ctx, cogo_actor_id id)
{
    if (cogo_actor_id_equal(id, ctx->self) || cogo__tie_find(ctx->cell, id) != NULL) {
        return COGO_OK;
    }
    uint64_t number = cogo__u64_add_relaxed(&ctx->system->ties, 1) + 1;
    cogo_err err = cogo__tie_add(ctx->cell, number, id);
    if (err != COGO_OK) {
        return err;
    }
    cogo__signal signal = {.from = ctx->self, .number = number};
    err = cogo__signal_send(ctx->system, ctx, id, COGO__SIG_LINK, &signal);
    if (err == COGO_EGONE) {
        cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
        send_exit(ctx, ctx->self, id, number, &reason);
    } else if (err != COGO_OK) {
        cogo_unlink(ctx, id);
        return err;
    }
    return COGO_OK;
}

void cogo_unlink(cogo_context *ctx, cogo_actor_id id)
{
    cogo__tie *tie = cogo__tie_find(ctx->cell, id);
    if (tie != NULL) {
        cogo__signal signal = {.from = ctx->self, .number = tie->number};
        cogo__tie_remove(ctx->cell, tie);
        (void)cogo__signal_send(ctx->system, ctx, id, COGO__SIG_UNLINK, &signal);
    }
}

void cogo_trap_exit(cogo_context *ctx, bool on)
{
    ctx->cell->flags &= ~(uint32_t)COGO__ACTOR_TRAPS;
    ctx->cell->flags |= on ? COGO__ACTOR_TRAPS : 0;
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
    if (cogo__signal_send(system, here, id, COGO__SIG_EXIT, &signal) == COGO_ENOMEM) {
        cogo__log(system, COGO_LOG_ERROR, "out of memory: an exit signal is lost");
    }
}
