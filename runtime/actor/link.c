/* Links, with the meaning they have in Erlang/OTP.
 *
 * A link is a tie on each side. What keeps both sides in step when signals cross:
 *   cogo_unlink() leaves the tie LEAVING until the other side has said UNLINK_ACK. Until then
 *   whatever comes over the link was sent before the other side knew, and is void: an exit, and
 *   also a LINK. So of a link and an unlink that cross both sides keep the unlink; a LINK sent
 *   after the UNLINK_ACK comes after it and counts.
 *   A restarted actor keeps its id. A LINK that was on its way while it ended would tie its new
 *   life; so who hears of an end over a link sends FORGET with the number of its own LINK. */
#include "runtime/actor/life.h"
#include "runtime/actor/relation.h"

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
        signal.number = COGO__OVER_LINK;
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
    uint64_t number = cogo__tie_number(ctx->system);
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
    tie->number = cogo__tie_number(ctx->system);
    cogo__signal signal = {.from = ctx->self, .number = tie->number};
    if (cogo__signal_send(ctx->system, ctx, id, COGO__SIG_UNLINK, &signal) == COGO_EGONE) {
        cogo__tie_remove(ctx->cell, tie);
    }
    cogo__relations_publish(ctx->cell, 0);
}

bool cogo__link_on_link(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    const cogo__signal *signal = cogo__msg_body(msg);
    bool suspended = (cell->flags & COGO__ACTOR_SUSPENDED) != 0;
    if (!suspended && cogo__tie_find(cell, signal->from) != NULL) {
        return false; // There already, or it crosses our UNLINK.
    }
    if (suspended
        || cogo__tie_add(cogo__extra_of(ctx->system, cell), signal->number, signal->from)
               != COGO_OK) {
        return cogo__answer_for_dead(ctx, msg);
    }
    return false;
}

bool cogo__link_on_unlink(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
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

bool cogo__link_on_exit(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
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
        tie->number = cogo__tie_number(ctx->system);
        cogo__exit_deliver(ctx, msg, tie->number);
        return true;
    }
    cogo__tie_remove(cell, tie);
    if (signal->reason.kind != COGO_EXIT_NORMAL) {
        cogo__context_end(ctx, signal->reason.kind, signal->reason.err, signal->reason.text);
    }
    return false;
}

void cogo__link_on_over(cogo__cell *cell, const cogo__signal *signal, cogo__tie_state state)
{
    cogo__tie *tie = cogo__tie_find(cell, signal->from);
    if (tie != NULL && tie->state == state && tie->number == signal->number) {
        cogo__tie_remove(cell, tie);
    }
}

void cogo__links_lost(cogo_context *ctx, const cogo__cell *cell, const cogo__signal *lost)
{
    const cogo__extra *extra = cell->extra;
    for (uint32_t i = 0; extra != NULL && i < extra->tie_count; i++) {
        if (extra->ties[i].peer.node == lost->from.node
            && extra->ties[i].state != COGO__TIE_EXITED) {
            const cogo__signal exit = {
                .from = extra->ties[i].peer, .number = COGO__OVER_LINK, .reason = lost->reason};
            cogo__exit_send(ctx->system, ctx, ctx->self, &exit);
        }
    }
}

void cogo__links_end(cogo_context *ctx, cogo__extra *extra, const cogo_reason *reason)
{
    const cogo__signal exit = {.from = ctx->self, .number = COGO__OVER_LINK, .reason = *reason};
    for (uint32_t i = 0; i < extra->tie_count; i++) {
        if (extra->ties[i].state == COGO__TIE_ACTIVE) {
            cogo__exit_send(ctx->system, ctx, extra->ties[i].peer, &exit);
        }
    }
    extra->tie_count = 0;
}
