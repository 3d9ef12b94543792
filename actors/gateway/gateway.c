#include "actors/gateway/gateway.h"

#include "actors/gateway/gate.h"
#include "actors/gateway/listen.h"
#include "actors/gateway/metrics.h"
#include "actors/gateway/route.h"
#include "actors/gateway/sse.h"
#include "actors/gateway/ws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT = 1024 * 1024, BATCH_LIMIT = 16 * 1024 * 1024 };
static const uint64_t end_ns = UINT64_C(1000000000); /* For the actor to end. */

struct gateway {
    cogo_system *system;
    server *server;
    counts counts;
    auth auth;
    grants grants;
    rates rates, socket_rates; /* Of requests, and of frames. */
    cogo_actor_id actor;
    cogo_actor_id orchestrator, beside[2], spans;
    double trace_ratio;
    int64_t body_limit;
    int port;
    bool node_only;
    bool actor_runs, stopped;
};

/* A step may answer, ask again, or go on as a stream; anything else would hang the client. */
static void settle(exchange *x)
{
    if (!x->answered && !x->streaming && x->step == NULL) {
        exchange_problem(x, 500, NULL, "The request led nowhere.");
    }
    if (x->answered) {
        if (x->streaming) {
            sse_forget(x);
        }
        exchange_close(x);
    }
}

/* A stream may have failed to read on, and was answered. */
static void settle_streams(desk *d)
{
    for (exchange *x = d->first, *next; x != NULL; x = next) {
        next = x->next;
        if (x->answered) {
            settle(x);
        }
    }
}

static void on_request(desk *d, cogo_msg *msg)
{
    cogo_msg_take(d->ctx, msg);
    uint64_t number = ((const door_request *)cogo_msg_payload(msg))->exchange;
    exchange *x = exchange_open(d, msg);
    if (x == NULL) {
        server_answer(d->server, number, NULL);
        return;
    }
    gate_enter(x);
    settle(x);
}

static void on_answer(desk *d, uint64_t ask, cogo_msg *msg)
{
    for (exchange *x = d->first; x != NULL; x = x->next) {
        if (x->ask == ask && x->step != NULL) {
            exchange_answered(x, msg);
            settle(x);
            return;
        }
    }
    (void)ws_answered(d, ask, msg);
}

static void on_gone(desk *d, uint64_t number)
{
    for (exchange *x = d->first; x != NULL; x = x->next) {
        if (x->request->exchange == number) {
            if (x->streaming) {
                sse_forget(x);
            }
            exchange_close(x); /* Its ask may still be answered; nobody waits for that. */
            return;
        }
    }
    ws_gone(d, number);
}

static void on_drain(desk *d)
{
    ws_end_all(d);
    sse_end_all(d);
    for (exchange *x = d->first, *next; x != NULL; x = next) {
        next = x->next;
        if (x->answered) {
            exchange_close(x);
        }
    }
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    desk *d = state;
    gateway *const *g = args;
    *d = (desk){.ctx = ctx,
                .system = (*g)->system,
                .orchestrator = (*g)->orchestrator,
                .beside = {(*g)->beside[0], (*g)->beside[1]},
                .spans = (*g)->spans,
                .trace_ratio = (*g)->trace_ratio,
                .node_only = (*g)->node_only,
                .server = (*g)->server,
                .counts = &(*g)->counts,
                .auth = &(*g)->auth,
                .grants = &(*g)->grants,
                .rates = &(*g)->rates,
                .socket_rates = &(*g)->socket_rates};
    return COGO_OK;
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    desk *d = state;
    d->ctx = ctx;
    if (cogo_msg_ask(msg) != 0) {
        on_answer(d, cogo_msg_ask(msg), msg);
        return COGO_OK;
    }
    switch (cogo_msg_type_of(msg)) {
    case GATEWAY_MSG_REQUEST:
        on_request(d, msg);
        break;
    case GATEWAY_MSG_GONE:
        on_gone(d, ((const door_gone *)cogo_msg_payload(msg))->exchange);
        break;
    case GATEWAY_MSG_DRAIN:
        on_drain(d);
        break;
    case MSG_EVENT:
        feeds_event(d, cogo_msg_payload(msg));
        settle_streams(d);
        break;
    case GATEWAY_MSG_SOCKET:
        ws_message(d, msg);
        break;
    case GATEWAY_MSG_FRAME:
        ws_worker_out(d, msg);
        break;
    case COGO_MSG_DOWN:
        (void)ws_worker_down(d, cogo_msg_payload(msg));
        break;
    case COGO_MSG_TIMER:
        sse_keep_alive(d);
        break;
    default:
        break; /* Late or foreign: nobody waits for it. */
    }
    return COGO_OK;
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    desk *d = state;
    (void)reason;
    d->ctx = ctx;
    if (d->server == NULL) {
        return; /* Ended before it started. */
    }
    ws_end_all(d);
    sse_end_all(d);
    while (d->first != NULL) {
        exchange_close(d->first);
    }
    server_orphan(d->server);
}

static const cogo_behavior behavior = {.struct_size = sizeof(cogo_behavior),
                                       .name = "gateway",
                                       .state_size_bytes = sizeof(desk),
                                       .start = start,
                                       .receive = receive,
                                       .stop = stop};

static cogo_err register_types(cogo_system *system)
{
    static const cogo_type types[] = {
        {sizeof(cogo_type), GATEWAY_MSG_REQUEST, "gateway.request", NULL},
        {sizeof(cogo_type), GATEWAY_MSG_GONE, "gateway.gone", NULL},
        {sizeof(cogo_type), GATEWAY_MSG_DRAIN, "gateway.drain", NULL},
        {sizeof(cogo_type), GATEWAY_MSG_SOCKET, "gateway.socket", NULL},
        {sizeof(cogo_type), GATEWAY_MSG_ATTACH, "gateway.attach", NULL},
        {sizeof(cogo_type), GATEWAY_MSG_FRAME, "gateway.frame", NULL},
    };
    cogo_err err = COGO_OK;
    for (size_t i = 0; i < sizeof types / sizeof types[0] && err == COGO_OK; i++) {
        err = cogo_type_register(system, &types[i]);
    }
    return err;
}

static int64_t body_limit(const void *ctx, const request_head *head)
{
    const gateway *g = ctx;
    return route_path_has(head->path, ROUTE_BATCH) ? BATCH_LIMIT : g->body_limit;
}

static bool is_probe(const request_head *head)
{
    return route_path_has(head->path, ROUTE_OPEN);
}

static cogo_err open_server(gateway *g, const gateway_config *config, char error[256])
{
    const char *host = config->host != NULL ? config->host : "127.0.0.1";
    int fd = listen_open(host, config->port, config->token == NULL, &g->port, error);
    if (fd < 0) {
        return errno == EADDRINUSE ? COGO_EEXIST : errno == EINVAL ? COGO_EINVAL : COGO_EIO;
    }
    server_config parts = {.listen_fd = fd,
                           .system = g->system,
                           .counts = &g->counts,
                           .body_limit = body_limit,
                           .body_limit_ctx = g,
                           .is_probe = is_probe};
    g->server = server_create(&parts, error);
    return g->server != NULL ? COGO_OK : COGO_EIO;
}

static cogo_err start_parts(gateway *g, char error[256])
{
    cogo_err err = register_types(g->system);
    if (err == COGO_OK) {
        cogo_spawn_options options = {.struct_size = sizeof options,
                                      .behavior = &behavior,
                                      .args = &g,
                                      .args_size_bytes = sizeof g};
        err = cogo_system_spawn(g->system, &options, &g->actor);
        g->actor_runs = err == COGO_OK;
    }
    if (err == COGO_OK) {
        err = server_start(g->server, g->actor);
    }
    if (err != COGO_OK) {
        snprintf(error, 256, "the gateway does not start: %s", cogo_strerror(err));
    }
    return err;
}

cogo_err gateway_start(cogo_system *system, const gateway_config *config, gateway **out_gateway,
                       char error[256])
{
    error[0] = '\0';
    gateway *g = calloc(1, sizeof *g);
    if (g == NULL) {
        snprintf(error, 256, "out of memory");
        return COGO_ENOMEM;
    }
    const char *host = config->host != NULL ? config->host : "127.0.0.1";
    if (!auth_init(&g->auth, config->token, host, error)
        || !rates_init(&g->rates, config->tenant_rates, "http", error)
        || !rates_init(&g->socket_rates, config->tenant_rates, "ws", error)) {
        free(g);
        return COGO_EINVAL;
    }
    counts_init(&g->counts);
    g->system = system;
    g->orchestrator = config->orchestrator;
    memcpy(g->beside, config->beside, sizeof g->beside);
    g->spans = config->spans;
    g->trace_ratio = cogo_actor_id_is_set(config->spans) ? config->trace_ratio : 1;
    g->node_only = config->node_only;
    g->body_limit = config->body_limit > 0 ? config->body_limit : BODY_LIMIT;
    cogo_err err = open_server(g, config, error);
    if (err == COGO_OK) {
        err = start_parts(g, error);
    }
    if (err != COGO_OK) {
        gateway_destroy(g);
        return err;
    }
    *out_gateway = g;
    return COGO_OK;
}

int gateway_port(const gateway *g)
{
    return g->port;
}

void gateway_stop(gateway *g, uint64_t deadline_ns)
{
    if (g->stopped) {
        return;
    }
    g->stopped = true;
    if (g->actor_runs) {
        server_drain(g->server);
        (void)cogo_system_send(g->system, g->actor,
                               cogo_msg_create(g->system, GATEWAY_MSG_DRAIN, 0));
        (void)server_await_quiet(g->server, deadline_ns);
        cogo_exit_actor(g->system, g->actor, COGO_EXIT_SHUTDOWN, "gateway stops");
        g->actor_runs = cogo_system_await(g->system, g->actor, end_ns, NULL) != COGO_OK;
    }
    if (g->server != NULL) {
        server_stop(g->server);
    }
}

void gateway_destroy(gateway *g)
{
    if (g == NULL) {
        return;
    }
    gateway_stop(g, 0);
    if (g->actor_runs) {
        return; /* Its callback did not end: what it uses must stay. */
    }
    server_destroy(g->server);
    counts_finish(&g->counts);
    free(g);
}
