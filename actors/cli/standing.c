#include "actors/cli/standing.h"

#include "actors/worker/worker.h"
#include "codec/contract/messages.h"
#include "codec/contract/metric_text.h"

#include <cogo/group.h>

static size_t registered(cogo_context *ctx)
{
    return cogo_group_local_members(cogo_context_system(ctx), WORKER_SCOPE, WORKER_REGISTERED,
                                    NULL, 0);
}

/* Who asked gave up when nothing comes, and is told so by its ask. */
static void answer(cogo_context *ctx, const cogo_msg *msg, cogo_msg_type type,
                   const void *record)
{
    cogo_msg *reply = cogo_msg_create_record(cogo_context_system(ctx), type, record);
    if (reply != NULL) {
        (void)cogo_reply(ctx, msg, reply);
    }
}

static void on_health(cogo_context *ctx, const cogo_msg *msg, size_t workers)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    size_t count = registered(ctx);
    const char *check = cogo_arena_printf(&arena, "workers: %s (%zu of %zu registered)",
                                          count >= workers ? "ok" : "not all", count, workers);
    if (check != NULL) {
        health is = {.ready = count >= workers, .checks = {.items = &check, .count = 1}};
        answer(ctx, msg, MSG_HEALTH, &is);
    }
    cogo_arena_finish(&arena);
}

static void on_metrics(cogo_context *ctx, const cogo_msg *msg, size_t workers)
{
    cogo_arena arena;
    metric_list list;
    metrics all = {0};
    cogo_arena_init(&arena, 0);
    metric_list_init(&list, &arena);
    metric_list_family(&list, "cogo_node_workers", "Workers of this node.", "gauge");
    metric_list_sample(&list, "", NULL, (double)workers);
    metric_list_family(&list, "cogo_node_workers_registered",
                       "Workers of this node that an orchestrator knows.", "gauge");
    metric_list_sample(&list, "", NULL, (double)registered(ctx));
    if (metric_list_finish(&list, &all) == COGO_OK) {
        answer(ctx, msg, MSG_METRICS, &all);
    }
    cogo_arena_finish(&arena);
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    *(size_t *)state = *(const size_t *)args;
    return COGO_OK;
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    size_t workers = *(size_t *)state;
    if (cogo_msg_type_of(msg) == MSG_HEALTH_READ) {
        on_health(ctx, msg, workers);
    } else if (cogo_msg_type_of(msg) == MSG_METRICS_READ) {
        on_metrics(ctx, msg, workers);
    }
    return COGO_OK;
}

cogo_err standing_start(cogo_system *system, size_t workers, cogo_actor_id *out_id)
{
    static const cogo_behavior behavior = {
        .struct_size = sizeof(cogo_behavior),
        .name = "standing",
        .state_size_bytes = sizeof(size_t),
        .start = start,
        .receive = receive,
    };
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &behavior,
        .args = &workers,
        .args_size_bytes = sizeof workers,
        .name = "standing",
    };
    return cogo_system_spawn(system, &options, out_id);
}
