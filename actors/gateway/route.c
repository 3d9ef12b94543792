#include "actors/gateway/route.h"

#include <string.h>

const route route_table[] = {
    {HTTP_METHOD_POST, "/v1/tasks", route_task_submit, ROUTE_KEYED | ROUTE_TENANTS, "wait",
     "Submits one task; with wait the answer comes when it has finished.", &instruction_record,
     NULL, 202, &task_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/tasks", route_task_list, ROUTE_TENANTS,
     "state role workflow pageSize pageToken",
     "Lists tasks, newest first; a repeated filter means any of its values.", NULL, NULL, 200,
     &task_record, "tasks", NULL},
    {HTTP_METHOD_POST, "/v1/tasks:batchCreate", route_task_batch,
     ROUTE_BATCH | ROUTE_KEYED | ROUTE_TENANTS, "",
     "Submits up to 1000 tasks; each item is answered with a task or a problem.",
     &instruction_record, "tasks", 202, &task_record, "tasks", NULL},
    {HTTP_METHOD_GET, "/v1/tasks/{id}", route_task_get, 0, "wait",
     "One task; with wait the answer comes when it has finished.", NULL, NULL, 200,
     &task_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/tasks/{id}:cancel", route_task_cancel, 0, "reason",
     "Cancels a task that has not finished.", NULL, NULL, 200, &task_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/tasks/{id}:retry", route_task_retry, 0, "reason",
     "Tries a failed or cancelled task again.", NULL, NULL, 200, &task_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/tasks/{id}:approve", route_task_approve, 0, "by note",
     "Lets a task run that waits for an approval.", NULL, NULL, 200, &task_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/tasks/{id}:reject", route_task_reject, 0, "by note",
     "Cancels a task that waits for an approval.", NULL, NULL, 200, &task_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/tasks/{id}/events", route_task_events, ROUTE_EVENTS, "after limit",
     "Events of a task as a page, or as a stream with Accept: text/event-stream.", NULL, NULL,
     200, &task_event_record, "events", NULL},
    {HTTP_METHOD_GET, "/v1/tasks/{id}/result", route_task_result, 0, "wait",
     "The result of a finished task.", NULL, NULL, 200, &agent_result_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/tasks/{id}/explain", route_task_explain, 0, "",
     "Why a task waits, or where it ran.", NULL, NULL, 200, &explanation_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/tasks/{id}/artifacts", route_artifact_list, 0, "",
     "What is kept beside a task: large values, and what its workers stored.", NULL, NULL, 200,
     &artifact_record, "artifacts", NULL},
    {HTTP_METHOD_GET, "/v1/tasks/{id}/artifacts/{name}", route_artifact_get, 0, "lease",
     "The bytes of the latest artifact of that name; a part of them with Range. A value "
     "(application/msgpack) comes as JSON, or as it is kept with Accept.",
     NULL, NULL, 200, NULL, NULL, "application/octet-stream"},
    {HTTP_METHOD_PUT, "/v1/tasks/{id}/artifacts/{name}", route_artifact_put,
     ROUTE_WORK | ROUTE_BATCH | ROUTE_BYTES, "lease",
     "Stores bytes beside the task, for the attempt with this lease; answered when they are on "
     "disk.",
     NULL, NULL, 201, &artifact_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/workflows", route_workflow_submit,
     ROUTE_BATCH | ROUTE_KEYED | ROUTE_TENANTS, "wait",
     "Submits tasks that depend on each other: all of them or none.", &instruction_record,
     "tasks", 202, &workflow_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/workflows", route_workflow_list, ROUTE_TENANTS,
     "state pageSize pageToken", "Lists workflows, newest first, without their tasks.", NULL,
     NULL, 200, &workflow_record, "workflows", NULL},
    {HTTP_METHOD_GET, "/v1/workflows/{id}", route_workflow_get, 0, "wait",
     "One workflow with its tasks.", NULL, NULL, 200, &workflow_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/deadletters", route_deadletter_list, ROUTE_TENANTS,
     "role pageSize pageToken", "Lists tasks that used up their attempts, newest first.", NULL,
     NULL, 200, &task_record, "deadletters", NULL},
    {HTTP_METHOD_POST, "/v1/deadletters:redrive", route_deadletter_redrive,
     ROUTE_EACH | ROUTE_TENANTS, "",
     "Tries dead letters again; each is answered with its task or a problem.", &redrive_record,
     NULL, 200, &task_record, "tasks", NULL},
    {HTTP_METHOD_POST, "/v1/limits", route_limit_set, ROUTE_ADMIN | ROUTE_TENANTS, "tenant",
     "Sets a limit: how many tasks of a key may run at once, or begin in a time.",
     &task_limit_record, NULL, 200, &task_limit_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/limits", route_limit_list, ROUTE_TENANTS, "tenant",
     "Lists limits, with what runs and waits.", NULL, NULL, 200, &task_limit_record, "limits",
     NULL},
    {HTTP_METHOD_GET, "/v1/limits/{name}", route_limit_get, ROUTE_TENANTS, "tenant",
     "One limit.", NULL, NULL, 200, &task_limit_record, NULL, NULL},
    {HTTP_METHOD_DELETE, "/v1/limits/{name}", route_limit_delete, ROUTE_ADMIN | ROUTE_TENANTS,
     "tenant", "Deletes a limit; tasks that name it are not limited by it any more.", NULL,
     NULL, 200, &task_limit_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/schedules", route_schedule_create, ROUTE_TENANTS, "",
     "Submits a task again and again, at the times of a cron expression.", &schedule_record,
     NULL, 201, &schedule_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/schedules", route_schedule_list, ROUTE_TENANTS, "",
     "Lists schedules.", NULL, NULL, 200, &schedule_record, "schedules", NULL},
    {HTTP_METHOD_GET, "/v1/schedules/{id}", route_schedule_get, ROUTE_TENANTS, "",
     "One schedule.", NULL, NULL, 200, &schedule_record, NULL, NULL},
    {HTTP_METHOD_DELETE, "/v1/schedules/{id}", route_schedule_delete, ROUTE_TENANTS, "",
     "Deletes a schedule; tasks that it has submitted stay.", NULL, NULL, 200, &schedule_record,
     NULL, NULL},
    {HTTP_METHOD_POST, "/v1/schedules/{id}:pause", route_schedule_pause, ROUTE_TENANTS, "",
     "Submits nothing until it is resumed.", NULL, NULL, 200, &schedule_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/schedules/{id}:resume", route_schedule_resume, ROUTE_TENANTS, "",
     "Goes on with the next slot; those that passed meanwhile are left out.", NULL, NULL, 200,
     &schedule_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/workers", route_worker_list, 0, "", "Lists workers.", NULL, NULL,
     200, &worker_agent_status_record, "workers", NULL},
    {HTTP_METHOD_GET, "/v1/workers/{id}", route_worker_get, 0, "", "One worker.", NULL, NULL,
     200, &worker_agent_status_record, NULL, NULL},
    {HTTP_METHOD_DELETE, "/v1/workers/{id}", route_worker_remove, ROUTE_ADMIN, "reason",
     "Removes a worker; its tasks are tried again elsewhere.", NULL, NULL, 200,
     &worker_agent_status_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/workers/{id}:drain", route_worker_drain, ROUTE_ADMIN, "reason",
     "Gives a worker no more tasks.", NULL, NULL, 200, &worker_agent_status_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/roles", route_role_list, ROUTE_TENANTS, "",
     "Lists the roles that registered workers offer, with their JSON Schemas.", NULL, NULL, 200,
     &role_capability_record, "roles", NULL},
    {HTTP_METHOD_GET, "/v1/roles/{name}", route_role_get, ROUTE_TENANTS, "", "One role.", NULL,
     NULL, 200, &role_capability_record, NULL, NULL},
    {HTTP_METHOD_POST, "/v1/tokens", route_token_create, ROUTE_ADMIN | ROUTE_TENANTS, "",
     "Makes a token; the answer shows its secret, once.", &access_token_record, NULL, 201,
     &access_token_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/tokens", route_token_list, ROUTE_ADMIN | ROUTE_TENANTS,
     "pageSize pageToken", "Lists tokens, newest first, without their secrets.", NULL, NULL,
     200, &access_token_record, "tokens", NULL},
    {HTTP_METHOD_DELETE, "/v1/tokens/{id}", route_token_revoke, ROUTE_ADMIN | ROUTE_TENANTS, "",
     "Takes a token back, for good.", NULL, NULL, 200, &access_token_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/audit", route_audit_list, ROUTE_ADMIN | ROUTE_TENANTS,
     "action subject tokenId pageSize pageToken",
     "Who did what, newest first; for admins of a tenant what its callers did.", NULL, NULL,
     200, &audit_entry_record, "entries", NULL},
    {HTTP_METHOD_GET, "/v1/actors", route_actor_list, ROUTE_NODE, "pageSize pageToken",
     "Lists the actors of this node.", NULL, NULL, 200, &actor_status_record, "actors", NULL},
    {HTTP_METHOD_GET, "/v1/actors/{id}", route_actor_get, ROUTE_NODE, "",
     "One actor of this node, by its id or its registered name.", NULL, NULL, 200,
     &actor_status_record, NULL, NULL},
    {HTTP_METHOD_GET, "/v1/nodes", route_node_list, ROUTE_NODE, "pageSize pageToken",
     "Lists this node and the nodes that it is or was linked with.", NULL, NULL, 200,
     &node_status_record, "nodes", NULL},
    {HTTP_METHOD_GET, "/health", route_health, ROUTE_OPEN | ROUTE_NODE, "",
     "The process answers.", NULL, NULL, 200, NULL, NULL, "application/json"},
    {HTTP_METHOD_GET, "/livez", route_health, ROUTE_OPEN | ROUTE_NODE, "", "As /health.", NULL,
     NULL, 200, NULL, NULL, "application/json"},
    {HTTP_METHOD_GET, "/ready", route_ready, ROUTE_OPEN | ROUTE_NODE, "",
     "Whether tasks are taken; with the checks for callers that are let in.", NULL, NULL, 200,
     &health_record, NULL, NULL},
    {HTTP_METHOD_GET, "/readyz", route_ready, ROUTE_OPEN | ROUTE_NODE, "", "As /ready.", NULL,
     NULL, 200, &health_record, NULL, NULL},
    {HTTP_METHOD_GET, "/metrics", route_metrics, ROUTE_NODE, "",
     "Metrics in the Prometheus text format.", NULL, NULL, 200, NULL, NULL, "text/plain"},
    {HTTP_METHOD_GET, "/openapi.json", route_openapi, ROUTE_TENANTS, "", "This document.", NULL,
     NULL, 200, NULL, NULL, "application/json"},
    {HTTP_METHOD_GET, "/asyncapi.json", route_asyncapi, ROUTE_TENANTS, "",
     "The frames of the WebSocket at /v1/ws and the streams in Redis, as AsyncAPI 3.", NULL,
     NULL, 200, NULL, NULL, "application/json"},
    {HTTP_METHOD_GET, "/v1/ws", route_ws, ROUTE_SOCKET | ROUTE_TENANTS, "",
     "Becomes a WebSocket (cogo.v1+json or cogo.v1+msgpack); see /asyncapi.json.", NULL, NULL,
     101, NULL, NULL, NULL},
    {HTTP_METHOD_GET, "/", route_root, ROUTE_TENANTS, "", "A page for people.", NULL, NULL, 200,
     NULL, NULL, "text/html"},
    {.path = NULL},
};

enum { PARTS_MAX = 2 };

/* A variable part of a path; size 0: none. */
typedef struct part {
    const char *at;
    size_t size;
} part;

/* True when @p path is what @p pattern describes. */
static bool matches(const char *pattern, const char *path, part parts[PARTS_MAX])
{
    size_t count = 0;
    parts[0] = parts[1] = (part){NULL, 0};
    while (*pattern != '\0') {
        if (*pattern == '{' && count < PARTS_MAX) {
            part *p = &parts[count++];
            *p = (part){path, strcspn(path, "/:")};
            path += p->size;
            pattern = strchr(pattern, '}') + 1;
            if (p->size == 0) {
                return false;
            }
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static const char *copy(cogo_arena *arena, part p)
{
    return p.size > 0 ? cogo_arena_copy(arena, p.at, p.size) : NULL;
}

const route *route_find(const request_head *head, cogo_arena *arena, const char **out_id,
                        const char **out_part, const char **out_allow)
{
    http_method method = head->method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : head->method;
    part parts[PARTS_MAX];
    *out_id = *out_part = *out_allow = NULL;
    for (const route *r = route_table; r->path != NULL; r++) {
        if (!matches(r->path, head->path, parts)) {
            continue;
        }
        if (r->method == method) {
            *out_id = copy(arena, parts[0]);
            *out_part = copy(arena, parts[1]);
            return r;
        }
        const char *name =
            r->method == HTTP_METHOD_GET ? "GET, HEAD" : http_method_name(r->method);
        *out_allow =
            *out_allow == NULL ? name : cogo_arena_printf(arena, "%s, %s", *out_allow, name);
    }
    return NULL;
}

bool route_path_has(const char *path, uint32_t flag)
{
    part parts[PARTS_MAX];
    for (const route *r = route_table; r->path != NULL; r++) {
        if ((r->flags & flag) != 0 && matches(r->path, path, parts)) {
            return true;
        }
    }
    return false;
}
