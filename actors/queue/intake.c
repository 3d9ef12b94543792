/* Entries of the stream: each becomes a task, or a dead letter that says why not. An entry is
 * in our hands from its delivery to its acknowledgement; when the connection is lost before
 * that, it is claimed again, submitted again, and its key finds the same task. */
#include "actors/queue/intake.h"

#include "actors/doors/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void advance(queue *q, item *i);

void intake_free(queue *q, item *i)
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
            intake_free(q, &q->items[i]);
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

void intake_postpone(queue *q, item *i, int64_t after_ms)
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

/* The one gate of this door: who sent the entry is known. */
static void admit(queue *q, item *i, const grant *g)
{
    refusal why = {401, "UNAUTHORIZED", "token",
                   "The token is not one of this server, or not any more."};
    bool expired =
        g != NULL && g->expires_at != 0 && g->expires_at <= cogo_system_wall_ms(q->system);
    if (g == NULL || expired) {
        intake_refuse(q, i, &why);
        return;
    }
    if ((g->scopes & SCOPE_SUBMIT) == 0) {
        why.status = 403;
        why.code = "FORBIDDEN";
        why.detail = "The token lacks the scope submit.";
        intake_refuse(q, i, &why);
        return;
    }
    int64_t wait_ms = rates_take(&q->rates, grant_bound(g), cogo_now_ns(q->ctx));
    if (wait_ms > 0) {
        intake_postpone(q, i, wait_ms); /* Whoever waits in a stream has time. */
    } else {
        intake_submit(q, i, g);
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
        intake_postpone(q, i, wait_ms);
        return;
    }
    token_hex(i->hash, hex);
    token_list what = {.hash = hex, .page_size = 1};
    i->stage = ITEM_ASKS_TOKEN;
    if (cogo_ask(q->ctx, q->orchestrator,
                 cogo_msg_create_record(q->system, MSG_TOKEN_LIST, &what), ASK_MS * NS_PER_MS,
                 &i->ask)
        != COGO_OK) {
        intake_postpone(q, i, 0);
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
        intake_refuse(q, i,
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
        intake_postpone(q, i, 0);
        return;
    }
    bool good = page->tokens.count == 1
                && grant_from(page->tokens.items, cogo_system_wall_ms(q->system), &g);
    grants_put(&q->grants, i->hash, good ? &g : NULL, cogo_now_ns(q->ctx));
    admit(q, i, good ? &g : NULL);
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
            intake_submitted(q, i, msg);
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
        intake_put_refused(q, i->id, i, fields, &why);
        intake_free(q, i);
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
                intake_put_end(q, entry->element[0]->str);
            } else {
                take_entry(q, entry->element[0]->str, entry->element[1]);
            }
        }
    }
}
