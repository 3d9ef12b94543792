#include "actors/gateway/door.h"
#include "actors/gateway/outworker_inside.h"
#include "actors/gateway/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void send_text(outworker *o, const char *text)
{
    size_t size = strlen(text);
    cogo_msg *msg =
        cogo_msg_create(o->system, GATEWAY_MSG_FRAME, sizeof(outworker_frame) + size);
    if (msg != NULL) {
        outworker_frame *f = cogo_msg_payload(msg);
        f->exchange = o->exchange;
        f->size = size;
        memcpy(f->text, text, size);
    }
    (void)cogo_send(o->ctx, o->who.gateway, msg); /* Gone: its monitor tells. */
}

void outworker_deliver(outworker *o, json_t *frame)
{
    if (o->exchange == 0 && frame != NULL) {
        if (json_array_size(o->kept) >= OUTWORKER_KEPT_MAX) {
            cogo_exit(o->ctx, COGO_EXIT_SHUTDOWN, "too much waits for the worker");
        }
        (void)json_array_append_new(o->kept, frame);
        return;
    }
    char *text = frame != NULL ? json_dumps(frame, JSON_COMPACT) : NULL;
    json_decref(frame);
    if (text == NULL) {
        cogo_exit(o->ctx, COGO_EXIT_ERROR, "out of memory");
        return;
    }
    send_text(o, text);
    free(text);
}

void outworker_deliver_kept(outworker *o)
{
    size_t i;
    json_t *frame;
    json_t *kept = o->kept;
    o->kept = json_array();
    json_array_foreach(kept, i, frame)
    {
        outworker_deliver(o, json_incref(frame));
    }
    json_decref(kept);
}

void outworker_reply(outworker *o, const char *type, const char *id, json_t *data)
{
    outworker_deliver(o, json_pack("{s:s, s:s*, s:o*}", "type", type, "id",
                                   id != NULL && id[0] != '\0' ? id : NULL, "data", data));
}

void outworker_refuse(outworker *o, const char *id, int64_t status, const char *code,
                      const char *detail)
{
    problem p = problem_fill(&(problem){.status = status, .code = code, .detail = detail});
    outworker_reply(o, "problem", id, problem_to_json(&p));
}

/* What "data" of @p json is as @p type; NULL: refused. */
static const void *read_data(outworker *o, const json_t *json, const char *id,
                             const cogo_record *type, cogo_arena *arena)
{
    cogo_record_error error = {"", ""};
    const void *record = NULL;
    char detail[400];
    if (json_to_record(type, json_object_get(json, "data"), 0, arena, &record, &error)
        == COGO_OK) {
        return record;
    }
    snprintf(detail, sizeof detail, "/data%.150s: %.200s", error.pointer, error.detail);
    outworker_refuse(o, id, 422, "VALIDATION_FAILED", detail);
    return NULL;
}

static void take_progress(outworker *o, const instruction_progress *said)
{
    instruction_progress mine = *said;
    mine.worker_id = o->who.id;
    outlead_forward(o, MSG_INSTRUCTION_PROGRESS, &mine);
}

static void take_frame(outworker *o, const json_t *json, cogo_arena *arena)
{
    const char *type = json_string_value(json_object_get(json, "type"));
    const char *id = json_string_value(json_object_get(json, "id"));
    const void *record = NULL;
    if (strcmp(type, "register") == 0) {
        snprintf(o->frame_id, sizeof o->frame_id, "%s", id != NULL ? id : "");
        record = read_data(o, json, id, &worker_register_record, arena);
        if (record != NULL) {
            outlead_register(o, record);
        }
    } else if (!o->welcomed && strcmp(type, "result") != 0) {
        outworker_refuse(o, id, 409, "NOT_REGISTERED", "The worker is not registered yet.");
    } else if (strcmp(type, "heartbeat") == 0) {
        outlead_beat(o); /* Not needed: as long as the connection lives, so does the worker. */
    } else if (strcmp(type, "drain") == 0) {
        o->draining = true;
        outlead_beat(o);
        outworker_reply(o, "drained", id, NULL);
    } else if (strcmp(type, "deregister") == 0) {
        worker_command leave = {.worker_id = o->who.id};
        outlead_forward(o, MSG_WORKER_DEREGISTER, &leave);
        outworker_reply(o, "removed", id, NULL);
        cogo_exit(o->ctx, COGO_EXIT_NORMAL, "the worker left");
    } else if (strcmp(type, "progress") == 0) {
        record = read_data(o, json, id, &instruction_progress_record, arena);
        if (record != NULL) {
            take_progress(o, record);
        }
    } else if (strcmp(type, "spend") == 0) {
        record = read_data(o, json, id, &budget_ask_record, arena);
        if (record != NULL) {
            outspend_ask(o, id, record);
        }
    } else if (strcmp(type, "result") == 0) {
        record = read_data(o, json, id, &instruction_result_record, arena);
        if (record != NULL) {
            outlead_result(o, record);
        }
    }
}

static void on_socket(outworker *o, const door_message_in *in)
{
    cogo_record_error error;
    cogo_arena arena;
    if (in->exchange != o->exchange) {
        return; /* Of a connection that was replaced. */
    }
    json_t *json = o->packed ? json_from_value(
                       (cogo_value){.data = (const uint8_t *)in->bytes, .size_bytes = in->size})
                             : json_parse(in->bytes, in->size, &error);
    if (json == NULL) {
        return; /* The gateway has read it before: memory. The worker repeats itself. */
    }
    cogo_arena_init(&arena, 0);
    take_frame(o, json, &arena);
    cogo_arena_finish(&arena);
    json_decref(json);
}

static void on_attach(outworker *o, const outworker_wire *wire)
{
    o->exchange = wire->exchange;
    o->packed = wire->packed;
    if (o->away_timer != 0) {
        cogo_timer_cancel(o->ctx, o->away_timer);
        o->away_timer = 0;
    }
    if (o->exchange == 0
        && cogo_timer_start(o->ctx, OUTWORKER_AWAY_MS * UINT64_C(1000000), 0, TIMER_AWAY,
                            &o->away_timer)
               != COGO_OK) {
        cogo_exit(o->ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    outworker *o = state;
    *o = (outworker){.ctx = ctx, .system = cogo_context_system(ctx), .kept = json_array()};
    memcpy(&o->who, args, sizeof o->who);
    return o->kept == NULL ? COGO_ENOMEM
                           : cogo_monitor(ctx, o->who.gateway, &o->gateway_monitor);
}

/* What reaches the worker has begun: it says no more of that. While it is away an offer is
 * lost: the worker will not name it, so it is made again. */
static void on_offer(outworker *o, const instruction_offer *offer)
{
    instruction_cancel started = {.task_id = offer->instruction->task_id,
                                  .lease = offer->lease};
    if (o->exchange == 0) {
        return;
    }
    outlead_hold(o, started.task_id, offer->lease);
    outworker_reply(o, "offer", NULL, json_from_record(&instruction_offer_record, offer));
    outlead_forward(o, MSG_INSTRUCTION_STARTED, &started);
}

/* From the orchestrator to the worker. */
static void on_order(outworker *o, cogo_msg *msg)
{
    const void *record = cogo_msg_payload(msg);
    switch (cogo_msg_type_of(msg)) {
    case MSG_INSTRUCTION_OFFER:
        on_offer(o, record);
        break;
    case MSG_INSTRUCTION_CANCEL:
        outlead_release(o, ((const instruction_cancel *)record)->lease);
        outworker_reply(o, "stop", NULL, json_from_record(&instruction_cancel_record, record));
        break;
    case MSG_RESULT_ACK:
        outlead_release(o, ((const instruction_cancel *)record)->lease);
        outworker_reply(o, "ack", NULL, json_from_record(&instruction_cancel_record, record));
        break;
    case MSG_WORKER_DRAIN:
        o->draining = true;
        outworker_reply(o, "drained", NULL, NULL);
        break;
    case MSG_WORKER_REMOVE:
        outworker_reply(o, "removed", NULL, NULL);
        cogo_exit(o->ctx, COGO_EXIT_NORMAL, "the worker was removed");
        break;
    default:
        break; /* Nothing else is meant for a worker. */
    }
}

static void on_timer(outworker *o, uint64_t cookie)
{
    if (cookie == TIMER_AWAY && o->exchange == 0) {
        cogo_exit(o->ctx, COGO_EXIT_SHUTDOWN, "the worker did not come back");
    } else if (cookie == TIMER_LOOK) {
        outlead_look(o);
    } else if (cookie == TIMER_BEAT && o->exchange != 0) {
        outlead_beat(o);
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    outworker *o = state;
    o->ctx = ctx;
    if (cogo_msg_ask(msg) != 0) {
        if (!outspend_answer(o, msg)) {
            outlead_answer(o, msg);
        }
        return COGO_OK;
    }
    switch (cogo_msg_type_of(msg)) {
    case GATEWAY_MSG_ATTACH:
        on_attach(o, cogo_msg_payload(msg));
        break;
    case GATEWAY_MSG_SOCKET:
        on_socket(o, cogo_msg_payload(msg));
        break;
    case COGO_MSG_TIMER:
        on_timer(o, ((const cogo_timer_fired *)cogo_msg_payload(msg))->cookie);
        break;
    case COGO_MSG_DOWN:
        if (((const cogo_down *)cogo_msg_payload(msg))->monitor == o->gateway_monitor) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the gateway has ended");
        } else if (((const cogo_down *)cogo_msg_payload(msg))->monitor == o->monitor) {
            outlead_lost(o); /* The worker need not know. */
        }
        break;
    default:
        on_order(o, msg);
        break;
    }
    return COGO_OK;
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    outworker *o = state;
    (void)ctx;
    (void)reason;
    outlead_finish(o);
    json_decref(o->kept);
}

const cogo_behavior outworker_behavior = {.struct_size = sizeof(cogo_behavior),
                                          .name = "outworker",
                                          .state_size_bytes = sizeof(outworker),
                                          .start = start,
                                          .receive = receive,
                                          .stop = stop};
