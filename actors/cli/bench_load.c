/* The load of the durable benches: tasks in requests of 1000, and what they wait for. */
#include "actors/cli/bench_scene.h"
#include "codec/contract/messages.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAYER = 100, /* Tasks of a layer. */
    CLIENTS = 4, /* That submit batches at the same time; a chain or a fan has one. */
};

/* What the task @p number of @p total waits for, into @p out; how many. */
static size_t needs_of(bench_shape form, uint64_t number, uint64_t total, uint64_t *out)
{
    size_t count = 0;
    switch (form) {
    case BENCH_LOOSE:
        return 0;
    case BENCH_CHAIN:
        out[0] = number - 1;
        return number > 0 ? 1 : 0;
    case BENCH_FAN: // One, then all that wait for it, then one that waits for all of them.
        if (number == 0 || number + 1 < total) {
            out[0] = 0;
            return number > 0 ? 1 : 0;
        }
        for (uint64_t other = 1; other + 1 < total; other++) {
            out[count++] = other;
        }
        return count;
    case BENCH_LAYERS:
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
    instruction items[BENCH_REQUEST_TASKS];
    char refs[BENCH_REQUEST_TASKS][24];
    const char **needs;
    uint64_t *numbers;
} request;

static void fill(const bench_scene *s, request *r, bench_shape form, uint64_t at,
                 uint64_t total, size_t count)
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

static bool take_ids(bench_scene *s, const task_submitted *done, uint64_t at, size_t count)
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
            snprintf(s->ids[at + i], BENCH_ID_SIZE, "%s", answers[i].task->task_id);
        }
    }
    return true;
}

/* The tasks of one request; @p at counts those before them in the run of @p total. */
static bool submit(bench_scene *s, bench_shape form, uint64_t at, uint64_t total, size_t count)
{
    request *r = calloc(1, sizeof *r);
    size_t most = form == BENCH_LOOSE ? 1 : (size_t)total + 2 * BENCH_REQUEST_TASKS;
    cogo_msg *answer = NULL;
    bool good = false;
    if (r != NULL) {
        r->needs = calloc(most, sizeof *r->needs);
        r->numbers = calloc(most, sizeof *r->numbers);
    }
    if (r == NULL || r->needs == NULL || r->numbers == NULL) {
        (void)bench_scene_fail(s, "out of memory");
    } else {
        fill(s, r, form, at, total, count);
        task_submit all = {.instructions = {r->items, count}};
        answer = bench_scene_ask(s, MSG_TASK_SUBMIT, &all, MSG_TASK_SUBMITTED);
        good = answer != NULL
               && (take_ids(s, cogo_msg_payload(answer), at, count)
                   || bench_scene_fail(s, "a task was refused"));
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
    bench_scene own;
    uint64_t total;
    bool good;
} client;

static void *run_client(void *argument)
{
    client *c = argument;
    c->good = true;
    for (uint64_t at = 0; at < c->total && c->good; at += BENCH_REQUEST_TASKS) {
        uint64_t left = c->total - at;
        c->good = submit(&c->own, BENCH_LOOSE, at, c->total,
                         left < BENCH_REQUEST_TASKS ? left : BENCH_REQUEST_TASKS);
    }
    return NULL;
}

static bool submit_loose(bench_scene *s, uint64_t total)
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
    bool good = started == CLIENTS || bench_scene_fail(s, "no thread for a client");
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
        good = good && clients[i].good;
    }
    return good;
}

static bool submit_graph(bench_scene *s, bench_shape form, uint64_t total)
{
    bool good = true;
    s->ids = calloc((size_t)total, sizeof *s->ids);
    for (uint64_t at = 0; at < total && good && s->ids != NULL; at += BENCH_REQUEST_TASKS) {
        uint64_t left = total - at;
        good =
            submit(s, form, at, total, left < BENCH_REQUEST_TASKS ? left : BENCH_REQUEST_TASKS);
    }
    good = good && (s->ids != NULL || bench_scene_fail(s, "out of memory"));
    free(s->ids);
    s->ids = NULL;
    return good;
}

double bench_scene_run(bench_scene *s, bench_shape form, uint64_t total)
{
    int64_t before = bench_scene_recorded(s);
    uint64_t began = cogo_system_now_ns(s->system);
    bool good = form == BENCH_LOOSE ? submit_loose(s, total) : submit_graph(s, form, total);
    if (!good || before < 0 || !bench_scene_await(s, before + (int64_t)total)) {
        return 0;
    }
    return (double)total * 1e9 / (double)(cogo_system_now_ns(s->system) - began);
}
