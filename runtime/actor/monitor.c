/* Monitors, with the meaning they have in Erlang/OTP.
 *
 * A monitor lives in the watched actor as its MONITOR signal; the same block becomes the DOWN,
 * so an end needs no memory. */
#include "runtime/actor/relation.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"

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
        cogo__watcher_tell(ctx, msg, id, &reason);
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

bool cogo__monitor_on_monitor(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    if (cogo__extra_of(ctx->system, cell) == NULL) {
        return cogo__answer_for_dead(ctx, msg);
    }
    cogo__watcher_add(cell->extra, msg);
    cogo__relations_publish(cell, 1);
    return true;
}

void cogo__monitor_on_demonitor(cogo_context *ctx, cogo__cell *cell, const cogo__signal *signal)
{
    cogo_msg *monitor = cogo__watcher_take(cell, signal->number, signal->from.node);
    if (monitor != NULL) {
        cogo__msg_free(ctx->heap, monitor);
        cogo__relations_publish(cell, -1);
    }
}

void cogo__watcher_tell(cogo_context *ctx, cogo_msg *monitor, cogo_actor_id ended,
                        const cogo_reason *reason)
{
    const cogo__signal *signal = cogo__msg_body(monitor);
    cogo_actor_id who = signal->from;
    cogo_down down = {.actor = ended, .monitor = signal->number, .reason = *reason};
    cogo__post_in(ctx->system, ctx, monitor, who, COGO_MSG_DOWN, down.monitor, ctx->trace,
                  &down, sizeof down);
}

void cogo__watchers_lost(cogo_context *ctx, cogo__cell *cell, uint32_t node)
{
    int32_t gone = 0;
    cogo_msg *monitor = NULL;
    while ((monitor = cogo__watcher_take(cell, 0, node)) != NULL) {
        cogo__msg_free(ctx->heap, monitor);
        gone++;
    }
    cogo__relations_publish(cell, -gone);
}

void cogo__watchers_end(cogo_context *ctx, cogo__extra *extra, const cogo_reason *reason)
{
    cogo_msg *next = NULL;
    for (cogo_msg *msg = extra->watchers; msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        cogo__watcher_tell(ctx, msg, ctx->self, reason);
    }
    extra->watchers = NULL;
}
