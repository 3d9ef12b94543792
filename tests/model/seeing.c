/* Looking at a system while it works: rings of events, histograms, lists of actors.
 * The writer of the trace is compiled here once more, for what is static in it. */
#define cogo_system_trace_write program_trace_write
#include "runtime/actor/trace.c"
// The reader of the rings, from the source itself.
#include "runtime/actor/meter.h"
#include "tests/model/scene.h"

enum { NOTED = 4, CAPACITY = 2 };

/* No system, only what the rings need of one. */
static struct {
    cogo_system system;
    cogo_context lane;
} fake;

static void begin_fake(void)
{
    memset(&fake, 0, sizeof fake);
    fake.system.world = cogo__world_os();
    fake.system.config.lane_count = 1;
    fake.system.incarnation = 1; // Other than that of the ids below: they name no cell.
    fake.lane = (cogo_context){.system = &fake.system, .is_lane = true};
    cogo__lock_init(&fake.system.observe_lock);
}

static void note(uint32_t i)
{
    cogo_actor_id id = {.slot = i, .generation = i};
    cogo__event_note(&fake.system, &fake.lane, COGO__EVENT_BEGIN, id, i, i, i);
}

static void note_all(void *arg)
{
    (void)arg;
    for (uint32_t i = 1; i <= NOTED; i++) {
        note(i);
    }
}

/* All words of an event are of one and the same, or it is not shown. (I30) */
static void check(const event *e)
{
    MODEL_CHECK(e->at_ns != 0 && e->at_ns == e->trace && e->at_ns == e->detail);
    MODEL_CHECK(e->actor == (e->at_ns << 32 | e->at_ns));
}

static void a_trace_is_read_while_it_is_written(void)
{
    begin_fake();
    cogo_trace_options options = {
        .struct_size = sizeof options, .events_per_lane = CAPACITY, .message_sample = 1};
    MODEL_CHECK(cogo_system_trace_start(&fake.system, &options) == COGO_OK);
    unsigned other = model_start(note_all, NULL);
    event items[2 * CAPACITY];
    events seen = {.items = items};
    copy_ring(cogo__ptr_load_relaxed(&fake.system.event_rings), 0, &seen);
    MODEL_CHECK(seen.count <= CAPACITY);
    for (size_t i = 0; i < seen.count; i++) {
        check(&items[i]);
    }
    model_join(other);
    seen = (events){.items = items};
    copy_ring(cogo__ptr_load_relaxed(&fake.system.event_rings), 0, &seen);
    // The place that the next event will overwrite is not trusted.
    MODEL_CHECK(seen.count + seen.lost == NOTED && seen.count == CAPACITY - 1);
    cogo__events_finish(&fake.system);
}

static void note_two(void *arg)
{
    (void)arg;
    note(1);
    note(2);
}

/* A lane may learn of the rings at any time after they were made. */
static void a_trace_begins_beside_its_writer(void)
{
    begin_fake();
    unsigned other = model_start(note_two, NULL);
    cogo_trace_options options = {.struct_size = sizeof options, .events_per_lane = CAPACITY};
    MODEL_CHECK(cogo_system_trace_start(&fake.system, &options) == COGO_OK);
    MODEL_CHECK(cogo_system_trace_stop(&fake.system) == COGO_OK);
    model_join(other);
    cogo__events_finish(&fake.system);
}

/* --- Histograms. --------------------------------------------------------------------------
 */

static cogo__histogram histogram;

static void add_two(void *arg)
{
    (void)arg;
    cogo__histogram_add(&histogram, 3);
    cogo__histogram_add(&histogram, 9);
}

static void a_maximum_is_not_behind_its_counts(void)
{
    memset(&histogram, 0, sizeof histogram);
    unsigned other = model_start(add_two, NULL);
    cogo_histogram seen = {0};
    cogo__histogram_read(&histogram, &seen);
    for (uint32_t i = 1; i < COGO_HISTOGRAM_BUCKETS; i++) {
        MODEL_CHECK(seen.buckets[i] == 0 || seen.max_ns >= cogo_histogram_bound_ns(i - 1));
    }
    model_join(other);
}

/* --- A whole system. ----------------------------------------------------------------------
 */

static cogo_err once(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior once_behavior = {
    .struct_size = sizeof(cogo_behavior), .name = "once", .receive = once};

/* What a foreign thread sends is sampled: its behaviour gets its histograms now. */
static void a_behavior_is_read_at_its_first_sample(void)
{
    begin(1);
    w.first = spawn(&once_behavior, 0, NULL);
    send(w.first, WORD, 1);
    cogo_behavior_stats stats = {.struct_size = sizeof stats};
    uint32_t cursor = 0;
    if (cogo_behavior_stats_read(w.system, &cursor, &stats) == COGO_OK) {
        MODEL_CHECK(stats.waits.count <= 1 && stats.behavior == &once_behavior);
    }
    await(w.first);
    finish();
}

static void spawn_and_end(void *arg)
{
    (void)arg;
    cogo_actor_id id = spawn(&once_behavior, 0, NULL);
    send(id, WORD, 1);
    await(id);
}

/* The first cells of a system, and the memory that they lie in, come while others look. */
static void actors_are_listed_while_they_come_and_go(void)
{
    begin(1);
    unsigned other = model_start(spawn_and_end, NULL);
    cogo_actor_info info[2] = {{.struct_size = sizeof *info}};
    uint32_t cursor = 0;
    size_t count = cogo_actor_list(w.system, &cursor, info, 2);
    for (size_t i = 0; i < count; i++) {
        MODEL_CHECK(strcmp(info[i].behavior, "once") == 0);
    }
    model_join(other);
    finish();
}

const model_program seeing_programs[] = {
    {"seeing/a_trace_is_read_while_it_is_written", a_trace_is_read_while_it_is_written, 20000},
    {"seeing/a_trace_begins_beside_its_writer", a_trace_begins_beside_its_writer, 3000},
    {"seeing/a_maximum_is_not_behind_its_counts", a_maximum_is_not_behind_its_counts, 2000},
    {"seeing/a_behavior_is_read_at_its_first_sample", a_behavior_is_read_at_its_first_sample,
     1000},
    {"seeing/actors_are_listed_while_they_come_and_go",
     actors_are_listed_while_they_come_and_go, 1000},
    {0},
};
