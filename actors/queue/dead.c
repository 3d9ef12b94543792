/* The last word about an entry: why it was refused, what was sent, and that it is gone. */
#include "actors/queue/intake.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENT_MAX = 12 }; /* Fields of a dead letter that are shown as they came. */

void intake_put_end(queue *q, const char *id)
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

void intake_put_refused(queue *q, const char *id, const item *i, const redisReply *fields,
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
    intake_put_end(q, id);
    free(text);
    q->refused++;
}

void intake_refuse(queue *q, item *i, const refusal *why)
{
    intake_put_refused(q, i->id, i, NULL, why);
    intake_free(q, i);
}

void intake_skip(queue *q, const char *id)
{
    refusal why = {413, "TOO_LARGE", "data", "The entry is too large to be read."};
    q->careful = false;
    if (id != NULL) {
        intake_put_refused(q, id, NULL, NULL, &why);
    }
}
