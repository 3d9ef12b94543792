#include "runtime/actor/meter.h"

#include "runtime/actor/events.h"

#include <stdlib.h>
#include <string.h>

enum { PROBES_MAX = 16 };

cogo_err cogo__meters_init(cogo_system *system)
{
    system->meters = cogo__alloc_zeroed(
        system->config.allocator, cogo__place_of_others(system) + 1, sizeof *system->meters);
    return system->meters != NULL ? COGO_OK : COGO_ENOMEM;
}

void cogo__meters_finish(cogo_system *system)
{
    for (uint32_t i = 0; system->meters != NULL && i <= cogo__place_of_others(system); i++) {
        for (uint32_t place = 0; place <= COGO__BEHAVIORS_MAX; place++) {
            cogo__free(cogo__ptr_load_relaxed(&system->meters[i].behaviors[place]));
        }
    }
    cogo__free(system->meters);
    system->meters = NULL;
}

uint32_t cogo__behavior_place(cogo_system *system, const cogo_behavior *behavior)
{
    uint64_t hash = (uint64_t)(uintptr_t)behavior * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(hash >> 32);
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint32_t place = (at + i) % COGO__BEHAVIORS_MAX;
        cogo__aptr *slot = &system->behaviors[place];
        void *seen = cogo__ptr_load_relaxed(slot); // Constant data: nothing to acquire.
        if (seen == NULL) { // A slot goes from NULL to a behaviour once and stays.
            (void)cogo__ptr_cas_acq_rel(slot, &seen, (void *)(uintptr_t)behavior);
            seen = cogo__ptr_load_relaxed(slot);
        }
        if (seen == behavior) {
            return place;
        }
    }
    return COGO__BEHAVIORS_MAX;
}

/* NULL when out of memory: the behaviour does without this sample. */
static cogo__meter_pair *pair_of(const cogo_allocator *from, cogo__meter *meter, uint32_t place)
{
    cogo__meter_pair *pair = cogo__ptr_load_relaxed(&meter->behaviors[place]);
    if (pair == NULL) {
        pair = cogo__alloc_zeroed(from, 1, sizeof *pair);
        // release: who reads the pointer sees the zeros.
        cogo__ptr_store_release(&meter->behaviors[place], pair);
    }
    return pair;
}

/* A lane is the only one that writes its meter; other threads share one. */
static void lock(cogo_context *ctx)
{
    if (!ctx->is_lane) {
        cogo__lock_take(&ctx->system->observe_lock);
    }
}

static void unlock(cogo_context *ctx)
{
    if (!ctx->is_lane) {
        cogo__lock_give(&ctx->system->observe_lock);
    }
}

static uint64_t since(uint64_t begun_ns, uint64_t now_ns)
{
    return now_ns > begun_ns ? now_ns - begun_ns : 0; // Clocks of two CPUs may differ a little.
}

static void note_wait(cogo_context *ctx, uint32_t place, const cogo_msg *msg, uint64_t now)
{
    cogo__meter *meter = &ctx->system->meters[ctx->place];
    uint64_t wait = since(msg->enqueued_ns, now);
    lock(ctx);
    cogo__histogram_add(&meter->waits, wait);
    cogo__meter_pair *pair = pair_of(ctx->system->config.allocator, meter, place);
    if (pair != NULL) {
        cogo__histogram_add(&pair->waits, wait);
    }
    unlock(ctx);
}

static void note_run(cogo_context *ctx, uint32_t place, uint64_t run)
{
    lock(ctx);
    cogo__meter_pair *pair =
        pair_of(ctx->system->config.allocator, &ctx->system->meters[ctx->place], place);
    if (pair != NULL) {
        cogo__histogram_add(&pair->runs, run);
    }
    unlock(ctx);
}

cogo_err cogo__meter_receive(cogo_context *ctx, const cogo_behavior *behavior, cogo_msg *msg)
{
    cogo_system *system = ctx->system;
    cogo_actor_id self = ctx->self;
    uint32_t place = cogo__behavior_place(system, behavior);
    uint64_t begun = cogo__world_now(system->world);
    note_wait(ctx, place, msg, begun);
    COGO__PROBE(receive__begin, self.slot, msg->type, msg->trace, system);
    if (cogo__tracing(system)) {
        cogo__event_note(system, ctx, COGO__EVENT_BEGIN, self, msg->type, msg->trace, begun);
    }
    cogo_err err = behavior->receive(ctx, ctx->cell->state, msg);
    uint64_t ended = cogo__world_now(system->world);
    note_run(ctx, place, since(begun, ended));
    COGO__PROBE(receive__end, self.slot, err, ctx->trace, system);
    if (cogo__tracing(system)) {
        cogo__event_note(system, ctx, COGO__EVENT_END, self, 0, 0, ended);
    }
    return err;
}

/* The meters that @p lane means: from *first, how many. 0: no such lane. */
static uint32_t lanes_of(const cogo_system *system, int32_t lane, uint32_t *first)
{
    uint32_t count = cogo__place_of_others(system);
    if (lane == COGO_LANES_ALL) {
        *first = 0;
        return count + 1;
    }
    *first = lane == COGO_LANES_NONE ? count : (uint32_t)lane;
    return lane == COGO_LANES_NONE || (lane >= 0 && (uint32_t)lane < count) ? 1 : 0;
}

cogo_err cogo_lane_waits_read(cogo_system *system, int32_t lane, cogo_histogram *out)
{
    uint32_t first = 0;
    uint32_t count = out != NULL ? lanes_of(system, lane, &first) : 0;
    if (count == 0) {
        return COGO_EINVAL;
    }
    memset(out, 0, sizeof *out);
    for (uint32_t i = first; i < first + count; i++) {
        cogo__histogram_read(&system->meters[i].waits, out);
    }
    return COGO_OK;
}

cogo_err cogo_lane_stats_read(cogo_system *system, int32_t lane, cogo_lane_stats *out)
{
    uint32_t first = 0;
    uint32_t count = out != NULL ? lanes_of(system, lane, &first) : 0;
    if (count == 0 || out->struct_size < sizeof out->struct_size) {
        return COGO_EINVAL;
    }
    uint64_t n[COGO__COUNTERS] = {0};
    for (uint32_t i = first; i < first + count; i++) {
        cogo__sched_lane_counters(system, i, n);
    }
    cogo_lane_stats all = {
        .struct_size = out->struct_size,
        .actors_spawned = n[COGO__SPAWNED],
        .actors_ended = n[COGO__ENDED],
        .messages_sent = n[COGO__SENT],
        .messages_handled = n[COGO__HANDLED],
        .dead_letters = n[COGO__DEAD],
        .steals = n[COGO__STEALS],
        .parks = n[COGO__PARKS],
        .wakes = n[COGO__WAKES],
        .restarts = n[COGO__RESTARTS],
    };
    memcpy(out, &all, out->struct_size < sizeof all ? out->struct_size : sizeof all);
    return COGO_OK;
}

static void read_place(cogo_system *system, uint32_t place, cogo_behavior_stats *out)
{
    for (uint32_t i = 0; i <= cogo__place_of_others(system); i++) {
        // acquire: pairs with the release in pair_of().
        const cogo__meter_pair *pair =
            cogo__ptr_load_acquire(&system->meters[i].behaviors[place]);
        if (pair != NULL) {
            cogo__histogram_read(&pair->waits, &out->waits);
            cogo__histogram_read(&pair->runs, &out->runs);
        }
    }
}

cogo_err cogo_behavior_stats_read(cogo_system *system, uint32_t *cursor,
                                  cogo_behavior_stats *out)
{
    if (cursor == NULL || out == NULL || out->struct_size < sizeof out->struct_size) {
        return COGO_EINVAL;
    }
    for (uint32_t place = *cursor; place <= COGO__BEHAVIORS_MAX; place++) {
        cogo_behavior_stats all = {.struct_size = out->struct_size};
        read_place(system, place, &all);
        if (all.waits.count != 0) {
            all.behavior = place < COGO__BEHAVIORS_MAX
                               ? cogo__ptr_load_relaxed(&system->behaviors[place])
                               : NULL;
            memcpy(out, &all, out->struct_size < sizeof all ? out->struct_size : sizeof all);
            *cursor = place + 1;
            return COGO_OK;
        }
    }
    *cursor = COGO__BEHAVIORS_MAX + 1;
    return COGO_ENOTFOUND;
}
