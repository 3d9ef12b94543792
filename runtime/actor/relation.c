/* Links, monitors and exit signals, with the meaning they have in Erlang/OTP.
 *
 * A monitor lives in the watched actor as its MONITOR signal; the same block becomes the DOWN,
 * so an end needs no memory. The block of an exit signal becomes the EXIT message of an actor
 * that traps.
 *
 * A link is a tie on each side. What keeps both sides in step when signals cross:
 *   cogo_unlink() leaves the tie LEAVING until the other side has said UNLINK_ACK. Until then
 *   whatever comes over the link was sent before the other side knew, and is void: an exit, and
 *   also a LINK. So of a link and an unlink that cross both sides keep the unlink; a LINK sent
 *   after the UNLINK_ACK comes after it and counts.
 *   A restarted actor keeps its id. A LINK that was on its way while it ended would tie its new
 *   life; so who hears of an end over a link sends FORGET with the number of its own LINK. */
#include "runtime/actor/events.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/life.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"

#include <stdio.h>

enum { OVER_LINK = 1 }; // `number` of an exit signal that came over a link.

static void tell_watcher(cogo_context *ctx, cogo_msg *monitor, cogo_actor_id ended,
                         const cogo_reason *reason)
{
    const cogo__signal *signal = cogo__msg_body(monitor);
    cogo_actor_id who = signal->from;
    cogo_down down = {.actor = ended, .monitor = signal->number, .reason = *reason};
    cogo__post_in(ctx->system, ctx, monitor, who, COGO_MSG_DOWN, down.monitor, ctx->trace,
                  &down, sizeof down);
}

static void send_exit(cogo_context *ctx, cogo_actor_id to, const cogo_reason *reason)
{
    cogo__signal signal = {.from = ctx->self, .number = OVER_LINK, .reason = *reason};
    if (cogo__signal_send(ctx->system, ctx, to, COGO__SIG_EXIT, &signal) == COGO_ENOMEM) {
        cogo__log(ctx->system, COGO_LOG_ERROR, "out of memory: an exit signal is lost");
    }
}

/* DOWN goes to the watcher's mailbox, behind all that this actor sent to it before; and after
 * the exit signals, so that who has got DOWN knows that they are on their way. */
void cogo__relations_tell(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason)
{
    cogo__extra *extra = cell->extra;
    if (extra == NULL) {
        return;
    }
    for (uint32_t i = 0; i < extra->tie_count; i++) {
        if (extra->ties[i].state == COGO__TIE_ACTIVE) {
            send_exit(ctx, extra->ties[i].peer, reason);
        }
    }
    extra->tie_count = 0;
    cogo_msg *next = NULL;
    for (cogo_msg *msg = extra->watchers; msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        tell_watcher(ctx, msg, ctx->self, reason);
    }
    extra->watchers = NULL;
    cogo__u32_store_relaxed(&cell->relations, 0);
}

/* The signal is for an actor that is gone, or can't be honoured. True: @p msg was used up. */
static bool answer_for_dead(cogo_context *ctx, cogo_msg *msg)
{
    cogo__signal answer = *(const cogo__signal *)cogo__msg_body(msg);
    cogo_actor_id asker = answer.from;
    cogo_actor_id gone = ctx->self;
    gone.generation = msg->target;
    answer.reason = (cogo_reason){.kind = COGO_EXIT_NOPROC};
    answer.from = gone;
    if (msg->type == COGO__SIG_MONITOR) {
        tell_watcher(ctx, msg, gone, &answer.reason);
        return true;
    }
    if (msg->type == COGO__SIG_LINK) {
        answer.number = OVER_LINK;
        (void)cogo__signal_send_in(ctx->system, ctx, msg, asker, COGO__SIG_EXIT, &answer);
        return true;
    }
    if (msg->type == COGO__SIG_UNLINK) {
        (void)cogo__signal_send_in(ctx->system, ctx, msg, asker, COGO__SIG_UNLINK_ACK, &answer);
        return true;
    }
    return false;
}

/* An exit signal that is trapped. */
static void become_message(cogo_context *ctx, cogo_msg *msg, uint64_t number)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    cogo_down down = {.actor = signal->from, .reason = signal->reason};
    cogo__post_in(ctx->system, ctx, msg, ctx->self, COGO_MSG_EXIT, number, ctx->trace, &down,
                  sizeof down);
}

/* True: @p msg was used up. */
static bool on_exit_from_link(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    cogo__tie *tie = cogo__tie_find(cell, signal->from);
    if (tie == NULL) {
        return false; // Unlinked meanwhile.
    }
    if (tie->state == COGO__TIE_LEAVING) {
        cogo__tie_remove(cell, tie); // No UNLINK_ACK will come, or it finds nothing.
        return false;
    }
    bool far = signal->from.node != 0 && signal->reason.kind != COGO_EXIT_NOCONNECTION
               && signal->reason.kind != COGO_EXIT_NOPROC;
    if (far || cogo__cell_find(ctx->system, signal->from) != NULL) { // It may come back.
        cogo__signal forget = {.from = ctx->self, .number = tie->number};
        (void)cogo__signal_send(ctx->system, ctx, signal->from, COGO__SIG_FORGET, &forget);
    }
    if ((cell->flags & COGO__ACTOR_TRAPS) != 0) { // An unlink can still take it back.
        tie->state = COGO__TIE_EXITED;
        tie->number = cogo__u64_add_relaxed(&ctx->system->ties, 1) + 1;
        become_message(ctx, msg, tie->number);
        return true;
    }
    cogo__tie_remove(cell, tie);
    if (signal->reason.kind != COGO_EXIT_NORMAL) {
        cogo__context_end(ctx, signal->reason.kind, signal->reason.err, signal->reason.text);
    }
    return false;
}

/* True: @p msg was used up. */
static bool on_exit_signal(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    const cogo_reason *reason = &signal->reason;
    if ((cell->flags & COGO__ACTOR_SUSPENDED) != 0) {
        return false; // It has ended already; its supervisor decides.
    }
    if (signal->number == OVER_LINK) {
        return on_exit_from_link(ctx, cell, msg);
    }
    // A supervisor ends after its children, also when it is killed: it kills them first.
    bool traps = (cell->flags & COGO__ACTOR_TRAPS) != 0
                 && (reason->kind != COGO_EXIT_KILLED
                     || cogo__is_supervisor(cogo__ptr_load_relaxed(&cell->behavior)));
    if (traps) {
        become_message(ctx, msg, 0);
        return true;
    }
    cogo__context_end(ctx, reason->kind, reason->err, reason->text);
    return false;
}

/* True: @p msg was used up. */
static bool on_link(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    bool suspended = (cell->flags & COGO__ACTOR_SUSPENDED) != 0;
    if (signal->from.node != 0) {
        cogo__phase_change(cell, COGO__CELL_FAR, 0);
    }
    if (!suspended && cogo__tie_find(cell, signal->from) != NULL) {
        return false; // There already, or it crosses our UNLINK.
    }
    if (suspended
        || cogo__tie_add(cogo__extra_of(ctx->system, cell), signal->number, signal->from)
               != COGO_OK) {
        return answer_for_dead(ctx, msg);
    }
    return false;
}

/* True: @p msg was used up. */
static bool on_unlink(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    cogo__signal ack = *(const cogo__signal *)cogo__msg_body(msg);
    cogo_actor_id peer = ack.from;
    cogo__tie *tie = cogo__tie_find(cell, peer);
    if (tie != NULL && tie->state == COGO__TIE_ACTIVE) {
        cogo__tie_remove(cell, tie);
    }
    ack.from = ctx->self;
    (void)cogo__signal_send_in(ctx->system, ctx, msg, peer, COGO__SIG_UNLINK_ACK, &ack);
    return true;
}

static void on_tie_ended(cogo__cell *cell, const cogo__signal *signal, cogo__tie_state state)
{
    cogo__tie *tie = cogo__tie_find(cell, signal->from);
    if (tie != NULL && tie->state == state && tie->number == signal->number) {
        cogo__tie_remove(cell, tie);
    }
}

/* Watchers of that node are gone; over each link with it comes an exit signal. */
static void on_node_lost(cogo_context *ctx, cogo__cell *cell, const cogo__signal *lost)
{
    const uint32_t node = lost->from.node;
    cogo__extra *extra = cell->extra;
    for (uint32_t i = 0; extra != NULL && i < extra->tie_count; i++) {
        if (extra->ties[i].peer.node == node && extra->ties[i].state != COGO__TIE_EXITED) {
            cogo__signal exit = {
                .from = extra->ties[i].peer, .number = OVER_LINK, .reason = lost->reason};
            if (cogo__signal_send(ctx->system, ctx, ctx->self, COGO__SIG_EXIT, &exit)
                != COGO_OK) {
                cogo__log(ctx->system, COGO_LOG_ERROR, "out of memory: an exit signal is lost");
            }
        }
    }
    int32_t gone = 0;
    cogo_msg *monitor = NULL;
    while (extra != NULL && (monitor = cogo__watcher_take(cell, 0, node)) != NULL) {
        cogo__msg_free(ctx->heap, monitor);
        gone++;
    }
    cogo__relations_publish(cell, -gone);
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
        return on_link(ctx, cell, msg);
    case COGO__SIG_UNLINK:
        return on_unlink(ctx, cell, msg);
    case COGO__SIG_UNLINK_ACK:
        on_tie_ended(cell, signal, COGO__TIE_LEAVING);
        return false;
    case COGO__SIG_FORGET:
        on_tie_ended(cell, signal, COGO__TIE_ACTIVE);
        return false;
    case COGO__SIG_MONITOR:
        if (cogo__extra_of(ctx->system, cell) == NULL) {
            return answer_for_dead(ctx, msg);
        }
        if (signal->from.node != 0) {
            cogo__phase_change(cell, COGO__CELL_FAR, 0);
        }
        cogo__watcher_add(cell->extra, msg);
        cogo__relations_publish(cell, 1);
        return true;
    case COGO__SIG_DEMONITOR: {
        cogo_msg *monitor = cogo__watcher_take(cell, signal->number, signal->from.node);
        if (monitor != NULL) {
            cogo__msg_free(ctx->heap, monitor);
            cogo__relations_publish(cell, -1);
        }
        return false;
    }
    case COGO__SIG_LOST:
        on_node_lost(ctx, cell, signal);
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
            bool used = here ? handle_alive(ctx, cell, msg) : answer_for_dead(ctx, msg);
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

/* Takes @p msg. A node that is not there answers at once. */
static void monitor_remote(cogo_context *ctx, cogo_actor_id id, cogo_msg *msg)
{
    cogo_down down = {.actor = id, .reason = {.kind = COGO_EXIT_NOCONNECTION}};
    down.monitor = ((const cogo__signal *)cogo__msg_body(msg))->number;
    if (cogo__remote_signal(ctx->system, ctx, id, msg) != COGO_OK) {
        cogo__post(ctx->system, ctx, ctx->self, COGO_MSG_DOWN, down.monitor, ctx->trace, &down,
                   sizeof down);
    }
}

cogo_err cogo_monitor(cogo_context *ctx, cogo_actor_id id, uint64_t *out_monitor)
{
    cogo__ref *ref = NULL;
    uint64_t number = cogo__ref_create(ctx->system, ctx, ctx->cell, COGO__REF_MONITOR, &ref);
    cogo__signal signal = {.from = ctx->self, .number = number};
    cogo_msg *msg =
        number != 0 ? cogo__signal_alloc(ctx->system, ctx, COGO__SIG_MONITOR, &signal) : NULL;
    if (msg == NULL) {
        if (number != 0) {
            cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
        }
        return COGO_ENOMEM;
    }
    ref->target = id;
    cogo__cell *cell = cogo__cell_find(ctx->system, id);
    if (cell != NULL) {
        msg->target = id.generation;
        cogo__signal_push(ctx->system, ctx, cell, msg);
    } else if (id.node != 0) {
        cogo__remote_watched(ref, number, id);
        monitor_remote(ctx, id, msg);
    } else {
        cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
        tell_watcher(ctx, msg, id, &reason);
    }
    if (out_monitor != NULL) {
        *out_monitor = number;
    }
    return COGO_OK;
}

/* A DOWN that is in the mailbox already finds no reference and is dropped at dispatch. */
void cogo_demonitor(cogo_context *ctx, uint64_t monitor)
{
    cogo__ref *ref = cogo__ref_find(&ctx->system->refs, monitor);
    if (ref == NULL || cogo__u32_load_relaxed(&ref->kind) != COGO__REF_MONITOR
        || !cogo_actor_id_equal(cogo__ref_owner(ctx->system, ref), ctx->self)) {
        return;
    }
    cogo__signal signal = {.from = ctx->self, .number = monitor};
    (void)cogo__signal_send(ctx->system, ctx, ref->target, COGO__SIG_DEMONITOR, &signal);
    cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
}

/* LINK, or at once the exit signal of an actor that is gone. */
static cogo_err send_link(cogo_context *ctx, cogo_actor_id id, uint64_t number)
{
    cogo__signal signal = {.from = ctx->self, .number = number};
    if (id.node != 0) {
        cogo__phase_change(ctx->cell, COGO__CELL_FAR, 0); // First, see cogo__remote_lost().
    }
    cogo_err err = cogo__signal_send(ctx->system, ctx, id, COGO__SIG_LINK, &signal);
    if (err == COGO_EGONE) {
        signal.from = id;
        signal.number = OVER_LINK;
        signal.reason.kind = id.node != 0 ? COGO_EXIT_NOCONNECTION : COGO_EXIT_NOPROC;
        err = cogo__signal_send(ctx->system, ctx, ctx->self, COGO__SIG_EXIT, &signal);
    }
    return err;
}

cogo_err cogo_link(cogo_context *ctx, cogo_actor_id id)
{
    cogo__tie *tie = cogo__tie_find(ctx->cell, id);
    if (cogo_actor_id_equal(id, ctx->self) || (tie != NULL && tie->state == COGO__TIE_ACTIVE)) {
        return COGO_OK;
    }
    uint64_t number = cogo__u64_add_relaxed(&ctx->system->ties, 1) + 1;
    if (tie == NULL
        && cogo__tie_add(cogo__extra_of(ctx->system, ctx->cell), number, id) != COGO_OK) {
        return COGO_ENOMEM;
    }
    cogo_err err = send_link(ctx, id, number);
    if (tie != NULL && err == COGO_OK) { // Again, before the UNLINK_ACK: that finds no LEAVING.
        tie->state = COGO__TIE_ACTIVE;
        tie->number = number;
    } else if (err != COGO_OK && tie == NULL) {
        cogo__tie_remove(ctx->cell, cogo__tie_find(ctx->cell, id));
    }
    cogo__relations_publish(ctx->cell, 0);
    return err;
}

void cogo_unlink(cogo_context *ctx, cogo_actor_id id)
{
    cogo__extra *extra = ctx->cell->extra;
    for (uint32_t i = extra != NULL ? extra->tie_count : 0; i-- > 0;) {
        if (extra->ties[i].state == COGO__TIE_EXITED
            && cogo_actor_id_equal(extra->ties[i].peer, id)) {
            cogo__tie_remove(ctx->cell, &extra->ties[i]); // Its message finds nothing.
        }
    }
    cogo__tie *tie = cogo__tie_find(ctx->cell, id);
    if (tie == NULL || tie->state != COGO__TIE_ACTIVE) {
        return;
    }
    tie->state = COGO__TIE_LEAVING;
    tie->number = cogo__u64_add_relaxed(&ctx->system->ties, 1) + 1;
    cogo__signal signal = {.from = ctx->self, .number = tie->number};
    if (cogo__signal_send(ctx->system, ctx, id, COGO__SIG_UNLINK, &signal) == COGO_EGONE) {
        cogo__tie_remove(ctx->cell, tie);
    }
    cogo__relations_publish(ctx->cell, 0);
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
