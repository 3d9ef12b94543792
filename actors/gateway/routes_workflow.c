/* Routes of workflows: submit all or nothing, read, list. */
#include "actors/gateway/route.h"
#include "actors/gateway/submit.h"

#include <string.h>

typedef struct submission {
    int64_t wait;
    const char *name;
} submission;

static void answer_waited(exchange *x, cogo_msg *msg)
{
    const workflow *w = cogo_msg_payload(msg);
    bool running = w->state == NULL || strcmp(w->state, "running") == 0;
    exchange_record(x, running ? 202 : 200, &workflow_record, w);
}

static const problem *translate(exchange *x, const problem *p)
{
    return submit_translate_list(x, p, NULL);
}

static void on_submitted(exchange *x, cogo_msg *msg)
{
    const task_submitted *submitted = cogo_msg_payload(msg);
    const submit_item *items = submitted->items.items;
    const submission *mine = x->data;
    submit_tell_replay(x, submitted);
    for (size_t i = 0; i < submitted->items.count; i++) {
        if (items[i].problem != NULL) {
            exchange_fail(x, translate(x, items[i].problem));
            return;
        }
    }
    const char *id = submitted->workflow_id;
    if (id == NULL) {
        exchange_problem(x, 500, NULL, "The orchestrator gave the workflow no id.");
        return;
    }
    exchange_add_header(x, "Location", cogo_arena_printf(&x->arena, "/v1/workflows/%s", id));
    workflow_get get = {.workflow_id = id, .wait = mine->wait};
    exchange_ask(x, MSG_WORKFLOW_GET, &get, mine->wait, MSG_WORKFLOW, answer_waited);
}

static bool take_name(exchange *x, const json_t *body, submission *mine)
{
    const json_t *name = json_object_get(body, "name");
    if (name != NULL
        && (!json_is_string(name) || json_string_length(name) == 0
            || json_string_length(name) > 256)) {
        exchange_invalid(x, "/name", "Not a text of 1 to 256 bytes.");
        return false;
    }
    mine->name =
        cogo_arena_strdup(&x->arena, name != NULL ? json_string_value(name) : "workflow");
    return true;
}

/* Decodes all items or none. */
static bool take_items(exchange *x, const json_t *list, task_submit *submit)
{
    size_t count = json_array_size(list);
    instruction *items = cogo_arena_alloc(&x->arena, count * sizeof *items);
    if (items == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        cogo_record_error error = {"", ""};
        const void *one = NULL;
        if (json_to_record(&instruction_record, json_array_get(list, i), COGO_RECORD_STRICT,
                           &x->arena, &one, &error)
            != COGO_OK) {
            exchange_invalid(x, cogo_arena_printf(&x->arena, "/tasks/%zu%s", i, error.pointer),
                             error.detail);
            return false;
        }
        memcpy(&items[i], one, sizeof *items);
    }
    submit->instructions = (cogo_records){.items = items, .count = count};
    return true;
}

void route_workflow_submit(exchange *x)
{
    static const char *const others[] = {"name", NULL};
    task_submit submit = {.atomic = true};
    submission *mine = cogo_arena_alloc(&x->arena, sizeof *mine);
    if (mine == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    x->data = mine;
    x->translate = translate;
    if (!exchange_wait(x, &mine->wait) || !submit_take_key(x, &submit)) {
        return;
    }
    json_t *body = exchange_body(x);
    json_t *list = body != NULL ? submit_list(x, body, others, SUBMIT_WORKFLOW_MAX) : NULL;
    bool ok = list != NULL && take_name(x, body, mine) && take_items(x, list, &submit);
    json_decref(body);
    if (ok) {
        submit.workflow = mine->name;
        exchange_ask(x, MSG_TASK_SUBMIT, &submit, 0, MSG_TASK_SUBMITTED, on_submitted);
    }
}

void route_workflow_list(exchange *x)
{
    task_list list = {.states = query_all(&x->query, "state", &x->arena),
                      .tenant = grant_bound(&x->grant),
                      .page_token = query_get(&x->query, "pageToken")};
    if (exchange_page_size(x, &list.page_size)) {
        exchange_ask(x, MSG_WORKFLOW_LIST, &list, 0, MSG_WORKFLOW_PAGE, exchange_pass);
    }
}

void route_workflow_get(exchange *x)
{
    workflow_get get = {.workflow_id = x->id};
    if (exchange_wait(x, &get.wait)) {
        exchange_ask(x, MSG_WORKFLOW_GET, &get, get.wait, MSG_WORKFLOW, exchange_pass);
    }
}
