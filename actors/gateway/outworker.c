#include "actors/gateway/outworker.h"

#include "actors/gateway/door.h"
#include "actors/gateway/problem.h"
#include "codec/contract/messages.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORCHESTRATOR "orchestrator" /* The name of the one that leads. */
#define ASK_NS       UINT64_C(10000000000)

enum { TIMER_AWAY = 1 };

typedef struct outworker {
    outworker_args who;
    cogo_context *ctx;
    cogo_system *system;
    uint64_t exchange; /* 0: the worker is away. */
    bool packed;
    cogo_actor_id orchestrator;
    uint64_t monitor, gateway_monitor; /* Of the two. */
    uint64_t ask, away_timer;
    bool registered;
    char frame_id[129]; /* Of the register frame. */
    json_t *kept;       /* Frames for a worker that is away. */
} outworker;

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

/* Takes @p frame. */
static void deliver(outworker *o, json_t *frame)
{
    if (o->exchange == 0 && frame != NULL) {
        const char *type = json_string_value(json_object_get(frame, "type"));
        if (strcmp(type, "offer") == 0) {
            json_decref(frame); /* The worker will not name it: it is offered again. */
            return;
        }
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

static void reply(outworker *o, const char *type, const char *id, json_t *data)
{
    deliver(o, json_pack("{s:s, s:s*, s:o*}", "type", type, "id",
                         id != NULL && id[0] != '\0' ? id : NULL, "data", data));
}

static void refuse(outworker *o, const char *id, int64_t status, const char *code,
                   const char *detail)
{
    problem p = {.type = "about:blank",
                 .title = http_status_text((int)status),
                 .status = status,
                 .code = code,
                 .detail = detail};
    reply(o, "problem", id, problem_to_json(&p));
}

static void send_status(outworker *o, bool draining)
{
    worker_agent_status status = {
        .agent_id = o->who.id, .status = WORKER_IDLE, .draining = draining};
    (void)cogo_send(o->ctx, o->orchestrator,
                    cogo_msg_create_record(o->system, MSG_WORKER_STATUS, &status));
}

static void begin_register(outworker *o, const worker_register *as)
{
    worker_register mine = *as;
    mine.worker_id = o->who.id;
    mine.slots = as->slots > 0 ? as->slots : 1;
    o->orchestrator = cogo_name_find(o->system, ORCHESTRATOR);
    if (!cogo_actor_id_is_set(o->orchestrator)) {
        refuse(o, o->frame_id, 503, "NO_LEADER",
               "The orchestrator of this door does not lead: connect to another one's.");
        return;
    }
    if (cogo_ask(o->ctx, o->orchestrator,
                 cogo_msg_create_record(o->system, MSG_WORKER_REGISTER, &mine), ASK_NS, &o->ask)
        != COGO_OK) {
        o->ask = 0;
        refuse(o, o->frame_id, 503, "UNAVAILABLE", "The orchestrator can't be asked now.");
    }
}

static void forward(outworker *o, cogo_msg_type type, const void *record)
{
    (void)cogo_send(o->ctx, o->orchestrator, cogo_msg_create_record(o->system, type, record));
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
    refuse(o, id, 422, "VALIDATION_FAILED", detail);
    return NULL;
}

static void take_result(outworker *o, const instruction_result *said)
{
    instruction_result mine = *said;
    mine.worker_id = o->who.id;
    forward(o, MSG_INSTRUCTION_RESULT, &mine);
}

static void take_progress(outworker *o, const instruction_progress *said)
{
    instruction_progress mine = *said;
    mine.worker_id = o->who.id;
    forward(o, MSG_INSTRUCTION_PROGRESS, &mine);
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
            begin_register(o, record);
        }
    } else if (!o->registered) {
        refuse(o, id, 409, "NOT_REGISTERED", "The worker is not registered yet.");
    } else if (strcmp(type, "heartbeat") == 0) {
        send_status(o, false);
    } else if (strcmp(type, "drain") == 0) {
        send_status(o, true);
        reply(o, "drained", id, NULL);
    } else if (strcmp(type, "deregister") == 0) {
        worker_command leave = {.worker_id = o->who.id};
        forward(o, MSG_WORKER_DEREGISTER, &leave);
        reply(o, "removed", id, NULL);
        cogo_exit(o->ctx, COGO_EXIT_NORMAL, "the worker left");
    } else if (strcmp(type, "started") == 0) {
        record = read_data(o, json, id, &instruction_cancel_record, arena);
        if (record != NULL) {
            forward(o, MSG_INSTRUCTION_STARTED, record);
        }
    } else if (strcmp(type, "progress") == 0) {
        record = read_data(o, json, id, &instruction_progress_record, arena);
        if (record != NULL) {
            take_progress(o, record);
        }
    } else if (strcmp(type, "result") == 0) {
        record = read_data(o, json, id, &instruction_result_record, arena);
        if (record != NULL) {
            take_result(o, record);
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

/* What happened while it was away follows the welcome. */
static void on_welcome(outworker *o, const worker_welcome *welcome)
{
    size_t i;
    json_t *frame;
    json_t *kept = o->kept;
    o->kept = json_array();
    if (o->monitor != 0) {
        cogo_demonitor(o->ctx, o->monitor);
    }
    o->registered = cogo_monitor(o->ctx, o->orchestrator, &o->monitor) == COGO_OK;
    deliver(o, json_pack("{s:s, s:s*, s:s, s:o}", "type", "welcome", "id",
                         o->frame_id[0] != '\0' ? o->frame_id : NULL, "session", o->who.session,
                         "data", json_from_record(&worker_welcome_record, welcome)));
    json_array_foreach(kept, i, frame)
    {
        deliver(o, json_incref(frame));
    }
    json_decref(kept);
}

static void on_answer(outworker *o, cogo_msg *msg)
{
    if (cogo_msg_ask(msg) != o->ask) {
        return;
    }
    o->ask = 0;
    if (cogo_msg_type_of(msg) == MSG_WORKER_WELCOME) {
        on_welcome(o, cogo_msg_payload(msg));
    } else if (cogo_msg_type_of(msg) == MSG_PROBLEM) {
        reply(o, "problem", o->frame_id, problem_to_json(cogo_msg_payload(msg)));
    } else {
        refuse(o, o->frame_id, 503, "UNAVAILABLE", "The orchestrator did not answer.");
    }
    if (!o->registered) {
        cogo_exit(o->ctx, COGO_EXIT_NORMAL, "not registered");
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

/* From the orchestrator to the worker. */
static void on_order(outworker *o, cogo_msg *msg)
{
    const void *record = cogo_msg_payload(msg);
    switch (cogo_msg_type_of(msg)) {
    case MSG_INSTRUCTION_OFFER:
        reply(o, "offer", NULL, json_from_record(&instruction_offer_record, record));
        break;
    case MSG_INSTRUCTION_CANCEL:
        reply(o, "stop", NULL, json_from_record(&instruction_cancel_record, record));
        break;
    case MSG_RESULT_ACK:
        reply(o, "ack", NULL, json_from_record(&instruction_cancel_record, record));
        break;
    case MSG_WORKER_DRAIN:
        reply(o, "drained", NULL, NULL);
        break;
    case MSG_WORKER_REMOVE:
        reply(o, "removed", NULL, NULL);
        cogo_exit(o->ctx, COGO_EXIT_NORMAL, "the worker was removed");
        break;
    default:
        break; /* Nothing else is meant for a worker. */
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    outworker *o = state;
    o->ctx = ctx;
    if (cogo_msg_ask(msg) != 0) {
        on_answer(o, msg);
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
        if (o->exchange == 0) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the worker did not come back");
        }
        break;
    case COGO_MSG_DOWN: /* Of the gateway or of the orchestrator: the worker registers anew. */
        reply(o, "removed", NULL, NULL);
        cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the orchestrator or the gateway has ended");
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
    json_decref(o->kept);
}

const cogo_behavior outworker_behavior = {.struct_size = sizeof(cogo_behavior),
                                          .name = "outworker",
                                          .state_size_bytes = sizeof(outworker),
                                          .start = start,
                                          .receive = receive,
                                          .stop = stop};
