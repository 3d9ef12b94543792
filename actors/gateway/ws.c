#include "actors/gateway/ws.h"

#include "actors/doors/audit.h"
#include "actors/gateway/gate.h"
#include "actors/gateway/problem.h"
#include "actors/gateway/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROTOCOL_JSON   "cogo.v1+json"
#define PROTOCOL_PACKED "cogo.v1+msgpack"

socket_link *ws_find(const desk *d, uint64_t number)
{
    socket_link *s = d->sockets[number & (SERVER_CONNECTIONS_MAX - 1)];
    return s != NULL && s->exchange == number ? s : NULL;
}

static void forget(socket_link *s)
{
    ws_forget_feeds(s);
    ws_worker_gone(s);
    while (s->asks != NULL) {
        ws_ask *next = s->asks->next;
        free(s->asks);
        s->asks = next;
    }
    s->desk->sockets[s->exchange & (SERVER_CONNECTIONS_MAX - 1)] = NULL;
    s->desk->socket_count--;
    free(s);
}

void ws_close(socket_link *s, frame_code code, const char *reason)
{
    uint8_t bytes[FRAME_HEAD_MAX + FRAME_CONTROL_MAX];
    size_t size = frame_close(bytes, code, reason);
    server_answer(s->desk->server, s->exchange,
                  answer_piece(s->exchange, (const char *)bytes, size, true));
    forget(s);
}

void ws_gone(desk *d, uint64_t number)
{
    socket_link *s = ws_find(d, number);
    if (s != NULL) {
        forget(s);
    }
}

void ws_revoke(desk *d, const char *token_id)
{
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (d->sockets[i] != NULL && strcmp(d->sockets[i]->grant.token_id, token_id) == 0) {
            ws_close(d->sockets[i], CODE_POLICY, "The token was revoked.");
        }
    }
}

void ws_end_all(desk *d)
{
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (d->sockets[i] != NULL) {
            ws_close(d->sockets[i], CODE_GOING_AWAY, "The server is stopping.");
        }
    }
    ws_worker_end_all(d);
}

/* One whole message as bytes for the wire. */
static void send_bytes(socket_link *s, const void *bytes, size_t size)
{
    uint8_t head[FRAME_HEAD_MAX];
    size_t head_size = frame_head(head, s->packed ? FRAME_BINARY : FRAME_TEXT, size);
    char *whole = malloc(head_size + size);
    answer *a = NULL;
    if (whole != NULL) {
        memcpy(whole, head, head_size);
        memcpy(whole + head_size, bytes, size);
        a = answer_piece(s->exchange, whole, head_size + size, false);
        free(whole);
    }
    server_answer(s->desk->server, s->exchange, a);
}

static void on_token(ws_ask *a, cogo_msg *msg)
{
    const token_page *page = cogo_msg_payload(msg);
    desk *d = a->socket->desk;
    grant now;
    if (cogo_msg_type_of(msg) != MSG_TOKEN_PAGE || page->error != NULL) {
        return; /* The next look tells. */
    }
    bool good = page->tokens.count == 1
                && grant_from(page->tokens.items, cogo_system_wall_ms(d->system), &now);
    grants_put(d->grants, a->socket->token_hash, good ? &now : NULL, cogo_now_ns(d->ctx));
    if (!good) {
        ws_close(a->socket, CODE_POLICY, "The token was revoked, or has expired.");
    }
}

/* A token is looked at as often as with requests, while anything goes over its socket. */
static void check_token(socket_link *s)
{
    char hex[TOKEN_HEX_SIZE];
    uint64_t now_ns = cogo_now_ns(s->desk->ctx);
    if (s->grant.token_id[0] == '\0'
        || now_ns - s->checked_ns < GRANT_FRESH_MS * UINT64_C(1000000)) {
        return;
    }
    s->checked_ns = now_ns;
    token_hex(s->token_hash, hex);
    token_list ask = {.hash = hex, .page_size = 1};
    (void)ws_ask_for(s, "", MSG_TOKEN_LIST, &ask, 0, on_token);
}

void ws_send(socket_link *s, json_t *frame)
{
    check_token(s);
    if (s->packed && frame != NULL) {
        cogo_arena arena;
        cogo_value value = {0};
        cogo_arena_init(&arena, 0);
        if (json_to_value(frame, &arena, &value) == COGO_OK) {
            send_bytes(s, value.data, value.size_bytes);
        }
        cogo_arena_finish(&arena);
    } else {
        char *text = frame != NULL ? json_dumps(frame, JSON_COMPACT) : NULL;
        if (text != NULL) {
            send_bytes(s, text, strlen(text));
        } else {
            server_answer(s->desk->server, s->exchange, NULL); /* Ends it. */
        }
        free(text);
    }
    json_decref(frame);
}

static void reply(socket_link *s, const char *id, const char *type, json_t *data)
{
    ws_send(s, json_pack("{s:s, s:s*, s:o*}", "type", type, "id", id[0] != '\0' ? id : NULL,
                         "data", data));
}

void ws_reply(const ws_frame *f, const char *type, json_t *data)
{
    reply(f->socket, f->id, type, data);
}

static void refuse(socket_link *s, const char *id, const problem *p)
{
    problem full = *p;
    full.status = p->status >= 400 && p->status <= 599 ? p->status : 500;
    full.type = p->type != NULL ? p->type : "about:blank";
    full.title = p->title != NULL ? p->title : http_status_text((int)full.status);
    full.code = p->code != NULL ? p->code : problem_code((int)full.status);
    reply(s, id, "problem", problem_to_json(&full));
}

void ws_refuse(const ws_frame *f, const problem *p)
{
    refuse(f->socket, f->id, p);
}

ws_ask *ws_ask_for(socket_link *s, const char *id, cogo_msg_type type, const void *record,
                   cogo_msg_type expected, ws_step step)
{
    desk *d = s->desk;
    /* Reading on for a subscription, or looking at the token, is not the client's to wait for.
     */
    bool full =
        s->ask_count >= WS_ASKS_MAX && type != MSG_TASK_EVENTS && type != MSG_TOKEN_LIST;
    ws_ask *a = full ? NULL : calloc(1, sizeof *a);
    if (a == NULL) {
        refuse(s, id,
               &(problem){.status = 429,
                          .code = "TOO_MANY_FRAMES",
                          .detail = "Too many frames wait for their answers."});
        return NULL;
    }
    *a = (ws_ask){.socket = s, .step = step, .expected = expected};
    snprintf(a->id, sizeof a->id, "%s", id);
    audit_tell(d->ctx, d->system, d->orchestrator, type,
               &(audit_who){.grant = &s->grant,
                            .door = "websocket",
                            .request_id = id[0] != '\0' ? id : NULL});
    if (cogo_ask(d->ctx, d->orchestrator, cogo_msg_create_record(d->system, type, record),
                 EXCHANGE_ASK_MS * UINT64_C(1000000), &a->ask)
        != COGO_OK) {
        free(a);
        refuse(s, id,
               &(problem){.status = 503,
                          .detail = "The orchestrator can't be asked now.",
                          .retry_after_ms = 1000});
        return NULL;
    }
    a->next = s->asks;
    s->asks = a;
    s->ask_count++;
    return a;
}

static ws_ask *take_ask(socket_link *s, uint64_t ask)
{
    for (ws_ask **at = &s->asks; *at != NULL; at = &(*at)->next) {
        if ((*at)->ask == ask) {
            ws_ask *found = *at;
            *at = found->next;
            s->ask_count--;
            return found;
        }
    }
    return NULL;
}

bool ws_answered(desk *d, uint64_t ask, cogo_msg *msg)
{
    ws_ask *a = NULL;
    for (size_t i = 0, seen = 0;
         a == NULL && i < SERVER_CONNECTIONS_MAX && seen < d->socket_count; i++) {
        if (d->sockets[i] != NULL) {
            seen++;
            a = take_ask(d->sockets[i], ask);
        }
    }
    if (a == NULL) {
        return false;
    }
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (type == a->expected || a->expected == 0) {
        a->step(a, msg);
    } else if (type == MSG_PROBLEM) {
        refuse(a->socket, a->id, cogo_msg_payload(msg));
    } else {
        refuse(a->socket, a->id,
               &(problem){.status = 504,
                          .detail = "The orchestrator did not "
                                    "answer."});
    }
    free(a);
    return true;
}

/* The JSON of a message in either encoding. NULL with a sentence in @p error. */
static json_t *parse(const socket_link *s, const door_message_in *in, cogo_record_error *error)
{
    json_t *json = s->packed ? json_from_value(
                       (cogo_value){.data = (const uint8_t *)in->bytes, .size_bytes = in->size})
                             : json_parse(in->bytes, in->size, error);
    if (json != NULL && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
        snprintf(error->detail, sizeof error->detail, "A frame is an object.");
    }
    return json;
}

static const ws_kind *find_kind(const char *type)
{
    for (const ws_kind *k = ws_kinds; k->type != NULL; k++) {
        if (k->scope != 0 && strcmp(k->type, type) == 0) {
            return k;
        }
    }
    return NULL;
}

/* True: a member of the frame that this kind has. */
static bool has_member(const ws_kind *k, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = k->fields; *at != '\0';) {
        size_t length = strcspn(at, " !");
        if (length == size && memcmp(at, name, size) == 0) {
            return true;
        }
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return strcmp(name, "type") == 0 || strcmp(name, "id") == 0
           || (strcmp(name, "data") == 0 && k->data != NULL);
}

static bool check_members(ws_frame *f, const ws_kind *k)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)f->json, name, value)
    {
        if (!has_member(k, name)) {
            ws_refuse(f, &(problem){.status = 422,
                                    .detail = cogo_arena_printf(
                                        &f->arena, "/%.100s: Unknown field of a %s frame.",
                                        name, k->type)});
            return false;
        }
    }
    return true;
}

/* Rights and rate of one frame. */
static bool admit(ws_frame *f, const ws_kind *k)
{
    desk *d = f->socket->desk;
    const grant *g = &f->socket->grant;
    int64_t wait_ms = rates_take(d->socket_rates, grant_bound(g), cogo_now_ns(d->ctx));
    if (wait_ms > 0) {
        ws_refuse(f, &(problem){.status = 429,
                                .code = "RATE_LIMITED",
                                .detail = "More frames come than may, of the tenant or of all.",
                                .retry_after_ms = wait_ms});
    } else if ((g->scopes & k->scope) != k->scope) {
        ws_refuse(f, &(problem){.status = 403,
                                .detail = cogo_arena_printf(&f->arena,
                                                            "The token lacks the scope %s.",
                                                            grant_scope_name(k->scope))});
    } else {
        return check_members(f, k);
    }
    return false;
}

/* False: the grant is over; tokens are looked at again as with every request. */
static bool still_granted(socket_link *s)
{
    const grant *g = &s->grant;
    return g->expires_at == 0 || g->expires_at > cogo_system_wall_ms(s->desk->system);
}

static void take_frame(ws_frame *f, cogo_msg *msg)
{
    const char *type = json_string_value(json_object_get(f->json, "type"));
    const json_t *id = json_object_get(f->json, "id");
    if (id != NULL && json_is_string(id) && json_string_length(id) <= WS_FRAME_ID_MAX) {
        snprintf(f->id, sizeof f->id, "%s", json_string_value(id));
    } else if (id != NULL) {
        ws_refuse(f,
                  &(problem){.status = 422, .detail = "/id: Not a text of up to 128 bytes."});
        return;
    }
    const ws_kind *k = type != NULL ? find_kind(type) : NULL;
    if (k == NULL) {
        ws_refuse(f, &(problem){.status = 422,
                                .code = "UNKNOWN_FRAME",
                                .detail = cogo_arena_printf(
                                    &f->arena, "/type: %.60s is no frame that a client sends.",
                                    type != NULL ? type : "(none)")});
        return;
    }
    f->data = json_object_get(f->json, "data");
    if (!admit(f, k)) {
        return;
    }
    if (k->data != NULL && !json_is_object(f->data)) {
        ws_refuse(f, &(problem){.status = 422, .detail = "/data: An object is required."});
    } else if (k->handle != NULL) {
        k->handle(f);
    } else {
        ws_worker_frame(f, msg);
    }
}

void ws_message(desk *d, cogo_msg *msg)
{
    const door_message_in *in = cogo_msg_payload(msg);
    socket_link *s = ws_find(d, in->exchange);
    cogo_record_error error = {"", "not one MessagePack object"};
    if (s == NULL) {
        return;
    }
    server_credit(d->server, in->exchange);
    d->socket_frames++;
    check_token(s);
    if (!still_granted(s)) {
        ws_close(s, CODE_POLICY, "The token has expired.");
        return;
    }
    if (in->text == s->packed) {
        ws_close(s, CODE_UNSUPPORTED,
                 s->packed ? "cogo.v1+msgpack takes binary messages."
                           : "cogo.v1+json takes text messages.");
        return;
    }
    ws_frame f = {.socket = s, .json = parse(s, in, &error)};
    if (f.json == NULL) {
        ws_close(s, CODE_BAD_TEXT, error.detail);
        return;
    }
    cogo_arena_init(&f.arena, 0);
    take_frame(&f, msg);
    cogo_arena_finish(&f.arena);
    json_decref((json_t *)(uintptr_t)f.json);
}

/* "a, b": is @p word in it? */
static bool lists(const char *text, const char *word)
{
    size_t size = strlen(word);
    while (text != NULL && *text != '\0') {
        text += strspn(text, " \t,");
        size_t length = strcspn(text, " \t,");
        if (length == size && strncasecmp(text, word, size) == 0) {
            return true;
        }
        text += length;
    }
    return false;
}

static void greet(socket_link *s)
{
    ws_send(s,
            json_pack("{s:s, s:{s:s, s:i, s:i, s:i, s:i}}", "type", "hello", "data", "protocol",
                      s->packed ? PROTOCOL_PACKED : PROTOCOL_JSON, "maxMessageBytes",
                      FRAME_MESSAGE_MAX, "pingSeconds", SERVER_PING_SECONDS, "maxSubscriptions",
                      WS_SUBSCRIPTIONS_MAX, "maxUnansweredFrames", WS_ASKS_MAX));
}

static void open_socket(exchange *x, bool packed)
{
    desk *d = x->desk;
    char accept[FRAME_ACCEPT_SIZE];
    size_t slot = x->request->exchange & (SERVER_CONNECTIONS_MAX - 1);
    socket_link *s = calloc(1, sizeof *s);
    if (s == NULL || d->sockets[slot] != NULL) {
        free(s);
        exchange_problem(x, 503, NULL, "No memory for another WebSocket.");
        return;
    }
    frame_accept(x->request->head.headers[REQUEST_SEC_WEBSOCKET_KEY], accept);
    exchange_add_header(x, "Upgrade", "websocket");
    exchange_add_header(x, "Sec-WebSocket-Accept", accept);
    exchange_add_header(x, "Sec-WebSocket-Protocol", packed ? PROTOCOL_PACKED : PROTOCOL_JSON);
    *s = (socket_link){
        .exchange = x->request->exchange, .desk = d, .grant = x->grant, .packed = packed};
    memcpy(s->traceparent, x->traceparent, sizeof s->traceparent);
    memcpy(s->token_hash, x->token_hash, sizeof s->token_hash);
    s->checked_ns = cogo_now_ns(d->ctx);
    d->sockets[slot] = s;
    d->socket_count++;
    exchange_upgrade(x);
    greet(s);
}

void route_ws(exchange *x)
{
    const request_head *head = &x->request->head;
    const char *key = head->headers[REQUEST_SEC_WEBSOCKET_KEY];
    const char *version = head->headers[REQUEST_SEC_WEBSOCKET_VERSION];
    const char *wanted = head->headers[REQUEST_SEC_WEBSOCKET_PROTOCOL];
    bool packed = !lists(wanted, PROTOCOL_JSON);
    if (!lists(head->headers[REQUEST_UPGRADE], "websocket")
        || !lists(head->headers[REQUEST_CONNECTION], "upgrade")
        || head->method != HTTP_METHOD_GET) {
        exchange_add_header(x, "Upgrade", "websocket");
        exchange_problem(x, 426, "UPGRADE_REQUIRED", "This path speaks WebSocket only.");
    } else if (version == NULL || strcmp(version, "13") != 0) {
        exchange_add_header(x, "Sec-WebSocket-Version", "13");
        exchange_problem(x, 426, "UPGRADE_REQUIRED", "Only version 13 of WebSocket is spoken.");
    } else if (key == NULL || !frame_key_valid(key)) {
        exchange_problem(x, 400, NULL, "Sec-WebSocket-Key is not 16 bytes in base64.");
    } else if (packed && !lists(wanted, PROTOCOL_PACKED)) {
        exchange_problem(x, 400, "UNKNOWN_SUBPROTOCOL",
                         "Sec-WebSocket-Protocol: " PROTOCOL_JSON " or " PROTOCOL_PACKED
                         " is needed.");
    } else {
        open_socket(x, packed);
    }
}
