/* The two connections: one waits for entries, the other does everything else; what is done with
 * them from the first to the last byte. */
#include "actors/queue/room.h"

#include <cogo/offload.h>
#include <cogo/system.h>

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

void command_bytes(command *c, const char *bytes, size_t size)
{
    c->parts[c->count] = bytes;
    c->sizes[c->count++] = size;
}

void command_add(command *c, const char *text)
{
    command_bytes(c, text, strlen(text));
}

void command_number(command *c, int64_t number)
{
    char *text = c->numbers[c->number_count++];
    snprintf(text, sizeof c->numbers[0], "%lld", (long long)number);
    command_add(c, text);
}

void command_texts(command *c, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        command_add(c, texts[i]);
    }
}

static void send_command(wire *w, int kind, const command *c)
{
    wire_send(w, kind, c->count, (const char **)(uintptr_t)c->parts, c->sizes);
}

void batch_end(queue *q)
{
    command exec = {0};
    if (q->batch_count > 0) {
        COMMAND(&exec, "EXEC");
        send_command(&q->writer, KIND_EXEC, &exec);
        q->batch_count = 0;
    }
}

void batch_put(queue *q, const command *c)
{
    command multi = {0};
    if (q->batch_count == 0) {
        COMMAND(&multi, "MULTI");
        send_command(&q->writer, KIND_QUEUED, &multi);
    }
    send_command(&q->writer, KIND_QUEUED, c);
    q->batch_count++;
}

/* A command by itself, outside of any transaction. */
static void send_alone(queue *q, wire *w, int kind, const command *c)
{
    batch_end(q);
    send_command(w, kind, c);
}

static cogo_msg *look_up(cogo_offload_job *job, void *arg)
{
    const address *a = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(a->host, a->port, &hints, &found) != 0) {
        return NULL;
    }
    cogo_msg *msg =
        cogo_msg_create(cogo_offload_system(job), QUEUE_MSG_ADDRESSES, sizeof(addresses));
    if (msg != NULL) {
        addresses *all = cogo_msg_payload(msg);
        all->count = 0;
        for (struct addrinfo *i = found; i != NULL && all->count < ADDRESSES_MAX;
             i = i->ai_next) {
            if (i->ai_addrlen <= sizeof all->items[0].to) {
                all->items[all->count].size = i->ai_addrlen;
                memcpy(&all->items[all->count++].to, i->ai_addr, i->ai_addrlen);
            }
        }
    }
    freeaddrinfo(found);
    return msg;
}

void session_connect(queue *q)
{
    /* Only the name: the password stays here. */
    address name = {.db = 0};
    memcpy(name.host, q->address.host, sizeof name.host);
    memcpy(name.port, q->address.port, sizeof name.port);
    cogo_offload_options options = {.struct_size = sizeof options,
                                    .run = look_up,
                                    .arg = &name,
                                    .arg_size_bytes = sizeof name,
                                    .timeout_ns = WIRE_ANSWER_MS * NS_PER_MS};
    q->phase = OPENING;
    if (cogo_offload(q->ctx, &options, &q->resolve_ask) != COGO_OK) {
        session_lost(q, "its name can't be looked up now");
    }
}

void session_resolved(queue *q, cogo_msg *msg)
{
    const addresses *all = cogo_msg_payload(msg);
    q->resolve_ask = 0;
    if (q->phase != OPENING) {
        return;
    }
    if (cogo_msg_type_of(msg) != QUEUE_MSG_ADDRESSES || all->count == 0) {
        session_lost(q, "its name has no address");
        return;
    }
    size_t which = q->away_tries % all->count;
    const struct sockaddr *to = (const struct sockaddr *)&all->items[which].to;
    wire_connect(&q->writer, to, all->items[which].size);
    if (q->phase == OPENING) {
        wire_connect(&q->reader, to, all->items[which].size);
    }
}

void session_lost(queue *q, const char *why)
{
    uint64_t delay_ms = (uint64_t)AWAY_MIN_MS << (q->away_tries < 6 ? q->away_tries : 6), timer;
    delay_ms = delay_ms < AWAY_MAX_MS ? delay_ms : AWAY_MAX_MS;
    delay_ms = delay_ms / 2 + cogo_system_random(q->system) % (delay_ms / 2 + 1);
    q->careful = q->careful || q->reader.too_large || q->writer.too_large;
    wire_close(&q->reader);
    wire_close(&q->writer);
    intake_forget(q);
    follow_forget(q);
    q->batch_count = 0;
    q->claiming = q->reading = false;
    q->away_tries++;
    q->phase = AWAY;
    snprintf(q->why_away, sizeof q->why_away, "%s", why);
    if (!q->told_away) {
        cogo_log(q->system, COGO_LOG_WARN, "redis is away, it is tried again: %s", why);
    }
    q->told_away = true;
    if (cogo_timer_start(q->ctx, delay_ms * NS_PER_MS, 0, TIMER_CONNECT, &timer) != COGO_OK) {
        cogo_exit(q->ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

static void claim(queue *q)
{
    command c = {0};
    size_t room = intake_room(q);
    COMMAND(&c, "XAUTOCLAIM", STREAM_IN, STREAM_GROUP, q->consumer);
    /* Who led before has ended: all of its entries are ours at once. */
    command_number(&c, q->phase == CLAIMING ? 0 : CLAIM_EVERY_MS);
    COMMAND(&c, q->claim_cursor, "COUNT");
    command_number(&c, (int64_t)(room < READ_COUNT ? room : READ_COUNT));
    q->claiming = true;
    send_alone(q, &q->writer, KIND_CLAIM, &c);
}

static void read_entries(queue *q)
{
    command c = {0};
    size_t room = intake_room(q);
    COMMAND(&c, "XREADGROUP", "GROUP", STREAM_GROUP, q->consumer, "COUNT");
    command_number(&c, (int64_t)(room < READ_COUNT ? room : READ_COUNT));
    command_add(&c, "BLOCK");
    command_number(&c, BLOCK_MS);
    COMMAND(&c, "STREAMS", STREAM_IN, ">");
    q->reading = true;
    send_command(&q->reader, KIND_READ, &c);
}

/* Where were we? What was followed comes first, so that no task is followed twice. */
static void set_up(queue *q)
{
    command group = {0}, out = {0}, dead = {0}, all = {0}, pending = {0};
    COMMAND(&group, "XGROUP", "CREATE", STREAM_IN, STREAM_GROUP, "0", "MKSTREAM");
    send_command(&q->writer, KIND_SETUP, &group);
    COMMAND(&out, "XLEN", STREAM_OUT); /* Whether they are streams, before it matters. */
    send_command(&q->writer, KIND_SETUP, &out);
    COMMAND(&dead, "XLEN", STREAM_DEAD);
    send_command(&q->writer, KIND_SETUP, &dead);
    COMMAND(&all, "HGETALL", STREAM_FOLLOWED);
    send_command(&q->writer, KIND_FOLLOWED, &all);
    if (q->skip_first) {
        COMMAND(&pending, "XPENDING", STREAM_IN, STREAM_GROUP, "-", "+", "1");
        send_command(&q->writer, KIND_PENDING, &pending);
    }
}

static void on_up(wire *w)
{
    queue *q = w->owner_ctx;
    if (w == &q->writer) {
        set_up(q);
    }
}

static void on_down(wire *w, const char *why)
{
    queue *q = w->owner_ctx;
    /* Being careful, nothing but that one entry was under way. */
    q->skip_first = w->too_large && q->careful;
    session_lost(q, why);
}

/* "SEQUENCE ENTRY" of each task. */
static void take_followed(queue *q, const redisReply *all)
{
    for (size_t i = 0; i + 1 < all->elements; i += 2) {
        const redisReply *name = all->element[i], *where = all->element[i + 1];
        char *entry = NULL;
        int64_t after = where->str != NULL ? strtoll(where->str, &entry, 10) : 0;
        if (name->str != NULL && entry != NULL && *entry == ' ') {
            follow_task(q, name->str, entry + 1, after);
        }
    }
    q->phase = CLAIMING;
    snprintf(q->claim_cursor, sizeof q->claim_cursor, "0-0");
}

static void running(queue *q)
{
    q->phase = RUNNING;
    q->claimed_ns = cogo_now_ns(q->ctx);
    q->reconnects += q->connects++ > 0;
    q->away_tries = 0;
    q->careful = false;
    q->told_away = false;
    cogo_log(q->system, COGO_LOG_INFO, "redis: takes entries of " STREAM_IN " as %s",
             q->consumer);
}

static void take_claimed(queue *q, const redisReply *r)
{
    q->claiming = false;
    if (r->type != REDIS_REPLY_ARRAY || r->elements < 2 || r->element[0]->str == NULL) {
        session_lost(q, "a strange answer to XAUTOCLAIM");
        return;
    }
    snprintf(q->claim_cursor, sizeof q->claim_cursor, "%s", r->element[0]->str);
    intake_entries(q, r->element[1]);
    if (q->phase == CLAIMING && strcmp(q->claim_cursor, "0-0") == 0) {
        running(q);
    }
}

/* A transaction is done, or nothing of it. */
static void take_done(queue *q, const redisReply *r)
{
    for (size_t i = 0; i < r->elements; i++) {
        if (r->element[i]->type == REDIS_REPLY_ERROR) {
            session_lost(q, r->element[i]->str);
            return;
        }
    }
}

static void on_reply(wire *w, int kind, redisReply *r)
{
    queue *q = w->owner_ctx;
    bool known = kind == KIND_SETUP && r->type == REDIS_REPLY_ERROR
                 && strncmp(r->str, "BUSYGROUP", 9) == 0;
    if (r->type == REDIS_REPLY_ERROR && !known) {
        session_lost(q, r->str);
    } else if (kind == KIND_EXEC) {
        take_done(q, r);
    } else if (kind == KIND_FOLLOWED) {
        take_followed(q, r);
    } else if (kind == KIND_PENDING) {
        bool one = r->elements == 1 && r->element[0]->elements > 0;
        q->skip_first = false;
        intake_skip(q, one ? r->element[0]->element[0]->str : NULL);
    } else if (kind == KIND_CLAIM) {
        take_claimed(q, r);
    } else if (kind == KIND_READ) {
        q->reading = false;
        if (r->type == REDIS_REPLY_ARRAY && r->elements == 1 && r->element[0]->elements == 2) {
            intake_entries(q, r->element[0]->element[1]);
        }
    }
}

void session_init(queue *q)
{
    static const wire_owner owner = {.up = on_up, .reply = on_reply, .down = on_down};
    wire_init(&q->reader, &owner, q, &q->address, WIRE_READER);
    wire_init(&q->writer, &owner, q, &q->address, WIRE_WRITER);
}

void session_tick(queue *q)
{
    wire_tick(&q->writer);
    wire_tick(&q->reader);
    bool late = cogo_now_ns(q->ctx) - q->claimed_ns > CLAIM_EVERY_MS * NS_PER_MS;
    if (q->phase == RUNNING && late && !q->claiming && intake_room(q) > 0) {
        q->claimed_ns = cogo_now_ns(q->ctx);
        claim(q);
    }
}

void session_pump(queue *q)
{
    follow_pump(q);
    batch_end(q);
    bool room = intake_room(q) > 0;
    if (q->phase == CLAIMING && !q->claiming && !q->skip_first && room) {
        claim(q);
    } else if (q->phase == RUNNING && q->reader.state == WIRE_UP && !q->reading && room) {
        read_entries(q);
    }
}
