/* POST /v1/tasks:batchCreate: every item gets its own answer. */
#include "actors/gateway/problem.h"
#include "actors/gateway/route.h"
#include "actors/gateway/submit.h"

#include <stdio.h>
#include <string.h>

/* What became of the items before the orchestrator was asked. */
typedef struct batch {
    size_t count;
    const problem **problems; /* Per item; NULL: it was sent. */
    size_t *original;         /* Of the i-th that was sent, its index in the request. */
} batch;

static const problem *bad_item(exchange *x, size_t index, const cogo_record_error *error)
{
    problem *p = cogo_arena_alloc(&x->arena, sizeof *p);
    field_problem *field = cogo_arena_alloc(&x->arena, sizeof *field);
    if (p == NULL || field == NULL) {
        return NULL;
    }
    field->pointer = cogo_arena_printf(&x->arena, "/tasks/%zu%s", index, error->pointer);
    field->detail = cogo_arena_strdup(&x->arena, error->detail);
    *p = problem_fill(&(problem){.status = 422,
                                 .detail = field->detail,
                                 .request_id = x->request_id,
                                 .errors = {.items = field, .count = 1}});
    return p;
}

static json_t *problem_json(exchange *x, const problem *p)
{
    problem full = *p;
    full.request_id = x->request_id;
    return problem_to_json(&full);
}

static json_t *item_json(exchange *x, const submit_item *item)
{
    const batch *b = x->data;
    if (item->task != NULL) {
        return json_from_record(&task_record, item->task);
    }
    return item->problem != NULL
               ? problem_json(x, submit_translate_list(x, item->problem, b->original))
               : NULL;
}

static const problem *translate(exchange *x, const problem *p)
{
    const batch *b = x->data;
    return submit_translate_list(x, p, b->original);
}

static void answer_batch(exchange *x, const submit_item *items, size_t item_count)
{
    const batch *b = x->data;
    size_t sent = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < b->count; i++) {
        json_t *one = NULL;
        if (b->problems[i] != NULL) {
            one = problem_json(x, b->problems[i]);
        } else if (sent < item_count) {
            one = item_json(x, &items[sent++]);
        }
        (void)json_array_append_new(list, one != NULL ? one : json_null());
    }
    json_t *whole = json_object();
    (void)json_object_set_new(whole, "tasks", list);
    exchange_json(x, 202, whole);
}

static void on_submitted(exchange *x, cogo_msg *msg)
{
    const task_submitted *submitted = cogo_msg_payload(msg);
    submit_tell_replay(x, submitted);
    answer_batch(x, submitted->items.items, submitted->items.count);
}

/* Decodes the good items one after another into @p out. Returns how many; SIZE_MAX: no memory.
 */
static size_t decode_items(exchange *x, json_t *list, batch *b, instruction *out)
{
    size_t good = 0;
    for (size_t i = 0; i < b->count; i++) {
        cogo_record_error error = {"", ""};
        const void *one = NULL;
        cogo_err err = json_to_record(&instruction_record, json_array_get(list, i),
                                      COGO_RECORD_STRICT, &x->arena, &one, &error);
        if (err == COGO_OK) {
            b->original[good] = i;
            memcpy(&out[good++], one, sizeof *out);
        } else if (err == COGO_ENOMEM || (b->problems[i] = bad_item(x, i, &error)) == NULL) {
            return SIZE_MAX;
        }
    }
    return good;
}

void route_task_batch(exchange *x)
{
    static const char *const no_others[] = {NULL};
    task_submit submit = {.atomic = false};
    if (!submit_take_key(x, &submit)) {
        return;
    }
    json_t *body = exchange_body(x);
    json_t *list = body != NULL ? submit_list(x, body, no_others, SUBMIT_BATCH_MAX) : NULL;
    if (list == NULL) {
        json_decref(body);
        return;
    }
    batch *b = cogo_arena_alloc(&x->arena, sizeof *b);
    x->data = b;
    x->translate = translate;
    size_t count = json_array_size(list);
    instruction *items = cogo_arena_alloc(&x->arena, count * sizeof *items);
    size_t good = SIZE_MAX;
    if (b != NULL && items != NULL) {
        b->count = count;
        b->problems = cogo_arena_alloc(&x->arena, count * sizeof *b->problems);
        b->original = cogo_arena_alloc(&x->arena, SUBMIT_BATCH_MAX * sizeof *b->original);
        good = b->problems != NULL && b->original != NULL ? decode_items(x, list, b, items)
                                                          : SIZE_MAX;
    }
    json_decref(body);
    if (good == SIZE_MAX) {
        exchange_problem(x, 503, NULL, "Out of memory.");
    } else if (good == 0) {
        answer_batch(x, NULL, 0);
    } else {
        submit.instructions = (cogo_records){.items = items, .count = good};
        exchange_ask(x, MSG_TASK_SUBMIT, &submit, 0, MSG_TASK_SUBMITTED, on_submitted);
    }
}
