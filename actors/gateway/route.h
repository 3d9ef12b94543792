/* The table of routes: method, path, who handles it, what it takes and gives.
 * Used for dispatch, for body limits, for 405 answers, for metrics and for /openapi.json alike.
 * Never handles anything itself. */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "actors/gateway/exchange.h"

enum {
    ROUTE_OPEN = 1 << 0,   /* Needs no token. */
    ROUTE_BATCH = 1 << 1,  /* Takes a batch: the larger body limit. */
    ROUTE_KEYED = 1 << 2,  /* Understands Idempotency-Key. */
    ROUTE_EVENTS = 1 << 3, /* Answers as an event stream when asked to. */
    ROUTE_NODE = 1 << 5,   /* Of the node itself: also where no orchestrator is. */
    ROUTE_EACH = 1 << 10,  /* Items of the answer may be problems. */
    ROUTE_BYTES = 1 << 11, /* The body is any bytes. */
    ROUTE_LIST = 1 << 4,   /* The answer is {"<noun>": [record...], "nextPageToken"}. */
    /* Who may: GET needs the scope read, the others submit. Paths below one task or workflow
     * are open to its tenant; of the others only those with ROUTE_TENANTS to tokens of one
     * tenant. */
    ROUTE_TENANTS = 1 << 6,
    ROUTE_ADMIN = 1 << 7,  /* Needs the scope admin. */
    ROUTE_READS = 1 << 8,  /* Needs the scope read, whatever its method is. */
    ROUTE_WORK = 1 << 12,  /* Needs the scope work. */
    ROUTE_SOCKET = 1 << 9, /* Becomes a WebSocket, whose frames are checked one by one. */
};

struct route {
    http_method method;
    const char *path; /* With up to two {...}, each for one path segment without ':'. */
    void (*handle)(exchange *x);
    uint32_t flags;
    const char *parameters;   /* Of the query, one blank between them. */
    const char *summary;      /* One sentence for the API document. */
    const cogo_record *takes; /* NULL: no body. */
    const char *takes_list;   /* The body is {"<this>": [takes...]}; NULL: one record. */
    int status;               /* Of success. */
    const cogo_record *gives; /* NULL: see media. */
    const char *gives_list;   /* The answer is {"<this>": [gives...]}; NULL: one record. */
    const char *media;        /* Media type when there is no record. */
};

/* The table; ends with a route without path. */
extern const route route_table[];

/* The route of @p head; NULL with @p *out_allow (methods for a 405, in @p arena) or NULL when
 * the path is unknown. @p *out_id and @p *out_part are the variable parts, in @p arena. */
const route *route_find(const request_head *head, cogo_arena *arena, const char **out_id,
                        const char **out_part, const char **out_allow);
/* True when any route with this path has @p flag. */
bool route_path_has(const char *path, uint32_t flag);

/* Routes of tasks. */
void route_task_submit(exchange *x);
void route_task_list(exchange *x);
void route_task_get(exchange *x);
void route_task_cancel(exchange *x);
void route_task_retry(exchange *x);
void route_task_approve(exchange *x);
void route_task_reject(exchange *x);
void route_task_result(exchange *x);
void route_task_explain(exchange *x);
void route_task_events(exchange *x);
void route_task_batch(exchange *x);
/* Of artifacts. */
void route_artifact_list(exchange *x);
void route_artifact_get(exchange *x);
void route_artifact_put(exchange *x);
/* Of workflows. */
void route_workflow_submit(exchange *x);
void route_workflow_list(exchange *x);
void route_workflow_get(exchange *x);
/* Of dead letters. */
void route_deadletter_list(exchange *x);
void route_deadletter_redrive(exchange *x);
/* Of limits. */
void route_limit_set(exchange *x);
void route_limit_list(exchange *x);
void route_limit_get(exchange *x);
void route_limit_delete(exchange *x);
/* Of schedules. */
void route_schedule_create(exchange *x);
void route_schedule_list(exchange *x);
void route_schedule_get(exchange *x);
void route_schedule_delete(exchange *x);
void route_schedule_pause(exchange *x);
void route_schedule_resume(exchange *x);
/* Of workers and roles. */
void route_worker_list(exchange *x);
void route_worker_get(exchange *x);
void route_worker_drain(exchange *x);
void route_worker_remove(exchange *x);
void route_role_list(exchange *x);
void route_role_get(exchange *x);
/* Of tokens. */
void route_token_create(exchange *x);
void route_token_list(exchange *x);
void route_token_revoke(exchange *x);
/* Of the audit log. */
void route_audit_list(exchange *x);
/* Of actors. */
/* pageSize, and pageToken as a number. False: answered with a problem. */
bool route_read_page(exchange *x, int64_t *out_size, int64_t *out_from);
void route_actor_list(exchange *x);
void route_actor_get(exchange *x);
void route_node_list(exchange *x);
/* Of the node itself. */
void route_health(exchange *x);
void route_ready(exchange *x);
void route_metrics(exchange *x);
void route_openapi(exchange *x);
void route_asyncapi(exchange *x);
void route_ws(exchange *x);
void route_root(exchange *x);

#endif
