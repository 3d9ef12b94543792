#include "runtime/actor/life.h"

#include "runtime/actor/events.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/actor/stash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cogo_behavior *behavior_of(const cogo__cell *cell)
{
    return cogo__ptr_load_relaxed(&cell->behavior);
}

void cogo__context_end(cogo_context *ctx, cogo_exit_kind kind, cogo_err err, const char *text)
{
    ctx->ending = true;
    ctx->reason = (cogo_reason){.kind = kind, .err = err};
    if (text != NULL) { // Every actor ends once: this is on the way of a spawn, no printf.
        memcpy(ctx->reason.text, text, strnlen(text, sizeof ctx->reason.text - 1));
    }
}

void cogo__life_adopt(cogo__cell *cell, cogo_msg *start)
{
    cogo__start *begin = cogo__msg_body(start);
    cell->start = start;
    cell->flags = COGO__ACTOR_ALIVE | COGO__ACTOR_STARTING;
    // The queue's count goes on: what waits now came too early for this one.
    cogo__cell_pass(cell, (uint32_t)cogo__u64_load_relaxed(&cell->handled));
    cogo__u64_store_relaxed(&cell->handled, 0);
    cell->extra = begin->extra;
    begin->extra = NULL;
    cogo__relations_publish(cell, cell->extra != NULL && cell->extra->watchers != NULL);
    cell->flags |=
        cell->extra != NULL && cell->extra->thread != NULL ? COGO__ACTOR_DETACHED : 0;
}

void cogo__life_show(cogo_system *system, const cogo__cell *cell, cogo_actor_id id)
{
    uint32_t phase = cogo__u32_load_relaxed(&cell->phase);
    if (__builtin_expect((phase & COGO__CELL_NAMED) != 0, 0)) {
        cogo__names_show(&system->names, id);
    }
    if ((phase & COGO__CELL_CHILD) != 0) {
        cogo__names_show(&system->children, id);
    }
}

void cogo__life_accept(cogo_context *ctx, cogo__cell *cell, cogo_msg *msg)
{
    ctx->self = cogo__cell_id(ctx->system, cell);
    cogo__life_adopt(cell, msg);
    cogo__life_show(ctx->system, cell, ctx->self); // It may look itself up.
}

static bool make_state(cogo_context *ctx, cogo__cell *cell, size_t size)
{
    if (size == 0) {
        return true;
    }
    if (ctx->heap != NULL && size <= COGO__HEAP_BLOCK_MAX) {
        cell->state = cogo__heap_alloc(ctx->heap, size);
        cell->flags |= COGO__ACTOR_STATE_SLAB;
        if (cell->state != NULL) {
            memset(cell->state, 0, size);
        }
    } else {
        cell->state = cogo__alloc_zeroed(ctx->system->config.allocator, 1, size);
    }
    return cell->state != NULL;
}

static void free_state(cogo_context *ctx, cogo__cell *cell)
{
    if (cell->state == NULL) {
        return;
    }
    if ((cell->flags & COGO__ACTOR_STATE_SLAB) != 0) {
        cogo__heap_free(ctx->heap, cell->state);
    } else {
        cogo__free(cell->state);
    }
    cell->state = NULL;
}

void cogo__life_begin(cogo_context *ctx, cogo__cell *cell)
{
    cogo__start *start = cogo__msg_body(cell->start);
    ctx->trace = cell->start->trace;
    const cogo_behavior *behavior = start->behavior;
    cogo__ptr_store_relaxed(&cell->behavior, (void *)(uintptr_t)behavior);
    // seq_cst: either stop() has seen this actor, or we see that it stops.
    if (cogo__u32_load_seq_cst(&ctx->system->stopping) != 0 && !start->supervised) {
        cogo__signal shutdown = {.reason = {.kind = COGO_EXIT_SHUTDOWN}};
        if (cogo__signal_send(ctx->system, ctx, ctx->self, COGO__SIG_EXIT, &shutdown)
            == COGO_ENOMEM) {
            cell->flags &= ~(uint32_t)COGO__ACTOR_STARTING;
            cogo__context_end(ctx, COGO_EXIT_SHUTDOWN, COGO_OK, "the system stops");
            return; // Without having begun: stop() must not wait for it.
        }
    }
    cell->flags &= ~(uint32_t)COGO__ACTOR_STARTING;
    cell->flags |= (start->flags & COGO_SPAWN_TRAP_EXIT) != 0 ? COGO__ACTOR_TRAPS : 0;
    if (!make_state(ctx, cell, behavior->state_size_bytes)) {
        cogo__context_end(ctx, COGO_EXIT_ERROR, COGO_ENOMEM, "no memory for its state");
        return;
    }
    if (cogo__guarded(cell)) {
        cogo__guard_note(ctx->system, ctx, cell, (int64_t)behavior->state_size_bytes);
    }
    cell->flags |= COGO__ACTOR_STARTED;
    cogo__u32_store_relaxed(&ctx->doing, 0);
    if (behavior->start != NULL) {
        const void *args = start->args_size_bytes != 0 ? start->args : NULL;
        cogo_err err = behavior->start(ctx, cell->state, args);
        if (err != COGO_OK) {
            cell->flags &= ~(uint32_t)COGO__ACTOR_STARTED; // start() cleans up after itself.
            cogo__context_end(ctx, COGO_EXIT_ERROR, err, "start failed");
        }
    }
    if (!start->supervised) { // Nobody will restart it.
        cogo__msg_free(ctx->heap, cell->start);
        cell->start = NULL;
    }
}

/* Before stop(), which may close descriptors: another thread may have their numbers at once. */
static void release_watches(cogo_context *ctx, cogo__cell *cell)
{
    for (cogo__ref *ref = cell->refs, *next = NULL; ref != NULL; ref = next) {
        next = ref->next;
        if (cogo__u32_load_relaxed(&ref->kind) == COGO__REF_IO) {
            cogo__sched_io_forget(ctx->system, ref);
            cogo__ref_release(ctx->system, ctx, cell, ref);
        }
    }
}

/* Timers and asks end; whoever is monitored hears that nobody listens any more. */
static void release_refs(cogo_context *ctx, cogo__cell *cell)
{
    cogo_system *system = ctx->system;
    while (cell->refs != NULL) {
        cogo__ref *ref = cell->refs;
        uint32_t kind = cogo__u32_load_relaxed(&ref->kind);
        if (kind == COGO__REF_MONITOR) {
            uint64_t number = cogo__ref_number(
                cogo__ref_generation(cogo__u64_load_relaxed(&ref->state)), ref->index);
            cogo__signal signal = {.from = ctx->self, .number = number};
            (void)cogo__signal_send(system, ctx, ref->target, COGO__SIG_DEMONITOR, &signal);
        } else if (kind == COGO__REF_IO) {
            cogo__sched_io_forget(system, ref);
        } else {
            cogo__sched_timer_disarm(system, ctx, ref);
        }
        cogo__ref_release(system, ctx, cell, ref);
    }
}

static void fail_pending(cogo_context *ctx, cogo__cell *cell)
{
    cogo__extra *extra = cell->extra;
    if (ctx->request != 0) {
        cogo__ask_fail(ctx->system, ctx, ctx->request, COGO_EGONE);
        ctx->request = 0;
    }
    for (uint32_t i = 0; extra != NULL && i < extra->pending_count; i++) {
        cogo__ask_fail(ctx->system, ctx, extra->pending[i], COGO_EGONE);
    }
    if (extra != NULL) {
        extra->pending_count = 0;
    }
}

/* The supervisor decides what becomes of it; until then its mailbox only fills. */
static bool suspend(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason)
{
    cogo__extra *extra = cell->extra;
    if (extra == NULL || extra->token == NULL
        || cogo__cell_find(ctx->system, extra->supervisor) == NULL) {
        return false;
    }
    cogo__relations_tell(ctx, cell, reason);
    cogo__stash_keep(ctx, cell);
    extra->first = NULL; // Its next life begins as it was spawned.
    cell->flags &= COGO__ACTOR_ALIVE | COGO__ACTOR_DETACHED;
    cell->flags |= COGO__ACTOR_SUSPENDED;
    cogo__phase_change(cell, COGO__CELL_WAITS, 0);
    cogo_msg *token = extra->token;
    extra->token = NULL;
    // A supervisor that ends in between answers by its dead letters: see cogo__dead_letter().
    cogo_down down = {.actor = ctx->self, .monitor = extra->child, .reason = *reason};
    cogo__post_in(ctx->system, ctx, token, extra->supervisor, COGO__MSG_CHILD, 0, ctx->trace,
                  &down, sizeof down);
    return true;
}

void cogo__life_end(cogo_context *ctx, cogo__cell *cell)
{
    cogo_reason reason = ctx->reason;
    const cogo_behavior *behavior = behavior_of(cell);
    cogo__u32_store_relaxed(&ctx->doing, 0);
    release_watches(ctx, cell);
    if ((cell->flags & COGO__ACTOR_STARTED) != 0 && behavior->stop != NULL) {
        behavior->stop(ctx, cell->state, &reason);
    } else if ((cell->flags & COGO__ACTOR_STARTED) == 0 && cell->start != NULL) {
        const cogo__start *start = cogo__msg_body(cell->start);
        cogo__supervisor_abandon(ctx, behavior, start->args);
        cogo__remote_abandon(ctx->system, behavior, start->args);
    }
    ctx->ending = false; // What stop() says about exits is too late.
    ctx->current = NULL;
    free_state(ctx, cell);
    fail_pending(ctx, cell);
    release_refs(ctx, cell);
    if (cogo__guarded(cell)) {
        cogo__guard_forget(ctx->system, ctx, cell);
    }
    if (!suspend(ctx, cell, &reason)) {
        cogo__life_bury(ctx, cell, &reason);
    }
}

void cogo__life_forget(cogo_system *system, cogo_context *here, cogo_actor_id id)
{
    cogo__names_remove_actor(&system->names, id);
    cogo__names_remove_actor(&system->children, id);
    cogo__groups_remove_actor(system, here, id);
}

void cogo__life_bury(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason)
{
    cogo_system *system = ctx->system;
    COGO__SAW(system, ctx, EXIT, exit, ctx->self, cell->slot, reason->kind, ctx->trace);
    // The id dies first: from here on a send is answered with EGONE, a monitor with NOPROC.
    uint32_t generation = ctx->self.generation + 1;
    // release, before an exchange of the phase: see cogo_name_register().
    cogo__u32_store_release(&cell->generation, generation);
    uint32_t phase = cogo__u32_swap_seq_cst(&cell->phase, 0);
    if ((phase & COGO__CELL_NAMED) != 0) {
        cogo__names_remove_actor(&system->names, ctx->self);
    }
    if ((phase & COGO__CELL_BONDED) != 0) {
        cogo__groups_remove_actor(system, ctx, ctx->self);
    }
    if ((phase & COGO__CELL_CHILD) != 0) {
        cogo__names_remove_actor(&system->children, ctx->self);
    }
    if (__builtin_expect(cogo__undelivered_of(behavior_of(cell)) != NULL, 0)) {
        cogo__life_undelivered(ctx, cell, reason);
        release_refs(ctx, cell);
    }
    cogo__relations_tell(ctx, cell, reason); // After the names: a DOWN finds them free.
    if (cogo__is_astray(ctx, cell)) {
        cogo__sched_thread_give(system, cell->extra->thread, NULL); // It never ran.
    }
    if (cell->extra != NULL) {
        cogo__stash_drop(ctx, cell);
    }
    cogo__extra_destroy(ctx->heap, cell->extra);
    cell->extra = NULL;
    if (cell->start != NULL) {
        cogo__msg_free(ctx->heap, cell->start);
        cell->start = NULL;
    }
    cell->flags = 0;
    cogo__guard_leave(system, ctx, cell);
    cogo__u32_store_relaxed(&cell->restarts, 0);
    cogo__u32_store_relaxed(&cell->relations, 0);
    // Who takes the cell from the list may send START at once: we still hold it and will see
    // it.
    if (generation != 0) { // A generation that would come again is never given out.
        cogo__table_give(&system->cells, ctx->cell_cache, cell->slot);
    }
    cogo__count_end(system, ctx);
}

void cogo_exit(cogo_context *ctx, cogo_exit_kind kind, const char *text)
{
    cogo__context_end(ctx, kind, kind == COGO_EXIT_ERROR ? COGO_EFAULT : COGO_OK, text);
}
