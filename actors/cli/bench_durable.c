#include "actors/cli/bench_durable.h"

#include "actors/cli/bench_http.h"
#include "actors/cli/log.h"
#include "actors/cli/node.h"
#include "actors/orchestrator/orchestrator.h"
#include "actors/sandbox/sandbox.h"
#include "actors/store/store.h"
#include "bench/measure.h"
#include "codec/contract/messages.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    REQUEST_TASKS = 1000, /* The most that one request may bring. */
    LAYER = 100,          /* Tasks of a layer; each waits for two of the layer before. */
    OPEN_RATE = 1000,     /* Submits a second of the open loop. */
    HTTP_SHARE = 2,       /* One request per task is slower: half as many tasks, */
    OPEN_SHARE = 4,       /* and a quarter where they come at a fixed rate. */
    CLIENTS = 4,          /* That submit batches at the same time; a chain or a fan has one. */
    ID_ROOM = 32,
    MODES = 6,
};
#define ANSWER_NS UINT64_C(60000000000)
#define STOP_NS   UINT64_C(10000000000)

typedef struct scene {
    node *node;
    cogo_system *system;
    cogo_actor_id orchestrator;
    char folder[64];
    char (*ids)[ID_ROOM]; /* Of the tasks of this run, where later ones wait for them. */
    char *error;
} scene;

static bool fail(const scene *s, const char *what)
{
    (void)snprintf(s->error, BENCH_ERROR_SIZE, "durable: %s", what);
    return false;
}

static cogo_msg *ask(const scene *s, cogo_msg_type type, const void *record,
                     cogo_msg_type wanted)
{
    cogo_msg *answer = NULL;
    cogo_err err =
        cogo_system_ask(s->system, s->orchestrator,
                        cogo_msg_create_record(s->system, type, record), ANSWER_NS, &answer);
    if (err == COGO_OK && cogo_msg_type_of(answer) == wanted) {
        return answer;
    }
    bool refused = err == COGO_OK && cogo_msg_type_of(answer) == MSG_PROBLEM;
    (void)fail(s, refused ? ((const problem *)cogo_msg_payload(answer))->detail
                          : cogo_strerror(err));
    cogo_msg_destroy(answer);
    return NULL;
}

/* How many tasks were recorded as succeeded so far; negative: no answer. */
static int64_t recorded(const scene *s)
{
    cogo_msg *answer = ask(s, MSG_METRICS_READ, &(empty){false}, MSG_METRICS);
    if (answer == NULL) {
        return -1;
    }
    const metrics *all = cogo_msg_payload(answer);
    const metric_family *family = all->families.items;
    double sum = 0;
    for (size_t i = 0; i < all->families.count; i++) {
        const metric_sample *sample = family[i].samples.items;
        for (size_t k = 0;
             strcmp(family[i].name, "cogo_tasks_total") == 0 && k < family[i].samples.count;
             k++) {
            sum += strstr(sample[k].labels, "succeeded") != NULL ? sample[k].value : 0;
        }
    }
    cogo_msg_destroy(answer);
    return (int64_t)sum;
}

static bool await_recorded(const scene *s, int64_t wanted)
{
    uint64_t end = cogo_system_now_ns(s->system) + ANSWER_NS;
    while (cogo_system_now_ns(s->system) < end) {
        int64_t now = recorded(s);
        if (now < 0 || now >= wanted) {
            return now >= wanted;
        }
        (void)usleep(1000); // No event tells how many there are; this bounds the error to 1 ms.
    }
    return fail(s, "not all tasks were recorded within 60 s");
}

/* What the tasks of a run wait for. */
typedef enum shape { LOOSE, CHAIN, FAN, LAYERS } shape;

/* What the task @p number of @p total waits for, into @p out; how many. */
static size_t needs_of(shape form, uint64_t number, uint64_t total, uint64_t *out)
{
    size_t count = 0;
    switch (form) {
    case LOOSE:
        return 0;
    case CHAIN:
        out[0] = number - 1;
        return number > 0 ? 1 : 0;
    case FAN: // One, then all that wait for it, then one that waits for all of them.
        if (number == 0 || number + 1 < total) {
            out[0] = 0;
            return number > 0 ? 1 : 0;
        }
        for (uint64_t other = 1; other + 1 < total; other++) {
            out[count++] = other;
        }
        return count;
    case LAYERS:
        if (number < LAYER) {
            return 0;
        }
        out[0] = number - LAYER;
        out[1] = number / LAYER * LAYER - LAYER + (number + 1) % LAYER;
        return 2;
    }
    return 0;
}

/* Room for one request: its tasks, their names, and what they wait for. */
typedef struct request {
    instruction items[REQUEST_TASKS];
    char refs[REQUEST_TASKS][24];
    const char **needs;
    uint64_t *numbers;
} request;

static void fill(const scene *s, request *r, shape form, uint64_t at, uint64_t total,
                 size_t count)
{
    const char **next = r->needs;
    for (size_t i = 0; i < count; i++) {
        snprintf(r->refs[i], sizeof r->refs[i], "t%zu", i);
        size_t need_count = needs_of(form, at + i, total, r->numbers);
        for (size_t k = 0; k < need_count; k++) {
            uint64_t on = r->numbers[k];
            next[k] = on >= at ? r->refs[on - at] : s->ids[on];
        }
        r->items[i] = (instruction){.role = "echo",
                                    .ref = r->refs[i],
                                    .priority = PRIORITY_MEDIUM,
                                    .dependencies = {next, need_count}};
        next += need_count;
    }
}

static bool take_ids(scene *s, const task_submitted *done, uint64_t at, size_t count)
{
    const submit_item *answers = done->items.items;
    if (done->items.count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (answers[i].task == NULL) {
            return false;
        }
        if (s->ids != NULL) {
            snprintf(s->ids[at + i], ID_ROOM, "%s", answers[i].task->task_id);
        }
    }
    return true;
}

/* The tasks of one request; @p at counts those before them in the run of @p total. */
static bool submit(scene *s, shape form, uint64_t at, uint64_t total, size_t count)
{
    request *r = calloc(1, sizeof *r);
    size_t most = form == LOOSE ? 1 : (size_t)total + 2 * REQUEST_TASKS;
    cogo_msg *answer = NULL;
    bool good = false;
    if (r != NULL) {
        r->needs = calloc(most, sizeof *r->needs);
        r->numbers = calloc(most, sizeof *r->numbers);
    }
    if (r == NULL || r->needs == NULL || r->numbers == NULL) {
        (void)fail(s, "out of memory");
    } else {
        fill(s, r, form, at, total, count);
        task_submit all = {.instructions = {r->items, count}};
        answer = ask(s, MSG_TASK_SUBMIT, &all, MSG_TASK_SUBMITTED);
        good = answer != NULL
               && (take_ids(s, cogo_msg_payload(answer), at, count)
                   || fail(s, "a task was refused"));
    }
    cogo_msg_destroy(answer);
    if (r != NULL) {
        free(r->needs);
        free(r->numbers);
    }
    free(r);
    return good;
}

/* One of several clients that don't wait for each other. */
typedef struct client {
    scene own;
    uint64_t total;
    bool good;
} client;

static void *run_client(void *argument)
{
    client *c = argument;
    c->good = true;
    for (uint64_t at = 0; at < c->total && c->good; at += REQUEST_TASKS) {
        uint64_t left = c->total - at;
        c->good =
            submit(&c->own, LOOSE, at, c->total, left < REQUEST_TASKS ? left : REQUEST_TASKS);
    }
    return NULL;
}

static bool submit_loose(scene *s, uint64_t total)
{
    client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    size_t started = 0;
    for (; started < CLIENTS; started++) {
        clients[started] = (client){.own = *s, .total = total / CLIENTS};
        if (pthread_create(&threads[started], NULL, run_client, &clients[started]) != 0) {
            break;
        }
    }
    bool good = started == CLIENTS || fail(s, "no thread for a client");
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
        good = good && clients[i].good;
    }
    return good;
}

static bool submit_graph(scene *s, shape form, uint64_t total)
{
    bool good = true;
    s->ids = calloc((size_t)total, sizeof *s->ids);
    for (uint64_t at = 0; at < total && good && s->ids != NULL; at += REQUEST_TASKS) {
        uint64_t left = total - at;
        good = submit(s, form, at, total, left < REQUEST_TASKS ? left : REQUEST_TASKS);
    }
    good = good && (s->ids != NULL || fail(s, "out of memory"));
    free(s->ids);
    s->ids = NULL;
    return good;
}

/* Tasks a second, from the first submit to the last recorded result. 0: failed. */
static double run_batches(scene *s, shape form, uint64_t total)
{
    int64_t before = recorded(s);
    uint64_t began = cogo_system_now_ns(s->system);
    bool good = form == LOOSE ? submit_loose(s, total) : submit_graph(s, form, total);
    if (!good || before < 0 || !await_recorded(s, before + (int64_t)total)) {
        return 0;
    }
    return (double)total * 1e9 / (double)(cogo_system_now_ns(s->system) - began);
}

static double run_http(scene *s, uint64_t total, uint64_t rate, histogram *latency)
{
    bench_http order = {.port = node_port(s->node), .count = total, .rate = rate};
    int64_t before = recorded(s);
    uint64_t began = cogo_system_now_ns(s->system);
    if (bench_http_run(&order, latency, s->error) != COGO_OK || before < 0
        || !await_recorded(s, before + (int64_t)total)) {
        return 0;
    }
    return (double)total * 1e9 / (double)(cogo_system_now_ns(s->system) - began);
}

static bool scene_open(scene *s)
{
    char why[256];
    snprintf(s->folder, sizeof s->folder, "/tmp/cogo-bench-XXXXXX");
    log_set_level(COGO_LOG_ERROR);
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(s->folder) == NULL) {
        return fail(s, "no temporary folder");
    }
    node_config config = {.data_dir = s->folder,
                          .store = getenv("DATABASE_URL"),
                          .host = "127.0.0.1",
                          .workers = "indexing"};
    if (node_start(&config, &s->node, why) != COGO_OK) {
        return fail(s, why);
    }
    s->system = node_system(s->node);
    s->orchestrator = cogo_name_find(s->system, ORCHESTRATOR_NAME);
    return true;
}

static void scene_close(scene *s)
{
    char work[256];
    if (s->node != NULL) {
        node_stop(s->node, STOP_NS);
        node_destroy(s->node);
    }
    if (node_work_folder(s->folder, work, sizeof work)) {
        sandbox_folder_remove(work);
    }
    sandbox_folder_remove(s->folder);
}

static double run_mode(scene *s, int mode, uint64_t total, histogram *latency)
{
    switch (mode) {
    case 0:
        return run_batches(s, LOOSE, total);
    case 1:
        return run_batches(s, CHAIN, total);
    case 2:
        return run_batches(s, FAN, total);
    case 3:
        return run_batches(s, LAYERS, total);
    case 4:
        return run_http(s, total / HTTP_SHARE, 0, latency);
    default:
        return run_http(s, total / OPEN_SHARE, OPEN_RATE, latency);
    }
}

static cogo_err measure(const bench *b, const bench_order *order, bench_report *out,
                        char error[BENCH_ERROR_SIZE])
{
    static const char *const modes[MODES] = {
        "batches of 1000",      "a chain",
        "1 to all others to 1", "layers of 100, each task on two",
        "one per request",      "one per request, open loop, percentiles until durable"};
    scene s = {.error = error};
    double values[BENCH_RUNS_MAX];
    cogo_system_stats stats = {.struct_size = sizeof stats};
    bool good = scene_open(&s) && run_mode(&s, 0, order->operations, NULL) > 0;
    histogram *latency = calloc(1, sizeof *latency);
    if (good) {
        cogo_system_stats_read(s.system, &stats);
    }
    for (int mode = 0; mode < MODES && good && latency != NULL; mode++) {
        bench_result *r = &out->results[mode];
        *r = (bench_result){.bench = b, .lanes = stats.lane_count, .mode = modes[mode]};
        memset(latency, 0, sizeof *latency);
        for (uint32_t i = 0; i < order->runs && good; i++) {
            values[i] = run_mode(&s, mode, order->operations, latency);
            good = values[i] > 0;
        }
        if (good) {
            measure_summarise(values, order->runs, r);
            measure_share(latency, r);
            r->rate = mode == MODES - 1 ? OPEN_RATE : 0;
        }
    }
    free(latency);
    out->count = good ? MODES : 0;
    scene_close(&s);
    return good ? COGO_OK : COGO_EFAULT;
}

const bench bench_durable = {
    .name = "durable",
    .unit = "tasks/s",
    .doc = "echo tasks, submit to recorded result, all on disk (SQLite, or DATABASE_URL)",
    .operations = 10000,
    .small = 80,
    .measure = measure,
};
