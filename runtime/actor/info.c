/* What is read of a system and its actors from outside: in constant time, without stopping
 * them. */
#include "runtime/actor/guard.h"
#include "runtime/actor/meter.h"

#include <stdio.h>
#include <string.h>

/* The buckets of the meters, in the coarser ones of the stats. */
static void read_waits(cogo_system *system, cogo_system_stats *out)
{
    enum { COARSE = sizeof out->wait_us_log2 / sizeof out->wait_us_log2[0], NS_PER_US = 1000 };
    cogo_histogram waits;
    if (cogo_lane_waits_read(system, COGO_LANES_ALL, &waits) != COGO_OK) {
        return;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < COGO_HISTOGRAM_BUCKETS; i++) {
        while (at < COARSE - 1 && cogo_histogram_bound_ns(i) > (uint64_t)NS_PER_US << at) {
            at++;
        }
        out->wait_us_log2[at] += waits.buckets[i];
        out->wait_count += waits.buckets[i];
    }
    out->wait_sum_ns = waits.sum_ns;
}

cogo_err cogo_system_stats_read(cogo_system *system, cogo_system_stats *out)
{
    if (out == NULL || out->struct_size < sizeof out->struct_size) {
        return COGO_EINVAL;
    }
    uint64_t n[COGO__COUNTERS];
    cogo__sched_counters(system, n);
    cogo_system_stats all = {
        .struct_size = out->struct_size,
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
        .watches = n[COGO__WATCHES],
        .rescues = n[COGO__RESCUES],
        .stuck_total = n[COGO__STUCK],
        .offloads = n[COGO__OFFLOAD_GIVEN] - n[COGO__OFFLOAD_REFUSED],
        .offloads_refused = n[COGO__OFFLOAD_REFUSED],
        .offloads_waiting = n[COGO__OFFLOAD_GIVEN] - n[COGO__OFFLOAD_TAKEN],
        .offload_threads = n[COGO__OFFLOAD_STARTED] - n[COGO__OFFLOAD_ENDED],
        .stuck = n[COGO__STUCK] - n[COGO__STUCK_RETURNED],
        .spare_lanes = system->config.spare_lanes,
        .spare_lanes_working = n[COGO__SPARES_CALLED] - n[COGO__SPARES_RELEASED],
        .takeovers = n[COGO__SPARES_CALLED],
    };
    uint64_t gone = n[COGO__HANDLED] + n[COGO__DEAD];
    all.mailbox_depth = n[COGO__SENT] > gone ? n[COGO__SENT] - gone : 0;
    read_waits(system, &all);
    memcpy(all.dead_letters_by, &n[COGO__DEAD_FIRST], sizeof all.dead_letters_by);
    all.diverted = n[COGO__DIVERTED];
    all.memory_alarms = n[COGO__MEMORY_ALARMS];
    memcpy(out, &all, out->struct_size < sizeof all ? out->struct_size : sizeof all);
    return COGO_OK;
}

static cogo_actor_state state_of(cogo_system *system, const cogo__cell *cell, uint32_t phase,
                                 cogo_actor_info *out)
{
    if ((phase & COGO__CELL_WAITS) != 0) {
        return COGO_ACTOR_SUSPENDED;
    }
    if (((uintptr_t)cogo__ptr_load_relaxed(&cell->box.head) & COGO__IDLE_MARK) != 0) {
        return COGO_ACTOR_IDLE;
    }
    return cogo__sched_runs(system, cell, &out->message_type) ? COGO_ACTOR_RUNNING
                                                              : COGO_ACTOR_QUEUED;
}

/* False: it ended while it was read. */
static bool read_cell(cogo_system *system, const cogo__cell *cell, cogo_actor_id id,
                      cogo_actor_info *out)
{
    const size_t size = out->struct_size;
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    uint32_t phase = cogo__u32_load_acquire(&cell->phase);
    uint32_t relations = cogo__u32_load_relaxed(&cell->relations);
    if ((phase & COGO__CELL_USED) == 0 || behavior == NULL) {
        return false;
    }
    cogo_actor_info all = {.struct_size = size, .id = id};
    cogo__names_of(&system->names, id, all.name, sizeof all.name);
    (void)snprintf(all.behavior, sizeof all.behavior, "%s", behavior->name);
    all.detached = (phase & COGO__CELL_ON_THREAD) != 0;
    all.state = state_of(system, cell, phase, &all);
    cogo__type_name(&system->types, all.message_type, all.message_name,
                    sizeof all.message_name);
    all.mailbox_depth = cogo__cell_depth(cell);
    all.messages_handled = cogo__u64_load_relaxed(&cell->handled);
    if (!cogo__guard_memory(system, cell, id, &all.memory_bytes, &all.memory_limit_bytes)) {
        all.memory_bytes = sizeof *cell + behavior->state_size_bytes;
    }
    all.restarts = cogo__u32_load_relaxed(&cell->restarts);
    all.links = relations & UINT16_MAX;
    all.watchers = relations >> 16;
    if (cogo__u32_load_acquire(&cell->generation) != id.generation) {
        return false;
    }
    memcpy(out, &all, size < sizeof all ? size : sizeof all);
    return true;
}

cogo_err cogo_actor_info_read(cogo_system *system, cogo_actor_id id, cogo_actor_info *out)
{
    if (out == NULL || out->struct_size < sizeof out->struct_size) {
        return COGO_EINVAL;
    }
    const cogo__cell *cell = cogo__cell_find(system, id);
    return cell != NULL && read_cell(system, cell, id, out) ? COGO_OK : COGO_EGONE;
}

size_t cogo_actor_list(cogo_system *system, uint32_t *cursor, cogo_actor_info *out,
                       size_t capacity)
{
    if (capacity == 0 || out->struct_size < sizeof out->struct_size) {
        return 0;
    }
    const size_t size = out->struct_size; // A caller built with fewer fields has shorter ones.
    uint32_t end = cogo__u32_load_acquire(&system->cells.fresh);
    uint32_t slot = *cursor != 0 ? *cursor : 1;
    size_t count = 0;
    for (; slot < end && count < capacity; slot++) {
        const cogo__cell *cell = cogo__table_at(&system->cells, slot);
        cogo_actor_info *at = (cogo_actor_info *)(void *)((char *)out + count * size);
        at->struct_size = size;
        cogo_actor_id id = cogo__id(system, slot, cogo__u32_load_acquire(&cell->generation));
        count += read_cell(system, cell, id, at);
    }
    *cursor = slot < end ? slot : 0;
    return count;
}
