#include "actors/gateway/openapi.h"

#include "actors/gateway/route.h"
#include "actors/gateway/submit.h"
#include "codec/json/json.h"

#include <cogo/system.h>

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static json_t *schema_ref(const cogo_record *type)
{
    char ref[128];
    snprintf(ref, sizeof ref, "#/components/schemas/%s", type->name);
    return json_pack("{s:s}", "$ref", ref);
}

/* The record itself, or an object with a list of it. */
static json_t *shape(const cogo_record *type, const char *list, json_t *item)
{
    (void)type;
    return list == NULL
               ? item
               : json_pack("{s:s, s:{s:{s:s, s:o}}, s:[s]}", "type", "object", "properties",
                           list, "type", "array", "items", item, "required", list);
}

static json_t *success(const route *r)
{
    if (r->gives == NULL && r->media == NULL) {
        return json_pack("{s:s}", "description", http_status_text(r->status));
    }
    if (r->gives == NULL) {
        return json_pack("{s:s, s:{s:{}}}", "description", http_status_text(r->status),
                         "content", r->media);
    }
    bool batch =
        (r->takes_list != NULL && r->gives_list != NULL) || (r->flags & ROUTE_EACH) != 0;
    json_t *item = batch ? json_pack("{s:[o,o]}", "oneOf", schema_ref(r->gives),
                                     schema_ref(&problem_record))
                         : schema_ref(r->gives);
    json_t *body = shape(r->gives, r->gives_list, item);
    if (r->gives_list != NULL && strstr(r->parameters, "pageToken") != NULL) {
        (void)json_object_set_new(json_object_get(body, "properties"), "nextPageToken",
                                  json_pack("{s:s}", "type", "string"));
    }
    json_t *content = json_pack("{s:{s:o}}", "application/json", "schema", body);
    if ((r->flags & ROUTE_EVENTS) != 0) {
        (void)json_object_set_new(content, "text/event-stream",
                                  json_pack("{s:{s:s}}", "schema", "type", "string"));
    }
    return json_pack("{s:s, s:o}", "description", http_status_text(r->status), "content",
                     content);
}

/* What a parameter may be, by its name; any text where nothing is told, as far as
 * request_decode() takes it. */
static json_t *parameter_schema(const char *name, size_t size, const char *in)
{
    const char *text = strcmp(in, "path") == 0 ? "^[^/\\u0000-\\u001F\\u007F]+$"
                                               : "^[^\\u0000-\\u001F\\u007F]*$";
    static const struct {
        const char *name, *pattern;
        int least, most;
    } known[] = {
        {"wait", "^([0-9]{1,5}(ms)?|[1-5]?[0-9]{1,2}s|[0-9]m)$", 0, 0},
        {"Idempotency-Key", "^[ -~]{1,255}$", 0, 0},
        {"tenant", "^[a-z0-9_][a-z0-9_-]{0,62}$", 0, 0},
        {"pageSize", NULL, 1, 1000},
        {"limit", NULL, 1, 1000},
        {"after", NULL, 0, INT_MAX},
        {"Last-Event-ID", NULL, 0, INT_MAX},
        {"lease", NULL, 1, INT_MAX},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) != size || memcmp(known[i].name, name, size) != 0) {
            continue;
        }
        return known[i].pattern != NULL
                   ? json_pack("{s:s, s:s}", "type", "string", "pattern", known[i].pattern)
                   : json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", known[i].least,
                               "maximum", known[i].most);
    }
    return json_pack("{s:s, s:s}", "type", "string", "pattern", text);
}

static json_t *parameter(const char *name, size_t size, const char *in, const char *description)
{
    return json_pack("{s:s%, s:s, s:b, s:s, s:o}", "name", name, size, "in", in, "required",
                     strcmp(in, "path") == 0, "description", description, "schema",
                     parameter_schema(name, size, in));
}

static const char *describe(const char *name, size_t size)
{
    static const char *const texts[][2] = {
        {"wait", "How long to wait, for example 500ms, 30s or 2m."},
        {"state", "Only this state; may be repeated."},
        {"role", "Only this role; may be repeated."},
        {"workflow", "Only tasks of this workflow."},
        {"tenant", "Whose it is, for tokens of all tenants; absent: nobody's in particular."},
        {"pageSize", "Items per page, 1 to 1000; default 50."},
        {"pageToken", "nextPageToken of the page before."},
        {"after", "Only events with a greater sequence."},
        {"limit", "Events per page, 1 to 1000."},
        {"reason", "Why, for people."},
        {"by", "Who decides, for people."},
        {"note", "What they say about it, for people."},
        {"action", "Only this action, such as task.cancel."},
        {"subject", "Only what was done to this id or name."},
        {"tokenId", "Only what was done with this token."},
        {"lease", "Of the attempt; needed to store, else the latest one's counts."},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strlen(texts[i][0]) == size && memcmp(texts[i][0], name, size) == 0) {
            return texts[i][1];
        }
    }
    return "";
}

static json_t *parameters(const route *r)
{
    json_t *list = json_array();
    for (const char *open = r->path; (open = strchr(open, '{')) != NULL; open++) {
        (void)json_array_append_new(
            list, parameter(open + 1, strcspn(open + 1, "}"), "path", "Which one."));
    }
    for (const char *at = r->parameters; *at != '\0'; at += *at == ' ') {
        size_t size = strcspn(at, " ");
        (void)json_array_append_new(list, parameter(at, size, "query", describe(at, size)));
        at += size;
    }
    if ((r->flags & ROUTE_KEYED) != 0) {
        (void)json_array_append_new(
            list, parameter("Idempotency-Key", 15, "header",
                            "The same key and body get the same answer; another body 422."));
    }
    if ((r->flags & ROUTE_EVENTS) != 0) {
        (void)json_array_append_new(
            list, parameter("Last-Event-ID", 13, "header", "Where a broken stream goes on."));
    }
    return list;
}

/* "POST /v1/tasks/{id}:cancel" -> "postV1TasksIdCancel". */
static void operation_id(const route *r, char out[128])
{
    size_t at = 0;
    bool upper = false;
    for (const char *m = http_method_name(r->method); *m != '\0'; m++) {
        out[at++] = (char)tolower((unsigned char)*m);
    }
    for (const char *p = r->path; *p != '\0' && at < 127; p++) {
        if (!isalnum((unsigned char)*p)) {
            upper = true;
        } else {
            out[at++] = upper ? (char)toupper((unsigned char)*p) : *p;
            upper = false;
        }
    }
    out[at] = '\0';
}

/* What a client sends as JSON. */
static json_t *json_body(const route *r)
{
    json_t *item = schema_ref(r->takes);
    if (r->takes_list != NULL && r->gives_list != NULL) {
        item = json_pack("{s:[o, {s:s}]}", "anyOf", item, "description",
                         "Anything else gets a problem in its place of the answer.");
    }
    json_t *body = shape(r->takes, r->takes_list, item);
    json_t *list = r->takes_list != NULL
                       ? json_object_get(json_object_get(body, "properties"), r->takes_list)
                       : NULL;
    if (list != NULL) {
        (void)json_object_set_new(list, "minItems", json_integer(1));
        (void)json_object_set_new(list, "maxItems",
                                  json_integer(r->gives == &workflow_record
                                                   ? SUBMIT_WORKFLOW_MAX
                                                   : SUBMIT_BATCH_MAX));
        (void)json_object_set_new(body, "additionalProperties", json_false());
    }
    if (r->gives == &workflow_record) {
        (void)json_object_set_new(
            json_object_get(body, "properties"), "name",
            json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength", 256));
    }
    return json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json",
                     "schema", body);
}

static json_t *operation(const route *r)
{
    char id[128];
    char status[8];
    operation_id(r, id);
    snprintf(status, sizeof status, "%d", r->status);
    json_t *refusal =
        json_pack("{s:s, s:{s:{s:o}}}", "description", "A problem; its code says which.",
                  "content", "application/problem+json", "schema", schema_ref(&problem_record));
    json_t *op = json_pack("{s:s, s:s, s:o, s:{s:o, s:o}}", "operationId", id, "summary",
                           r->summary, "parameters", parameters(r), "responses", status,
                           success(r), "default", refusal);
    if (r->status == 202 && strstr(r->parameters, "wait") != NULL) {
        (void)json_object_set_new(json_object_get(op, "responses"), "200", success(r));
    }
    if (r->takes != NULL) {
        (void)json_object_set_new(op, "requestBody", json_body(r));
    }
    if ((r->flags & ROUTE_BYTES) != 0) {
        (void)json_object_set_new(op, "requestBody",
                                  json_pack("{s:b, s:{s:{s:{s:s, s:s}}}}", "required", 1,
                                            "content", "application/octet-stream", "schema",
                                            "type", "string", "format", "binary"));
    }
    if ((r->flags & ROUTE_OPEN) != 0) {
        (void)json_object_set_new(op, "security", json_pack("[{}]"));
    }
    return op;
}

static void add_path(json_t *paths, const route *r)
{
    char method[16];
    size_t i = 0;
    for (const char *m = http_method_name(r->method); *m != '\0' && i < 15; m++) {
        method[i++] = (char)tolower((unsigned char)*m);
    }
    method[i] = '\0';
    json_t *item = json_object_get(paths, r->path);
    if (item == NULL) {
        item = json_object();
        (void)json_object_set_new(paths, r->path, item);
    }
    (void)json_object_set_new(item, method, operation(r));
}

static void add_schema(json_t *schemas, const cogo_record *type)
{
    if (type != NULL && json_object_get(schemas, type->name) == NULL) {
        (void)json_object_set_new(schemas, type->name, json_schema_of(type));
    }
}

json_t *openapi_document(void)
{
    json_t *paths = json_object();
    json_t *schemas = json_object();
    add_schema(schemas, &problem_record);
    for (const route *r = route_table; r->path != NULL; r++) {
        add_path(paths, r);
        add_schema(schemas, r->takes);
        add_schema(schemas, r->gives);
    }
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:[{s:[]}, {}], s:{s:o, s:{s:{s:s, s:s}}}}",
                     "openapi", "3.1.0", "info", "title", "cogo", "version", cogo_version(),
                     "description",
                     "Takes tasks, gives them to role workers, answers with their results.",
                     "paths", paths, "security", "bearer", "components", "schemas", schemas,
                     "securitySchemes", "bearer", "type", "http", "scheme", "bearer");
}
