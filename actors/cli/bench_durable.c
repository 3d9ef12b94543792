#include "actors/cli/bench_durable.h"

#include "actors/cli/bench_http.h"
#include "actors/cli/bench_scene.h"
#include "bench/measure.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPEN_RATE = 1000, /* Submits a second of an open loop. */
    HTTP_SHARE = 2,   /* One request per task is slower: half as many tasks, */
    OPEN_SHARE = 4,   /* and a quarter where they come at a fixed rate. */
};

typedef enum mode {
    BATCHES,
    CHAIN,
    FAN,
    LAYERS,
    REQUESTS,
    OPEN,
    NEAR, /* The workers' starts in an open loop, */
    FAR,  /* and the same over a link. */
    MODES
} mode;

static const char *const modes[MODES] = {
    "batches of 1000",
    "a chain",
    "1 to all others to 1",
    "layers of 100, each task on two",
    "one per request",
    "one per request, open loop, percentiles until durable",
    "open loop, percentiles from the offer until the worker's start is heard",
    "the same, the worker in another process behind a link",
};

static double run_http(bench_scene *s, uint64_t total, uint64_t rate, histogram *latency)
{
    bench_http order = {.port = node_port(s->node), .count = total, .rate = rate};
    int64_t before = bench_scene_recorded(s);
    uint64_t began = cogo_system_now_ns(s->system);
    if (bench_http_run(&order, latency, s->error) != COGO_OK || before < 0
        || !bench_scene_await(s, before + (int64_t)total)) {
        return 0;
    }
    return (double)total * 1e9 / (double)(cogo_system_now_ns(s->system) - began);
}

static double run_dispatch(bench_scene *s, uint64_t total, histogram *latency,
                           histogram *scratch)
{
    bench_dispatched since = {{0}};
    memset(scratch, 0, sizeof *scratch);
    double rate =
        bench_scene_dispatched(s, &since, NULL) ? run_http(s, total, OPEN_RATE, scratch) : 0;
    return rate > 0 && bench_scene_dispatched(s, &since, latency) ? rate : 0;
}

static double run_mode(bench_scene *s, mode which, uint64_t total, histogram *latency,
                       histogram *scratch)
{
    switch (which) {
    case BATCHES:
        return bench_scene_run(s, BENCH_LOOSE, total);
    case CHAIN:
        return bench_scene_run(s, BENCH_CHAIN, total);
    case FAN:
        return bench_scene_run(s, BENCH_FAN, total);
    case LAYERS:
        return bench_scene_run(s, BENCH_LAYERS, total);
    case REQUESTS:
        return run_http(s, total / HTTP_SHARE, 0, latency);
    case OPEN:
        return run_http(s, total / OPEN_SHARE, OPEN_RATE, latency);
    case NEAR:
    case FAR:
        return run_dispatch(s, total / OPEN_SHARE, latency, scratch);
    case MODES:
        break;
    }
    return 0;
}

/* All runs of one mode. */
static bool measure_mode(bench_scene *s, mode which, const bench_order *order, histogram *both,
                         bench_result *out)
{
    double values[BENCH_RUNS_MAX];
    bool good = true;
    out->mode = modes[which];
    out->rate = which >= OPEN ? OPEN_RATE : 0;
    memset(both, 0, sizeof *both);
    for (uint32_t i = 0; i < order->runs && good; i++) {
        values[i] = run_mode(s, which, order->operations, &both[0], &both[1]);
        good = values[i] > 0;
    }
    if (good) {
        measure_summarise(values, order->runs, out);
        measure_share(&both[0], out);
    }
    return good;
}

static bool measure_scene(const bench *b, const bench_order *order, mode first, mode last,
                          histogram *both, bench_report *out, char *error)
{
    bench_scene s;
    cogo_system_stats stats = {.struct_size = sizeof stats};
    bool good = bench_scene_open(&s, first == FAR, error)
                && bench_scene_run(&s, BENCH_LOOSE, order->operations) > 0;
    if (good) {
        cogo_system_stats_read(s.system, &stats);
    }
    for (mode which = first; which <= last && good; which++) {
        out->results[which] = (bench_result){.bench = b, .lanes = stats.lane_count};
        good = measure_mode(&s, which, order, both, &out->results[which]);
    }
    bench_scene_close(&s);
    return good;
}

static cogo_err measure(const bench *b, const bench_order *order, bench_report *out,
                        char error[BENCH_ERROR_SIZE])
{
    histogram *both = calloc(2, sizeof *both);
    bool good = both != NULL && measure_scene(b, order, BATCHES, NEAR, both, out, error)
                && measure_scene(b, order, FAR, FAR, both, out, error);
    free(both);
    out->count = good ? MODES : 0;
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

enum { PART = 10000 }; /* Tasks of a measured run; the rest only fills the journal. */

/* Before and after so many others were recorded. */
static cogo_err measure_kept(const bench *b, const bench_order *order, bench_report *out,
                             char error[BENCH_ERROR_SIZE])
{
    bench_scene s;
    bench_result before = {.bench = b};
    bench_result *after = &out->results[0];
    double values[BENCH_RUNS_MAX];
    cogo_system_stats stats = {.struct_size = sizeof stats};
    uint64_t part = order->operations < PART ? order->operations : PART;
    bool good =
        bench_scene_open(&s, false, error) && bench_scene_run(&s, BENCH_LOOSE, part) > 0;
    for (uint32_t i = 0; i < order->runs && good; i++) {
        values[i] = bench_scene_run(&s, BENCH_LOOSE, part);
        good = values[i] > 0;
    }
    if (good) {
        cogo_system_stats_read(s.system, &stats);
        measure_summarise(values, order->runs, &before);
    }
    for (uint64_t done = 0; done < order->operations && good; done += part) {
        good = bench_scene_run(&s, BENCH_LOOSE, part) > 0;
    }
    *after =
        (bench_result){.bench = b, .lanes = stats.lane_count, .base_median = before.median};
    for (uint32_t i = 0; i < order->runs && good; i++) {
        values[i] = bench_scene_run(&s, BENCH_LOOSE, part);
        good = values[i] > 0;
    }
    if (good) {
        measure_summarise(values, order->runs, after);
    }
    out->count = good ? 1 : 0;
    bench_scene_close(&s);
    return good ? COGO_OK : COGO_EFAULT;
}

const bench bench_kept = {
    .name = "durable-kept",
    .unit = "tasks/s",
    .doc = "batches of 1000 as in durable, when a million others were recorded before",
    .operations = 1000000,
    .small = 80,
    .measure = measure_kept,
    .base = "before them",
};
