#include "actors/gateway/metrics_runtime.h"

#include "actors/gateway/metrics_links.h"

#include <cogo/observe.h>

#include <string.h>

/* A bucket per power of two, from about a microsecond to 17 s: bounds of the meters, too, so
 * that no count is guessed. */
enum { BOUND_FIRST = 10, BOUND_LAST = 34, BEHAVIORS_MAX = 257 };
#define NS_PER_S 1e9

typedef struct behavior_times {
    const char *name;
    cogo_histogram waits, runs;
} behavior_times;

static void one(metric_list *list, const char *name, const char *type, const char *help,
                double value)
{
    metric_list_family(list, name, help, type);
    metric_list_sample(list, "", NULL, value);
}

static const char *label(metric_list *list, const char *name, const char *value)
{
    char *text = metric_labels(list->arena, &name, &value, 1);
    list->failed = list->failed || text == NULL;
    return text;
}

static void add_bucket(metric_list *list, const char *labels, const char *bound, uint64_t count)
{
    char *all = cogo_arena_printf(list->arena, "%s,le=\"%s\"", labels, bound);
    list->failed = list->failed || all == NULL;
    metric_list_sample(list, "_bucket", all, (double)count);
}

static void add_histogram(metric_list *list, const char *labels, const cogo_histogram *h)
{
    uint64_t sum = 0;
    uint32_t at = 0;
    for (uint32_t i = BOUND_FIRST; i <= BOUND_LAST; i++) {
        uint64_t bound_ns = UINT64_C(1) << i;
        for (; cogo_histogram_bound_ns(at) <= bound_ns; at++) {
            sum += h->buckets[at];
        }
        char *bound = cogo_arena_printf(list->arena, "%.10g", (double)bound_ns / NS_PER_S);
        add_bucket(list, labels, bound != NULL ? bound : "", sum);
    }
    for (; at < COGO_HISTOGRAM_BUCKETS; at++) {
        sum += h->buckets[at];
    }
    add_bucket(list, labels, "+Inf", sum);
    metric_list_sample(list, "_sum", labels, (double)h->sum_ns / NS_PER_S);
    metric_list_sample(list, "_count", labels, (double)sum); // Not h->count: it was read later.
}

/* Behaviours of one name are one series. NULL: no memory. */
static behavior_times *find(metric_list *list, behavior_times **all, size_t *count,
                            const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(all[i]->name, name) == 0) {
            return all[i];
        }
    }
    behavior_times *added = cogo_arena_alloc(list->arena, sizeof *added);
    if (added != NULL) {
        *added = (behavior_times){.name = name};
        all[(*count)++] = added;
    }
    list->failed = list->failed || added == NULL;
    return added;
}

static size_t read_times(metric_list *list, cogo_system *system,
                         behavior_times *all[BEHAVIORS_MAX])
{
    size_t count = 0;
    uint32_t cursor = 0;
    cogo_behavior_stats stats = {.struct_size = sizeof stats};
    while (count < BEHAVIORS_MAX && !list->failed
           && cogo_behavior_stats_read(system, &cursor, &stats) == COGO_OK) {
        behavior_times *times =
            find(list, all, &count, stats.behavior != NULL ? stats.behavior->name : "other");
        if (times != NULL) {
            cogo_histogram_merge(&times->waits, &stats.waits);
            cogo_histogram_merge(&times->runs, &stats.runs);
        }
    }
    return count;
}

static void add_times(metric_list *list, cogo_system *system)
{
    behavior_times *all[BEHAVIORS_MAX];
    size_t count = read_times(list, system, all);
    metric_list_family(list, "cogo_mailbox_wait_seconds",
                       "Time from enqueue to dispatch of sampled messages, by behaviour.",
                       "histogram");
    for (size_t i = 0; i < count; i++) {
        add_histogram(list, label(list, "behavior", all[i]->name), &all[i]->waits);
    }
    metric_list_family(list, "cogo_message_run_seconds",
                       "Time that handling took, of the same messages.", "histogram");
    for (size_t i = 0; i < count; i++) {
        add_histogram(list, label(list, "behavior", all[i]->name), &all[i]->runs);
    }
}

static void add_dead_letters(metric_list *list, const cogo_system_stats *stats)
{
    metric_list_family(list, "cogo_dead_letters_total",
                       "Messages that reached nobody, by reason.", "counter");
    for (int i = 0; i < COGO_DEAD_REASONS; i++) {
        const char *name = cogo_dead_reason_name((cogo_dead_reason)i);
        if (strcmp(name, "unknown") != 0) {
            metric_list_sample(list, "", label(list, "reason", name),
                               (double)stats->dead_letters_by[i]);
        }
    }
}

static void add_lanes(metric_list *list, cogo_system *system, uint32_t lanes)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } counters[] = {
        {"cogo_lane_messages_total", "Messages handled on the lane.",
         offsetof(cogo_lane_stats, messages_handled)},
        {"cogo_lane_steals_total", "Actors that the lane took from another one.",
         offsetof(cogo_lane_stats, steals)},
        {"cogo_lane_parks_total", "How often the lane went to sleep.",
         offsetof(cogo_lane_stats, parks)},
        {"cogo_lane_wakes_total", "How often the lane woke another one.",
         offsetof(cogo_lane_stats, wakes)},
    };
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        metric_list_family(list, counters[i].name, counters[i].help, "counter");
        for (uint32_t lane = 0; lane < lanes; lane++) {
            cogo_lane_stats stats = {.struct_size = sizeof stats};
            uint64_t value = 0;
            if (cogo_lane_stats_read(system, (int32_t)lane, &stats) == COGO_OK) {
                memcpy(&value, (const char *)&stats + counters[i].offset, sizeof value);
            }
            char *number = cogo_arena_printf(list->arena, "%u", lane);
            metric_list_sample(list, "", label(list, "lane", number), (double)value);
        }
    }
}

cogo_err metrics_runtime(cogo_system *system, cogo_arena *arena, metrics *out)
{
    metric_list list;
    cogo_system_stats s = {.struct_size = sizeof s};
    cogo_system_stats_read(system, &s);
    metric_list_init(&list, arena);
    one(&list, "cogo_actors", "gauge", "Actors that are alive.", (double)s.actors);
    one(&list, "cogo_actors_spawned_total", "counter", "Actors that were started.",
        (double)s.actors_spawned);
    one(&list, "cogo_actor_restarts_total", "counter", "Restarts by supervisors.",
        (double)s.restarts);
    one(&list, "cogo_mailbox_depth", "gauge", "Messages that wait in mailboxes.",
        (double)s.mailbox_depth);
    add_times(&list, system);
    one(&list, "cogo_lanes", "gauge", "Scheduler threads.", s.lane_count);
    one(&list, "cogo_messages_total", "counter", "Messages handled by actors.",
        (double)s.messages_handled);
    one(&list, "cogo_messages_diverted_total", "counter",
        "Messages for a full mailbox that went to another actor.", (double)s.diverted);
    add_dead_letters(&list, &s);
    one(&list, "cogo_memory_alarms_total", "counter",
        "Times that an actor or a subtree came above its memory limit.",
        (double)s.memory_alarms);
    one(&list, "cogo_timers", "gauge", "Timers that are armed.", (double)s.timers);
    add_lanes(&list, system, s.lane_count + s.spare_lanes);
    one(&list, "cogo_lane_rescues_total", "counter",
        "Actors taken over from a lane whose callback lasted.", (double)s.rescues);
    one(&list, "cogo_callbacks_stuck", "gauge", "Callbacks that do not return, now.",
        (double)s.stuck);
    one(&list, "cogo_stuck_callbacks_total", "counter", "Callbacks that were found stuck.",
        (double)s.stuck_total);
    one(&list, "cogo_spare_lanes", "gauge", "Spare lanes that work in the place of stuck ones.",
        (double)s.spare_lanes_working);
    one(&list, "cogo_spare_lane_takeovers_total", "counter",
        "Times that a spare lane began to work.", (double)s.takeovers);
    one(&list, "cogo_offload_jobs_total", "counter", "Jobs that the offload pool accepted.",
        (double)s.offloads);
    one(&list, "cogo_offload_refused_total", "counter",
        "Jobs that the offload pool refused: full, or no thread.", (double)s.offloads_refused);
    one(&list, "cogo_offload_jobs_waiting", "gauge", "Jobs that wait for a thread.",
        (double)s.offloads_waiting);
    one(&list, "cogo_offload_threads", "gauge", "Threads of the offload pool.",
        (double)s.offload_threads);
    metrics_links(system, &list);
    return metric_list_finish(&list, out);
}
