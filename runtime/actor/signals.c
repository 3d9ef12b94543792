#include "runtime/actor/signals.h"

#include "runtime/actor/remote.h"

#include <string.h>

void cogo__signal_push(cogo_system *system, cogo_context *here, cogo__cell *cell, cogo_msg *msg)
{
    void *seen = cogo__ptr_load_relaxed(&cell->signals);
    do {
        cogo__ptr_store_relaxed(&msg->link.next, seen == COGO__SIGNALS_SUSPENDED ? NULL : seen);
    } while (!cogo__ptr_cas_seq_cst(&cell->signals, &seen, msg));
    if (seen == COGO__SIGNALS_SUSPENDED || cogo__mailbox_hold(&cell->box)) {
        cogo__sched_ready(system, here, cell);
    }
}

cogo_msg *cogo__signal_alloc(cogo_system *system, cogo_context *here, cogo_msg_type type,
                             const cogo__signal *signal)
{
    cogo_msg *msg =
        cogo__msg_alloc(system, here != NULL ? here->heap : NULL, type, sizeof *signal);
    if (msg != NULL) {
        memcpy(cogo__msg_body(msg), signal, sizeof *signal);
    }
    return msg;
}

cogo_err cogo__signal_send(cogo_system *system, cogo_context *here, cogo_actor_id to,
                           cogo_msg_type type, const cogo__signal *signal)
{
    cogo__cell *cell = cogo__cell_find(system, to);
    if (cell == NULL && to.node == 0) {
        return COGO_EGONE;
    }
    cogo_msg *msg = cogo__signal_alloc(system, here, type, signal);
    if (msg == NULL) {
        return COGO_ENOMEM;
    }
    msg->target = to.generation;
    msg->trace = here != NULL ? here->trace : 0;
    if (cell == NULL) {
        return cogo__remote_signal(system, here, to, msg);
    }
    cogo__signal_push(system, here, cell, msg);
    return COGO_OK;
}

cogo_err cogo__signal_send_in(cogo_system *system, cogo_context *here, cogo_msg *msg,
                              cogo_actor_id to, cogo_msg_type type, const cogo__signal *signal)
{
    cogo__signal copy = *signal; // It may lie in the block itself.
    cogo__cell *cell = cogo__cell_find(system, to);
    if (cell == NULL && to.node == 0) {
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
        return COGO_EGONE;
    }
    msg->type = type;
    msg->size_bytes = sizeof copy;
    msg->flags &= COGO__MSG_SLAB;
    msg->target = to.generation;
    msg->trace = here != NULL ? here->trace : 0;
    memcpy(cogo__msg_body(msg), &copy, sizeof copy);
    if (cell == NULL) {
        return cogo__remote_signal(system, here, to, msg);
    }
    cogo__signal_push(system, here, cell, msg);
    return COGO_OK;
}

cogo_msg *cogo__signals_take(cogo__cell *cell)
{
    cogo_msg *newest = cogo__ptr_swap_acq_rel(&cell->signals, NULL);
    newest = newest == COGO__SIGNALS_SUSPENDED ? NULL : newest; // Only at the very end.
    cogo_msg *oldest = NULL;
    while (newest != NULL) {
        cogo_msg *next = cogo__ptr_load_relaxed(&newest->link.next);
        cogo__ptr_store_relaxed(&newest->link.next, oldest);
        oldest = newest;
        newest = next;
    }
    return oldest;
}

bool cogo__signals_suspend(cogo__cell *cell)
{
    void *seen = NULL;
    return cogo__ptr_cas_seq_cst(&cell->signals, &seen, COGO__SIGNALS_SUSPENDED);
}
