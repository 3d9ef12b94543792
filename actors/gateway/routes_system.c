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

enum { ASKED_MAX = 3 }; /* The orchestrator, and who is beside. */

/* What the asked have said so far. */
typedef struct said {
    const void *items[ASKED_MAX];
    size_t count, next; /* Of those beside. */
} said;

/* Keeps what one has said and asks the next one; true: all were asked. */
static bool collect(exchange *x, cogo_msg *msg, cogo_msg_type type, cogo_msg_type expected,
                    const cogo_record *record, int64_t wait_ms, exchange_step step)
{
    empty nothing = {false};
    said *all = x->data != NULL ? x->data : cogo_arena_alloc(&x->arena, sizeof *all);
    x->data = all;
    if (all == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return false;
    }
    all->items[all->count] = exchange_keep(x, record, cogo_msg_payload(msg));
    if (all->items[all->count++] == NULL) {
        return false;
    }
    while (all->next < ASKED_MAX - 1) {
        cogo_actor_id beside = x->desk->beside[all->next++];
        if (cogo_actor_id_is_set(beside)) {
            exchange_ask_other(x, beside, type, &nothing, wait_ms, expected, step);
            return false;
        }
    }
    return true;
}

/* The checks of all, one behind the other. */
static void answer_ready(exchange *x, cogo_msg *msg)
{
    if (!collect(x, msg, MSG_HEALTH_READ, MSG_HEALTH, &health_record,
                 READY_ASK_MS - EXCHANGE_ASK_MS, answer_ready)) {
        return;
    }
    const said *all = x->data;
    health shown = {.ready = true};
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++) {
        count += ((const health *)all->items[i])->checks.count;
    }
    const char **checks = cogo_arena_alloc(&x->arena, (count + 1) * sizeof *checks);
    for (size_t i = 0; i < all->count && checks != NULL; i++) {
        const health *one = all->items[i];
        shown.ready = shown.ready && one->ready;
        for (size_t k = 0; k < one->checks.count; k++) {
            checks[shown.checks.count++] = one->checks.items[k];
        }
    }
    shown.checks.items = checks;
    show_ready(x, shown);
}

void route_ready(exchange *x)
{
    empty nothing = {false};
    exchange_ask(x, MSG_HEALTH_READ, &nothing, READY_ASK_MS - EXCHANGE_ASK_MS, MSG_HEALTH,
                 answer_ready);
}

static void answer_metrics(exchange *x, cogo_msg *msg)
{
    if (!collect(x, msg, MSG_METRICS_READ, MSG_METRICS, &metrics_record, 0, answer_metrics)) {
        return;
    }
    const said *all = x->data;
    char *text = metrics_text(x->desk, all->items, all->count);
    if (text == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    exchange_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    free(text);
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
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;"
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
