/* Every route over a real socket, with a fake orchestrator behind the door. */
#include "codec/contract/messages.h"
#include "tests/unit/gateway/fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JSON "Content-Type: application/json\r\n"

typedef struct expected {
    const char *method, *path, *headers, *body;
    int status;
    const char *contains; /* In the body. */
} expected;

static void check_all(const door *d, const expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const expected *e = &cases[i];
        reply r;
        ask(d, e->method, e->path, e->headers, e->body, &r);
        bool ok =
            r.status == e->status
            && (e->contains == NULL || (r.body != NULL && strstr(r.body, e->contains) != NULL));
        if (!ok) {
            fprintf(stderr, "%s %s: %d, expected %d with %s\n%s%s\n", e->method, e->path,
                    r.status, e->status, e->contains != NULL ? e->contains : "", r.head,
                    r.body != NULL ? r.body : "");
        }
        cr_expect(ok);
        if (r.status >= 400) {
            cr_expect(reply_has(&r, "Content-Type", "application/problem+json"));
            cr_expect(r.body == NULL || strstr(r.body, "\"requestId\":\"") != NULL);
        }
        reply_finish(&r);
    }
}

#define CHECK(d, cases) check_all(d, cases, sizeof cases / sizeof cases[0])

Test(routes, every_path_answers)
{
    door d;
    cr_assert(door_open(&d, NULL));
    static const expected cases[] = {
        {"POST", "/v1/tasks", JSON, "{\"role\":\"echo\"}", 202, "\"taskId\":\"tsk_1\""},
        {"POST", "/v1/tasks?wait=30s", JSON, "{\"role\":\"echo\"}", 200,
         "\"state\":\"succeeded\""},
        {"POST", "/v1/tasks?wait=1s", JSON, "{\"role\":\"slow\"}", 202,
         "\"state\":\"running\""},
        {"GET", "/v1/tasks?state=queued&state=running&role=echo&pageToken=p2", "", NULL, 200,
         "\"nextPageToken\":\"p2\""},
        {"GET", "/v1/tasks/tsk_1", "", NULL, 200, "\"taskId\":\"tsk_1\""},
        {"POST", "/v1/tasks/tsk_1:cancel", "", NULL, 200, "\"state\":\"cancelled\""},
        {"POST", "/v1/tasks/tsk_1:retry", "", NULL, 409, "TASK_NOT_RETRYABLE"},
        {"POST", "/v1/schedules", JSON,
         "{\"cron\":\"@daily\",\"instruction\":{\"role\":\"echo\"}}", 201, "@daily"},
        {"POST", "/v1/schedules", JSON, "{\"cron\":\"@daily\"}", 422, "/instruction"},
        {"POST", "/v1/schedules", JSON,
         "{\"cron\":\"@daily\",\"overlap\":\"x\",\"instruction\":{\"role\":\"echo\"}}", 422,
         "/overlap"},
        {"GET", "/v1/schedules", "", NULL, 200, "{"},
        {"GET", "/v1/schedules/sch_1", "", NULL, 404, "SCHEDULE_NOT_FOUND"},
        {"DELETE", "/v1/schedules/sch_1", "", NULL, 200, "sch_1"},
        {"POST", "/v1/schedules/sch_1:pause", "", NULL, 200, "sch_1"},
        {"POST", "/v1/schedules/sch_1:resume", "", NULL, 200, "sch_1"},
        {"POST", "/v1/tasks/tsk_1:approve?by=me&note=fine", "", NULL, 200, "tsk_1"},
        {"POST", "/v1/tasks/tsk_1:reject", "", NULL, 200, "tsk_1"},
        {"POST", "/v1/tasks", JSON, "{\"role\":\"echo\",\"approval\":{\"state\":\"approved\"}}",
         422, "/approval/state"},
        {"POST", "/v1/limits", JSON, "{\"name\":\"l\",\"rate\":5}", 200, "\"rate\":5"},
        {"POST", "/v1/limits", JSON, "{\"rate\":5}", 422, "/name"},
        {"POST", "/v1/limits", JSON, "{\"name\":\"l\",\"rate\":-5}", 422, "/rate"},
        {"GET", "/v1/limits", "", NULL, 200, "{"},
        {"GET", "/v1/limits/l", "", NULL, 404, "LIMIT_NOT_FOUND"},
        {"DELETE", "/v1/limits/l", "", NULL, 200, "\"name\":\"l\""},
        {"GET", "/v1/deadletters?role=echo&pageToken=p2", "", NULL, 200, "\"deadletters\":[{"},
        {"GET", "/v1/deadletters?pageSize=0", "", NULL, 422, "pageSize"},
        {"POST", "/v1/deadletters:redrive", JSON, "{\"all\":true}", 200,
         "\"code\":\"TASK_NOT_FOUND\""},
        {"POST", "/v1/deadletters:redrive", JSON, "{\"al\":true}", 422, "/al"},
        {"GET", "/v1/tasks/tsk_live/events?after=1&limit=10", "", NULL, 200, "\"sequence\":2"},
        {"GET", "/v1/tasks/tsk_1/result", "", NULL, 200, "\"resultId\":\"res_1\""},
        {"GET", "/v1/tasks/tsk_slow/result", "", NULL, 409, "TASK_NOT_FINISHED"},
        {"GET", "/v1/tasks/tsk_1/explain", "", NULL, 200, "It waits."},
        {"POST", "/v1/workflows", JSON, "{\"name\":\"w\",\"tasks\":[{\"role\":\"echo\"}]}", 202,
         "\"workflowId\":\"wfl_1\""},
        {"GET", "/v1/workflows", "", NULL, 200, NULL},
        {"GET", "/v1/workflows/wfl_1?wait=10ms", "", NULL, 200, "\"workflowId\":\"wfl_1\""},
        {"GET", "/v1/workers", "", NULL, 200, "\"agentId\":\"wrk_2\""},
        {"GET", "/v1/workers/wrk_1", "", NULL, 200, "\"agentId\":\"wrk_1\""},
        {"GET", "/v1/workers/wrk_9", "", NULL, 404, "WORKER_NOT_FOUND"},
        {"POST", "/v1/workers/wrk_1:drain", "", NULL, 200, "\"agentId\":\"wrk_1\""},
        {"DELETE", "/v1/workers/wrk_1", "", NULL, 200, NULL},
        {"GET", "/v1/roles", "", NULL, 200, "\"role\":\"code-indexer\""},
        {"GET", "/v1/roles/echo", "", NULL, 200, "\"slots\":4"},
        {"GET", "/v1/roles/none", "", NULL, 404, "ROLE_NOT_FOUND"},
        {"GET", "/v1/actors?pageSize=1", "", NULL, 200, "\"actors\":["},
        {"GET", "/v1/actors?pageSize=1", "", NULL, 200, "\"nextPageToken\":\""},
        {"GET", "/v1/actors?pageToken=x", "", NULL, 422, "pageToken"},
        {"GET", "/v1/actors/0.0.1.999", "", NULL, 404, "ACTOR_NOT_FOUND"},
        {"GET", "/v1/actors/0.0.1.99999999999", "", NULL, 404, "ACTOR_NOT_FOUND"},
        {"GET", "/v1/nodes", "", NULL, 200, "\"nodes\":[]"}, // It has no links.
        {"GET", "/v1/nodes?pageSize=0", "", NULL, 422, "pageSize"},
        {"GET", "/v1/actors/1.2.3", "", NULL, 404, "ACTOR_NOT_FOUND"},
        {"GET", "/health", "", NULL, 200, "ok"},
        {"GET", "/livez", "", NULL, 200, "ok"},
        {"GET", "/ready", "", NULL, 200, "store: ok"},
        {"GET", "/readyz", "", NULL, 200, NULL},
        {"HEAD", "/health", "", NULL, 200, NULL},
        {"GET", "/", "", NULL, 200, "/openapi.json"},
    };
    CHECK(&d, cases);
    door_close(&d);
}

Test(routes, bad_input_is_told_with_its_field)
{
    door d;
    cr_assert(door_open(&d, NULL));
    static const expected cases[] = {
        {"POST", "/v1/tasks", JSON, "{\"role\":", 400, "MALFORMED_JSON"},
        {"POST", "/v1/tasks", JSON, "", 400, "MALFORMED_JSON"},
        {"POST", "/v1/tasks", JSON, "[]", 422, NULL},
        {"POST", "/v1/tasks", JSON, "{}", 422, "role"},
        {"POST", "/v1/tasks", JSON, "{\"role\":7}", 422, "\"pointer\":\"/role\""},
        {"POST", "/v1/tasks", JSON, "{\"role\":\"echo\",\"rolle\":1}", 422, "rolle"},
        {"POST", "/v1/tasks", JSON, "{\"role\":\"echo\",\"priority\":\"top\"}", 422,
         "/priority"},
        {"POST", "/v1/tasks", JSON, "{\"role\":\"nope\"}", 422, "\"pointer\":\"/role\""},
        {"POST", "/v1/tasks?wait=soon", JSON, "{\"role\":\"echo\"}", 422, "wait"},
        {"POST", "/v1/tasks?wait=11m", JSON, "{\"role\":\"echo\"}", 422, "wait"},
        {"POST", "/v1/tasks", "Content-Type: text/plain\r\n", "{\"role\":\"echo\"}", 415, NULL},
        {"POST", "/v1/tasks", "", "{\"role\":\"echo\"}", 415, NULL},
        {"POST", "/v1/tasks", JSON "Content-Encoding: gzip\r\n", "x", 415, NULL},
        {"POST", "/v1/tasks", JSON "Idempotency-Key: \r\n", "{\"role\":\"echo\"}", 400,
         "BAD_IDEMPOTENCY_KEY"},
        {"POST", "/v1/tasks", JSON "Idempotency-Key: other-body\r\n", "{\"role\":\"echo\"}",
         422, "IDEMPOTENCY_KEY_REUSED"},
        {"GET", "/v1/tasks?state=done", "", NULL, 422, "state"},
        {"GET", "/v1/tasks?pageSize=0", "", NULL, 422, "pageSize"},
        {"GET", "/v1/tasks?pageSize=1001", "", NULL, 422, "pageSize"},
        {"GET", "/v1/tasks?colour=red", "", NULL, 422, "colour"},
        {"GET", "/v1/tasks/tsk_missing", "", NULL, 404, "TASK_NOT_FOUND"},
        {"GET", "/v1/tasks/tsk_1/events?after=x", "", NULL, 422, "after"},
        {"POST", "/v1/tasks:batchCreate", JSON, "{\"tasks\":[]}", 422, "/tasks"},
        {"POST", "/v1/tasks:batchCreate", JSON, "{\"jobs\":[]}", 422, "/jobs"},
        {"POST", "/v1/workflows", JSON, "{\"tasks\":[{\"role\":\"echo\"},{\"role\":1}]}", 422,
         "/tasks/1/role"},
        {"POST", "/v1/workflows", JSON, "{\"name\":5,\"tasks\":[{\"role\":\"echo\"}]}", 422,
         "/name"},
        {"POST", "/v1/workflows", JSON, "{\"tasks\":[{\"role\":\"nope\"}]}", 422,
         "UNKNOWN_ROLE"},
        {"GET", "/v1/nothing", "", NULL, 404, "NOT_FOUND"},
        {"GET", "/v1/tasks/", "", NULL, 404, NULL},
        {"GET", "/v1/tasks/../workers", "", NULL, 404, NULL},
        {"PUT", "/v1/tasks", "", NULL, 405, "METHOD_NOT_ALLOWED"},
        {"BREW", "/v1/tasks", "", NULL, 405, NULL},
        {"GET", "/health?x=1", "", NULL, 422, "x"},
    };
    CHECK(&d, cases);
    door_close(&d);
}

Test(routes, a_batch_answers_each_item)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    ask(&d, "POST", "/v1/tasks:batchCreate", JSON,
        "{\"tasks\":[{\"role\":\"echo\"},{\"role\":3},{\"role\":\"nope\"},{\"role\":\"echo\"}]}",
        &r);
    cr_expect_eq(r.status, 202);
    json_t *json = json_loads(r.body != NULL ? r.body : "", 0, NULL);
    json_t *list = json_object_get(json, "tasks");
    cr_expect_eq(json_array_size(list), 4u);
    cr_expect_not_null(json_object_get(json_array_get(list, 0), "taskId"));
    cr_expect_eq(json_integer_value(json_object_get(json_array_get(list, 1), "status")), 422);
    cr_expect_not_null(json_object_get(json_array_get(list, 2), "code"));
    cr_expect_not_null(json_object_get(json_array_get(list, 3), "taskId"));
    /* The second of those that were sent was the third of the request. */
    cr_expect(strstr(r.body, "\"/tasks/2/role\"") != NULL);
    cr_expect(strstr(r.body, "\"/tasks/1/role\"") != NULL);
    json_decref(json);
    reply_finish(&r);
    door_close(&d);
}

Test(routes, a_thousand_items_are_one_batch_and_one_more_is_too_many)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    for (int count = 1000; count <= 1001; count++) {
        char *body = malloc(64 * 1024);
        size_t at = (size_t)snprintf(body, 64 * 1024, "{\"tasks\":[");
        for (int i = 0; i < count; i++) {
            at += (size_t)snprintf(body + at, 64 * 1024 - at, "%s{\"role\":\"echo\"}",
                                   i > 0 ? "," : "");
        }
        snprintf(body + at, 64 * 1024 - at, "]}");
        ask(&d, "POST", "/v1/tasks:batchCreate", JSON, body, &r);
        cr_expect_eq(r.status, count == 1000 ? 202 : 422);
        cr_expect(count != 1000 || r.body_size > 50000);
        reply_finish(&r);
        free(body);
    }
    door_close(&d);
}

Test(routes, headers_carry_location_trace_ids_and_replay)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    ask(&d, "POST", "/v1/tasks",
        JSON "Idempotency-Key: known\r\nX-Request-Id: my-id.1\r\n"
             "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        "{\"role\":\"echo\"}", &r);
    cr_expect_eq(r.status, 202);
    cr_expect(reply_has(&r, "Location", "/v1/tasks/tsk_1\r\n"));
    cr_expect(reply_has(&r, "Idempotency-Replayed", "true\r\n"));
    cr_expect(reply_has(&r, "X-Request-Id", "my-id.1\r\n"));
    cr_expect(reply_has(&r, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-"));
    cr_expect_not(
        reply_has(&r, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"));
    cr_expect(reply_has(&r, "X-Content-Type-Options", "nosniff\r\n"));
    cr_expect(reply_has(&r, "Cache-Control", "no-store\r\n"));
    reply_finish(&r);

    ask(&d, "PUT", "/v1/tasks", "X-Request-Id: a b\r\ntraceparent: 00-zz\r\n", NULL, &r);
    cr_expect(reply_has(&r, "Allow", "POST, GET, HEAD\r\n"));
    cr_expect(reply_has(&r, "X-Request-Id", "req_"));
    cr_expect(reply_has(&r, "traceparent", "00-"));
    reply_finish(&r);
    door_close(&d);
}

Test(routes, metrics_have_the_families_of_orchestrator_runtime_and_door)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    ask(&d, "GET", "/health", "", NULL, &r);
    reply_finish(&r);
    ask(&d, "GET", "/metrics", "", NULL, &r);
    cr_assert_eq(r.status, 200);
    static const char *const lines[] = {
        "cogo_queue_depth{role=\"echo\",priority=\"low\"} 3\n",
        "# TYPE cogo_mailbox_wait_seconds histogram\n",
        "cogo_mailbox_wait_seconds_bucket{behavior=\"gateway\",le=\"+Inf\"} ",
        "cogo_mailbox_wait_seconds_bucket{behavior=\"gateway\",le=\"1.024e-06\"} ",
        "cogo_message_run_seconds_count{behavior=\"gateway\"} ",
        "# TYPE cogo_dead_letters_total counter\n",
        "cogo_dead_letters_total{reason=\"late\"} ",
        "cogo_lane_parks_total{lane=\"0\"} ",
        "\ncogo_stuck_callbacks_total 0\n",
        "\ncogo_lane_rescues_total ",
        "\ncogo_offload_jobs_total ",
        "\ncogo_actors ",
        "\ncogo_mailbox_depth ",
        "cogo_build_info{version=\"",
        "cogo_orchestration_requests_total{method=\"GET\",route=\"/health\",code=\"200\"} 1\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect(strstr(r.body, lines[i]) != NULL);
    }
    if (access("/usr/bin/promtool", X_OK) == 0) {
        FILE *promtool = popen("/usr/bin/promtool check metrics >&2", "we");
        cr_assert_not_null(promtool);
        fputs(r.body, promtool);
        cr_expect_eq(pclose(promtool), 0);
    }
    reply_finish(&r);
    door_close(&d);
}

/* Pages of one actor each show all of them, and the one that answers sees itself at work. */
Test(routes, actors_are_listed_in_pages_and_told_one_by_one)
{
    door d;
    reply r;
    char path[128] = "/v1/actors?pageSize=1", id[64] = "";
    int pages = 0, running = 0;
    cr_assert(door_open(&d, NULL));
    for (bool more = true; more && pages < 10; pages++) {
        ask(&d, "GET", path, "", NULL, &r);
        json_t *page = json_loads(r.body, 0, NULL);
        json_t *one = json_array_get(json_object_get(page, "actors"), 0);
        const char *state = json_string_value(json_object_get(one, "state"));
        const char *next = json_string_value(json_object_get(page, "nextPageToken"));
        more = next != NULL;
        snprintf(path, sizeof path, "/v1/actors?pageSize=1&pageToken=%s", more ? next : "");
        if (state != NULL && strcmp(state, "running") == 0) {
            running++;
            snprintf(id, sizeof id, "%s", json_string_value(json_object_get(one, "actorId")));
            cr_expect_str_eq(json_string_value(json_object_get(one, "behavior")), "gateway");
            cr_expect_str_neq(json_string_value(json_object_get(one, "messageType")), "");
        }
        json_decref(page);
        reply_finish(&r);
    }
    cr_expect_geq(pages, 2, "the gateway and the orchestrator in its place");
    cr_expect_eq(running, 1);
    snprintf(path, sizeof path, "/v1/actors/%s", id);
    ask(&d, "GET", path, "", NULL, &r);
    cr_expect_eq(r.status, 200);
    static const char *const fields[] = {
        "actorId",          "name",     "behavior",     "state",       "messageType",
        "detached",         "links",    "mailboxDepth", "memoryBytes", "messagesHandled",
        "memoryLimitBytes", "restarts", "watchers",
    };
    json_t *one = json_loads(r.body, 0, NULL);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        cr_expect_not_null(json_object_get(one, fields[i]), "%s", fields[i]);
    }
    json_decref(one);
    reply_finish(&r);
    door_close(&d);
}

Test(routes, the_api_document_has_every_path_and_schema)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    ask(&d, "GET", "/openapi.json", "", NULL, &r);
    cr_assert_eq(r.status, 200);
    json_t *json = json_loads(r.body, 0, NULL);
    json_t *paths = json_object_get(json, "paths");
    json_t *schemas = json_object_get(json_object_get(json, "components"), "schemas");
    cr_expect_str_eq(json_string_value(json_object_get(json, "openapi")), "3.1.0");
    cr_expect_eq(json_object_size(paths), 42u);
    cr_expect_not_null(
        json_object_get(json_object_get(paths, "/v1/tasks/{id}:cancel"), "post"));
    cr_expect_not_null(json_object_get(schemas, "Task"));
    cr_expect_not_null(json_object_get(schemas, "OrchestratorInstruction"));
    cr_expect_not_null(json_object_get(schemas, "ActorStatus"));
    json_decref(json);
    reply_finish(&r);
    door_close(&d);
}

Test(routes, without_the_token_only_liveness_answers)
{
    door d;
    reply r;
    cr_assert(door_open(&d, "geheim"));
    static const char *const paths[] = {"/",        "/v1/tasks",     "/v1/tasks/tsk_1",
                                        "/metrics", "/openapi.json", "/nothing"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ask(&d, "GET", paths[i], "", NULL, &r);
        cr_expect_eq(r.status, 401);
        cr_expect(reply_has(&r, "WWW-Authenticate", "Bearer"));
        reply_finish(&r);
        ask(&d, "GET", paths[i], "Authorization: Bearer falsch\r\n", NULL, &r);
        cr_expect_eq(r.status, 401);
        cr_expect(strstr(r.body, "falsch") == NULL);
        reply_finish(&r);
    }
    ask(&d, "GET", "/health", "", NULL, &r);
    cr_expect_eq(r.status, 200);
    cr_expect_str_eq(r.body, "{\"status\":\"ok\"}");
    reply_finish(&r);
    ask(&d, "GET", "/v1/tasks/tsk_1", "Authorization: Bearer geheim\r\n", NULL, &r);
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    cr_expect_eq(fake_seen(MSG_TASK_GET), 1u);
    door_close(&d);
}
