#include "actors/gateway/asyncapi.h"

#include "actors/doors/streams.h"
#include "actors/gateway/ws.h"

#include <cogo/system.h>

#include <stdio.h>
#include <string.h>

static json_t *ref(const char *to, const char *name)
{
    char text[160];
    snprintf(text, sizeof text, "#/%s/%s", to, name);
    return json_pack("{s:s}", "$ref", text);
}

static bool is_number(const char *name, size_t size)
{
    return (size == 5 && memcmp(name, "after", 5) == 0)
           || (size == 8 && memcmp(name, "sequence", 8) == 0);
}

/* The members of a frame besides type, id and data. */
static void add_fields(const ws_kind *k, json_t *properties, json_t *required)
{
    for (const char *at = k->fields; *at != '\0';) {
        size_t size = strcspn(at, " !");
        bool is_data = size == 4 && memcmp(at, "data", 4) == 0;
        bool is_bool = size == 8 && memcmp(at, "replayed", 8) == 0;
        (void)json_object_setn_new(properties, at, size,
                                   json_pack("{s:s}", "type",
                                             is_data               ? "object"
                                             : is_bool             ? "boolean"
                                             : is_number(at, size) ? "integer"
                                                                   : "string"));
        if (at[size] == '!' || is_data) {
            (void)json_array_append_new(required, json_stringn(at, size));
        }
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
}

static json_t *payload(const ws_kind *k)
{
    json_t *properties = json_pack("{s:{s:s}, s:{s:s, s:i}}", "type", "const", k->type, "id",
                                   "type", "string", "maxLength", WS_FRAME_ID_MAX);
    json_t *required = json_pack("[s]", "type");
    if (k->data != NULL) {
        (void)json_object_set_new(properties, "data", ref("components/schemas", k->data->name));
        (void)json_array_append_new(required, json_string("data"));
    }
    add_fields(k, properties, required);
    return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required",
                     required);
}

/* CloudEvents 1.0, as write_event() of ws_client.c sends them. */
static json_t *event_message(void)
{
    return json_pack(
        "{s:s, s:s, s:{s:s, s:{s:{s:s}, s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, "
        "s:{s:s, s:i}, s:{}}, s:[s,s,s,s,s]}}",
        "name", "event", "summary",
        "One thing that happened to a task, as a CloudEvent; progress has no sequence.",
        "payload", "type", "object", "properties", "specversion", "const", "1.0", "type",
        "type", "string", "pattern", "^cogo\\.task\\.", "id", "type", "string", "source",
        "type", "string", "subject", "type", "string", "datacontenttype", "type", "string",
        "time", "type", "string", "sequence", "type", "integer", "minimum", 1, "data",
        "required", "specversion", "type", "id", "source", "subject");
}

static void add_message(json_t *messages, json_t *components, const char *name, json_t *message)
{
    (void)json_object_set_new(components, name, message);
    (void)json_object_set_new(messages, name, ref("components/messages", name));
}

/* One stream of the Redis door: an entry has these fields, all of them texts. */
static void add_stream(json_t *document, const char *name, const char *address,
                       const char *action, const char *summary, const char *const *fields)
{
    char entry[64], to[160];
    json_t *properties = json_object(), *messages = json_object();
    json_t *components = json_object_get(json_object_get(document, "components"), "messages");
    for (; *fields != NULL; fields++) {
        (void)json_object_set_new(properties, *fields, json_pack("{s:s}", "type", "string"));
    }
    snprintf(entry, sizeof entry, "%s_entry", name);
    add_message(messages, components, entry,
                json_pack("{s:s, s:s, s:{s:s, s:o}}", "name", entry, "summary", summary,
                          "payload", "type", "object", "properties", properties));
    (void)json_object_set_new(json_object_get(document, "channels"), name,
                              json_pack("{s:s, s:s, s:o}", "address", address, "description",
                                        summary, "messages", messages));
    snprintf(to, sizeof to, "channels/%s/messages", name);
    (void)json_object_set_new(json_object_get(document, "operations"), name,
                              json_pack("{s:s, s:o, s:[o]}", "action", action, "channel",
                                        ref("channels", name), "messages", ref(to, entry)));
}

static void add_streams(json_t *document)
{
    static const char *const in[] = {"data", "key", "token", "traceparent", NULL};
    static const char *const out[] = {"type",     "entry", "taskId", "sequence",
                                      "replayed", "data",  NULL};
    static const char *const dead[] = {"entry", "field", "code",        "detail",
                                       "data",  "key",   "traceparent", NULL};
    add_stream(document, "instructions", STREAM_IN, "receive",
               "Redis stream: data is an instruction as JSON or MessagePack.", in);
    add_stream(document, "results", STREAM_OUT, "send",
               "Redis stream: type is accepted, refused, the type of an event, or result; data "
               "is a task, a problem or an event as JSON.",
               out);
    add_stream(document, "deadletters", STREAM_DEAD, "send",
               "Redis stream: entries that were refused, and which field is why.", dead);
}

json_t *asyncapi_document(void)
{
    json_t *schemas = json_object(), *components = json_object(), *messages = json_object();
    json_t *received = json_array(), *sent = json_array();
    for (const ws_kind *k = ws_kinds; k->type != NULL; k++) {
        char scope[64];
        snprintf(scope, sizeof scope, "Needs the scope %s.", grant_scope_name(k->scope));
        if (k->data != NULL && json_object_get(schemas, k->data->name) == NULL) {
            (void)json_object_set_new(schemas, k->data->name, json_schema_of(k->data));
        }
        add_message(messages, components, k->type,
                    json_pack("{s:s, s:s, s:s*, s:o}", "name", k->type, "summary", k->summary,
                              "description", k->scope != 0 ? scope : NULL, "payload",
                              payload(k)));
        (void)json_array_append_new(k->scope != 0 ? received : sent,
                                    ref("channels/socket/messages", k->type));
    }
    add_message(messages, components, "event", event_message());
    (void)json_array_append_new(sent, ref("channels/socket/messages", "event"));
    json_t *document = json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:s, s:{s:{s:s, s:s, s:o}}, s:{s:{s:s, s:{s:s}, s:o}, s:{s:s, "
        "s:{s:s}, s:o}}, s:{s:o, s:o, s:{s:{s:s, s:s}}}}",
        "asyncapi", "3.0.0", "info", "title", "cogo WebSocket and Redis Streams", "version",
        cogo_version(), "description",
        "Subprotocols cogo.v1+json (text messages) and cogo.v1+msgpack (binary messages) carry "
        "the same frames. The token goes into the Authorization header of the upgrade.",
        "defaultContentType", "application/json", "channels", "socket", "address", "/v1/ws",
        "description", "One WebSocket.", "messages", messages, "operations", "receive",
        "action", "receive", "channel", "$ref", "#/channels/socket", "messages", received,
        "send", "action", "send", "channel", "$ref", "#/channels/socket", "messages", sent,
        "components", "schemas", schemas, "messages", components, "securitySchemes", "bearer",
        "type", "http", "scheme", "bearer");
    add_streams(document);
    return document;
}
