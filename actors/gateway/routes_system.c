/* Routes of the node itself: liveness, readiness, metrics, the API document, the page. */
#include "actors/gateway/asyncapi.h"
#include "actors/gateway/metrics.h"
#include "actors/gateway/openapi.h"
#include "actors/gateway/route.h"

#include <stdlib.h>

enum { READY_ASK_MS = 2000 }; /* Probes give up early, and so does their question. */

void route_health(exchange *x)
{
    exchange_text(x, 200, "application/json", "{\"status\":\"ok\"}");
}

static void show_ready(exchange *x, health shown)
{
    /* Probes come without a token, and learn no more than the status code says. */
    if (x->grant.scopes == 0) {
        shown.checks = (cogo_strings){NULL, 0};
    }
    exchange_record(x, shown.ready ? 200 : 503, &health_record, &shown);
}

/* Its checks are behind those of the orchestrator. */
static void answer_beside(exchange *x, cogo_msg *msg)
{
    const health *other = cogo_msg_payload(msg), *first = x->data;
    size_t count = first->checks.count + other->checks.count;
    const char **checks = cogo_arena_alloc(&x->arena, (count + 1) * sizeof *checks);
    if (checks == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        checks[i] = i < first->checks.count ? first->checks.items[i]
                                            : other->checks.items[i - first->checks.count];
    }
    show_ready(x, (health){.ready = first->ready && other->ready, .checks = {checks, count}});
}

static void answer_ready(exchange *x, cogo_msg *msg)
{
    empty nothing = {false};
    const health *said = cogo_msg_payload(msg);
    if (!cogo_actor_id_is_set(x->desk->beside)) {
        show_ready(x, *said);
        return;
    }
    x->data = exchange_keep(x, &health_record, said);
    if (x->data == NULL) {
        return;
    }
    exchange_ask_other(x, x->desk->beside, MSG_HEALTH_READ, &nothing,
                       READY_ASK_MS - EXCHANGE_ASK_MS, MSG_HEALTH, answer_beside);
}

void route_ready(exchange *x)
{
    empty nothing = {false};
    exchange_ask(x, MSG_HEALTH_READ, &nothing, READY_ASK_MS - EXCHANGE_ASK_MS, MSG_HEALTH,
                 answer_ready);
}

static void show_metrics(exchange *x, const metrics *from_orchestrator, const metrics *beside)
{
    char *text = metrics_text(x->desk, from_orchestrator, beside);
    if (text == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    exchange_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    free(text);
}

static void answer_more_metrics(exchange *x, cogo_msg *msg)
{
    show_metrics(x, x->data, cogo_msg_payload(msg));
}

static void answer_metrics(exchange *x, cogo_msg *msg)
{
    empty nothing = {false};
    const metrics *said = cogo_msg_payload(msg);
    if (!cogo_actor_id_is_set(x->desk->beside)) {
        show_metrics(x, said, NULL);
        return;
    }
    x->data = exchange_keep(x, &metrics_record, said);
    if (x->data == NULL) {
        return;
    }
    exchange_ask_other(x, x->desk->beside, MSG_METRICS_READ, &nothing, 0, MSG_METRICS,
                       answer_more_metrics);
}

void route_metrics(exchange *x)
{
    empty nothing = {false};
    exchange_ask(x, MSG_METRICS_READ, &nothing, 0, MSG_METRICS, answer_metrics);
}

void route_openapi(exchange *x)
{
    exchange_json(x, 200, openapi_document());
}

void route_asyncapi(exchange *x)
{
    exchange_json(x, 200, asyncapi_document());
}

void route_root(exchange *x)
{
    static const char page[] =
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>cogo</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;"
        "padding:0 1em}</style></head>\n<body><h1>cogo</h1>\n"
        "<p>This node takes tasks over HTTP and gives them to role workers.</p>\n<ul>\n"
        "<li><a href=\"/openapi.json\">/openapi.json</a>: every path, with schemas</li>\n"
        "<li><a href=\"/v1/tasks\">/v1/tasks</a>, <a href=\"/v1/workflows\">/v1/workflows</a>,"
        " <a href=\"/v1/workers\">/v1/workers</a>, <a href=\"/v1/roles\">/v1/roles</a></li>\n"
        "<li><a href=\"/ready\">/ready</a> and <a href=\"/metrics\">/metrics</a></li>\n</ul>\n"
        "<p>On the command line: <code>cogo task submit echo --wait</code></p></body></html>\n";
    exchange_add_header(
        x, "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    exchange_text(x, 200, "text/html; charset=utf-8", page);
}
