#include "actors/gateway/gate.h"

#include "actors/gateway/route.h"
#include "codec/contract/text.h"

#include <stdio.h>
#include <string.h>

bool gate_sees(const grant *g, const char *tenant)
{
    const char *bound = grant_bound(g);
    return bound == NULL || strcmp(bound, tenant != NULL ? tenant : TENANT_DEFAULT) == 0;
}

void gate_charge(const exchange *x, size_t count)
{
    rates_charge(x->desk->rates, grant_bound(&x->grant), count, cogo_now_ns(x->desk->ctx));
}

static void refuse_identity(exchange *x, int status, const char *why)
{
    if (status == 401) {
        exchange_add_header(x, "WWW-Authenticate", "Bearer realm=\"cogo\"");
    }
    exchange_problem(x, status, NULL, why);
}

static void refuse_rate(exchange *x, int64_t retry_after_ms, const char *why)
{
    problem p = {
        .status = 429, .code = "RATE_LIMITED", .detail = why, .retry_after_ms = retry_after_ms};
    exchange_fail(x, &p);
}

/* A foreign task is answered as one that does not exist, word for word. */
static void owner_of_task(exchange *x, cogo_msg *msg)
{
    const task *t = cogo_msg_payload(msg);
    if (gate_sees(&x->grant, t->tenant)) {
        x->route->handle(x);
        return;
    }
    problem p = {.status = 404,
                 .code = "TASK_NOT_FOUND",
                 .title = "No such task",
                 .detail = text_print(&x->arena, "No such task: %.80s.", x->id)};
    exchange_fail(x, &p);
}

static void owner_of_workflow(exchange *x, cogo_msg *msg)
{
    const workflow *w = cogo_msg_payload(msg);
    const task *tasks = w->tasks.items;
    if (w->tasks.count > 0 && gate_sees(&x->grant, tasks[0].tenant)) {
        x->route->handle(x);
        return;
    }
    problem p = {.status = 404,
                 .code = "WORKFLOW_NOT_FOUND",
                 .title = "No such workflow",
                 .detail = text_print(&x->arena, "No such workflow: %.80s.", x->id)};
    exchange_fail(x, &p);
}

static bool begins(const char *path, const char *with)
{
    return strncmp(path, with, strlen(with)) == 0;
}

/* A caller bound to a tenant asks about one thing: is it the tenant's? */
static void check_owner(exchange *x)
{
    const char *path = x->route->path;
    if (grant_bound(&x->grant) == NULL) {
        x->route->handle(x);
    } else if (begins(path, "/v1/tasks/{id}")) {
        task_get get = {.task_id = x->id};
        exchange_ask(x, MSG_TASK_GET, &get, 0, MSG_TASK, owner_of_task);
    } else if (begins(path, "/v1/workflows/{id}")) {
        workflow_get get = {.workflow_id = x->id};
        exchange_ask(x, MSG_WORKFLOW_GET, &get, 0, MSG_WORKFLOW, owner_of_workflow);
    } else if ((x->route->flags & ROUTE_TENANTS) != 0) {
        x->route->handle(x);
    } else {
        exchange_problem(x, 403, NULL,
                         "This path is not for tokens that are bound to a tenant.");
    }
}

static uint32_t scope_of(const route *r)
{
    if ((r->flags & ROUTE_ADMIN) != 0) {
        return SCOPE_ADMIN;
    }
    if ((r->flags & ROUTE_SOCKET) != 0) {
        return 0; /* Its frames are checked one by one. */
    }
    if ((r->flags & ROUTE_WORK) != 0) {
        return SCOPE_WORK;
    }
    return r->method == HTTP_METHOD_GET || (r->flags & ROUTE_READS) != 0 ? SCOPE_READ
                                                                         : SCOPE_SUBMIT;
}

/* The caller is known. */
static void admit(exchange *x)
{
    const request_head *head = &x->request->head;
    const char *why = "";
    const char *which;
    uint32_t scope = x->route != NULL ? scope_of(x->route) : 0;
    bool probe = x->route != NULL && (x->route->flags & ROUTE_OPEN) != 0;
    int64_t wait_ms =
        probe ? 0
              : rates_take(x->desk->rates, grant_bound(&x->grant), cogo_now_ns(x->desk->ctx));
    if (wait_ms > 0) {
        refuse_rate(x, wait_ms, "More requests come than may, of the tenant or of all.");
    } else if (x->route == NULL && x->allow == NULL) {
        exchange_problem(x, 404, NULL, "Nothing is at this path; see /openapi.json.");
    } else if (x->route == NULL) {
        exchange_add_header(x, "Allow", x->allow);
        exchange_problem(x, 405, NULL, "This path does not take that method.");
    } else if (x->desk->node_only && (x->route->flags & ROUTE_NODE) == 0) {
        exchange_problem(
            x, 404, NULL,
            "This node has no orchestrator: ask one for tasks, workers and roles.");
    } else if ((x->grant.scopes & scope) != scope) {
        exchange_problem(x, 403, NULL,
                         cogo_arena_printf(&x->arena, "The token lacks the scope %s.",
                                           grant_scope_name(scope)));
    } else if (!query_parse(&x->query, head->query, x->route->parameters, &x->arena, &which,
                            &why)) {
        exchange_invalid(x, which, why);
    } else {
        check_owner(x);
    }
}

static void use(exchange *x, const grant *granted)
{
    bool expired = granted != NULL && granted->expires_at != 0
                   && granted->expires_at <= cogo_system_wall_ms(x->desk->system);
    if (granted == NULL || expired) {
        refuse_identity(x, 401, "The bearer token is not one of this server, or not any more.");
        return;
    }
    x->grant = *granted;
    admit(x);
}

/* What the store knows of the token. */
static void on_token(exchange *x, cogo_msg *msg)
{
    const token_page *page = cogo_msg_payload(msg);
    const uint8_t *hash = x->token_hash;
    grant granted;
    if (page->error != NULL) {
        exchange_problem(x, 503, NULL, "The tokens can't be read now.");
        return;
    }
    bool good =
        page->tokens.count == 1
        && grant_from(page->tokens.items, cogo_system_wall_ms(x->desk->system), &granted);
    grants_put(x->desk->grants, hash, good ? &granted : NULL, cogo_now_ns(x->desk->ctx));
    use(x, good ? &granted : NULL);
}

static void look_up(exchange *x, const uint8_t hash[32])
{
    desk *d = x->desk;
    uint64_t now_ns = cogo_now_ns(d->ctx);
    const grants_item *item = grants_find(d->grants, hash, now_ns);
    char hex[TOKEN_HEX_SIZE];
    memcpy(x->token_hash, hash, sizeof x->token_hash);
    if (item != NULL || d->node_only) {
        use(x, item != NULL && item->good ? &item->grant : NULL);
        return;
    }
    /* Whoever tries tokens must not keep the store busy. */
    int64_t wait_ms = grants_knows(d->grants, hash) ? 0 : rates_take_lookup(d->rates, now_ns);
    if (wait_ms > 0) {
        refuse_rate(x, wait_ms, "Too many unknown tokens are being tried.");
        return;
    }
    token_hex(hash, hex);
    token_list ask = {.hash = hex, .page_size = 1};
    exchange_ask(x, MSG_TOKEN_LIST, &ask, 0, MSG_TOKEN_PAGE, on_token);
}

void gate_enter(exchange *x)
{
    auth_answer said;
    auth_verdict verdict = auth_check(x->desk->auth, &x->request->head, &said);
    x->route = route_find(&x->request->head, &x->arena, &x->id, &x->part, &x->allow);
    bool open = x->route != NULL && (x->route->flags & ROUTE_OPEN) != 0;
    if (verdict == AUTH_ALL) {
        x->grant = grant_all();
        admit(x);
    } else if (open && (verdict == AUTH_LOOK_UP || said.status == 401)) {
        x->route->handle(x); /* With no right at all. */
    } else if (verdict == AUTH_LOOK_UP) {
        look_up(x, said.hash);
    } else {
        refuse_identity(x, said.status, said.why);
    }
}
