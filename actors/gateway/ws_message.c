/* A message of a socket: one frame, checked before anybody gets it. */
#include "actors/gateway/gate.h"
#include "actors/gateway/ws.h"
#include "codec/contract/text.h"

#include <stdio.h>
#include <string.h>

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
                                    .detail = text_print(
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
                                .detail = text_print(
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
    ws_check_token(s);
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
