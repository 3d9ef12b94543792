#include "runtime/sched/system.h"

#include "runtime/actor/events.h"
#include "runtime/actor/guard.h"
#include "runtime/actor/life.h"
#include "runtime/actor/meter.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/signals.h"
#include "runtime/sched/sched.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    ACTORS_DEFAULT = 4194304,
    BATCH_DEFAULT = 64,
    BATCH_NS_DEFAULT = 200000,
    SLACK_NS_DEFAULT = 1000000,
    STUCK_NS_DEFAULT = 100000000,
    /* A caller that was compiled against an older header gives a smaller struct. */
    CONFIG_SIZE_MIN = offsetof(cogo_system_config, seed) + sizeof(uint64_t),
    RELIEF_DEFAULT = 256,
    SPARES_DEFAULT = 1,
    LANE_NAME_SIZE = 16,
};

/* A lane that is alone writes its queue with plain stores: it has no spare one unless asked. */
static uint32_t spares(const cogo_system_config *c)
{
    if (c->spare_lanes != 0) {
        return c->spare_lanes != UINT32_MAX ? c->spare_lanes : 0;
    }
    return c->lane_count > 1 && c->lane_count < COGO__LANES_MAX ? SPARES_DEFAULT : 0;
}

static cogo_err fill_config(const cogo__world *world, const cogo_system_config *given,
                            cogo_system_config *out)
{
    if (given != NULL && given->struct_size < CONFIG_SIZE_MIN) {
        return COGO_EINVAL;
    }
    cogo_system_config c = {0};
    if (given != NULL) {
        memcpy(&c, given, given->struct_size < sizeof c ? given->struct_size : sizeof c);
    }
    if (c.lane_count == 0 && (c.flags & COGO_SYSTEM_POLLED) != 0) {
        c.lane_count = 1;
    } else if (c.lane_count == 0) {
        uint32_t cpus = world->cpu_count(world->ctx);
        c.lane_count = cpus < COGO__LANES_MAX ? cpus : COGO__LANES_MAX;
    }
    c.spare_lanes = spares(&c);
    c.struct_size = sizeof c;
    c.actor_limit = c.actor_limit != 0 ? c.actor_limit : ACTORS_DEFAULT;
    c.batch_messages = c.batch_messages != 0 ? c.batch_messages : BATCH_DEFAULT;
    c.batch_ns = c.batch_ns != 0 ? c.batch_ns : BATCH_NS_DEFAULT;
    c.timer_slack_ns = c.timer_slack_ns != 0 ? c.timer_slack_ns : SLACK_NS_DEFAULT;
    c.spin_rounds = c.spin_rounds != 0 ? c.spin_rounds : COGO__SPIN_MOST;
    c.stuck_ns = c.stuck_ns != 0 ? c.stuck_ns : STUCK_NS_DEFAULT;
    c.offload_threads_max =
        c.offload_threads_max != 0 ? c.offload_threads_max : COGO__OFFLOAD_THREADS;
    c.offload_queue_limit =
        c.offload_queue_limit != 0 ? c.offload_queue_limit : COGO__OFFLOAD_QUEUE;
    c.offload_idle_ns =
        c.offload_idle_ns != 0 ? c.offload_idle_ns : COGO__OFFLOAD_IDLE_MS * UINT64_C(1000000);
    c.relief_sends = c.relief_sends != 0 ? c.relief_sends : RELIEF_DEFAULT;
    c.seed = c.seed != 0 ? c.seed : world->random(world->ctx);
    *out = c;
    bool ok =
        cogo__allocator_valid(c.allocator) && (c.flags & ~(uint32_t)COGO_SYSTEM_POLLED) == 0
        && ((c.flags & COGO_SYSTEM_POLLED) == 0 || (c.lane_count == 1 && c.spare_lanes == 0))
        && c.lane_count <= COGO__LANES_MAX && c.spare_lanes <= COGO__LANES_MAX - c.lane_count
        && c.actor_limit < COGO__SLOT_ALIAS
        && c.offload_threads_max <= COGO__OFFLOAD_THREADS_MOST
        && c.offload_threads_min <= c.offload_threads_max;
    return ok ? COGO_OK : COGO_EINVAL;
}

/* Joins what runs, frees what is there; half-built systems too. */
static void destroy(cogo_system *system)
{
    cogo__sched *sched = system->sched;
    if (sched != NULL) {
        (void)cogo__u32_swap_seq_cst(&sched->halt, 1);
        cogo__watch_finish(sched);
        cogo__lanes_join(sched);
    }
    cogo__poller *poller = sched != NULL ? cogo__ptr_load_acquire(&sched->poller) : NULL;
    if (poller != NULL) {
        poller->finish(poller);
    }
    uint32_t end = cogo__u32_load_relaxed(&system->cells.fresh);
    for (uint32_t slot = 1; system->cells.chunks != NULL && slot < end; slot++) {
        cogo__cell *cell = cogo__table_at(&system->cells, slot);
        if (cell->slot != 0) {
            cogo__cell_clear(system, cell);
        }
    }
    cogo__remote *remote = cogo__ptr_load_acquire(&system->remote);
    if (remote != NULL) {
        remote->finish(remote);
    }
    cogo__names_finish(&system->names);
    cogo__names_finish(&system->children);
    cogo__types_finish(&system->types);
    cogo__offers_finish(&system->offers);
    cogo__table_finish(&system->cells);
    cogo__table_finish(&system->refs);
    cogo__table_finish(&system->guards);
    cogo__groups_finish(&system->groups);
    cogo__lock_finish(&system->guard_lock);
    cogo__lock_finish(&system->dead.lock);
    for (uint32_t i = 0; sched != NULL && sched->lanes != NULL && i < sched->lane_count; i++) {
        cogo__heap_finish(&sched->lanes[i].heap);
        cogo__timers_finish(&sched->lanes[i].timers);
        cogo__deque_finish(&sched->lanes[i].deque);
    }
    if (sched != NULL) {
        cogo__offload_finish(&sched->offload);
        cogo__bell_close(&sched->bell); // After the threads that may ring it.
        cogo__detached_finish(sched);
        cogo__lock_finish(&sched->fresh.lock);
        cogo__lock_finish(&sched->spent.lock);
        cogo__lock_finish(&sched->detached_lock);
        cogo__lock_finish(&sched->stop_lock);
        cogo__free(sched->lanes);
        cogo__free(sched->heaps);
        cogo__free(sched);
    }
    cogo__events_finish(system);
    cogo__meters_finish(system);
    cogo__lock_finish(&system->observe_lock);
    cogo__free(system);
}

static cogo_err init_lane(cogo__sched *sched, uint32_t index)
{
    cogo__lane *lane = &sched->lanes[index];
    cogo_system *system = sched->system;
    lane->sched = sched;
    lane->index = index;
    lane->spare = index >= sched->regular_count;
    cogo__u32_store_relaxed(&lane->rests, lane->spare); // Until the watcher calls it.
    lane->random = cogo_system_random(system);
    cogo__timers_init(&lane->timers, system->config.allocator);
    lane->ctx = (cogo_context){
        .system = system,
        .heap = &lane->heap,
        .counters = &lane->counters,
        .cell_cache = &lane->cell_cache,
        .ref_cache = &lane->ref_cache,
        .is_lane = true,
        .place = index,
    };
    sched->heaps[index] = &lane->heap;
    bool ok = cogo__heap_init(&lane->heap, system->config.allocator, sched->heaps,
                              sched->lane_count, index);
    ok = cogo__deque_init(&lane->deque, system->config.allocator, COGO__DEQUE_FIRST) && ok;
    return ok ? COGO_OK : COGO_ENOMEM;
}

/* One CPU: whoever would send runs only when we sleep. */
static uint32_t spins_allowed(const cogo_system *system, uint32_t lanes, uint32_t cpus)
{
    const cogo__world *world = system->world;
    uint32_t most = system->config.spin_rounds;
    if (lanes > cpus || cpus == 1 || most == UINT32_MAX) {
        return 0;
    }
    bool quota = world->under_quota != NULL && world->under_quota(world->ctx);
    return quota && most > COGO__SPIN_QUOTA ? COGO__SPIN_QUOTA : most;
}

static cogo_err make_sched(cogo_system *system)
{
    uint32_t count = cogo__place_of_others(system);
    cogo__sched *sched = cogo__alloc_lines(system->config.allocator, sizeof *sched);
    if (sched == NULL) {
        return COGO_ENOMEM;
    }
    system->sched = sched;
    sched->system = system;
    sched->bell.fd = -1;
    cogo__offload_init(&sched->offload, system);
    cogo__lock_init(&sched->fresh.lock);
    cogo__lock_init(&sched->spent.lock);
    cogo__lock_init(&sched->detached_lock);
    cogo__lock_init(&sched->stop_lock);
    sched->lanes = cogo__alloc_lines(system->config.allocator, count * sizeof *sched->lanes);
    sched->heaps = cogo__alloc_zeroed(system->config.allocator, count, sizeof(cogo__heap *));
    if (sched->lanes == NULL || sched->heaps == NULL) {
        cogo__free(sched->lanes);
        sched->lanes = NULL;
        return COGO_ENOMEM;
    }
    sched->lane_count = count;
    sched->regular_count = system->config.lane_count;
    cogo__u32_store_relaxed(&sched->used, sched->regular_count);
    uint32_t cpus = system->world->cpu_count(system->world->ctx);
    sched->spins = spins_allowed(system, sched->regular_count, cpus);
    cogo__u32_store_relaxed(&sched->spins_now, sched->spins);
    cogo_err err = COGO_OK;
    for (uint32_t i = 0; i < count; i++) {
        cogo_err one = init_lane(sched, i);
        err = err != COGO_OK ? err : one;
    }
    return err;
}

static cogo_err start_lanes(cogo_system *system)
{
    cogo__sched *sched = system->sched;
    if ((system->config.flags & COGO_SYSTEM_POLLED) != 0) {
        return cogo__poll_start(sched);
    }
    for (uint32_t i = 0; i < sched->regular_count; i++) {
        char name[LANE_NAME_SIZE];
        (void)snprintf(name, sizeof name, "cogo-lane-%u", i % COGO__LANES_MAX);
        cogo_err err = system->world->thread_start(system->world->ctx, system->config.allocator,
                                                   cogo__lane_main, &sched->lanes[i], name,
                                                   &sched->lanes[i].thread);
        if (err != COGO_OK) {
            return err;
        }
    }
    return cogo__watch_start(sched);
}

cogo_err cogo__system_create_in(const cogo__world *world, const cogo_system_config *config,
                                cogo_system **out_system)
{
    cogo_system_config filled;
    cogo_err err = out_system == NULL ? COGO_EINVAL : fill_config(world, config, &filled);
    if (err != COGO_OK) {
        return err;
    }
    if (filled.stuck_signal != 0) {
        err = cogo__stack_install(filled.stuck_signal);
    }
    if (err != COGO_OK) {
        return err;
    }
    cogo_system *system = cogo__alloc_lines(filled.allocator, sizeof *system);
    if (system == NULL) {
        return COGO_ENOMEM;
    }
    system->world = world;
    cogo__groups_init(&system->groups, filled.allocator);
    cogo__offers_init(&system->offers, filled.allocator);
    cogo__lock_init(&system->guard_lock);
    cogo__lock_init(&system->dead.lock);
    system->config = filled;
    cogo__incarnation_begin(system);
    cogo__u64_store_relaxed(&system->random, filled.seed);
    cogo__u32_store_relaxed(&system->sample_mask, COGO__SAMPLE_MESSAGES - 1);
    cogo__lock_init(&system->observe_lock);
    const struct {
        cogo__table *table;
        size_t size, link;
        uint32_t capacity;
    } tables[] = {
        {&system->cells, sizeof(cogo__cell), offsetof(cogo__cell, next_free),
         filled.actor_limit},
        {&system->refs, sizeof(cogo__ref), offsetof(cogo__ref, next_free), COGO__REF_LIMIT},
        {&system->guards, sizeof(cogo__guard), offsetof(cogo__guard, next_free),
         COGO__GUARDS_MAX},
    };
    for (size_t i = 0; err == COGO_OK && i < sizeof tables / sizeof *tables; i++) {
        err =
            cogo__table_init(tables[i].table, filled.allocator, tables[i].size, tables[i].link,
                             tables[i].capacity, filled.lane_count + filled.spare_lanes);
    }
    err = err == COGO_OK ? cogo__names_init(&system->names, filled.allocator) : err;
    err = err == COGO_OK ? cogo__names_init(&system->children, filled.allocator) : err;
    err = err == COGO_OK ? cogo__types_init(&system->types, filled.allocator) : err;
    err = err == COGO_OK ? cogo__meters_init(system) : err;
    err = err == COGO_OK ? make_sched(system) : err;
    err = err == COGO_OK ? start_lanes(system) : err;
    if (err != COGO_OK) {
        destroy(system);
        return err;
    }
    *out_system = system;
    return COGO_OK;
}

cogo_err cogo_system_create(const cogo_system_config *config, cogo_system **out_system)
{
    return cogo__system_create_in(cogo__world_os(), config, out_system);
}

void cogo_system_destroy(cogo_system *system)
{
    if (system == NULL) {
        return;
    }
    if (cogo_system_stop(system, 0) == COGO_EFAULT) {
        return; // A thread is still inside an actor: nothing may be freed.
    }
    destroy(system);
}
