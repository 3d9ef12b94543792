/* The rings that a trace fills.
 *
 * A ring has one writer (a lane; the last ring: whoever holds observe_lock) and any number of
 * readers, who take nothing away. The writer stores the words of event n, then head = n + 1,
 * all with release. A reader loads the words of event i with acquire, then head, and drops
 * what it read unless head < i + capacity: had it seen a word of event i + capacity, it would
 * see the head that was stored before that word, which is at least i + capacity. (The second
 * load of head is relaxed: nothing is read after it.) */
#include "runtime/actor/events.h"

#include "runtime/actor/meter.h"

#include <stdlib.h>

enum { EVENTS_DEFAULT = 65536, EVENTS_MAX = 1 << 24, SAMPLE_MAX = 1 << 20 };

static bool power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

void cogo__event_note(cogo_system *system, cogo_context *here, cogo__event_kind kind,
                      cogo_actor_id actor, uint32_t detail, uint64_t trace, uint64_t now_ns)
{
    struct cogo__event_rings *rings = cogo__ptr_load_acquire(&system->event_rings);
    if (rings == NULL) {
        return; // `tracing` is read relaxed: this thread may learn of the rings a little later.
    }
    bool on_lane = here != NULL && here->is_lane;
    cogo__event_ring *ring =
        &rings->rings[on_lane ? here->place : cogo__place_of_others(system)];
    const cogo__cell *cell = cogo__cell_find(system, actor);
    uint64_t place = 0;
    if (cell != NULL) {
        place = 1 + cogo__behavior_place(system, cogo__ptr_load_relaxed(&cell->behavior));
    }
    if (!on_lane) {
        cogo__lock_take(&system->observe_lock);
    }
    uint64_t head = cogo__u64_load_relaxed(&ring->head);
    cogo__au64 *word = &ring->words[(head & (rings->capacity - 1)) * COGO__EVENT_WORDS];
    cogo__u64_store_release(&word[0], now_ns);
    cogo__u64_store_release(&word[1], trace);
    cogo__u64_store_release(&word[2], cogo__id_word(actor));
    cogo__u64_store_release(&word[3], (uint64_t)detail << 32 | place << COGO__EVENT_KIND_BITS
                                          | (uint64_t)kind);
    cogo__u64_store_release(&ring->head, head + 1);
    if (!on_lane) {
        cogo__lock_give(&system->observe_lock);
    }
}

static void destroy(struct cogo__event_rings *rings, uint32_t count)
{
    for (uint32_t i = 0; rings != NULL && i < count; i++) {
        cogo__free(rings->rings[i].words);
    }
    cogo__free(rings);
}

void cogo__events_finish(cogo_system *system)
{
    destroy(cogo__ptr_load_relaxed(&system->event_rings), cogo__place_of_others(system) + 1);
    cogo__ptr_store_relaxed(&system->event_rings, NULL);
}

static struct cogo__event_rings *create(const cogo_allocator *from, uint32_t count,
                                        uint32_t capacity)
{
    struct cogo__event_rings *rings =
        cogo__alloc_zeroed(from, 1, sizeof *rings + count * sizeof rings->rings[0]);
    bool ok = rings != NULL;
    for (uint32_t i = 0; ok && i < count; i++) {
        rings->rings[i].words = cogo__alloc_zeroed(from, (size_t)capacity * COGO__EVENT_WORDS,
                                                   sizeof *rings->rings[i].words);
        ok = rings->rings[i].words != NULL;
    }
    if (!ok) {
        destroy(rings, count);
        return NULL;
    }
    rings->capacity = capacity;
    return rings;
}

/* Caller holds observe_lock. */
static cogo_err start(cogo_system *system, uint32_t capacity, uint32_t sample)
{
    uint32_t count = cogo__place_of_others(system) + 1;
    struct cogo__event_rings *rings = cogo__ptr_load_relaxed(&system->event_rings);
    if (cogo__u32_load_relaxed(&system->tracing) != 0
        || (rings != NULL && rings->capacity != capacity)) {
        return COGO_ESTATE; // A lane may be inside an event still: its ring can't be replaced.
    }
    if (rings == NULL) {
        rings = create(system->config.allocator, count, capacity);
        if (rings == NULL) {
            return COGO_ENOMEM;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        rings->rings[i].from = cogo__u64_load_relaxed(&rings->rings[i].head);
    }
    rings->begun_ns = cogo__world_now(system->world);
    rings->ended_ns = 0;
    cogo__ptr_store_release(&system->event_rings, rings);
    // relaxed, as they are read: who sees them looks for the rings by itself.
    cogo__u32_store_relaxed(&system->sample_mask, sample - 1);
    cogo__u32_store_relaxed(&system->tracing, 1);
    return COGO_OK;
}

cogo_err cogo_system_trace_start(cogo_system *system, const cogo_trace_options *options)
{
    cogo_trace_options o = {.struct_size = sizeof o};
    if (options != NULL) {
        if (options->struct_size < sizeof *options) {
            return COGO_EINVAL;
        }
        o = *options;
    }
    uint32_t capacity = o.events_per_lane != 0 ? o.events_per_lane : EVENTS_DEFAULT;
    uint32_t sample = o.message_sample != 0 ? o.message_sample : 1;
    if (!power_of_two(capacity) || capacity > EVENTS_MAX || !power_of_two(sample)
        || sample > SAMPLE_MAX) {
        return COGO_EINVAL;
    }
    cogo__lock_take(&system->observe_lock);
    cogo_err err = start(system, capacity, sample);
    cogo__lock_give(&system->observe_lock);
    return err;
}

cogo_err cogo_system_trace_stop(cogo_system *system)
{
    cogo_err err = COGO_ESTATE;
    cogo__lock_take(&system->observe_lock);
    if (cogo__u32_load_relaxed(&system->tracing) != 0) {
        struct cogo__event_rings *rings = cogo__ptr_load_relaxed(&system->event_rings);
        cogo__u32_store_relaxed(&system->tracing, 0);
        cogo__u32_store_relaxed(&system->sample_mask, COGO__SAMPLE_MESSAGES - 1);
        rings->ended_ns = cogo__world_now(system->world);
        err = COGO_OK;
    }
    cogo__lock_give(&system->observe_lock);
    return err;
}
