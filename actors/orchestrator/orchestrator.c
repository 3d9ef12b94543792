/* The shell: one table says who handles which message; everything else of the room is called
 * from here. */
#include "actors/orchestrator/orchestrator.h"

#include "actors/orchestrator/artifact.h"
#include "actors/orchestrator/audit.h"
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/follow.h"
#include "actors/orchestrator/schedule.h"

#include <string.h>

static const struct {
    cogo_msg_type type;
    void (*handle)(orc *o, cogo_msg *msg);
} handlers[] = {
    {MSG_INSTRUCTION_RESULT, orc_on_result},
    {MSG_INSTRUCTION_STARTED, orc_on_started},
    {MSG_INSTRUCTION_PROGRESS, orc_on_progress},
    {MSG_BUDGET_ASK, orc_on_budget_ask},
    {MSG_TASK_SUBMIT, orc_on_submit},
    {MSG_TASK_GET, orc_on_get},
    {MSG_TASK_LIST, orc_on_list},
    {MSG_TASK_CANCEL, orc_on_cancel},
    {MSG_TASK_RETRY, orc_on_retry},
    {MSG_REDRIVE, orc_on_redrive},
    {MSG_TASK_DECIDE, orc_on_decide},
    {MSG_LIMIT_SET, orc_on_limit_set},
    {MSG_LIMIT_LIST, orc_on_limit_list},
    {MSG_LIMIT_DELETE, orc_on_limit_delete},
    {MSG_SCHEDULE_CREATE, orc_on_schedule_create},
    {MSG_SCHEDULE_LIST, orc_on_schedule_list},
    {MSG_SCHEDULE_DELETE, orc_on_schedule_delete},
    {MSG_SCHEDULE_PAUSE, orc_on_schedule_pause},
    {MSG_SCHEDULE_RESUME, orc_on_schedule_resume},
    {MSG_TASK_EVENTS, orc_on_events},
    {MSG_TASK_EXPLAIN, orc_on_explain},
    {MSG_WORKFLOW_GET, orc_on_workflow_get},
    {MSG_WORKFLOW_LIST, orc_on_workflow_list},
    {MSG_WORKER_REGISTER, orc_on_register},
    {MSG_WORKER_STATUS, orc_on_status},
    {MSG_WORKER_DEREGISTER, orc_on_deregister},
    {MSG_WORKER_LIST, orc_on_worker_list},
    {MSG_WORKER_DRAIN, orc_on_worker_drain},
    {MSG_WORKER_REMOVE, orc_on_worker_remove},
    {MSG_METRICS_READ, orc_on_metrics},
    {MSG_HEALTH_READ, orc_on_health},
    {MSG_EVENTS_FOLLOW, orc_on_follow},
    {MSG_EVENTS_UNFOLLOW, orc_on_unfollow},
    {MSG_EVENT, orc_on_event},
    {MSG_TOKEN_CHANGE, orc_on_token_change},
    {MSG_TOKEN_LIST, orc_on_token_list},
    {MSG_ARTIFACT_PUT, orc_on_artifact_put},
    {MSG_ARTIFACT_GET, orc_on_artifact_get},
    {MSG_AUDIT, orc_on_audit},
    {MSG_AUDIT_LIST, orc_on_audit_list},
    {MSG_STORE_FOUND, orc_ask_answered},
    {MSG_STORE_RECOVERED, orc_on_recovered},
    {MSG_STORE_ELECTED, orc_on_elected},
};

/* One timer for all deadlines. It is never moved later: it fires early and is set anew. */
static void arm_timer(orc *o)
{
    uint64_t next_ns = orc_deadline_next(&o->deadlines);
    if (next_ns == UINT64_MAX || (o->timer != 0 && o->timer_at_ns <= next_ns)) {
        return;
    }
    if (o->timer != 0) {
        cogo_timer_cancel(o->ctx, o->timer);
        o->timer = 0;
    }
    uint64_t now_ns = cogo_now_ns(o->ctx);
    uint64_t delay_ns = next_ns > now_ns ? next_ns - now_ns : 1;
    if (cogo_timer_start(o->ctx, delay_ns, 0, 0, &o->timer) != COGO_OK) {
        o->timer = 0; // The next message tries again.
        return;
    }
    o->timer_at_ns = next_ns;
}

static void fire_due(orc *o)
{
    uint64_t now_ns = cogo_now_ns(o->ctx);
    o->timer = 0;
    for (orc_deadline *due; (due = orc_deadline_take_due(&o->deadlines, now_ns)) != NULL;) {
        due->fire(o, due->owner);
    }
}

static void on_down(orc *o, cogo_msg *msg)
{
    const cogo_down *down = cogo_msg_payload(msg);
    if (!orc_leader_down(o, down->monitor) && !orc_worker_down(o, down)) {
        (void)orc_follower_down(o, down->monitor);
    }
}

static void on_ask_failed(orc *o, cogo_msg *msg)
{
    const cogo_ask_failed *failed = cogo_msg_payload(msg);
    if (o->phase == ORC_RECOVERING && cogo_msg_ask(msg) == o->recovery_ask) {
        orc_recovery_failed(o, cogo_strerror(failed->err));
        return;
    }
    orc_ask_failed(o, msg);
}

static void dispatch_message(orc *o, cogo_msg *msg)
{
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (orc_relay(o, msg) || orc_fire_answered(o, msg)) {
        return;
    }
    switch (type) {
    case COGO_MSG_TIMER:
        fire_due(o);
        return;
    case COGO_MSG_DOWN:
        on_down(o, msg);
        return;
    case COGO_MSG_ASK_FAILED:
        on_ask_failed(o, msg);
        return;
    case COGO_MSG_NODE:
        orc_on_linked(o);
        return;
    case COGO_MSG_NAME:
        orc_on_located(o, msg);
        return;
    case MSG_STORE_COMMITTED:
        orc_journal_committed(o, cogo_msg_payload(msg));
        return;
    default:
        break;
    }
    if (o->audit_next.count > 0 && type != MSG_AUDIT) {
        orc_audit_asked(o, msg);
    }
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (handlers[i].type == type) {
            handlers[i].handle(o, msg);
            return;
        }
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    orc *o = state;
    o->ctx = ctx;
    dispatch_message(o, msg);
    orc_settle(o);
    orc_journal_flush_if_due(o);
    arm_timer(o);
    cogo_arena_finish(&o->scratch);
    return COGO_OK;
}

static cogo_err drained(cogo_context *ctx, void *state)
{
    orc *o = state;
    o->ctx = ctx;
    orc_journal_flush(o);
    cogo_arena_finish(&o->scratch);
    return COGO_OK;
}

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static void fill_defaults(orchestrator_config *config)
{
    config->heartbeat_ms = or_default(config->heartbeat_ms, HEARTBEAT_MS);
    config->lease_ms = or_default(config->lease_ms, LEASE_MS);
    config->away_ms = or_default(config->away_ms, WORKER_AWAY_MS);
    config->reattach_ms = or_default(config->reattach_ms, WORKER_REATTACH_MS);
    config->retry_min_ms = or_default(config->retry_min_ms, RETRY_MIN_MS);
    config->retry_max_ms = or_default(config->retry_max_ms, RETRY_MAX_MS);
    config->grace_ms = or_default(config->grace_ms, TIMEOUT_GRACE_MS);
    config->sweep_ms = or_default(config->sweep_ms, SWEEP_MS);
    config->unfinished_limit = or_default(config->unfinished_limit, UNFINISHED_MAX);
}

static void list_known_roles(orc *o)
{
    size_t count = 1;
    for (const contract_worker_type *t = contract_worker_types; t->name != NULL; t++) {
        for (size_t i = 0; t->roles[i] != NULL; i++) {
            count++;
        }
    }
    o->known_roles = orc_alloc((count + 1) * sizeof *o->known_roles);
    size_t at = 0;
    o->known_roles[at++] = "echo";
    for (const contract_worker_type *t = contract_worker_types; t->name != NULL; t++) {
        for (size_t i = 0; t->roles[i] != NULL; i++) {
            o->known_roles[at++] = t->roles[i];
        }
    }
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    orc *o = state;
    o->ctx = ctx;
    o->system = cogo_context_system(ctx);
    o->config = *(const orchestrator_config *)args;
    fill_defaults(&o->config);
    cogo_arena_init(&o->scratch, 0);
    orc_map *const maps[] = {&o->tasks,     &o->workers,   &o->workers_by_monitor,
                             &o->roles,     &o->lines,     &o->workflows,
                             &o->keys,      &o->asks,      &o->runs,
                             &o->relays,    &o->schedules, &o->fires,
                             &o->limits,    &o->gates,     &o->groups,
                             &o->adrift,    &o->stickies,  &o->audit_next,
                             &o->audit_open};
    uint64_t seed[2] = {cogo_system_random(o->system), cogo_system_random(o->system)};
    for (size_t i = 0; i < sizeof maps / sizeof(orc_map *); i++) {
        memcpy(maps[i]->seed, seed, sizeof seed);
    }
    o->next_lease = (o->config.term << 32) + 1;
    list_known_roles(o);
    orc_metrics_init(o);
    if (o->config.term == 0) {
        orc_follow_start(o);
        return COGO_OK;
    }
    o->phase = ORC_RECOVERING;
    cogo_err err = orc_recovery_start(o);
    if (err != COGO_OK) {
        orc_clear(o); // Who does not begin gets no stop().
    }
    return err;
}

/* Frees what the maps hold, in the order in which things lean on each other. */
static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)reason;
    orc *o = state;
    o->ctx = ctx;
    orc_clear(o);
}

static const cogo_behavior behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "orchestrator",
    .state_size_bytes = sizeof(orc),
    .start = start,
    .receive = receive,
    .drained = drained,
    .stop = stop,
};

cogo_err orchestrator_start(cogo_system *system, const orchestrator_config *config,
                            cogo_actor_id *out_id)
{
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &behavior,
                                  .args = config,
                                  .args_size_bytes = sizeof *config};
    return cogo_system_spawn(system, &options, out_id);
}
