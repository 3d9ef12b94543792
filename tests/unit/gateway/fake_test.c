/* An orchestrator for the tests of the door: it knows a few ids and counts what it is asked. */
#include "codec/contract/messages.h"
#include "tests/unit/gateway/fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Atomic unsigned seen[512];

unsigned fake_seen(unsigned type)
{
    return atomic_load_explicit(&seen[type % 512], memory_order_acquire);
}

bool fake_sees(unsigned type, unsigned count)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 60000 && fake_seen(type) < count; i++) {
        (void)nanosleep(&pause, NULL);
    }
    return fake_seen(type) >= count;
}

static void give(cogo_context *ctx, const cogo_msg *request, cogo_msg_type type,
                 const void *record)
{
    (void)cogo_reply(ctx, request,
                     cogo_msg_create_record(cogo_context_system(ctx), type, record));
}

static void give_problem(cogo_context *ctx, const cogo_msg *request, int status,
                         const char *code)
{
    problem p = {.status = status, .code = code, .detail = "The fake says no."};
    give(ctx, request, MSG_PROBLEM, &p);
}

static task make_task(const char *id, task_state state)
{
    static const result_metadata metadata = {.quality = 1, .confidence = 1};
    static const agent_result result = {.result_id = "res_1",
                                        .task_id = "tsk_1",
                                        .status = RESULT_SUCCESS,
                                        .metadata = &metadata};
    return (task){.task_id = id,
                  .role = "echo",
                  .state = (int32_t)state,
                  .priority = PRIORITY_MEDIUM,
                  .result = state == TASK_SUCCEEDED ? &result : NULL};
}

static void on_submit(cogo_context *ctx, cogo_msg *msg)
{
    enum { MAX = 1000 };
    const task_submit *submit = cogo_msg_payload(msg);
    const instruction *in = submit->instructions.items;
    static const field_problem field = {.pointer = "/instructions/1/role",
                                        .detail = "Unknown."};
    static const problem unknown = {.status = 422,
                                    .code = "UNKNOWN_ROLE",
                                    .detail = "Unknown role: nope",
                                    .errors = {&field, 1}};
    submit_item *items = calloc(MAX, sizeof *items);
    task *tasks = calloc(MAX, sizeof *tasks);
    const char *key;
    task_submitted answer;
    for (size_t i = 0; i < submit->instructions.count; i++) {
        bool bad = strcmp(in[i].role, "nope") == 0;
        if (bad && submit->atomic) {
            give(ctx, msg, MSG_PROBLEM, &unknown);
            goto done;
        }
        tasks[i] =
            make_task(strcmp(in[i].role, "slow") == 0 ? "tsk_slow" : "tsk_1", TASK_QUEUED);
        items[i] = bad ? (submit_item){.problem = &unknown} : (submit_item){.task = &tasks[i]};
    }
    key = submit->idempotency_key;
    answer = (task_submitted){.items = {items, submit->instructions.count},
                              .workflow_id = submit->workflow != NULL ? "wfl_1" : NULL,
                              .replayed = key != NULL && strcmp(key, "known") == 0};
    if (key != NULL && strcmp(key, "other-body") == 0) {
        give_problem(ctx, msg, 422, "IDEMPOTENCY_KEY_REUSED");
    } else {
        give(ctx, msg, MSG_TASK_SUBMITTED, &answer);
    }

done:
    free(items);
    free(tasks);
}

static void on_get(cogo_context *ctx, cogo_msg *msg)
{
    const task_get *get = cogo_msg_payload(msg);
    if (strcmp(get->task_id, "tsk_missing") == 0) {
        give_problem(ctx, msg, 404, "TASK_NOT_FOUND");
    } else if (strcmp(get->task_id, "tsk_never") == 0) {
        return; /* Waits for longer than the test. */
    } else if (strcmp(get->task_id, "tsk_slow") == 0) {
        task t = make_task("tsk_slow", TASK_RUNNING);
        give(ctx, msg, MSG_TASK, &t);
    } else {
        task t = make_task(get->task_id, TASK_SUCCEEDED);
        give(ctx, msg, MSG_TASK, &t);
    }
}

/* tsk_live: 1 and 2 are recorded, 3 and 4 happen after the first read, then it has ended. */
static void on_events(cogo_context *ctx, cogo_msg *msg, cogo_actor_id follower)
{
    const task_events *ask_ = cogo_msg_payload(msg);
    static const task_event events[] = {
        {.task_id = "tsk_live", .sequence = 1, .type = "cogo.task.queued"},
        {.task_id = "tsk_live", .sequence = 2, .type = "cogo.task.running"},
        {.task_id = "tsk_live", .sequence = 3, .type = "cogo.task.running"},
        {.task_id = "tsk_live", .sequence = 4, .type = "cogo.task.succeeded"}};
    if (strcmp(ask_->task_id, "tsk_missing") == 0) {
        give_problem(ctx, msg, 404, "TASK_NOT_FOUND");
        return;
    }
    if (strcmp(ask_->task_id, "tsk_open") == 0) {
        event_page empty = {.ended = false};
        give(ctx, msg, MSG_EVENT_PAGE, &empty);
        return;
    }
    size_t from = ask_->after < 4 ? (size_t)ask_->after : 4;
    size_t to = from < 2 ? 2 : 4;
    event_page page = {.events = {&events[from], to - from}, .ended = to == 4};
    give(ctx, msg, MSG_EVENT_PAGE, &page);
    for (size_t i = 2; to == 2 && i < 4 && cogo_actor_id_is_set(follower); i++) {
        (void)cogo_send(
            ctx, follower,
            cogo_msg_create_record(cogo_context_system(ctx), MSG_EVENT, &events[i]));
    }
}

static void on_list(cogo_context *ctx, cogo_msg *msg)
{
    const task_list *list = cogo_msg_payload(msg);
    task tasks[8];
    size_t count = list->states.count + list->roles.count;
    for (size_t i = 0; i < count && i < 8; i++) {
        tasks[i] = make_task("tsk_1", TASK_QUEUED);
    }
    task_page page = {.tasks = {tasks, count}, .next_page_token = list->page_token};
    give(ctx, msg, MSG_TASK_PAGE, &page);
}

static void on_workers(cogo_context *ctx, cogo_msg *msg)
{
    const worker_command *command = cogo_msg_payload(msg);
    role_capability roles[] = {
        {.role = "echo", .version = 1, .title = "Echo", .slots = 2, .llm = "none"},
        {.role = "code-indexer", .version = 1, .slots = 1, .llm = "none"}};
    worker_agent_status workers[] = {
        {.agent_id = "wrk_1",
         .worker_type = "indexing",
         .capabilities = {roles, 2},
         .slots = 2},
        {.agent_id = "wrk_2", .worker_type = "sandbox", .capabilities = {roles, 1}, .slots = 2},
    };
    bool known = command->worker_id == NULL || strcmp(command->worker_id, "wrk_1") == 0;
    worker_page page = {.workers = {workers, !known ? 0 : command->worker_id == NULL ? 2 : 1}};
    give(ctx, msg, MSG_WORKER_PAGE, &page);
}

static void on_workflow(cogo_context *ctx, cogo_msg *msg)
{
    task t = make_task("tsk_1", TASK_QUEUED);
    workflow w = {.workflow_id = "wfl_1", .name = "w", .state = "running", .tasks = {&t, 1}};
    give(ctx, msg, MSG_WORKFLOW, &w);
}

static void on_metrics(cogo_context *ctx, cogo_msg *msg)
{
    static const metric_sample samples[] = {
        {.suffix = "", .labels = "role=\"echo\",priority=\"low\"", .value = 3}};
    static const metric_family families[] = {{.name = "cogo_queue_depth",
                                              .help = "Tasks that wait.",
                                              .type = "gauge",
                                              .samples = {samples, 1}}};
    metrics m = {.families = {families, 1}};
    give(ctx, msg, MSG_METRICS, &m);
}

typedef struct fake {
    cogo_actor_id follower;
} fake;

/* Limits, schedules and dead letters. */
static void on_definition(cogo_context *ctx, cogo_msg *msg, const task *t)
{
    switch (cogo_msg_type_of(msg)) {
    case MSG_LIMIT_SET:
        give(ctx, msg, MSG_LIMIT, cogo_msg_payload(msg));
        break;
    case MSG_LIMIT_LIST:
        give(ctx, msg, MSG_LIMIT_PAGE, &(limit_page){.limits = {NULL, 0}});
        break;
    case MSG_LIMIT_DELETE:
        give(ctx, msg, MSG_LIMIT, &(task_limit){.name = "l"});
        break;
    case MSG_SCHEDULE_CREATE:
        give(ctx, msg, MSG_SCHEDULE, cogo_msg_payload(msg));
        break;
    case MSG_SCHEDULE_LIST:
        give(ctx, msg, MSG_SCHEDULE_PAGE, &(schedule_page){.schedules = {NULL, 0}});
        break;
    case MSG_SCHEDULE_DELETE:
    case MSG_SCHEDULE_PAUSE:
    case MSG_SCHEDULE_RESUME: {
        static const instruction echo = {.role = "echo", .priority = -1};
        give(ctx, msg, MSG_SCHEDULE,
             &(schedule){.schedule_id = "sch_1", .cron = "@daily", .instruction = &echo});
        break;
    }
    case MSG_REDRIVE: {
        static const problem gone = {.status = 404, .code = "TASK_NOT_FOUND", .detail = "No."};
        const submit_item items[] = {{.task = t}, {.problem = &gone}};
        give(ctx, msg, MSG_REDRIVEN, &(redriven){.tasks = {items, 2}});
        break;
    }
    default:
        break;
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    fake *f = state;
    static const char *const checks[] = {"store: ok"};
    task t = make_task("tsk_1", TASK_CANCELLED);
    health h = {.ready = true, .checks = {checks, 1}};
    explanation e = {.task_id = "tsk_1", .state = "queued", .summary = "It waits."};
    workflow_page pages = {.next_page_token = NULL};
    unsigned type = cogo_msg_type_of(msg);
    atomic_fetch_add_explicit(&seen[type % 512], 1, memory_order_acq_rel);
    switch (type) {
    case MSG_TASK_SUBMIT:
        on_submit(ctx, msg);
        break;
    case MSG_TASK_GET:
        on_get(ctx, msg);
        break;
    case MSG_TASK_LIST:
        on_list(ctx, msg);
        break;
    case MSG_TASK_DECIDE:
        give(ctx, msg, MSG_TASK, &t);
        break;
    case MSG_TASK_CANCEL:
        give(ctx, msg, MSG_TASK, &t);
        break;
    case MSG_TASK_RETRY:
        give_problem(ctx, msg, 409, "TASK_NOT_RETRYABLE");
        break;
    case MSG_TASK_EVENTS:
        on_events(ctx, msg, f->follower);
        break;
    case MSG_EVENTS_FOLLOW:
        f->follower = cogo_msg_sender(msg);
        break;
    case MSG_TASK_EXPLAIN:
        give(ctx, msg, MSG_EXPLANATION, &e);
        break;
    case MSG_WORKFLOW_GET:
        on_workflow(ctx, msg);
        break;
    case MSG_WORKFLOW_LIST:
        give(ctx, msg, MSG_WORKFLOW_PAGE, &pages);
        break;
    case MSG_WORKER_LIST:
    case MSG_WORKER_DRAIN:
    case MSG_WORKER_REMOVE:
        on_workers(ctx, msg);
        break;
    case MSG_METRICS_READ:
        on_metrics(ctx, msg);
        break;
    case MSG_HEALTH_READ:
        give(ctx, msg, MSG_HEALTH, &h);
        break;
    default:
        on_definition(ctx, msg, &t);
        break;
    }
    return COGO_OK;
}

static const cogo_behavior behavior = {.struct_size = sizeof(cogo_behavior),
                                       .name = "fake",
                                       .state_size_bytes = sizeof(fake),
                                       .receive = receive};

cogo_err fake_start(cogo_system *system, cogo_actor_id *out_id)
{
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &behavior};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        atomic_store_explicit(&seen[i], 0, memory_order_relaxed);
    }
    return cogo_system_spawn(system, &options, out_id);
}
