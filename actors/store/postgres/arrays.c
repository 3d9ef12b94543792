/* The changes of a write as the parameters of cogo_write(). */
#include "actors/store/postgres/builder.h"

#include <limits.h>
#include <string.h>

/* What of the changes goes into the arrays, in the order of cogo_write()'s parameters. */
typedef struct part {
    const store_change *changes;
    size_t count;
    cogo_value *records, *results;
    const char **requests;         /* The key that a new task belongs to. */
    const store_change **workflow; /* That bring a workflow, */
    size_t workflow_count;
    const store_change **key; /* or a key. */
    size_t key_count;
    size_t event_count;
} part;

#define TEXTS(of, expression)                       \
    do {                                            \
        begin_array(b, OID_TEXT, (of));             \
        for (size_t i = 0; i < (of); i++) {         \
            const store_change *c = &p->changes[i]; \
            put_text(b, (expression));              \
            (void)c;                                \
        }                                           \
        end_value(b);                               \
    } while (0)
#define NUMBERS(of, expression)                     \
    do {                                            \
        begin_array(b, OID_INT8, (of));             \
        for (size_t i = 0; i < (of); i++) {         \
            const store_change *c = &p->changes[i]; \
            put_number(b, (expression));            \
            (void)c;                                \
        }                                           \
        end_value(b);                               \
    } while (0)
#define VALUES(of, expression)                      \
    do {                                            \
        begin_array(b, OID_BYTEA, (of));            \
        for (size_t i = 0; i < (of); i++) {         \
            const store_change *c = &p->changes[i]; \
            put_value(b, (expression));             \
            (void)c;                                \
        }                                           \
        end_value(b);                               \
    } while (0)

static int64_t event_first(const store_change *c)
{
    return c->events.count == 0 ? 0 : ((const task_event *)c->events.items)[0].sequence;
}

static int64_t event_last(const store_change *c)
{
    const task_event *events = c->events.items;
    return c->events.count == 0 ? 0 : events[c->events.count - 1].sequence;
}

static void put_changes(builder *b, const part *p)
{
    TEXTS(p->count, c->task->task_id);
    TEXTS(p->count, c->task->instruction_id);
    TEXTS(p->count, c->task->role);
    TEXTS(p->count, task_state_names[c->task->state]);
    NUMBERS(p->count, state_is_terminal(c->task->state));
    TEXTS(p->count, priority_names[c->task->priority]);
    NUMBERS(p->count, c->task->attempt);
    NUMBERS(p->count, c->lease);
    NUMBERS(p->count, c->task->created_at);
    NUMBERS(p->count, c->task->updated_at);
    NUMBERS(p->count, change_retries(c));
    NUMBERS(p->count, event_first(c));
    NUMBERS(p->count, event_last(c));
    VALUES(p->count, p->records[i]);
    VALUES(p->count, c->task->context);
    TEXTS(p->count, c->task->workflow_id);
    TEXTS(p->count, p->requests[i]);
    TEXTS(p->count, p->results[i].size_bytes == 0 ? NULL : c->task->result->result_id);
    VALUES(p->count, p->results[i]);
}

enum { EVENT_OF, EVENT_SEQUENCE, EVENT_TYPE, EVENT_TIME, EVENT_DATA, EVENT_COLUMNS };

static void put_event(builder *b, int column, size_t change, const task_event *e)
{
    switch (column) {
    case EVENT_OF:
        put_number(b, (int64_t)change + 1);
        break;
    case EVENT_SEQUENCE:
        put_number(b, e->sequence);
        break;
    case EVENT_TYPE:
        put_text(b, e->type);
        break;
    case EVENT_TIME:
        put_number(b, e->time);
        break;
    default:
        put_value(b, e->data);
        break;
    }
}

static void put_events(builder *b, const part *p)
{
    static const uint32_t types[EVENT_COLUMNS] = {OID_INT8, OID_INT8, OID_TEXT, OID_INT8,
                                                  OID_BYTEA};
    for (int column = 0; column < EVENT_COLUMNS; column++) {
        begin_array(b, types[column], p->event_count);
        for (size_t i = 0; i < p->count; i++) {
            const task_event *events = p->changes[i].events.items;
            for (size_t k = 0; k < p->changes[i].events.count; k++) {
                put_event(b, column, i, &events[k]);
            }
        }
        end_value(b);
    }
}

static void put_new(builder *b, const part *p)
{
    TEXTS(p->workflow_count, p->workflow[i]->workflow->workflow_id);
    TEXTS(p->workflow_count, p->workflow[i]->workflow->name);
    NUMBERS(p->workflow_count, p->workflow[i]->workflow->created_at);
    TEXTS(p->key_count, p->key[i]->idempotency_key);
    TEXTS(p->key_count, p->key[i]->request_hash);
    NUMBERS(p->key_count, p->key[i]->task->created_at);
}

static size_t text_size(const char *text)
{
    return 4 + (text == NULL ? 0 : strlen(text));
}

/* An upper bound of what the arrays take. */
static size_t size_of(const part *p)
{
    size_t size = (WRITE_PARAMETERS + 4) * (HEADER_SIZE + 8);
    for (size_t i = 0; i < p->count; i++) {
        const store_change *c = &p->changes[i];
        const task *t = c->task;
        size += text_size(t->task_id) + text_size(t->instruction_id) + text_size(t->role)
                + text_size(task_state_names[t->state]) + text_size(priority_names[t->priority])
                + text_size(t->workflow_id) + text_size(p->requests[i]) + 8 * (4 + 8) + 3 * 4
                + p->records[i].size_bytes + p->results[i].size_bytes + t->context.size_bytes;
        size += t->result == NULL ? 4 : text_size(t->result->result_id);
        const task_event *events = c->events.items;
        for (size_t k = 0; k < c->events.count; k++) {
            size += 3 * (4 + 8) + text_size(events[k].type) + 4 + events[k].data.size_bytes;
        }
        if (c->workflow != NULL) {
            size += text_size(c->workflow->workflow_id) + text_size(c->workflow->name) + 12;
        }
        if (c->idempotency_key != NULL) {
            size += text_size(c->idempotency_key) + text_size(c->request_hash) + 12;
        }
    }
    return size;
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint64_t)(unsigned char)*text) * 0x100000001b3U;
    }
    return hash ^ hash >> 29;
}

/* How many of the changes are about different tasks. 0: out of memory. */
static size_t count_different(const store_change *changes, size_t count, cogo_arena *arena)
{
    size_t slots = 16;
    while (slots < count * 2) {
        slots *= 2;
    }
    const char **seen = cogo_arena_alloc(arena, slots * sizeof *seen);
    for (size_t i = 0; seen != NULL && i < count; i++) {
        const char *id = changes[i].task->task_id;
        size_t at = (size_t)hash_of(id) & (slots - 1);
        while (seen[at] != NULL && strcmp(seen[at], id) != 0) {
            at = (at + 1) & (slots - 1);
        }
        if (seen[at] != NULL) {
            return i;
        }
        seen[at] = id;
    }
    return seen == NULL ? 0 : count;
}

/* The state of a task, without what is written once. */
static cogo_err encode_records(part *p, size_t at, cogo_arena *arena)
{
    const store_change *c = &p->changes[at];
    task state = *c->task;
    state.context = (cogo_value){0};
    state.result = NULL;
    cogo_err err = cogo_record_encode(&task_record, &state, arena, &p->records[at]);
    if (err == COGO_OK && c->task->result != NULL && state_is_terminal(c->task->state)) {
        err = cogo_record_encode(&agent_result_record, c->task->result, arena, &p->results[at]);
    }
    return err;
}

static bool collect(part *p, pg_request *request, cogo_arena *arena)
{
    p->records = cogo_arena_alloc(arena, p->count * sizeof *p->records);
    p->results = cogo_arena_alloc(arena, p->count * sizeof *p->results);
    p->requests = cogo_arena_alloc(arena, p->count * sizeof *p->requests);
    p->workflow = cogo_arena_alloc(arena, p->count * sizeof *p->workflow);
    p->key = cogo_arena_alloc(arena, p->count * sizeof *p->key);
    if (p->records == NULL || p->results == NULL || p->requests == NULL || p->workflow == NULL
        || p->key == NULL) {
        return false;
    }
    for (size_t i = 0; i < p->count; i++) {
        const store_change *c = &p->changes[i];
        const char *key = c->idempotency_key;
        if (key != NULL && (request->key == NULL || strcmp(key, request->key) != 0)) {
            request->key = key;
            p->key[p->key_count++] = c;
        }
        if (c->workflow != NULL && c->workflow->workflow_id != NULL) {
            p->workflow[p->workflow_count++] = c;
        }
        p->requests[i] = request->key;
        p->event_count += c->events.count;
        if (encode_records(p, i, arena) != COGO_OK) {
            return false;
        }
    }
    return true;
}

size_t pg_write_encode(const store_write *write, size_t first, int64_t commit_id,
                       pg_request *request, cogo_arena *arena, pg_write *out)
{
    part p = {.changes = (const store_change *)write->changes.items + first};
    p.count = count_different(p.changes, write->changes.count - first, arena);
    int64_t lease_max = 0;
    if (p.count == 0 || !collect(&p, request, arena)) {
        return 0;
    }
    for (size_t i = 0; i < p.count; i++) {
        lease_max = p.changes[i].lease > lease_max ? p.changes[i].lease : lease_max;
    }
    size_t size = size_of(&p);
    uint8_t *memory = size > PARAMETER_BYTES_MAX ? NULL : cogo_arena_alloc(arena, size);
    if (memory == NULL) {
        return 0;
    }
    builder b = {.at = memory, .out = out};
    put_scalar(&b, write->term);
    put_scalar(&b, write->sequence);
    put_scalar(&b, commit_id);
    put_scalar(&b, lease_max);
    put_changes(&b, &p);
    put_events(&b, &p);
    put_new(&b, &p);
    return p.count;
}
