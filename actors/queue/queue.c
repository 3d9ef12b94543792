#include "actors/queue/room.h"

#include <cogo/system.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    queue **mine = state;
    uint64_t timer;
    memcpy(mine, args, sizeof *mine);
    (*mine)->ctx = ctx;
    return cogo_timer_start(ctx, 1, TICK_MS * UINT64_C(1000000), TIMER_TICK, &timer);
}

/* Once a node leads, it does until it ends. */
static void look_for_lead(queue *q)
{
    events_follow all = {.task_id = NULL};
    if (!q->open
        || !cogo_actor_id_equal(cogo_name_find(q->system, QUEUE_LEADER), q->orchestrator)) {
        return;
    }
    (void)cogo_send(q->ctx, q->orchestrator,
                    cogo_msg_create_record(q->system, MSG_EVENTS_FOLLOW, &all));
    session_connect(q);
}

static void on_timer(queue *q, uint64_t cookie)
{
    if (cookie == TIMER_TICK && q->phase == STANDING_BY) {
        look_for_lead(q);
    } else if (cookie == TIMER_TICK) {
        session_tick(q);
    } else if (cookie == TIMER_CONNECT && q->phase == AWAY) {
        session_connect(q);
    } else if (cookie == TIMER_RETRY) {
        intake_retry(q);
    }
}

static void on_io(queue *q, const cogo_io_ready *ready)
{
    wire_ready(ready->cookie == WIRE_READER ? &q->reader : &q->writer, ready);
}

static void on_answer(queue *q, uint64_t ask, cogo_msg *msg)
{
    if (ask == q->resolve_ask) {
        session_resolved(q, msg);
    } else if (!intake_answered(q, ask, msg)) {
        (void)follow_answered(q, ask, msg);
    }
}

static void on_message(queue *q, cogo_msg *msg)
{
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_TIMER:
        on_timer(q, ((const cogo_timer_fired *)cogo_msg_payload(msg))->cookie);
        break;
    case COGO_MSG_IO:
        on_io(q, cogo_msg_payload(msg));
        break;
    case MSG_EVENT:
        follow_event(q, cogo_msg_payload(msg));
        break;
    case QUEUE_MSG_OPEN:
        q->open = true;
        if (q->phase == STANDING_BY) {
            look_for_lead(q);
        }
        break;
    case MSG_METRICS_READ:
        report_metrics(q, msg);
        break;
    case MSG_HEALTH_READ:
        report_health(q, msg);
        break;
    default:
        break; /* Foreign. */
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    queue *q = *(queue **)state;
    q->ctx = q->reader.ctx = q->writer.ctx = ctx;
    if (cogo_msg_ask(msg) != 0) {
        on_answer(q, cogo_msg_ask(msg), msg);
    } else {
        on_message(q, msg);
    }
    if (q->batch_count > BATCH_MAX) {
        batch_end(q); /* Between two messages: what belongs together is in. */
    }
    return COGO_OK;
}

static cogo_err drained(cogo_context *ctx, void *state)
{
    queue *q = *(queue **)state;
    q->ctx = q->reader.ctx = q->writer.ctx = ctx;
    session_pump(q);
    return COGO_OK;
}

static void destroy(queue *q)
{
    intake_forget(q);
    follow_forget(q);
    explicit_bzero(&q->address, sizeof q->address);
    free(q);
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    queue *q = *(queue **)state;
    (void)reason;
    if (q != NULL) {
        q->reader.ctx = q->writer.ctx = ctx;
        q->reader.watch = q->writer.watch = 0; /* Gone by now. */
        wire_close(&q->reader);
        wire_close(&q->writer);
        destroy(q);
    }
}

static const cogo_behavior behavior = {.struct_size = sizeof(cogo_behavior),
                                       .name = "redis",
                                       .state_size_bytes = sizeof(queue *),
                                       .start = start,
                                       .receive = receive,
                                       .drained = drained,
                                       .stop = stop};

static bool take_config(queue *q, const queue_config *c, char error[256])
{
    if (!address_parse(c->url, &q->address, error)
        || !token_rule_init(&q->rule, c->token, error)
        || !rates_init(&q->rates, c->tenant_rates, "redis", error)) {
        return false;
    }
    if (c->token == NULL && !address_is_local(&q->address)) {
        snprintf(error, 256,
                 "REDIS_URL is not on this machine: COGO_API_TOKEN must be set, or everybody "
                 "who reaches that Redis could submit");
        return false;
    }
    if (q->consumer[0] == '\0') {
        snprintf(q->consumer, sizeof q->consumer, "%s",
                 c->consumer != NULL && c->consumer[0] != '\0' ? c->consumer : "cogo");
    }
    snprintf(q->keep, sizeof q->keep, "%lld",
             (long long)(c->keep > 0 ? c->keep : KEEP_DEFAULT));
    snprintf(q->dead_keep, sizeof q->dead_keep, "%d", DEAD_KEEP);
    q->required = c->required;
    q->orchestrator = c->orchestrator;
    q->door_verdict = token_check(&q->rule, c->door_token, q->door_hash);
    return true;
}

cogo_err queue_start(cogo_system *system, const queue_config *config, cogo_actor_id *out_id,
                     char error[256])
{
    static const cogo_type types[] = {
        {sizeof(cogo_type), QUEUE_MSG_ADDRESSES, "queue.addresses", NULL},
        {sizeof(cogo_type), QUEUE_MSG_OPEN, "queue.open", NULL}};
    queue *q = calloc(1, sizeof *q);
    if (q == NULL) {
        snprintf(error, 256, "out of memory");
        return COGO_ENOMEM;
    }
    q->system = system;
    if (!take_config(q, config, error)) {
        destroy(q);
        return COGO_EINVAL;
    }
    session_init(q);
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &behavior,
                                  .args = &q,
                                  .args_size_bytes = sizeof q,
                                  .name = QUEUE_NAME};
    cogo_err err = cogo_type_register(system, &types[0]);
    err = err == COGO_OK ? cogo_type_register(system, &types[1]) : err;
    err = err == COGO_OK ? cogo_system_spawn(system, &options, out_id) : err;
    if (err != COGO_OK) {
        snprintf(error, 256, "the Redis door did not start: %s", cogo_strerror(err));
        destroy(q);
    }
    return err;
}

void queue_open(cogo_system *system, cogo_actor_id door)
{
    (void)cogo_system_send(system, door, cogo_msg_create(system, QUEUE_MSG_OPEN, 0));
}
