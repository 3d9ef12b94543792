/* Metrics: counters and histograms that grow, and levels that are read when asked for. */
#include "actors/orchestrator/artifact.h"
#include "actors/orchestrator/audit.h"
#include "actors/orchestrator/spans.h"
#include "actors/orchestrator/sticky.h"

#include <string.h>

void orc_metrics_init(orc *o)
{
    metric_histogram_init(&o->queue_wait, &metric_buckets_slow);
    metric_histogram_init(&o->dispatch, &metric_buckets_fast);
    metric_histogram_init(&o->commit_seconds, &metric_buckets_slow);
    metric_histogram_init(&o->batch_size, &metric_buckets_size);
}

static char *labels(orc *o, const char *a, const char *a_value, const char *b,
                    const char *b_value, const char *c, const char *c_value)
{
    const char *const names[] = {a, b, c};
    const char *const values[] = {a_value, b_value, c_value};
    return metric_labels(&o->scratch, names, values, c != NULL ? 3 : b != NULL ? 2 : 1);
}

static void add_tasks(orc *o, metric_list *list)
{
    metric_list_family(list, "cogo_tasks_total", "Finished tasks by their final status.",
                       "counter");
    size_t cursor = 0;
    for (const orc_role *role; (role = orc_map_next(&o->roles, &cursor)) != NULL;) {
        for (int32_t state = TASK_SUCCEEDED; state < TASK_STATE_COUNT; state++) {
            metric_list_sample(
                list, "",
                labels(o, "role", role->name, "status", task_state_names[state], NULL, NULL),
                (double)role->ended[state]);
        }
    }
    metric_list_family(list, "cogo_queue_depth", "Tasks that wait for a worker.", "gauge");
    cursor = 0;
    for (const orc_role *role; (role = orc_map_next(&o->roles, &cursor)) != NULL;) {
        for (int32_t level = 0; level < PRIORITY_COUNT; level++) {
            size_t depth = 0;
            for (const orc_line *line = role->lines; line != NULL; line = line->next) {
                depth += line->queue.count[level];
            }
            metric_list_sample(
                list, "",
                labels(o, "role", role->name, "priority", priority_names[level], NULL, NULL),
                (double)depth);
        }
    }
    metric_list_family(list, "cogo_task_duration_seconds",
                       "Time from the offer of an attempt to its result.", "histogram");
    cursor = 0;
    for (const orc_role *role; (role = orc_map_next(&o->roles, &cursor)) != NULL;) {
        metric_histogram_append(&role->duration,
                                labels(o, "role", role->name, NULL, NULL, NULL, NULL), list);
    }
}

static bool first_of_type(orc *o, const orc_worker *w)
{
    size_t cursor = 0;
    for (const orc_worker *other; (other = orc_map_next(&o->workers, &cursor)) != NULL;) {
        if (other == w) {
            return true;
        }
        if (strcmp(other->registered->worker_type, w->registered->worker_type) == 0) {
            return false;
        }
    }
    return true;
}

static size_t count_type(orc *o, const char *type, int32_t state)
{
    size_t count = 0;
    size_t cursor = 0;
    for (const orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        bool same = strcmp(w->registered->worker_type, type) == 0;
        count += same && (int32_t)orc_worker_state(w) == state ? 1 : 0;
    }
    return count;
}

static void add_workers(orc *o, metric_list *list)
{
    metric_list_family(list, "cogo_worker_status", "1 for the status that the worker has.",
                       "gauge");
    size_t cursor = 0;
    for (const orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        for (int32_t state = 0; state < WORKER_STATE_COUNT; state++) {
            metric_list_sample(list, "",
                               labels(o, "worker_type", w->registered->worker_type, "worker_id",
                                      w->registered->worker_id, "status",
                                      worker_state_names[state]),
                               (int32_t)orc_worker_state(w) == state ? 1 : 0);
        }
    }
    metric_list_family(list, "cogo_workers", "Workers by type and status.", "gauge");
    cursor = 0;
    for (const orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        if (!first_of_type(o, w)) {
            continue;
        }
        for (int32_t state = 0; state < WORKER_STATE_COUNT; state++) {
            metric_list_sample(list, "",
                               labels(o, "worker_type", w->registered->worker_type, "status",
                                      worker_state_names[state], NULL, NULL),
                               (double)count_type(o, w->registered->worker_type, state));
        }
    }
}

/* Of the label "sandbox=LEVEL" that workers bring: the rung of the ladder, 0 to 3. */
static double sandbox_rung(cogo_strings worker_labels)
{
    static const char *const rungs[] = {"sandbox=none", "sandbox=limits", "sandbox=landlock",
                                        "sandbox=namespaces"};
    for (size_t i = 0; i < worker_labels.count; i++) {
        for (size_t rung = 0; rung < sizeof rungs / sizeof rungs[0]; rung++) {
            if (strcmp(worker_labels.items[i], rungs[rung]) == 0) {
                return (double)rung;
            }
        }
    }
    return 0;
}

static void add_sandbox(orc *o, metric_list *list)
{
    metric_list_family(
        list, "cogo_sandbox_level",
        "Strength of a worker's sandbox: 0 none, 1 limits, 2 landlock, 3 namespaces.", "gauge");
    size_t cursor = 0;
    for (const orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        metric_list_sample(list, "",
                           labels(o, "worker_type", w->registered->worker_type, "worker_id",
                                  w->registered->worker_id, NULL, NULL),
                           sandbox_rung(w->registered->labels));
    }
}

static void add_one(metric_list *list, const char *name, const char *help, const char *type,
                    double value)
{
    metric_list_family(list, name, help, type);
    metric_list_sample(list, "", NULL, value);
}

static void add_kept(orc *o, metric_list *list)
{
    add_one(list, "cogo_deadletter_depth", "Dead letters that wait for somebody.", "gauge",
            (double)o->dead_count);
    metric_list_family(list, "cogo_retention_removed_total",
                       "Finished tasks that were removed, and those whose events were.",
                       "counter");
    metric_list_sample(list, "", labels(o, "what", "tasks", NULL, NULL, NULL, NULL),
                       (double)o->sweep.tasks);
    metric_list_sample(list, "", labels(o, "what", "events", NULL, NULL, NULL, NULL),
                       (double)o->sweep.events);
}

static void add_schedules(orc *o, metric_list *list)
{
    const char *const names[] = {"submitted", "skipped", "missed", "refused"};
    const uint64_t counts[] = {o->slots_submitted, o->slots_skipped, o->slots_missed,
                               o->slots_refused};
    add_one(list, "cogo_schedules", "Schedules, paused ones too.", "gauge",
            (double)o->schedules.count);
    metric_list_family(list, "cogo_schedule_slots_total",
                       "Slots of schedules by what they became.", "counter");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        metric_list_sample(list, "", labels(o, "outcome", names[i], NULL, NULL, NULL, NULL),
                           (double)counts[i]);
    }
}

static void add_histogram(metric_list *list, const char *name, const char *help,
                          const metric_histogram *histogram)
{
    metric_list_family(list, name, help, "histogram");
    metric_histogram_append(histogram, NULL, list);
}

void orc_on_metrics(orc *o, cogo_msg *msg)
{
    metric_list list;
    metric_list_init(&list, &o->scratch);
    add_tasks(o, &list);
    add_workers(o, &list);
    add_sandbox(o, &list);
    add_histogram(&list, "cogo_queue_wait_seconds", "Time from ready to offered.",
                  &o->queue_wait);
    add_histogram(&list, "cogo_dispatch_seconds", "Time from the offer to the worker's start.",
                  &o->dispatch);
    add_histogram(&list, "cogo_store_commit_seconds", "Time of one commit of the journal.",
                  &o->commit_seconds);
    add_histogram(&list, "cogo_store_batch_size", "Changes in one commit of the journal.",
                  &o->batch_size);
    add_one(&list, "cogo_task_retries_total", "Attempts that will be tried again.", "counter",
            (double)o->retries);
    add_one(&list, "cogo_leases_expired_total", "Attempts whose worker was lost.", "counter",
            (double)o->leases_expired);
    add_one(&list, "cogo_leases_taken_over_total",
            "Attempts of an earlier term whose worker came back with them.", "counter",
            (double)o->leases_taken_over);
    add_one(&list, "cogo_attempts_returned_total",
            "Attempts that a draining worker gave back; they do not count.", "counter",
            (double)o->returned);
    add_one(&list, "cogo_fenced_results_total", "Late results that were refused.", "counter",
            (double)o->fenced);
    add_one(&list, "cogo_store_stale_writes_total",
            "Writes of former leaders that the store has refused.", "counter",
            (double)o->stale_writes);
    add_kept(o, &list);
    add_schedules(o, &list);
    orc_limit_metrics(o, &list);
    orc_artifact_metrics(o, &list);
    orc_sticky_metrics(o, &list);
    orc_audit_metrics(o, &list);
    orc_spans_metrics(o, &list);
    add_one(&list, "cogo_budget_exhausted_total",
            "Attempts and tasks that were refused because a budget is used up.", "counter",
            (double)o->exhausted);
    metric_list_family(&list, "cogo_approvals_total", "Tasks that people decided about.",
                       "counter");
    metric_list_sample(&list, "", labels(o, "decision", "approved", NULL, NULL, NULL, NULL),
                       (double)o->approved);
    metric_list_sample(&list, "", labels(o, "decision", "rejected", NULL, NULL, NULL, NULL),
                       (double)o->rejected);
    add_one(&list, "cogo_leader", "1 while this orchestrator may write the journal.", "gauge",
            o->phase == ORC_READY ? 1 : 0);
    metrics answer = {0};
    if (metric_list_finish(&list, &answer) == COGO_OK) {
        orc_answer(o, cogo_msg_reply_to(msg), MSG_METRICS, &answer);
    }
}
