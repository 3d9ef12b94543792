/* What the door says of itself, for /metrics and /ready. */
#include "actors/queue/room.h"
#include "codec/contract/metric_text.h"

static void answer(queue *q, const cogo_msg *msg, cogo_msg_type type, const void *record)
{
    cogo_msg *reply = cogo_msg_create_record(q->system, type, record);
    if (reply != NULL) {
        (void)cogo_reply(q->ctx, msg, reply);
    }
}

static void one(metric_list *list, const char *name, const char *help, const char *type,
                uint64_t value)
{
    metric_list_family(list, name, help, type);
    metric_list_sample(list, "", NULL, (double)value);
}

void report_metrics(queue *q, const cogo_msg *msg)
{
    cogo_arena arena;
    metric_list list;
    metrics all = {0};
    cogo_arena_init(&arena, 0);
    metric_list_init(&list, &arena);
    one(&list, "cogo_redis_connected", "1: entries are taken from Redis here.", "gauge",
        q->phase == RUNNING);
    metric_list_family(&list, "cogo_redis_entries_total",
                       "Entries of " STREAM_IN " by what became of them.", "counter");
    metric_list_sample(&list, "", "outcome=\"accepted\"", (double)q->accepted);
    metric_list_sample(&list, "", "outcome=\"replayed\"", (double)q->replayed);
    metric_list_sample(&list, "", "outcome=\"refused\"", (double)q->refused);
    one(&list, "cogo_redis_results_total", "Events and results written to " STREAM_OUT ".",
        "counter", q->written);
    one(&list, "cogo_redis_in_flight", "Entries that are delivered and not acknowledged.",
        "gauge", q->item_count);
    one(&list, "cogo_redis_followed_tasks", "Unfinished tasks that came from Redis.", "gauge",
        q->followed_count);
    one(&list, "cogo_redis_reconnects_total", "Times that Redis was found again.", "counter",
        q->reconnects);
    one(&list, "cogo_redis_rate_limited_total",
        "Entries that waited for the rate of their tenant.", "counter", q->rates.refused);
    if (metric_list_finish(&list, &all) == COGO_OK) {
        answer(q, msg, MSG_METRICS, &all);
    }
    cogo_arena_finish(&arena);
}

/* What the door is when this node does not lead, which is no fault. If it does, the door is
 * about to look for Redis, and may not have that yet. */
static bool another_leads(const queue *q)
{
    return q->phase == STANDING_BY
           && !cogo_actor_id_equal(cogo_name_find(q->system, QUEUE_LEADER), q->orchestrator);
}

void report_health(queue *q, const cogo_msg *msg)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    bool standing_by = another_leads(q);
    bool good = q->phase == RUNNING || standing_by;
    const char *why = q->phase == STANDING_BY ? "not looked for yet" : q->why_away;
    const char *check = standing_by ? "redis: ok (another node leads)"
                        : q->phase == RUNNING
                            ? "redis: ok"
                            : cogo_arena_printf(&arena, "redis: away: %s", why);
    if (check != NULL) {
        health is = {.ready = good || !q->required, .checks = {.items = &check, .count = 1}};
        answer(q, msg, MSG_HEALTH, &is);
    }
    cogo_arena_finish(&arena);
}
