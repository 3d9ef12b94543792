/* From an entry that is let in to its task: what it says is asked of the orchestrator, and what
 * became of it is told in the results. */
#include "actors/doors/audit.h"
#include "actors/doors/key.h"
#include "actors/queue/intake.h"
#include "codec/contract/failpoint.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        intake_refuse(
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
        intake_postpone(q, i, 0);
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

void intake_submit(queue *q, item *i, const grant *g)
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
            intake_postpone(q, i, 0);
        }
    }
    cogo_arena_finish(&arena);
}

/* The task is on disk. */
static void on_task(queue *q, item *i, const task *t, bool replayed)
{
    command told = {0};
    json_t *json = json_from_record(&task_record, t);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL) {
        intake_postpone(q, i, 0);
        return;
    }
    failpoint("queue.durable");
    COMMAND(&told, "XADD", STREAM_OUT, "MAXLEN", "~", q->keep, "*", "type", "accepted", "entry",
            i->id, "taskId", t->task_id, "replayed", replayed ? "true" : "false", "data", text);
    batch_put(q, &told);
    free(text);
    follow_task(q, t->task_id, i->id, 0);
    intake_put_end(q, i->id);
    q->accepted += !replayed;
    q->replayed += replayed;
    intake_free(q, i);
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
        intake_postpone(q, i, p->retry_after_ms);
        return;
    }
    snprintf(field, sizeof field, "%s%s", key ? "key" : "data",
             ours ? pointer + sizeof prefix - 1 : "");
    intake_refuse(q, i,
                  &(refusal){p->status, p->code != NULL ? p->code : "REFUSED", field,
                             p->detail != NULL ? p->detail : "The task was refused."});
}

void intake_submitted(queue *q, item *i, cogo_msg *msg)
{
    const task_submitted *said = cogo_msg_payload(msg);
    if (cogo_msg_type_of(msg) == MSG_PROBLEM) {
        on_problem(q, i, cogo_msg_payload(msg));
    } else if (cogo_msg_type_of(msg) != MSG_TASK_SUBMITTED || said->items.count != 1) {
        intake_postpone(q, i, 0); /* Whether it was taken is not known: its key will tell. */
    } else {
        const submit_item *one = said->items.items;
        if (one->task != NULL) {
            on_task(q, i, one->task, said->replayed);
        } else if (one->problem != NULL) {
            on_problem(q, i, one->problem);
        } else {
            intake_postpone(q, i, 0);
        }
    }
}
