/* The answer of an exchange: its head, its span, what it says. */
#include "actors/gateway/exchange.h"
#include "actors/gateway/problem.h"
#include "actors/gateway/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

answer_head exchange_head(const exchange *x, int status, const char *content_type)
{
    return (answer_head){.status = status,
                         .content_type = content_type,
                         .request_id = x->request_id,
                         .traceparent = x->traceparent,
                         .extra = x->extra,
                         .no_body = x->request->head.method == HTTP_METHOD_HEAD};
}

void exchange_add_header(exchange *x, const char *name, const char *value)
{
    const char *before = x->extra != NULL ? x->extra : "";
    const char *longer = cogo_arena_printf(&x->arena, "%s%s: %s\r\n", before, name, value);
    if (longer != NULL) {
        x->extra = longer;
    }
}

/* The request as a span; what probes ask is not worth one. */
static void send_span(exchange *x, int status)
{
    desk *d = x->desk;
    const route *r = x->route;
    if (!cogo_actor_id_is_set(d->spans) || !x->context.sampled
        || (r != NULL && (r->flags & ROUTE_OPEN) != 0)) {
        return;
    }
    const char *method = http_method_name(x->request->head.method);
    const char *path = r != NULL ? r->path : "unknown";
    span_attribute all[] = {{.key = "http.request.method", .text = method},
                            {.key = "http.route", .text = path},
                            {.key = "http.response.status_code", .number = status},
                            {.key = "cogo.request.id", .text = x->request_id}};
    int64_t start_ns = x->began_wall_ms * INT64_C(1000000);
    span one = {.trace_id = x->context.trace_id,
                .span_id = x->context.span_id,
                .parent_id = x->parent_span[0] != '\0' ? x->parent_span : NULL,
                .name = cogo_arena_printf(&x->arena, "%s %s", method, path),
                .server = true,
                .start_ns = start_ns,
                .end_ns = start_ns + (int64_t)(cogo_now_ns(d->ctx) - x->began_ns),
                .error = status >= 500 ? http_status_text(status) : NULL,
                .attributes = {.items = all, .count = sizeof all / sizeof all[0]}};
    if (one.name == NULL
        || cogo_send(d->ctx, d->spans, cogo_msg_create_record(d->system, MSG_SPAN, &one))
               != COGO_OK) {
        d->spans_refused++;
    }
}

static void send_answer(exchange *x, int status, answer *a)
{
    const char *path = x->route != NULL ? x->route->path : "unknown";
    if (x->opened) {
        free(a); /* The stream ends; its reader comes back with the last id. */
        a = answer_piece(x->request->exchange, NULL, 0, true);
    } else {
        counts_add(x->desk->counts, x->request->head.method, path, status);
        send_span(x, status);
    }
    server_answer(x->desk->server, x->request->exchange, a);
    x->answered = true;
    x->step = NULL;
}

void exchange_upgrade(exchange *x)
{
    answer_head head = exchange_head(x, 101, NULL);
    send_answer(x, 101, answer_upgrade(x->request->exchange, &head));
}

void exchange_bytes(exchange *x, int status, const char *content_type, const void *bytes,
                    size_t size)
{
    answer_head head = exchange_head(x, status, content_type);
    send_answer(x, status, answer_make(x->request->exchange, &head, bytes, size));
}

void exchange_text(exchange *x, int status, const char *content_type, const char *text)
{
    exchange_bytes(x, status, content_type, text, strlen(text));
}

void exchange_json(exchange *x, int status, json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    exchange_text(x, status, "application/json", text);
    free(text);
}

void exchange_record(exchange *x, int status, const cogo_record *type, const void *record)
{
    exchange_json(x, status, json_from_record(type, record));
}

static const cogo_record *record_of(cogo_msg_type type)
{
    switch (type) {
#define X(number, constant, name, record) \
    case constant:                        \
        return &(record);
        MESSAGE_MAP(X)
#undef X
    default:
        return NULL;
    }
}

void exchange_pass(exchange *x, cogo_msg *msg)
{
    exchange_record(x, 200, record_of(cogo_msg_type_of(msg)), cogo_msg_payload(msg));
}

void exchange_page(exchange *x, const cogo_record *type, const void *page, const char *error)
{
    if (error == NULL) {
        exchange_record(x, 200, type, page);
    } else if (strncmp(error, "page", 4) == 0) {
        exchange_invalid(x, "pageToken", error);
    } else {
        exchange_problem(x, 503, NULL, error);
    }
}

void exchange_fail(exchange *x, const problem *p)
{
    problem full = problem_fill(p);
    if (full.instance == NULL) {
        full.instance = x->request->head.path;
    }
    if (full.status == 503 && full.retry_after_ms == 0) {
        full.retry_after_ms = 1000;
    }
    int status = (int)full.status;
    answer *a = problem_answer(x->request->exchange, exchange_head(x, status, NULL), &full);
    send_answer(x, status, a);
}

void exchange_problem(exchange *x, int status, const char *code, const char *detail)
{
    problem p = {.status = status, .code = code, .detail = detail};
    exchange_fail(x, &p);
}

void exchange_invalid(exchange *x, const char *pointer, const char *detail)
{
    field_problem field = {.pointer = pointer, .detail = detail};
    problem p = {.status = 422, .detail = detail, .errors = {.items = &field, .count = 1}};
    if (pointer[0] != '\0') {
        p.detail = cogo_arena_printf(&x->arena, "%s: %s", pointer, detail);
    }
    exchange_fail(x, &p);
}
