/* Entries of the stream: each becomes a task, or a dead letter that says why not. An entry is
 * in our hands from its delivery to its acknowledgement; when the connection is lost before
 * that, it is claimed again, submitted again, and its key finds the same task. */
#include "actors/doors/audit.h"
#include "actors/doors/key.h"
#include "actors/queue/room.h"
#include "codec/contract/failpoint.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)
enum { SENT_MAX = 12 }; /* Fields of a dead letter that are shown as they came. */

/* What is wrong with an entry, for whoever sent it. */
typedef struct refusal {
    int64_t status;
    const char *code, *field, *detail;
} refusal;

static void advance(queue *q, item *i);

static void item_free(queue *q, item *i)
{
    q->item_count--;
    q->item_bytes -= i->size;
    free(i->data);
    free(i->key);
    memset(i, 0, sizeof *i);
}

void intake_forget(queue *q)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (q->items[i].stage != ITEM_FREE) {
            item_free(q, &q->items[i]);
        }
    }
}

size_t intake_room(const queue *q)
{
    size_t most = q->careful ? 1 : ITEMS_MAX;
    bool busy = wire_busy(&q->writer) || (q->careful && q->writer.kinds_count > 0);
    return busy || q->item_count >= most || q->item_bytes >= ITEMS_BYTES_MAX
                   || q->followed_count + q->item_count >= FOLLOWED_MAX
               ? 0
               : most - q->item_count;
}

/* The last word about an entry: it is gone with the transaction that says so. */
static void put_end(queue *q, const char *id)
{
    command ack = {0}, del = {0};
    COMMAND(&ack, "XACK", STREAM_IN, STREAM_GROUP, id);
    batch_put(q, &ack);
    COMMAND(&del, "XDEL", STREAM_IN, id);
    batch_put(q, &del);
}

static char *problem_text(const refusal *why, const char *id)
{
    field_problem field = {.pointer = why->field, .detail = why->detail};
    problem p = {.type = "about:blank",
                 .title = "The entry was refused",
                 .status = why->status,
                 .code = why->code,
                 .detail = why->detail,
                 .instance = id,
                 .errors = {.items = &field, .count = 1}};
    json_t *json = json_from_record(&problem_record, &p);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* What was sent, as far as it is known, without its token. */
static void add_sent(command *dead, const item *i)
{
    if (i->key != NULL) {
        COMMAND(dead, "key", i->key);
    }
    if (i->trace[0] != '\0') {
        COMMAND(dead, "traceparent", i->trace);
    }
    if (i->data != NULL) {
        command_add(dead, "data");
        command_bytes(dead, i->data, i->size);
    }
}

/* The same of an entry that could not be read. */
static void add_fields(command *dead, const redisReply *fields, char names[SENT_MAX][64])
{
    size_t used = 0;
    for (size_t f = 0; f + 1 < fields->elements && used < SENT_MAX; f += 2) {
        if (strcmp(fields->element[f]->str, "token") != 0) {
            snprintf(names[used], sizeof names[used], "sent.%s", fields->element[f]->str);
            command_add(dead, names[used++]);
            command_bytes(dead, fields->element[f + 1]->str,
                          (size_t)fields->element[f + 1]->len);
        }
    }
}

/* The entry goes to the dead letters: @p i, or @p fields as they came; both may be NULL. */
static void put_refused(queue *q, const char *id, const item *i, const redisReply *fields,
                        const refusal *why)
{
    command dead = {0}, told = {0};
    char names[SENT_MAX][64];
    char *text = problem_text(why, id);
    COMMAND(&dead, "XADD", STREAM_DEAD, "MAXLEN", "~", q->dead_keep, "*", "entry", id, "field",
            why->field, "code", why->code, "detail", why->detail);
    if (fields != NULL) {
        add_fields(&dead, fields, names);
    } else if (i != NULL) {
        add_sent(&dead, i);
    }
    batch_put(q, &dead);
    COMMAND(&told, "XADD", STREAM_OUT, "MAXLEN", "~", q->keep, "*", "type", "refused", "entry",
            id, "data", text != NULL ? text : "{}");
    batch_put(q, &told);
    put_end(q, id);
    free(text);
    q->refused++;
}

static void refuse(queue *q, item *i, const refusal *why)
{
    put_refused(q, i->id, i, NULL, why);
    item_free(q, i);
}

void intake_skip(queue *q, const char *id)
{
    refusal why = {413, "TOO_LARGE", "data", "The entry is too large to be read."};
    q->careful = false;
    if (id != NULL) {
        put_refused(q, id, NULL, NULL, &why);
    }
}

/* Tried again after @p after_ms, or after a while. */
static void postpone(queue *q, item *i, int64_t after_ms)
{
    int64_t most = (int64_t)RETRY_MIN_MS << (i->tries < 6 ? i->tries : 6);
    most = most < RETRY_MAX_MS ? most : RETRY_MAX_MS;
    int64_t wait_ms =
        after_ms > 0
            ? after_ms
            : most / 2 + (int64_t)(cogo_system_random(q->system) % (uint64_t)(most / 2));
    uint64_t timer;
    i->stage = ITEM_WAITS;
    i->ask = 0;
    i->tries += after_ms <= 0;
    i->due_ns = cogo_now_ns(q->ctx) + (uint64_t)wait_ms * NS_PER_MS;
    if (!q->retry_armed
        && cogo_timer_start(q->ctx, (uint64_t)wait_ms * NS_PER_MS, 0, TIMER_RETRY, &timer)
               != COGO_OK) {
        cogo_exit(q->ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
    q->retry_armed = true;
}

void intake_retry(queue *q)
{
    uint64_t now_ns = cogo_now_ns(q->ctx), next_ns = UINT64_MAX, timer;
    q->retry_armed = true; /* Not armed by those that wait on. */
    for (size_t k = 0; k < ITEMS_MAX; k++) {
        item *i = &q->items[k];
        if (i->stage == ITEM_WAITS && i->due_ns <= now_ns) {
            advance(q, i);
        }
        if (i->stage == ITEM_WAITS && i->due_ns < next_ns) {
            next_ns = i->due_ns;
        }
    }
    q->retry_armed = next_ns != UINT64_MAX;
    if (q->retry_armed
        && cogo_timer_start(q->ctx, next_ns > now_ns ? next_ns - now_ns : 1, 0, TIMER_RETRY,
                            &timer)
               != COGO_OK) {
        cogo_exit(q->ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

/* JSON begins with a brace, a MessagePack map with a byte that text can't begin with. */
static json_t *parse(const item *i, cogo_record_error *error)
{
    bool packed = i->size > 0 && (uint8_t)i->data[0] >= 0x80;
    json_t *json = packed ? json_from_value(
                       (cogo_value){.data = (const uint8_t *)i->data, .size_bytes = i->size})
                          : json_parse(i->data, i->size, error);
    if (packed && json == NULL) {
        snprintf(error->detail, sizeof error->detail, "Not one MessagePack object.");
    } else if (json != NULL && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
        snprintf(error->detail, sizeof error->detail, "Not an object.");
    }
    return json;
}

/* False: refused. */
static bool make_submit(queue *q, item *i, const grant *g, task_submit *out, cogo_arena *arena)
{
    cogo_record_error error = {"", ""};
    const void *one = NULL;
    char id_key[ENTRY_ID_SIZE + 8];
    json_t *json = parse(i, &error);
    cogo_err err = json == NULL ? COGO_EDECODE
                                : json_to_record(&instruction_record, json, COGO_RECORD_STRICT,
                                                 arena, &one, &error);
    if (err != COGO_OK) {
        json_decref(json);
        const char *field = cogo_arena_printf(arena, "data%s", error.pointer);
        refuse(
            q, i,
            &(refusal){422, "VALIDATION_FAILED", field != NULL ? field : "data", error.detail});
        return false;
    }
    /* No client's key begins with this byte. */
    snprintf(id_key, sizeof id_key, "\x02%s", i->id);
    *out = (task_submit){.instructions = {.items = one, .count = 1},
                         .atomic = true,
                         .tenant = grant_tenant(g),
                         .traceparent = i->trace[0] != '\0' ? i->trace : NULL};
    char *body = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    const char *key = cogo_arena_strdup(arena, i->key != NULL ? i->key : id_key);
    bool put = body != NULL && key != NULL && key_put(out, key, body, strlen(body), arena);
    free(body);
    json_decref(json);
    if (!put) {
        postpone(q, i, 0);
    }
    return put;
}

/* The low half of the trace id; 0: none. */
static uint64_t trace_of(const item *i)
{
    char low[17] = "";
    if (i->trace[0] != '\0') {
        memcpy(low, i->trace + 19, 16);
    }
    return strtoull(low, NULL, 16);
}

static void submit(queue *q, item *i, const grant *g)
{
    cogo_arena arena;
    task_submit what;
    cogo_arena_init(&arena, 0);
    if (make_submit(q, i, g, &what, &arena)) {
        cogo_msg *msg = cogo_msg_create_record(q->system, MSG_TASK_SUBMIT, &what);
        if (msg != NULL) {
            cogo_msg_set_trace(msg, trace_of(i));
        }
        i->stage = ITEM_SUBMITS;
        audit_tell(q->ctx, q->system, q->orchestrator, MSG_TASK_SUBMIT,
                   &(audit_who){.grant = g, .door = "redis"});
        if (cogo_ask(q->ctx, q->orchestrator, msg, ASK_MS * NS_PER_MS, &i->ask) != COGO_OK) {
            postpone(q, i, 0);
        }
    }
    cogo_arena_finish(&arena);
}

/* The one gate of this door: who sent the entry is known. */
static void admit(queue *q, item *i, const grant *g)
{
    refusal why = {401, "UNAUTHORIZED", "token",
                   "The token is not one of this server, or not any more."};
    bool expired =
        g != NULL && g->expires_at != 0 && g->expires_at <= cogo_system_wall_ms(q->system);
    if (g == NULL || expired) {
        refuse(q, i, &why);
        return;
    }
    if ((g->scopes & SCOPE_SUBMIT) == 0) {
        why.status = 403;
        why.code = "FORBIDDEN";
        why.detail = "The token lacks the scope submit.";
        refuse(q, i, &why);
        return;
    }
    int64_t wait_ms = rates_take(&q->rates, grant_bound(g), cogo_now_ns(q->ctx));
    if (wait_ms > 0) {
        postpone(q, i, wait_ms); /* Whoever waits in a stream has time. */
    } else {
        submit(q, i, g);
    }
}

static void look_up(queue *q, item *i)
{
    uint64_t now_ns = cogo_now_ns(q->ctx);
    const grants_item *known = grants_find(&q->grants, i->hash, now_ns);
    char hex[TOKEN_HEX_SIZE];
    if (known != NULL) {
        admit(q, i, known->good ? &known->grant : NULL);
        return;
    }
    int64_t wait_ms =
        grants_knows(&q->grants, i->hash) ? 0 : rates_take_lookup(&q->rates, now_ns);
    if (wait_ms > 0) {
        postpone(q, i, wait_ms);
        return;
    }
    token_hex(i->hash, hex);
    token_list what = {.hash = hex, .page_size = 1};
    i->stage = ITEM_ASKS_TOKEN;
    if (cogo_ask(q->ctx, q->orchestrator,
                 cogo_msg_create_record(q->system, MSG_TOKEN_LIST, &what), ASK_MS * NS_PER_MS,
                 &i->ask)
        != COGO_OK) {
        postpone(q, i, 0);
    }
}

static void advance(queue *q, item *i)
{
    grant all = grant_all();
    switch (i->verdict) {
    case TOKEN_ALL:
        admit(q, i, &all);
        break;
    case TOKEN_LOOK_UP:
        look_up(q, i);
        break;
    case TOKEN_MISSING:
        refuse(q, i,
               &(refusal){401, "UNAUTHORIZED", "token",
                          "A token is needed: in the entry, or that of the door."});
        break;
    case TOKEN_UNKNOWN:
        admit(q, i, NULL);
        break;
    }
}

static void on_token(queue *q, item *i, cogo_msg *msg)
{
    const token_page *page = cogo_msg_payload(msg);
    grant g;
    if (cogo_msg_type_of(msg) != MSG_TOKEN_PAGE || page->error != NULL) {
        postpone(q, i, 0);
        return;
    }
    bool good = page->tokens.count == 1
                && grant_from(page->tokens.items, cogo_system_wall_ms(q->system), &g);
    grants_put(&q->grants, i->hash, good ? &g : NULL, cogo_now_ns(q->ctx));
    admit(q, i, good ? &g : NULL);
}

/* The task is on disk. */
static void on_task(queue *q, item *i, const task *t, bool replayed)
{
    command told = {0};
    json_t *json = json_from_record(&task_record, t);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL) {
        postpone(q, i, 0);
        return;
    }
    failpoint("queue.durable");
    COMMAND(&told, "XADD", STREAM_OUT, "MAXLEN", "~", q->keep, "*", "type", "accepted", "entry",
            i->id, "taskId", t->task_id, "replayed", replayed ? "true" : "false", "data", text);
    batch_put(q, &told);
    free(text);
    follow_task(q, t->task_id, i->id, 0);
    put_end(q, i->id);
    q->accepted += !replayed;
    q->replayed += replayed;
    item_free(q, i);
}

/* "/instructions/0/role" is "data/role" of the entry. */
static void on_problem(queue *q, item *i, const problem *p)
{
    static const char prefix[] = "/instructions/0";
    const field_problem *first = p->errors.count > 0 ? p->errors.items : NULL;
    const char *pointer = first != NULL && first->pointer != NULL ? first->pointer : "";
    bool key = p->code != NULL && strcmp(p->code, "IDEMPOTENCY_KEY_REUSED") == 0;
    bool ours = strncmp(pointer, prefix, sizeof prefix - 1) == 0;
    char field[200];
    if (p->status == 503 || p->status == 504 || p->status == 429) {
        postpone(q, i, p->retry_after_ms);
        return;
    }
    snprintf(field, sizeof field, "%s%s", key ? "key" : "data",
             ours ? pointer + sizeof prefix - 1 : "");
    refuse(q, i,
           &(refusal){p->status, p->code != NULL ? p->code : "REFUSED", field,
                      p->detail != NULL ? p->detail : "The task was refused."});
}

static void on_submitted(queue *q, item *i, cogo_msg *msg)
{
    const task_submitted *said = cogo_msg_payload(msg);
    if (cogo_msg_type_of(msg) == MSG_PROBLEM) {
        on_problem(q, i, cogo_msg_payload(msg));
    } else if (cogo_msg_type_of(msg) != MSG_TASK_SUBMITTED || said->items.count != 1) {
        postpone(q, i, 0); /* Whether it was taken is not known: its key will tell. */
    } else {
        const submit_item *one = said->items.items;
        if (one->task != NULL) {
            on_task(q, i, one->task, said->replayed);
        } else if (one->problem != NULL) {
            on_problem(q, i, one->problem);
        } else {
            postpone(q, i, 0);
        }
    }
}

bool intake_answered(queue *q, uint64_t ask, cogo_msg *msg)
{
    for (size_t k = 0; k < ITEMS_MAX; k++) {
        item *i = &q->items[k];
        if (i->ask == ask && i->stage == ITEM_ASKS_TOKEN) {
            on_token(q, i, msg);
            return true;
        }
        if (i->ask == ask && i->stage == ITEM_SUBMITS) {
            on_submitted(q, i, msg);
            return true;
        }
    }
    return false;
}

/* What a field of the entry says. False: @p *why is what is wrong with it. */
static bool take_field(queue *q, item *i, const char *name, const redisReply *value,
                       refusal *why)
{
    bool plain = strlen(value->str) == (size_t)value->len;
    why->field = name;
    if (strcmp(name, "data") == 0) {
        why->detail = "An instruction has at most 1 MiB, once.";
        if (value->len > ENTRY_MAX || i->data != NULL) {
            return false;
        }
        i->size = (size_t)value->len;
        i->data = malloc(i->size + 1);
        if (i->data != NULL) {
            memcpy(i->data, value->str, i->size + 1);
        } else {
            cogo_exit(q->ctx, COGO_EXIT_ERROR,
                      "out of memory"); /* Nothing is refused for it. */
        }
        return true;
    }
    if (strcmp(name, "key") == 0) {
        why->detail = "A key has 1 to 255 printable ASCII characters.";
        if (!plain || !key_valid(value->str) || i->key != NULL) {
            return false;
        }
        i->key = strdup(value->str);
        return true;
    }
    if (strcmp(name, "token") == 0) {
        why->detail = "Not a token.";
        i->verdict = token_check(&q->rule, value->str, i->hash);
        return plain;
    }
    why->detail = strcmp(name, "traceparent") == 0
                      ? "Not a W3C traceparent."
                      : "Unknown field: data, key, token, traceparent.";
    if (strcmp(name, "traceparent") != 0 || value->len != 55
        || strspn(value->str, "0123456789abcdef-") != 55) {
        return false;
    }
    memcpy(i->trace, value->str, sizeof i->trace);
    return true;
}

static bool in_hand(const queue *q, const char *id)
{
    for (size_t k = 0; k < ITEMS_MAX; k++) {
        if (q->items[k].stage != ITEM_FREE && strcmp(q->items[k].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void take_entry(queue *q, const char *id, const redisReply *fields)
{
    size_t k = 0;
    while (k < ITEMS_MAX && q->items[k].stage != ITEM_FREE) {
        k++;
    }
    if (k == ITEMS_MAX || strlen(id) >= ENTRY_ID_SIZE || in_hand(q, id)) {
        return; /* What has no place is claimed later. */
    }
    item *i = &q->items[k];
    *i = (item){.stage = ITEM_WAITS, .verdict = q->door_verdict};
    snprintf(i->id, sizeof i->id, "%s", id);
    memcpy(i->hash, q->door_hash, sizeof i->hash);
    refusal why = {.status = 422, .code = "VALIDATION_FAILED"};
    bool good = true;
    for (size_t f = 0; f + 1 < fields->elements && good; f += 2) {
        good = take_field(q, i, fields->element[f]->str, fields->element[f + 1], &why);
    }
    q->item_count++;
    q->item_bytes += i->size;
    if (good && i->data == NULL) {
        why.field = "data";
        why.detail = "An instruction is required.";
        good = false;
    }
    if (good) {
        advance(q, i);
    } else {
        put_refused(q, i->id, i, fields, &why);
        item_free(q, i);
    }
}

void intake_entries(queue *q, const redisReply *entries)
{
    for (size_t e = 0; e < entries->elements && q->writer.state != WIRE_DOWN; e++) {
        const redisReply *entry = entries->element[e];
        if (entry->type == REDIS_REPLY_ARRAY && entry->elements == 2
            && entry->element[0]->str != NULL) {
            bool deleted = entry->element[1]->type != REDIS_REPLY_ARRAY;
            if (deleted) {
                put_end(q, entry->element[0]->str);
            } else {
                take_entry(q, entry->element[0]->str, entry->element[1]);
            }
        }
    }
}
