/* Small public calls on ids, names, time; and what is read from outside. */
#include "runtime/actor/guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LOG_LINE_SIZE = 512 };

cogo_actor_id cogo_self(const cogo_context *ctx)
{
    return ctx->self;
}

cogo_system *cogo_context_system(const cogo_context *ctx)
{
    return ctx->system;
}

bool cogo_actor_id_equal(cogo_actor_id a, cogo_actor_id b)
{
    return a.slot == b.slot && a.generation == b.generation && a.incarnation == b.incarnation
           && a.node == b.node;
}

bool cogo_actor_id_is_set(cogo_actor_id id)
{
    return id.slot != 0 || id.generation != 0;
}

uint64_t cogo_now_ns(const cogo_context *ctx)
{
    return cogo__world_now(ctx->system->world);
}

int64_t cogo_system_wall_ms(cogo_system *system)
{
    return system->world->wall_ms(system->world->ctx);
}

uint64_t cogo_system_now_ns(cogo_system *system)
{
    return cogo__world_now(system->world);
}

/* splitmix64: a counter, mixed; so threads need no lock and a seed gives one sequence. */
uint64_t cogo_system_random(cogo_system *system)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = cogo__u64_add_relaxed(&system->random, step) + step;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void cogo__log(cogo_system *system, cogo_log_level level, const char *format, ...)
{
    if (system->config.log == NULL) {
        return;
    }
    char line[LOG_LINE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    system->config.log(system->config.log_ctx, level, line);
}

/* Sets the mark that makes the end of the actor look for names. */
static void mark_named(cogo__cell *cell)
{
    uint32_t seen = cogo__u32_load_relaxed(&cell->phase);
    while (!cogo__u32_cas_seq_cst(&cell->phase, &seen, seen | COGO__CELL_NAMED)) {
    }
}

/* An actor that has ended gives its names up a moment later: to others they are free already.
 */
cogo_err cogo__name_take(cogo_system *system, const char *name, cogo_actor_id id)
{
    cogo_err err = cogo__names_add(&system->names, 0, name, id);
    while (err == COGO_EEXIST) {
        cogo_actor_id holder = cogo__names_find(&system->names, 0, name);
        if (cogo_actor_id_is_set(holder) && cogo__cell_find(system, holder) != NULL) {
            break;
        }
        cogo__names_remove_actor(&system->names, holder);
        err = cogo__names_add(&system->names, 0, name, id);
    }
    return err;
}

/* The actor may end at any moment. It bumps its generation, then looks for the mark; we set the
 * mark, then look at the generation: one of us takes the name away (all seq_cst). */
cogo_err cogo_name_register(cogo_system *system, const char *name, cogo_actor_id id)
{
    cogo__cell *cell = cogo__cell_find(system, id);
    if (cell == NULL) {
        return COGO_EGONE;
    }
    cogo_err err = cogo__name_take(system, name, id);
    if (err != COGO_OK) {
        return err;
    }
    mark_named(cell);
    if (cogo__u32_load_seq_cst(&cell->generation) != id.generation) {
        cogo__names_remove_actor(&system->names, id);
        return COGO_EGONE;
    }
    return COGO_OK;
}

cogo_err cogo_name_unregister(cogo_system *system, const char *name)
{
    return name != NULL ? cogo__names_remove(&system->names, 0, name) : COGO_ENOTFOUND;
}

cogo_actor_id cogo_name_find(cogo_system *system, const char *name)
{
    cogo_actor_id id = name != NULL ? cogo__names_find(&system->names, 0, name) : COGO_NO_ACTOR;
    return cogo__cell_find(system, id) != NULL ? id : COGO_NO_ACTOR;
}

void cogo_system_stats_read(cogo_system *system, cogo_system_stats *out)
{
    uint64_t n[COGO__COUNTERS];
    cogo__sched_counters(system, n);
    *out = (cogo_system_stats){
        .lane_count = system->config.lane_count,
        .actors = n[COGO__SPAWNED] - n[COGO__ENDED],
        .actors_spawned = n[COGO__SPAWNED],
        .messages_sent = n[COGO__SENT],
        .messages_handled = n[COGO__HANDLED],
        .dead_letters = n[COGO__DEAD],
        .steals = n[COGO__STEALS],
        .parks = n[COGO__PARKS],
        .wakes = n[COGO__WAKES],
        .restarts = n[COGO__RESTARTS],
        .timers = n[COGO__TIMERS_ARMED] - n[COGO__TIMERS_GONE],
        .wait_count = n[COGO__WAIT_COUNT],
        .wait_sum_ns = n[COGO__WAIT_SUM],
        .watches = n[COGO__WATCHES],
        .rescues = n[COGO__RESCUES],
        .stuck_total = n[COGO__STUCK],
        .offloads = n[COGO__OFFLOAD_GIVEN] - n[COGO__OFFLOAD_REFUSED],
        .offloads_refused = n[COGO__OFFLOAD_REFUSED],
        .offloads_waiting = n[COGO__OFFLOAD_GIVEN] - n[COGO__OFFLOAD_TAKEN],
        .offload_threads = n[COGO__OFFLOAD_STARTED] - n[COGO__OFFLOAD_ENDED],
        .stuck = n[COGO__STUCK] - n[COGO__STUCK_RETURNED],
    };
    uint64_t gone = n[COGO__HANDLED] + n[COGO__DEAD];
    out->mailbox_depth = n[COGO__SENT] > gone ? n[COGO__SENT] - gone : 0;
    memcpy(out->wait_us_log2, &n[COGO__WAIT_FIRST], sizeof out->wait_us_log2);
    memcpy(out->dead_letters_by, &n[COGO__DEAD_FIRST], sizeof out->dead_letters_by);
    out->diverted = n[COGO__DIVERTED];
    out->memory_alarms = n[COGO__MEMORY_ALARMS];
}

static void read_cell(cogo_system *system, cogo__cell *cell, cogo_actor_id id,
                      cogo_actor_info *out)
{
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    *out = (cogo_actor_info){.id = id};
    cogo__names_of(&system->names, id, out->name, sizeof out->name);
    (void)snprintf(out->behavior, sizeof out->behavior, "%s",
                   behavior != NULL ? behavior->name : "");
    out->detached = (cogo__u32_load_relaxed(&cell->phase) & COGO__CELL_ON_THREAD) != 0;
    out->mailbox_depth = cogo__cell_depth(cell);
    out->messages_handled = cogo__u64_load_relaxed(&cell->handled);
    if (!cogo__guard_memory(system, cell, id, &out->memory_bytes, &out->memory_limit_bytes)) {
        out->memory_bytes = sizeof *cell + (behavior != NULL ? behavior->state_size_bytes : 0);
    }
}

cogo_err cogo_actor_info_read(cogo_system *system, cogo_actor_id id, cogo_actor_info *out)
{
    cogo__cell *cell = cogo__cell_find(system, id);
    if (cell == NULL || (cogo__u32_load_acquire(&cell->phase) & COGO__CELL_USED) == 0) {
        return COGO_EGONE;
    }
    read_cell(system, cell, id, out);
    return COGO_OK;
}

size_t cogo_actor_list(cogo_system *system, uint32_t *cursor, cogo_actor_info *out,
                       size_t capacity)
{
    uint32_t end = cogo__u32_load_acquire(&system->cells.fresh);
    uint32_t slot = *cursor != 0 ? *cursor : 1;
    size_t count = 0;
    for (; slot < end && count < capacity; slot++) {
        cogo__cell *cell = cogo__table_at(&system->cells, slot);
        if ((cogo__u32_load_acquire(&cell->phase) & COGO__CELL_USED) != 0) {
            cogo_actor_id id =
                cogo__id(system, slot, cogo__u32_load_acquire(&cell->generation));
            read_cell(system, cell, id, &out[count++]);
        }
    }
    *cursor = slot < end ? slot : 0;
    return count;
}
