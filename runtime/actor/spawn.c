#include "runtime/actor/child.h"
#include "runtime/actor/events.h"
#include "runtime/actor/extra.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/life.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/signals.h"

#include <stdlib.h>
#include <string.h>

enum {
    SPAWN_FLAGS =
        COGO_SPAWN_LINK | COGO_SPAWN_MONITOR | COGO_SPAWN_DETACHED | COGO_SPAWN_TRAP_EXIT,
};

#define OPTIONS_SIZE_MIN offsetof(cogo_spawn_options, divert_to)

static cogo_err check(const cogo_spawn_options *o)
{
    if (o != NULL && o->behavior == &cogo__supervisor_behavior
        && cogo__supervisor_spec_check(o->args) != COGO_OK) {
        return COGO_EINVAL;
    }
    bool ok = o != NULL && o->struct_size >= sizeof *o && o->behavior != NULL
              && o->behavior->struct_size >= COGO__BEHAVIOR_SIZE_MIN
              && o->behavior->receive != NULL && o->behavior->name != NULL
              && (o->flags & ~(uint32_t)SPAWN_FLAGS) == 0
              && (o->args_size_bytes == 0 || o->args != NULL)
              && (uint32_t)o->pressure <= COGO_PRESSURE_DIVERT
              && (uint32_t)o->memory_policy <= COGO_MEMORY_KILL
              && (o->memory_limit_bytes == 0
                  || o->memory_limit_bytes >= o->behavior->state_size_bytes);
    return ok ? COGO_OK : COGO_EINVAL;
}

/* Counted before `stopping` is read, and seq_cst on foreign threads: either stop() sees this
 * actor, or we see that it stops. (On a lane the spawner itself is alive, so stop() can't be
 * done yet.) */
static bool count_spawn(cogo_system *system, cogo_context *here)
{
    if (here != NULL && here->counters != NULL) {
        cogo__count(system, here, COGO__SPAWNED, 1);
    } else {
        (void)cogo__u64_add_seq_cst(&system->shared.n[COGO__SPAWNED], 1);
    }
    return cogo__u32_load_seq_cst(&system->stopping) == 0;
}

static cogo_msg *make_start(const cogo_system *system, cogo_context *here,
                            const cogo_spawn_options *o, bool supervised)
{
    bool tree = o->behavior == &cogo__supervisor_behavior; // Its args point to more.
    size_t size = tree ? cogo__supervisor_spec_size(o->args) : o->args_size_bytes;
    cogo_msg *msg = cogo__msg_alloc(system, here != NULL ? here->heap : NULL, COGO__SIG_START,
                                    sizeof(cogo__start) + size);
    if (msg == NULL) {
        return NULL;
    }
    cogo__start *start = cogo__msg_body(msg);
    memset(start, 0, sizeof *start);
    start->behavior = o->behavior;
    start->flags = o->flags;
    start->supervised = supervised;
    start->args_size_bytes = size;
    if (tree) {
        start->flags |= COGO_SPAWN_TRAP_EXIT;
        cogo__supervisor_spec_copy(o->args, start->args);
    } else if (size != 0) {
        memcpy(start->args, o->args, o->args_size_bytes);
    }
    return msg;
}

static cogo_err prepare(cogo_system *system, cogo_context *here, const cogo_spawn_options *o,
                        bool supervised, cogo__birth *birth)
{
    cogo_err err = COGO_OK;
    if (!count_spawn(system, here)) {
        cogo__count_end(system, here);
        return COGO_ECLOSED;
    }
    birth->start = make_start(system, here, o, supervised);
    uint32_t slot = 0;
    if (birth->start != NULL) {
        slot = cogo__table_take(&system->cells, here != NULL ? here->cell_cache : NULL);
    }
    if (slot == 0) {
        err = birth->start == NULL ? COGO_ENOMEM : COGO_ELIMIT;
        cogo_msg_destroy(birth->start);
        cogo__count_end(system, here);
        return err;
    }
    cogo__cell *cell = cogo__table_at(&system->cells, slot);
    if (cell->slot == 0) { // Never used before.
        cell->slot = slot;
        cogo__mailbox_init(&cell->box, &cell->tail);
        cogo__u32_store_release(&cell->generation, 1);
    }
    birth->cell = cell;
    birth->id = cogo__cell_id(system, cell);
    cogo__ptr_store_relaxed(&cell->behavior, (void *)(uintptr_t)o->behavior);
    uint32_t phase = COGO__CELL_USED | (supervised ? COGO__CELL_SUPERVISED : 0)
                     | ((o->flags & COGO_SPAWN_DETACHED) != 0 ? COGO__CELL_ON_THREAD : 0)
                     | (o->name != NULL ? COGO__CELL_NAMED : 0);
    // A store is enough: who still sets the mark for the last incarnation looks at the
    // generation next, and takes its name away itself.
    cogo__u32_store_release(&cell->phase, phase);
    uint32_t guard = 0;
    if (o->mailbox_limit != 0 || o->memory_limit_bytes != 0) {
        err = cogo__guard_create(system, o, birth->id, &guard);
    }
    cogo__u32_store_relaxed(&cell->guard, guard);
    if (err == COGO_OK && o->name != NULL) {
        err = cogo__name_take(system, o->name, birth->id, false);
    }
    if (err == COGO_OK && (o->flags & COGO_SPAWN_DETACHED) != 0) {
        cogo__extra *extra = cogo__birth_extra(system, birth);
        err = extra != NULL
                  ? cogo__sched_thread_create(system, o->behavior->name, &extra->thread)
                  : COGO_ENOMEM;
    }
    if (err != COGO_OK) {
        cogo__birth_undo(system, here, birth);
    }
    return err;
}

static bool is_elsewhere(const cogo_spawn_options *o)
{
    return __builtin_expect(o->placement != NULL, 0) && strcmp(o->placement, "local") != 0;
}

/* Here begins who stands for it. */
static cogo_err prepare_deputy(cogo_system *system, cogo_context *here,
                               const cogo_spawn_options *o, bool supervised, cogo__birth *birth)
{
    cogo_spawn_options deputy = {0};
    void *block = NULL;
    cogo_err err = cogo__remote_place(system, o, &deputy, &block);
    if (err == COGO_OK) {
        err = prepare(system, here, &deputy, supervised, birth);
        cogo__free(block);
    }
    return err;
}

cogo_err cogo__birth_prepare(cogo_system *system, cogo_context *here,
                             const cogo_spawn_options *o, bool supervised, cogo__birth *birth)
{
    *birth = (cogo__birth){0};
    cogo_spawn_options whole = {0};
    if (o != NULL && o->struct_size < sizeof *o && o->struct_size >= OPTIONS_SIZE_MIN) {
        memcpy(&whole, o, o->struct_size); // Of a caller that knows fewer options.
        whole.struct_size = sizeof whole;
        o = &whole;
    }
    cogo_err err = check(o);
    if (err != COGO_OK) {
        return err;
    }
    return is_elsewhere(o) ? prepare_deputy(system, here, o, supervised, birth)
                           : prepare(system, here, o, supervised, birth);
}

cogo__extra *cogo__birth_extra(cogo_system *system, cogo__birth *birth)
{
    cogo__start *start = cogo__birth_args(birth);
    if (start->extra == NULL) {
        start->extra = cogo__alloc_zeroed(system->config.allocator, 1, sizeof *start->extra);
    }
    return start->extra;
}

cogo_err cogo__birth_link(cogo_context *spawner, cogo__birth *birth)
{
    uint64_t number = cogo__tie_number(spawner->system);
    cogo_err err =
        cogo__tie_add(cogo__birth_extra(spawner->system, birth), number, spawner->self);
    err = err == COGO_OK
              ? cogo__tie_add(cogo__extra_of(spawner->system, spawner->cell), number, birth->id)
              : err;
    cogo__relations_publish(spawner->cell, 0);
    return err;
}

/* The spawner's monitor, in both; in the new actor it is a signal that came already. */
static cogo_err birth_monitor(cogo_context *ctx, cogo__birth *birth, cogo__ref **out_ref,
                              uint64_t *out_number)
{
    cogo__extra *extra = cogo__birth_extra(ctx->system, birth);
    uint64_t number = cogo__ref_create(ctx->system, ctx, ctx->cell, COGO__REF_MONITOR, out_ref);
    cogo__signal signal = {.from = ctx->self, .number = number};
    cogo_msg *monitor = cogo__signal_alloc(ctx->system, ctx, COGO__SIG_MONITOR, &signal);
    if (extra == NULL || number == 0 || monitor == NULL) {
        cogo_msg_destroy(monitor);
        return COGO_ENOMEM;
    }
    (*out_ref)->target = birth->id;
    cogo__watcher_add(extra, monitor);
    *out_number = number;
    return COGO_OK;
}

/* stop() sets `stopping`, then tells everyone whose phase is USED; we set the phase, begin by a
 * seq_cst exchange, then read `stopping`: either it tells the new actor, or we do (see
 * signal_all()). A supervisor tells its own children. */
void cogo__birth_commit(cogo_system *system, cogo_context *here, cogo__birth *birth)
{
    cogo_actor_id id = birth->id;
    uint32_t phase = cogo__u32_load_relaxed(&birth->cell->phase); // Ours until it begins.
    bool supervised = (phase & COGO__CELL_SUPERVISED) != 0;
    birth->start->target = id.generation;
    birth->start->trace = here != NULL ? here->trace : 0;
    COGO__SAW(system, here, SPAWN, spawn, birth->id, birth->id.slot, 0, birth->start->trace);
    const cogo__extra *extra = cogo__birth_args(birth)->extra;
    bool on_lane = extra == NULL || extra->thread == NULL;
    // A free cell is idle, but for late messages and for whoever buries its last incarnation:
    // who gets hold of it needs no signal to say so.
    if (on_lane && cogo__mailbox_hold(&birth->cell->box)) {
        cogo__life_adopt(birth->cell, birth->start);
        cogo__life_show(system, birth->cell, id);
        cogo__sched_ready(system, here, birth->cell);
    } else {
        cogo__signal_push(system, here, birth->cell, birth->start);
        cogo__life_show(system, birth->cell, id); // As its holder does: whoever is first.
    }
    if (__builtin_expect(cogo__u32_load_seq_cst(&system->stopping) != 0, 0) && !supervised) {
        cogo_exit_actor(system, id, COGO_EXIT_SHUTDOWN, "the system stops");
    }
}

/* Its id was never given to anyone, so the generation may stay. */
void cogo__birth_undo(cogo_system *system, cogo_context *here, cogo__birth *birth)
{
    cogo__extra *extra = cogo__birth_args(birth)->extra;
    if (extra != NULL && extra->thread != NULL) {
        cogo__sched_thread_give(system, extra->thread, NULL);
    }
    cogo__extra_destroy(here != NULL ? here->heap : NULL, extra);
    if ((cogo__u32_swap_seq_cst(&birth->cell->phase, 0) & COGO__CELL_NAMED) != 0) {
        cogo__names_remove_actor(&system->names, birth->id);
    }
    cogo__guard_leave(system, here, birth->cell);
    cogo__table_give(&system->cells, here != NULL ? here->cell_cache : NULL, birth->cell->slot);
    cogo__msg_free(here != NULL ? here->heap : NULL, birth->start);
    cogo__count_end(system, here);
}

cogo_err cogo_system_spawn(cogo_system *system, const cogo_spawn_options *options,
                           cogo_actor_id *out_id)
{
    const uint32_t needs_spawner = COGO_SPAWN_LINK | COGO_SPAWN_MONITOR;
    if (options == NULL || (options->flags & needs_spawner) != 0) {
        return COGO_EINVAL;
    }
    cogo_context *here = cogo__here_in(system);
    cogo__birth birth;
    cogo_err err = cogo__birth_prepare(system, here, options, false, &birth);
    if (err == COGO_OK) {
        if (out_id != NULL) {
            *out_id = birth.id;
        }
        cogo__birth_commit(system, here, &birth);
    }
    return err;
}

cogo_err cogo_spawn(cogo_context *ctx, const cogo_spawn_options *options, cogo_actor_id *out_id)
{
    cogo_system *system = ctx->system;
    cogo__birth birth;
    cogo_err err = cogo__birth_prepare(system, ctx, options, false, &birth);
    if (err != COGO_OK) {
        return err;
    }
    cogo__ref *ref = NULL;
    uint64_t monitor = 0;
    if ((options->flags & COGO_SPAWN_LINK) != 0) {
        err = cogo__birth_link(ctx, &birth);
    }
    if (err == COGO_OK && (options->flags & COGO_SPAWN_MONITOR) != 0) {
        err = birth_monitor(ctx, &birth, &ref, &monitor);
    }
    if (err != COGO_OK) {
        cogo__tie *tie = cogo__tie_find(ctx->cell, birth.id);
        if (tie != NULL) {
            cogo__tie_remove(ctx->cell, tie);
        }
        if (ref != NULL) {
            cogo__ref_release(system, ctx, ctx->cell, ref);
        }
        cogo__birth_undo(system, ctx, &birth);
        return err;
    }
    if (monitor != 0 && options->out_monitor != NULL) {
        *options->out_monitor = monitor;
    }
    if (out_id != NULL) {
        *out_id = birth.id;
    }
    cogo__birth_commit(system, ctx, &birth);
    return COGO_OK;
}
