/* Workers at the other end of WebSockets: which actor stands for which. */
#include "actors/gateway/outworker.h"
#include "actors/gateway/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SESSION_LEAST = 16 }; /* Bytes of a worker's own secret. */

/* An actor that stands for a worker, with or without a socket. */
typedef struct ws_worker {
    struct ws_worker *next;
    cogo_actor_id actor;
    uint64_t monitor;
    uint64_t exchange; /* 0: its connection is lost; it waits for the worker to come back. */
    char id[OUTWORKER_ID_MAX + 1];
    char session[OUTWORKER_SESSION_SIZE];
} ws_worker;

static ws_worker *find_id(const desk *d, const char *id)
{
    ws_worker *w = d->workers;
    while (w != NULL && strcmp(w->id, id) != 0) {
        w = w->next;
    }
    return w;
}

static void tell(desk *d, cogo_actor_id actor, cogo_msg_type type, uint64_t number, bool packed)
{
    cogo_msg *msg = cogo_msg_create(d->system, type, sizeof(outworker_wire));
    if (msg != NULL) {
        *(outworker_wire *)cogo_msg_payload(msg) =
            (outworker_wire){.exchange = number, .packed = packed};
    }
    (void)cogo_send(d->ctx, actor, msg); /* One that has ended is told of by its monitor. */
}

/* A secret that the worker made up itself, as long as ours is or a little shorter. */
static bool good_session(const char *session)
{
    size_t size = session != NULL ? strlen(session) : 0;
    return size >= SESSION_LEAST && size < OUTWORKER_SESSION_SIZE
           && strspn(session,
                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
                  == size;
}

/* @p session: of its own, or NULL. */
static ws_worker *make(desk *d, const char *id, const char *session)
{
    ws_worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    snprintf(w->id, sizeof w->id, "%s", id);
    if (good_session(session)) {
        memcpy(w->session, session, strlen(session) + 1);
    } else {
        snprintf(w->session, sizeof w->session, "%016llx%016llx",
                 (unsigned long long)cogo_system_random(d->system),
                 (unsigned long long)cogo_system_random(d->system));
    }
    outworker_args args = {.gateway = cogo_self(d->ctx)};
    memcpy(args.id, w->id, sizeof args.id);
    memcpy(args.session, w->session, sizeof args.session);
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &outworker_behavior,
                                  .args = &args,
                                  .args_size_bytes = sizeof args,
                                  .flags = COGO_SPAWN_MONITOR,
                                  .out_monitor = &w->monitor};
    if (cogo_spawn(d->ctx, &options, &w->actor) != COGO_OK) {
        free(w);
        return NULL;
    }
    w->next = d->workers;
    d->workers = w;
    return w;
}

/* The actor for the worker that registers; NULL: refused. */
static ws_worker *take_place(ws_frame *f)
{
    desk *d = f->socket->desk;
    const char *id = json_string_value(json_object_get(f->data, "workerId"));
    const char *session = json_string_value(json_object_get(f->json, "session"));
    if (id == NULL || id[0] == '\0' || strlen(id) > OUTWORKER_ID_MAX) {
        ws_refuse(f, &(problem){.status = 422,
                                .detail = "/data/workerId: 1 to 128 bytes are required."});
        return NULL;
    }
    ws_worker *w = find_id(d, id);
    if (w != NULL && (session == NULL || strcmp(session, w->session) != 0)) {
        ws_refuse(f,
                  &(problem){.status = 409,
                             .code = "WORKER_ID_TAKEN",
                             .detail = "Another worker has this id, or had it seconds ago."});
        return NULL;
    }
    w = w != NULL ? w : make(d, id, session);
    if (w == NULL) {
        ws_refuse(f, &(problem){.status = 503, .detail = "No memory for another worker."});
        return NULL;
    }
    socket_link *old = w->exchange != 0 ? ws_find(d, w->exchange) : NULL;
    w->exchange = f->socket->exchange;
    if (old != NULL && old != f->socket) {
        old->worker = COGO_NO_ACTOR;
        ws_close(old, CODE_REPLACED, "The worker came back on another connection.");
    }
    return w;
}

void ws_worker_frame(ws_frame *f, cogo_msg *msg)
{
    socket_link *s = f->socket;
    desk *d = s->desk;
    bool registers =
        strcmp(json_string_value(json_object_get(f->json, "type")), "register") == 0;
    if (registers) {
        ws_worker *w = take_place(f);
        if (w == NULL) {
            return;
        }
        if (cogo_actor_id_is_set(s->worker) && !cogo_actor_id_equal(s->worker, w->actor)) {
            ws_refuse(f, &(problem){.status = 409, .detail = "One worker per WebSocket."});
            w->exchange = 0;
            return;
        }
        s->worker = w->actor;
        tell(d, w->actor, GATEWAY_MSG_ATTACH, s->exchange, s->packed);
    }
    if (!cogo_actor_id_is_set(s->worker)) {
        ws_refuse(f, &(problem){.status = 409,
                                .code = "NOT_REGISTERED",
                                .detail = "Send a register frame first."});
        return;
    }
    cogo_msg_take(d->ctx, msg);
    (void)cogo_send(d->ctx, s->worker, msg);
}

void ws_worker_gone(socket_link *s)
{
    for (ws_worker *w = s->desk->workers; w != NULL; w = w->next) {
        if (w->exchange == s->exchange) {
            w->exchange = 0;
            tell(s->desk, w->actor, GATEWAY_MSG_ATTACH, 0, false);
        }
    }
}

bool ws_worker_down(desk *d, const cogo_down *down)
{
    for (ws_worker **at = &d->workers; *at != NULL; at = &(*at)->next) {
        ws_worker *w = *at;
        if (w->monitor == down->monitor) {
            socket_link *s = w->exchange != 0 ? ws_find(d, w->exchange) : NULL;
            if (s != NULL) {
                s->worker = COGO_NO_ACTOR; /* It may register anew. */
            }
            *at = w->next;
            free(w);
            return true;
        }
    }
    return false;
}

void ws_worker_out(desk *d, cogo_msg *msg)
{
    const outworker_frame *out = cogo_msg_payload(msg);
    socket_link *s = ws_find(d, out->exchange);
    cogo_record_error error;
    if (s != NULL) {
        ws_send(s, json_parse(out->text, out->size, &error));
    }
}

void ws_worker_end_all(desk *d)
{
    while (d->workers != NULL) {
        ws_worker *next = d->workers->next;
        cogo_demonitor(d->ctx, d->workers->monitor);
        free(d->workers);
        d->workers = next;
    }
}
