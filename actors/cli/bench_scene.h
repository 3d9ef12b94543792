/* The node that `cogo bench durable` measures: on SQLite in a temporary folder, or on
 * DATABASE_URL, whose journal keeps the tasks; its worker in the same process, or in another
 * one behind a link. Used by bench_durable.c. One thread opens and closes it;
 * the rest may be called by several. */
#ifndef CLI_BENCH_SCENE_H
#define CLI_BENCH_SCENE_H

#include "actors/cli/node.h"
#include "bench/histogram.h"

#include <cogo/cogo.h>

#include <sys/types.h>

enum {
    BENCH_REQUEST_TASKS = 1000, /* The most that one request may bring. */
    BENCH_ID_SIZE = 32,
};

typedef struct bench_scene {
    node *node;
    cogo_system *system;
    cogo_actor_id orchestrator;
    char folder[64];
    pid_t worker;               /* Of the process that works; 0: it is this one. */
    char (*ids)[BENCH_ID_SIZE]; /* Of the tasks of this run, where later ones wait for them. */
    char *error;                /* BENCH_ERROR_SIZE bytes. */
} bench_scene;

/* What the tasks of a run wait for. */
typedef enum bench_shape {
    BENCH_LOOSE,
    BENCH_CHAIN,
    BENCH_FAN,   /* One, then all that wait for it, then one that waits for all of them. */
    BENCH_LAYERS /* Of 100; each waits for two of the layer before. */
} bench_shape;

/* Opens it, with the worker @p far: behind a link. On failure bench_scene_close() is due too.
 */
bool bench_scene_open(bench_scene *s, bool far, char *error);
void bench_scene_close(bench_scene *s);

/* False, with the sentence. */
bool bench_scene_fail(const bench_scene *s, const char *what);
/* The answer of type @p wanted, or NULL; the caller destroys it. */
cogo_msg *bench_scene_ask(const bench_scene *s, cogo_msg_type type, const void *record,
                          cogo_msg_type wanted);

/* How many tasks were recorded as succeeded so far; negative: no answer. */
int64_t bench_scene_recorded(const bench_scene *s);
/* Waits until there are @p wanted. */
bool bench_scene_await(const bench_scene *s, int64_t wanted);
/* Adds the time from offer to start of all attempts since @p since, which becomes now; each
 * counts as the upper bound of its bucket. NULL: only sets @p since. */
typedef struct bench_dispatched {
    double counts[32]; /* Up to each bound, in the order of the metric. */
} bench_dispatched;
bool bench_scene_dispatched(const bench_scene *s, bench_dispatched *since, histogram *out);

/* Submits @p total tasks in requests of 1000, by four clients at once if they don't wait for
 * each other, and waits until all are recorded: tasks a second. 0: failed. */
double bench_scene_run(bench_scene *s, bench_shape shape, uint64_t total);

#endif
