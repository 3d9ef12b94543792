/* Routes of artifacts: what is kept beside a task, as bytes with Range and entity tags. */
#include "actors/gateway/range.h"
#include "actors/gateway/route.h"
#include "codec/contract/artifact.h"
#include "codec/contract/digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is wanted of one, while its bytes are on their way. */
typedef struct wish {
    artifact about; /* Its texts are in the arena. */
    bool as_json;
    bool ranged; /* Some bytes only, from `first` to `last`. */
    int64_t first, last;
    char tag[DIGEST_SIZE + 8]; /* Entity tag, quoted. */
} wish;

static void answer_list(exchange *x, cogo_msg *msg)
{
    const task *t = cogo_msg_payload(msg);
    json_t *list = json_array();
    const artifact *all = t->artifacts.items;
    for (size_t i = 0; i < t->artifacts.count; i++) {
        (void)json_array_append_new(list, json_from_record(&artifact_record, &all[i]));
    }
    exchange_json(x, 200, json_pack("{s:o}", "artifacts", list));
}

void route_artifact_list(exchange *x)
{
    task_get get = {.task_id = x->id};
    exchange_ask(x, MSG_TASK_GET, &get, 0, MSG_TASK, answer_list);
}

/* The bytes that are wanted, of @p size in all. False: answered with 416. */
static bool cut(exchange *x, wish *w, int64_t size)
{
    const char *condition = x->request->head.headers[REQUEST_IF_RANGE];
    const char *range = x->request->head.headers[REQUEST_RANGE];
    bool wanted = condition == NULL || strcmp(condition, w->tag) == 0;
    switch (range_read(wanted ? range : NULL, size, &w->first, &w->last)) {
    case RANGE_ALL:
        return true;
    case RANGE_PART:
        w->ranged = true;
        exchange_add_header(x, "Content-Range",
                            cogo_arena_printf(&x->arena,
                                              "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                                              w->first, w->last, size));
        return true;
    case RANGE_BAD:
        break;
    }
    exchange_add_header(x, "Content-Range",
                        cogo_arena_printf(&x->arena, "bytes */%" PRId64, size));
    exchange_problem(x, 416, NULL, "Range: the artifact has no such bytes.");
    return false;
}

static void give(exchange *x, const wish *w, const void *bytes, size_t size)
{
    exchange_bytes(x, w->ranged ? 206 : 200,
                   w->as_json ? "application/json" : w->about.media_type, bytes, size);
}

static void give_json(exchange *x, wish *w, const uint8_t *bytes, size_t size)
{
    json_t *json = json_from_value((cogo_value){.data = bytes, .size_bytes = size});
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(json);
    if (text == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
    } else if (cut(x, w, (int64_t)strlen(text))) {
        give(x, w, text + w->first, (size_t)(w->last - w->first + 1));
    }
    free(text);
}

static void answer_bytes(exchange *x, cogo_msg *msg)
{
    const artifact_content *content = cogo_msg_payload(msg);
    wish *w = x->data;
    const uint8_t *bytes;
    size_t size;
    if (!artifact_unwrap(content->bytes, &bytes, &size)) {
        exchange_problem(x, 500, NULL, "The store answered something else.");
    } else if (w->as_json) {
        give_json(x, w, bytes, size);
    } else {
        give(x, w, bytes, size);
    }
}

static bool accepts(const exchange *x, const char *media)
{
    const char *accept = x->request->head.headers[REQUEST_ACCEPT];
    return accept != NULL && strstr(accept, media) != NULL;
}

/* Which attempt's; 0: the latest one's. False: answered with a problem. */
static bool read_lease(exchange *x, int64_t *out)
{
    const char *text = query_get(&x->query, "lease");
    *out = 0;
    if (text != NULL && !query_number(text, 0, INT64_MAX, out)) {
        exchange_invalid(x, "lease", "Not the lease of an attempt.");
        return false;
    }
    return true;
}

static const artifact *choose(const task *t, const char *name, int64_t lease)
{
    const artifact *all = t->artifacts.items;
    for (size_t i = 0; i < t->artifacts.count && lease > 0; i++) {
        if (all[i].lease == lease && strcmp(all[i].name, name) == 0) {
            return &all[i];
        }
    }
    return lease > 0 ? NULL : artifact_of(t, name);
}

static bool keep_wish(exchange *x, const artifact *about)
{
    wish *w = cogo_arena_alloc(&x->arena, sizeof *w);
    if (w == NULL) {
        return false;
    }
    *w = (wish){.about = *about};
    w->about.name = cogo_arena_strdup(&x->arena, about->name);
    w->about.sha256 = cogo_arena_strdup(&x->arena, about->sha256);
    w->about.media_type = cogo_arena_strdup(&x->arena, about->media_type);
    w->as_json = strcmp(about->media_type, MEDIA_VALUE) == 0 && !accepts(x, MEDIA_VALUE);
    snprintf(w->tag, sizeof w->tag, "\"%.64s%s\"", about->sha256, w->as_json ? "-json" : "");
    x->data = w;
    return w->about.name != NULL && w->about.sha256 != NULL && w->about.media_type != NULL;
}

static void choose_bytes(exchange *x, cogo_msg *msg)
{
    int64_t lease = 0;
    (void)read_lease(x, &lease); // Was good before.
    const artifact *about = choose(cogo_msg_payload(msg), x->part, lease);
    if (about == NULL) {
        exchange_problem(x, 404, "ARTIFACT_NOT_FOUND",
                         "The task has no artifact of this name.");
        return;
    }
    if (!keep_wish(x, about)) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    wish *w = x->data;
    exchange_add_header(x, "ETag", w->tag);
    exchange_add_header(x, "Accept-Ranges", "bytes");
    exchange_add_header(x, "Vary", "Accept");
    exchange_add_header(x, "Content-Disposition", "attachment");
    if (range_tag_in(x->request->head.headers[REQUEST_IF_NONE_MATCH], w->tag)) {
        exchange_bytes(x, 304, NULL, "", 0);
        return;
    }
    artifact_get get = {.task_id = x->id, .sha256 = w->about.sha256};
    if (!w->as_json) {
        if (!cut(x, w, w->about.size)) {
            return;
        }
        get.offset = w->first;
        get.size = w->last - w->first + 1;
    }
    if (x->request->head.method == HTTP_METHOD_HEAD && !w->as_json) {
        give(x, w, NULL, (size_t)get.size);
        return;
    }
    exchange_ask(x, MSG_ARTIFACT_GET, &get, 0, MSG_ARTIFACT, answer_bytes);
}

void route_artifact_get(exchange *x)
{
    int64_t lease;
    task_get get = {.task_id = x->id};
    if (read_lease(x, &lease)) {
        exchange_ask(x, MSG_TASK_GET, &get, 0, MSG_TASK, choose_bytes);
    }
}

static void answer_stored(exchange *x, cogo_msg *msg)
{
    const artifact_content *content = cogo_msg_payload(msg);
    exchange_add_header(x, "Location", x->request->head.path);
    exchange_record(x, 201, &artifact_record, content->about);
}

static bool is_media_type(const char *text)
{
    size_t size = strlen(text);
    const char *slash = strchr(text, '/');
    for (size_t i = 0; i < size; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return slash != NULL && slash != text && slash[1] != '\0' && size <= 128;
}

/* An output as a value, whatever it came as. False: answered with a problem. */
static bool read_output(exchange *x, const char *type, cogo_value *out)
{
    cogo_record_error error = {"", ""};
    const door_request *r = x->request;
    json_t *json = NULL;
    if (strcasecmp(type, MEDIA_VALUE) == 0) {
        *out = (cogo_value){.data = (const uint8_t *)r->body, .size_bytes = r->body_size};
        json = r->body_size == 0 ? NULL : json_from_value(*out);
        if (json == NULL) {
            exchange_problem(x, 400, "MALFORMED_BODY",
                             "The body is not one MessagePack value.");
        }
    } else if (strncasecmp(type, "application/json", strlen("application/json")) == 0) {
        json = json_parse(r->body, r->body_size, &error);
        if (json == NULL) {
            exchange_problem(x, 400, "MALFORMED_JSON", error.detail);
        } else if (json_to_value(json, &x->arena, out) != COGO_OK || out->size_bytes == 0) {
            exchange_invalid(x, "", "The output is null, or nested too deep.");
        }
    } else {
        exchange_problem(x, 415, NULL, "An output is application/json or application/msgpack.");
    }
    json_decref(json);
    return !x->answered;
}

void route_artifact_put(exchange *x)
{
    const door_request *r = x->request;
    const char *type = r->head.headers[REQUEST_CONTENT_TYPE];
    char hash[DIGEST_SIZE];
    artifact about = {.name = x->part, .sha256 = hash, .media_type = type};
    cogo_value body = {.data = (const uint8_t *)r->body, .size_bytes = r->body_size};
    if (type == NULL) {
        about.media_type = type = "application/octet-stream";
    }
    if (!read_lease(x, &about.lease)) {
        return;
    }
    if (about.lease == 0) {
        exchange_invalid(x, "lease", "It is required: an attempt stores what it makes.");
    } else if (!artifact_name_valid(x->part) || strcmp(x->part, ARTIFACT_CONTEXT) == 0) {
        exchange_invalid(x, "name",
                         "1 to 128 of letters, digits, '.', '-' and '_', not beginning with "
                         "'.', and not context.");
    } else if (!is_media_type(type)) {
        exchange_problem(x, 415, NULL, "Content-Type: not a media type.");
    } else if (strcmp(x->part, ARTIFACT_OUTPUT) == 0) {
        about.media_type = MEDIA_VALUE;
        (void)read_output(x, type, &body);
    }
    if (x->answered) {
        return;
    }
    digest_hex(body.data, body.size_bytes, hash);
    about.size = (int64_t)body.size_bytes;
    artifact_content content = {.about = &about,
                                .bytes = artifact_wrap(body.data, body.size_bytes, &x->arena)};
    artifact_put put = {.task_id = x->id, .content = &content};
    exchange_ask(x, MSG_ARTIFACT_PUT, &put, 0, MSG_ARTIFACT, answer_stored);
}
