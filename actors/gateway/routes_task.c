/* Routes of single tasks: submit, read, cancel, retry, events. */
#include "actors/gateway/route.h"
#include "actors/gateway/sse.h"
#include "actors/gateway/submit.h"
#include "codec/contract/text.h"

#include <string.h>

enum { EVENTS_PAGE_DEFAULT = 200, EVENTS_PAGE_MAX = 1000 };

/* After a wait: 200 when it has finished, else still 202. */
static void answer_waited(exchange *x, cogo_msg *msg)
{
    const task *t = cogo_msg_payload(msg);
    exchange_record(x, submit_is_terminal(t->state) ? 200 : 202, &task_record, t);
}

static void on_submitted(exchange *x, cogo_msg *msg)
{
    const task_submitted *submitted = cogo_msg_payload(msg);
    const submit_item *item = submitted->items.items;
    const int64_t *wait = x->data;
    if (submitted->items.count != 1 || (item->task == NULL && item->problem == NULL)) {
        exchange_problem(x, 500, NULL, "The orchestrator gave no answer to the task.");
        return;
    }
    submit_tell_replay(x, submitted);
    if (item->problem != NULL) {
        exchange_fail(x, submit_translate_one(x, item->problem));
        return;
    }
    exchange_add_header(x, "Location",
                        cogo_arena_printf(&x->arena, "/v1/tasks/%s", item->task->task_id));
    if (*wait > 0) {
        task_get get = {.task_id = item->task->task_id, .wait = *wait};
        exchange_ask(x, MSG_TASK_GET, &get, *wait, MSG_TASK, answer_waited);
    } else {
        exchange_record(x, 202, &task_record, item->task);
    }
}

void route_task_submit(exchange *x)
{
    task_submit submit = {.atomic = true};
    int64_t *wait = cogo_arena_alloc(&x->arena, sizeof *wait);
    if (wait == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    x->data = wait;
    x->translate = submit_translate_one;
    if (!exchange_wait(x, wait) || !submit_take_key(x, &submit)) {
        return;
    }
    const instruction *one = exchange_take(x, &instruction_record);
    if (one == NULL) {
        return;
    }
    submit.instructions = (cogo_records){.items = one, .count = 1};
    exchange_ask(x, MSG_TASK_SUBMIT, &submit, 0, MSG_TASK_SUBMITTED, on_submitted);
}

static bool known_state(const char *name)
{
    for (size_t i = 0; i < TASK_STATE_COUNT; i++) {
        if (strcmp(task_state_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *no_such_state(exchange *x, const char *name)
{
    const char *known = task_state_names[0];
    for (size_t i = 1; i < TASK_STATE_COUNT && known != NULL; i++) {
        known = cogo_arena_printf(&x->arena, "%s, %s", known, task_state_names[i]);
    }
    return text_print(&x->arena, "No task state is called %.60s; there are: %s.", name,
                      known != NULL ? known : "");
}

void route_task_list(exchange *x)
{
    task_list list = {.states = query_all(&x->query, "state", &x->arena),
                      .roles = query_all(&x->query, "role", &x->arena),
                      .workflow = query_get(&x->query, "workflow"),
                      .tenant = grant_bound(&x->grant),
                      .page_token = query_get(&x->query, "pageToken")};
    for (size_t i = 0; i < list.states.count; i++) {
        if (!known_state(list.states.items[i])) {
            exchange_invalid(x, "state", no_such_state(x, list.states.items[i]));
            return;
        }
    }
    if (exchange_page_size(x, &list.page_size)) {
        exchange_ask(x, MSG_TASK_LIST, &list, 0, MSG_TASK_PAGE, exchange_pass);
    }
}

void route_task_get(exchange *x)
{
    task_get get = {.task_id = x->id};
    if (exchange_wait(x, &get.wait)) {
        exchange_ask(x, MSG_TASK_GET, &get, get.wait, MSG_TASK, exchange_pass);
    }
}

static void command(exchange *x, cogo_msg_type type)
{
    task_command record = {.task_id = x->id, .reason = query_get(&x->query, "reason")};
    exchange_ask(x, type, &record, 0, MSG_TASK, exchange_pass);
}

void route_task_cancel(exchange *x)
{
    command(x, MSG_TASK_CANCEL);
}

void route_task_retry(exchange *x)
{
    command(x, MSG_TASK_RETRY);
}

static void decide(exchange *x, bool approve)
{
    task_decision said = {.task_id = x->id,
                          .approve = approve,
                          .by = query_get(&x->query, "by"),
                          .note = query_get(&x->query, "note")};
    exchange_ask(x, MSG_TASK_DECIDE, &said, 0, MSG_TASK, exchange_pass);
}

void route_task_approve(exchange *x)
{
    decide(x, true);
}

void route_task_reject(exchange *x)
{
    decide(x, false);
}

static void answer_result(exchange *x, cogo_msg *msg)
{
    const task *t = cogo_msg_payload(msg);
    if (t->result != NULL) {
        exchange_record(x, 200, &agent_result_record, t->result);
    } else if (submit_is_terminal(t->state)) {
        exchange_problem(x, 404, "NO_RESULT", "The task ended without a result.");
    } else {
        exchange_problem(x, 409, "TASK_NOT_FINISHED", "The task has not finished yet.");
    }
}

void route_task_result(exchange *x)
{
    task_get get = {.task_id = x->id};
    if (exchange_wait(x, &get.wait)) {
        exchange_ask(x, MSG_TASK_GET, &get, get.wait, MSG_TASK, answer_result);
    }
}

void route_task_explain(exchange *x)
{
    task_command record = {.task_id = x->id};
    exchange_ask(x, MSG_TASK_EXPLAIN, &record, 0, MSG_EXPLANATION, exchange_pass);
}

static bool wants_stream(const exchange *x)
{
    const char *accept = x->request->head.headers[REQUEST_ACCEPT];
    return accept != NULL && strstr(accept, "text/event-stream") != NULL;
}

void route_task_events(exchange *x)
{
    task_events ask = {.task_id = x->id, .limit = EVENTS_PAGE_DEFAULT};
    const char *after = query_get(&x->query, "after");
    const char *limit = query_get(&x->query, "limit");
    const char *last_id = x->request->head.headers[REQUEST_LAST_EVENT_ID];
    int64_t last = 0;
    if (last_id != NULL && !query_number(last_id, 0, INT64_MAX, &last)) {
        exchange_invalid(x, "Last-Event-ID", "Not the sequence of an event.");
    } else if (after != NULL && !query_number(after, 0, INT64_MAX, &ask.after)) {
        exchange_invalid(x, "after", "Not the sequence of an event.");
    } else if (limit != NULL && !query_number(limit, 1, EVENTS_PAGE_MAX, &ask.limit)) {
        exchange_invalid(x, "limit", "Not a number from 1 to 1000.");
    } else if (wants_stream(x)) {
        /* A reader that comes back knows best where it was. */
        sse_start(x, last_id != NULL ? last : ask.after);
    } else {
        exchange_ask(x, MSG_TASK_EVENTS, &ask, 0, MSG_EVENT_PAGE, exchange_pass);
    }
}
