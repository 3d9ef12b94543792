#include "actors/gateway/exchange.h"

#include "actors/doors/audit.h"
#include "actors/gateway/problem.h"
#include "actors/gateway/route.h"
#include "codec/contract/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* W3C trace context: ours goes on with the caller's trace, or begins one. */
static void take_trace(exchange *x)
{
    desk *d = x->desk;
    if (trace_context_parse(x->request->head.headers[REQUEST_TRACEPARENT], &x->context)) {
        memcpy(x->parent_span, x->context.span_id, sizeof x->parent_span);
    } else {
        trace_context_begin(&x->context, cogo_system_random(d->system),
                            cogo_system_random(d->system), d->trace_ratio);
    }
    span_id_format(cogo_system_random(d->system), x->context.span_id);
    trace_context_format(&x->context, x->traceparent);
    x->trace = strtoull(x->context.trace_id + 16, NULL, 16);
    x->began_ns = cogo_now_ns(d->ctx);
    x->began_wall_ms = cogo_system_wall_ms(d->system);
}

/* The caller's X-Request-Id when it is harmless, else one of ours. */
static void take_request_id(exchange *x)
{
    static const char harmless[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *given = x->request->head.headers[REQUEST_REQUEST_ID];
    size_t size = given != NULL ? strlen(given) : 0;
    if (size > 0 && size <= EXCHANGE_REQUEST_ID_MAX && given[strspn(given, harmless)] == '\0') {
        memcpy(x->request_id, given, size + 1);
        return;
    }
    char id[ID_SIZE];
    id_make(id, "req", cogo_system_wall_ms(x->desk->system),
            cogo_system_random(x->desk->system), cogo_system_random(x->desk->system));
    snprintf(x->request_id, sizeof x->request_id, "%s", id);
}

exchange *exchange_open(desk *d, cogo_msg *msg)
{
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        cogo_msg_destroy(msg);
        return NULL;
    }
    x->desk = d;
    x->msg = msg;
    x->request = cogo_msg_payload(msg);
    cogo_arena_init(&x->arena, 0);
    take_request_id(x);
    take_trace(x);
    x->next = d->first;
    if (d->first != NULL) {
        d->first->previous = x;
    }
    d->first = x;
    return x;
}

void exchange_close(exchange *x)
{
    if (x->previous != NULL) {
        x->previous->next = x->next;
    } else {
        x->desk->first = x->next;
    }
    if (x->next != NULL) {
        x->next->previous = x->previous;
    }
    cogo_arena_finish(&x->arena);
    cogo_msg_destroy(x->msg);
    free(x);
}

static bool is_json(const char *type)
{
    size_t size = strcspn(type, "; \t");
    return size == strlen("application/json")
           && strncasecmp(type, "application/json", size) == 0;
}

json_t *exchange_body(exchange *x)
{
    cogo_record_error error = {"", ""};
    const door_request *r = x->request;
    const char *type = r->head.headers[REQUEST_CONTENT_TYPE];
    if (type == NULL || !is_json(type)) {
        exchange_problem(x, 415, NULL, "Send the body with Content-Type: application/json.");
        return NULL;
    }
    if (r->head.headers[REQUEST_CONTENT_ENCODING] != NULL
        && strcasecmp(r->head.headers[REQUEST_CONTENT_ENCODING], "identity") != 0) {
        exchange_problem(x, 415, NULL, "Send the body without Content-Encoding.");
        return NULL;
    }
    json_t *json = json_parse(r->body, r->body_size, &error);
    if (json == NULL) {
        exchange_problem(x, 400, "MALFORMED_JSON",
                         r->body_size == 0 ? "The body is empty, a JSON object is expected."
                                           : error.detail);
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        exchange_invalid(x, "", "The body is not a JSON object.");
        return NULL;
    }
    return json;
}

const void *exchange_take(exchange *x, const cogo_record *type)
{
    cogo_record_error error = {"", ""};
    const void *record = NULL;
    json_t *body = exchange_body(x);
    if (body == NULL) {
        return NULL;
    }
    cogo_err err = json_to_record(type, body, COGO_RECORD_STRICT, &x->arena, &record, &error);
    json_decref(body);
    if (err != COGO_OK) {
        exchange_invalid(x, error.pointer, error.detail);
        return NULL;
    }
    return record;
}

bool exchange_wait(exchange *x, int64_t *out_ms)
{
    const char *text = query_get(&x->query, "wait");
    *out_ms = 0;
    if (text != NULL && (!query_duration(text, out_ms) || *out_ms > EXCHANGE_WAIT_MAX_MS)) {
        exchange_invalid(x, "wait", "Not a duration of at most 10m, such as 500ms, 30s or 2m.");
        return false;
    }
    return true;
}

bool exchange_page_size(exchange *x, int64_t *out_size)
{
    const char *text = query_get(&x->query, "pageSize");
    *out_size = PAGE_SIZE_DEFAULT;
    if (text != NULL && !query_number(text, 1, PAGE_SIZE_MAX, out_size)) {
        exchange_invalid(x, "pageSize", "Not a number from 1 to 1000.");
        return false;
    }
    return true;
}

void *exchange_keep(exchange *x, const cogo_record *type, const void *record)
{
    void *kept = cogo_arena_alloc(&x->arena, cogo_record_flat_size(type, record));
    if (kept == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
    } else {
        cogo_record_flatten(type, record, kept);
    }
    return kept;
}

void exchange_ask(exchange *x, cogo_msg_type type, const void *record, int64_t wait_ms,
                  cogo_msg_type expected, exchange_step step)
{
    exchange_ask_other(x, x->desk->orchestrator, type, record, wait_ms, expected, step);
}

void exchange_ask_other(exchange *x, cogo_actor_id whom, cogo_msg_type type, const void *record,
                        int64_t wait_ms, cogo_msg_type expected, exchange_step step)
{
    desk *d = x->desk;
    cogo_msg *msg = cogo_msg_create_record(d->system, type, record);
    uint64_t timeout_ns = (uint64_t)(EXCHANGE_ASK_MS + wait_ms) * UINT64_C(1000000);
    if (msg != NULL) {
        cogo_msg_set_trace(msg, x->trace);
    }
    audit_tell(
        d->ctx, d->system, whom, type,
        &(audit_who){
            .grant = &x->grant, .door = "http", .request_id = x->request_id, .subject = x->id});
    cogo_err err = cogo_ask(d->ctx, whom, msg, timeout_ns, &x->ask);
    if (err != COGO_OK) {
        exchange_problem(x, 503, NULL,
                         err == COGO_EFULL ? "The orchestrator has too much to do."
                                           : "The orchestrator can't be asked now.");
        return;
    }
    x->step = step;
    x->expected = expected;
}

void exchange_answered(exchange *x, cogo_msg *msg)
{
    exchange_step step = x->step;
    cogo_msg_type type = cogo_msg_type_of(msg);
    x->step = NULL;
    x->ask = 0;
    if (type == COGO_MSG_ASK_FAILED) {
        const cogo_ask_failed *failed = cogo_msg_payload(msg);
        exchange_problem(x, failed->err == COGO_ETIMEOUT ? 504 : 503, NULL,
                         failed->err == COGO_ETIMEOUT
                             ? "The orchestrator did not answer in time."
                             : "The orchestrator has ended.");
    } else if (type == MSG_PROBLEM) {
        const problem *p = cogo_msg_payload(msg);
        exchange_fail(x, x->translate != NULL ? x->translate(x, p) : p);
    } else if (type != x->expected) {
        exchange_problem(x, 500, NULL, "The orchestrator answered something else.");
    } else {
        step(x, msg);
    }
}
