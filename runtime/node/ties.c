/* Links and monitors between actors here and the peer's: what the peer says of them becomes
 * signals. Nothing that a frame says is believed without a look. */
#include "runtime/actor/signals.h"
#include "runtime/node/connection.h"

#include <string.h>

static cogo_err fill_reason(const cogo__frame_exit *e, cogo_reason *out)
{
    if (e->reason > COGO_EXIT_NOCONNECTION || e->text.size_bytes >= sizeof out->text) {
        return COGO_EDECODE;
    }
    *out = (cogo_reason){.kind = (cogo_exit_kind)e->reason};
    out->err = e->err <= COGO_EAUTH ? (cogo_err)e->err : COGO_EFAULT;
    if (e->text.size_bytes != 0) {
        memcpy(out->text, e->text.data, e->text.size_bytes);
    }
    return COGO_OK;
}

cogo_err cogo__ties_down(cogo__connection *c, const cogo__frame_exit *e)
{
    cogo_down down = {.actor = cogo__from_wire(c->peer, e->from), .monitor = e->number};
    cogo_err err = fill_reason(e, &down.reason);
    if (err == COGO_OK && cogo__waits_for_peer(c, e->number)) {
        cogo__post(c->node->system, c->ctx, cogo__local(c, e->to), COGO_MSG_DOWN, e->number, 0,
                   &down, sizeof down);
    }
    return err;
}

cogo_err cogo__ties_exit(cogo__connection *c, const cogo__frame_exit *e)
{
    cogo__signal signal = {.from = cogo__from_wire(c->peer, e->from), .number = e->number};
    cogo_err err = fill_reason(e, &signal.reason);
    if (err == COGO_OK) {
        (void)cogo__signal_send(c->node->system, c->ctx, cogo__local(c, e->to), COGO__SIG_EXIT,
                                &signal);
    }
    return err;
}

/* LINK, UNLINK, MONITOR for an actor that is gone are answered in its place. */
static void answer_for_gone(cogo__connection *c, cogo_msg_type type, cogo_actor_id gone,
                            const cogo__signal *signal)
{
    cogo_system *system = c->node->system;
    cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
    cogo__signal answer = {.from = gone, .number = signal->number, .reason = reason};
    if (type == COGO__SIG_MONITOR) {
        cogo_down down = {.actor = gone, .monitor = signal->number, .reason = reason};
        cogo__post(system, c->ctx, signal->from, COGO_MSG_DOWN, signal->number, 0, &down,
                   sizeof down);
    } else if (type == COGO__SIG_LINK) {
        answer.number = COGO__OVER_LINK;
        (void)cogo__signal_send(system, c->ctx, signal->from, COGO__SIG_EXIT, &answer);
    } else if (type == COGO__SIG_UNLINK) {
        (void)cogo__signal_send(system, c->ctx, signal->from, COGO__SIG_UNLINK_ACK, &answer);
    }
}

cogo_err cogo__ties_relation(cogo__connection *c, uint64_t kind, const cogo__frame_link *l)
{
    cogo__signal signal = {.from = cogo__from_wire(c->peer, l->from), .number = l->number};
    cogo_actor_id to = cogo__local(c, l->to);
    cogo_msg_type type = kind == COGO__FRAME_LINK       ? COGO__SIG_LINK
                         : kind == COGO__FRAME_UNLINK   ? COGO__SIG_UNLINK
                         : kind == COGO__FRAME_UNLINKED ? COGO__SIG_UNLINK_ACK
                         : kind == COGO__FRAME_FORGET   ? COGO__SIG_FORGET
                         : kind == COGO__FRAME_MONITOR  ? COGO__SIG_MONITOR
                                                        : COGO__SIG_DEMONITOR;
    if (l->from == 0 || l->number == 0) {
        return COGO_EDECODE;
    }
    if (cogo__remote_relate(c->node->system, c->ctx, to, type, &signal) != COGO_OK) {
        answer_for_gone(c, type, to, &signal);
    }
    return COGO_OK;
}
