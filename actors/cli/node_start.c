/* The parts of a node, started in order. */
#include "actors/cli/guardian.h"
#include "actors/cli/link.h"
#include "actors/cli/log.h"
#include "actors/cli/node_inside.h"
#include "actors/cli/process.h"
#include "actors/cli/standing.h"
#include "actors/orchestrator/orchestrator.h"
#include "actors/queue/queue.h"
#include "actors/sandbox/sandbox.h"
#include "actors/store/store.h"
#include "actors/telemetry/telemetry.h"
#include "codec/contract/messages.h"
#include "codec/contract/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { SLOTS_DEFAULT = 3, READY_WAIT_MS = 30000 };

static void say_unknown(const char *name, size_t length, char error[256])
{
    const char *known[GUARDIAN_WORKERS_MAX + 1];
    size_t count = 0;
    for (const contract_worker_type *t = contract_worker_types;
         t->name != NULL && count < GUARDIAN_WORKERS_MAX; t++) {
        known[count++] = t->name;
    }
    known[count] = NULL;
    char typed[64];
    const char *near = NULL;
    snprintf(typed, sizeof typed, "%.*s", (int)length, name);
    bool hint = names_nearest(typed, known, &near, 1) == 1;
    snprintf(error, 256, "unknown worker type '%s'%s%s%s", typed,
             hint ? " (did you mean '" : "", hint ? near : "", hint ? "'?)" : "");
}

static bool add_worker(guardian_config *config, const char *name, size_t length,
                       const node_config *wanted, const node *n, char error[256])
{
    const contract_worker_type *t = contract_worker_types;
    while (t->name != NULL
           && (strlen(t->name) != length || strncmp(t->name, name, length) != 0)) {
        t++;
    }
    if (t->name == NULL) {
        say_unknown(name, length, error);
        return false;
    }
    if (config->worker_count == GUARDIAN_WORKERS_MAX) {
        snprintf(error, 256, "more than %d workers", GUARDIAN_WORKERS_MAX);
        return false;
    }
    config->workers[config->worker_count++] = (worker_config){
        .type = t->name,
        .worker_id = wanted->worker_id,
        .orchestrator = ORCHESTRATOR_NAME,
        .state_dir = n->work_dir,
        .labels = n->labels,
        .slots = wanted->slots > 0 ? wanted->slots : SLOTS_DEFAULT,
    };
    return true;
}

static bool choose_workers(guardian_config *config, const node_config *wanted, const node *n,
                           char error[256])
{
    if (wanted->workers == NULL) {
        for (const contract_worker_type *t = contract_worker_types; t->name != NULL; t++) {
            if (!add_worker(config, t->name, strlen(t->name), wanted, n, error)) {
                return false;
            }
        }
        return true;
    }
    for (const char *p = wanted->workers; *p != '\0';) {
        size_t length = strcspn(p, ",");
        if (!add_worker(config, p, length, wanted, n, error)) {
            return false;
        }
        p += length + (p[length] == ',');
    }
    return true;
}

/* Takes nothing before the node is ready for it. */
static cogo_err start_redis(node *n, const node_config *config, cogo_actor_id orchestrator,
                            guardian_config *guard, char error[256])
{
    queue_config queue = {.url = config->redis.url,
                          .token = config->token,
                          .door_token = config->redis.token,
                          .tenant_rates = config->tenant_rates,
                          .consumer = n->name,
                          .keep = config->redis.keep,
                          .required = config->redis.required,
                          .orchestrator = orchestrator};
    if (queue.url == NULL) {
        return COGO_OK;
    }
    cogo_err err = queue_start(n->system, &queue, &n->redis, error);
    if (err == COGO_OK) {
        guard->vital[guard->vital_count] = n->redis;
        guard->vital_names[guard->vital_count++] = "Redis door";
    }
    return err;
}

/* The actors of the orchestrating half; their ids go into @p guard as vital. */
static cogo_err start_core(node *n, const node_config *config, guardian_config *guard,
                           char error[256])
{
    const node_keep *keep = &config->keep;
    orchestrator_config orchestrator = {.closed_world = n->part == NODE_ALL,
                                        .keep_tasks_ms = keep->tasks_ms,
                                        .keep_dead_ms = keep->deadletters_ms,
                                        .spans = n->spans,
                                        .trace_ratio = n->trace_ratio,
                                        .keep_audit_ms = keep->audit_ms,
                                        .keep_events_ms = keep->events_ms,
                                        .keep_tasks = keep->tasks,
                                        .sweep_ms = keep->every_ms};
    store_config store = {
        .path = n->store_path,
        .no_migrate = config->no_migrate,
        .standby = n->part == NODE_ORCHESTRATOR && store_is_url(n->store_path),
    };
    cogo_err err = store_start(n->system, &store, &orchestrator.store_writer,
                               &orchestrator.store_reader, &orchestrator.term, error);
    if (err != COGO_OK) {
        return err;
    }
    cogo_actor_id id;
    err = orchestrator_start(n->system, &orchestrator, &id);
    if (err != COGO_OK) {
        snprintf(error, 256, "the orchestrator did not start: %s", cogo_strerror(err));
        return err;
    }
    guard->vital[0] = id;
    guard->vital_names[0] = "orchestrator";
    guard->vital[1] = orchestrator.store_writer;
    guard->vital_names[1] = "store writer";
    guard->vital[2] = orchestrator.store_reader;
    guard->vital_names[2] = "store reader";
    guard->vital_count = 3;
    return start_redis(n, config, id, guard, error);
}

/* Asks the orchestrator until it is recovered and all @p workers have registered, so that the
 * first request after the start finds every role. The orchestrator answers asks only once it is
 * recovered; an alarm ends the wait. */
static cogo_err await_ready(node *n, cogo_actor_id orchestrator, size_t workers,
                            char error[256])
{
    uint64_t end = cogo_system_now_ns(n->system) + READY_WAIT_MS * UINT64_C(1000000);
    while (cogo_system_now_ns(n->system) < end && n->alarm[0] == '\0') {
        cogo_msg *answer = NULL;
        worker_command all = {NULL, NULL};
        cogo_err err = cogo_system_ask(n->system, orchestrator,
                                       cogo_msg_create_record(n->system, MSG_WORKER_LIST, &all),
                                       UINT64_C(1000000000), &answer);
        size_t registered = 0;
        if (err == COGO_OK && cogo_msg_type_of(answer) == MSG_WORKER_PAGE) {
            registered = ((const worker_page *)cogo_msg_payload(answer))->workers.count;
        }
        cogo_msg_destroy(answer);
        if (err == COGO_OK && registered >= workers) {
            return COGO_OK;
        }
        usleep(2000); /* Registration takes one round trip; this bounds the polling to it. */
    }
    snprintf(error, 256, "the node did not become ready: %s",
             n->alarm[0] != '\0' ? n->alarm : "no answer within 30 s");
    return COGO_ETIMEOUT;
}

/* The sandbox is probed here, before any lane runs: the probe starts programs and waits for
 * them. */
static void describe_machine(node *n)
{
    struct utsname os;
    snprintf(n->labels, sizeof n->labels, "sandbox=%s",
             sandbox_level_name(sandbox_level_best()));
    if (uname(&os) == 0) {
        size_t used = strlen(n->labels);
        snprintf(n->labels + used, sizeof n->labels - used, ",arch=%.60s,host=%.64s",
                 os.machine, os.nodename);
    }
    if (n->name[0] != '\0') {
        size_t used = strlen(n->labels);
        snprintf(n->labels + used, sizeof n->labels - used, ",node=%s", n->name);
    }
}

static cogo_err start_system(node *n, const node_config *config, char error[256])
{
    cogo_system_config system_config = {.struct_size = sizeof system_config,
                                        .log = log_runtime_line};
    cogo_err err = cogo_system_create(&system_config, &n->system);
    if (err == COGO_OK) {
        err = messages_register(n->system);
    }
    if (err != COGO_OK) {
        snprintf(error, 256, "the runtime did not start: %s", cogo_strerror(err));
        return err;
    }
    return trace_begin(&n->trace, n->system, config->trace, error);
}

static const char *variable(const char *name)
{
    return getenv(name);
}

/* Who exports spans, when a collector is named. */
static cogo_err start_spans(node *n, const node_config *config, char error[256])
{
    telemetry_settings *settings = malloc(sizeof *settings);
    if (settings == NULL) {
        snprintf(error, 256, "out of memory");
        return COGO_ENOMEM;
    }
    bool good = telemetry_settings_read(settings, config->otlp_endpoint, variable, error);
    if (!good || settings->url[0] == '\0') {
        free(settings);
        return good ? COGO_OK : COGO_EINVAL;
    }
    if (settings->warning != NULL) {
        log_line(COGO_LOG_WARN, "%s", settings->warning);
    }
    n->trace_ratio = settings->ratio;
    cogo_err err = telemetry_start(n->system, settings, &n->spans);
    if (err != COGO_OK) {
        snprintf(error, 256, "the exporter of spans did not start: %s", cogo_strerror(err));
    }
    return err;
}

static cogo_err start_links(node *n, const node_config *config, char error[256])
{
    if (n->part == NODE_ALL && config->processes == NULL) {
        return COGO_OK;
    }
    cogo_err err = link_start(n->system, n->name, &config->links, error);
    n->linked = err == COGO_OK;
    return err;
}

/* Child processes are linked, too: so a node of its own has links when it has such. */
static cogo_err start_workers(node *n, const node_config *config, guardian_config *guard,
                              char error[256])
{
    cogo_err err = n->part != NODE_ORCHESTRATOR ? start_links(n, config, error) : COGO_OK;
    if (err == COGO_OK) {
        err = process_pools_start(n->system, guard, error);
    }
    if (err == COGO_OK && (err = guardian_start(n->system, guard, &n->guardian)) != COGO_OK) {
        snprintf(error, 256, "the guardian did not start: %s", cogo_strerror(err));
    }
    return err;
}

/* @p asked: the orchestrator, or who answers for a node without one. */
static cogo_err start_door(node *n, const node_config *config, cogo_actor_id asked,
                           char error[256])
{
    gateway_config door = {.host = config->host,
                           .port = config->port,
                           .token = config->token,
                           .tenant_rates = config->tenant_rates,
                           .orchestrator = asked,
                           .beside = {n->redis, n->spans},
                           .spans = n->spans,
                           .trace_ratio = n->trace_ratio,
                           .node_only = n->part == NODE_WORKER};
    return gateway_start(n->system, &door, &n->door, error);
}

/* A worker node has a door when it was given an address: for probes and for Prometheus. */
static cogo_err start_worker_door(node *n, const node_config *config, size_t workers,
                                  char error[256])
{
    cogo_actor_id standing;
    if (config->host == NULL) {
        return COGO_OK;
    }
    cogo_err err = standing_start(n->system, workers, &standing);
    if (err != COGO_OK) {
        snprintf(error, 256, "the door did not start: %s", cogo_strerror(err));
        return err;
    }
    return start_door(n, config, standing, error);
}

/* The links of an orchestrator come last: who comes over them finds everything there. Workers
 * want to hear of links, so theirs come before them. */
cogo_err node_start_all(node *n, const node_config *config, char error[256])
{
    guardian_config guard = {
        .alarm_fd = n->alarm_fd, .left_fd = n->left_fd, .alarm_text = n->alarm};
    bool orchestrates = n->part != NODE_WORKER;
    describe_machine(n);
    if (n->part != NODE_ORCHESTRATOR
        && (!choose_workers(&guard, config, n, error)
            || !process_choose(&guard, config->processes, error))) {
        return COGO_EINVAL;
    }
    cogo_err err = start_system(n, config, error);
    if (err == COGO_OK && orchestrates) {
        err = start_spans(n, config, error);
    }
    if (err == COGO_OK && orchestrates) {
        err = start_core(n, config, &guard, error);
    }
    if (err == COGO_OK) {
        err = start_workers(n, config, &guard, error);
    }
    if (err == COGO_OK && orchestrates) {
        err = await_ready(n, guard.vital[0], guard.worker_count, error);
    }
    if (err == COGO_OK && orchestrates) {
        err = start_door(n, config, guard.vital[0], error);
    }
    if (err == COGO_OK && cogo_actor_id_is_set(n->redis)) {
        queue_open(n->system, n->redis);
    }
    if (err == COGO_OK && !orchestrates) {
        err = start_worker_door(n, config, guard.worker_count, error);
    }
    return err == COGO_OK && n->part == NODE_ORCHESTRATOR ? start_links(n, config, error) : err;
}
