/* One workload, many runs: the figures. */
#include "bench/bench.h"

#include "bench/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SETTLE_TRIES = 5000, SETTLE_NS = 1000000 };
#define RUN_NS_MAX (UINT64_C(120) * 1000 * 1000 * 1000)
#define STOP_NS    (UINT64_C(5) * 1000 * 1000 * 1000)

#ifndef COGO_COMMIT
#    define COGO_COMMIT "unknown"
#endif

const bench bench_table[] = {
    {"ping-pong", "ns/round trip", "two actors, one message in flight", 2000000, 1000,
     &workload_ping_pong},
    {"thread-ring", "ns/hop", "a token in a ring of 100 actors", 2000000, 1050,
     &workload_thread_ring},
    {"counting", "ns/message", "one callback floods one actor, then asks for the count",
     5000000, 5000, &workload_counting},
    {"fork-join-throughput", "ns/message", "10000 messages to each of 60 actors, in turn",
     600000, 6000, &workload_fork_join},
    {"fork-join-create", "ns/actor", "actors that answer one message and end", 1000000, 1000,
     &workload_create},
    {"chameneos", "ns/meeting", "100 creatures meet in pairs at one mall", 1000000, 500,
     &workload_chameneos},
    {"big", "ns/message", "120 actors ping each other by chance", 2400000, 2400, &workload_big},
    {"n-to-1", "ns/message", "100 senders flood one receiver", 5000000, 5000, &workload_n_to_1},
    {"skynet", "ms", "a tree of actors with a million leaves", 1000000, 1000, &workload_skynet},
    {NULL, NULL, NULL, 0, 0, NULL},
};

const bench *bench_find(const char *name)
{
    for (const bench *b = bench_table; b->name != NULL; b++) {
        if (strcmp(b->name, name) == 0) {
            return b;
        }
    }
    return NULL;
}

const char *bench_commit(void)
{
    return COGO_COMMIT;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double median_of(const double *sorted, size_t count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static double at_share(const uint32_t *sorted, size_t count, double share)
{
    return (double)sorted[(size_t)((double)(count - 1) * share)];
}

/* The next run starts when all actors of this one are gone. */
static bool settle(cogo_system *system)
{
    const struct timespec pause = {.tv_nsec = SETTLE_NS};
    cogo_system_stats stats;
    for (int i = 0; i < SETTLE_TRIES; i++) {
        cogo_system_stats_read(system, &stats);
        if (stats.actors == 0) {
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* Drivers end with SHUTDOWN; any other reason says what went wrong. */
static cogo_err run_once(cogo_system *system, const bench *b, workload_outcome *outcome,
                         char error[BENCH_ERROR_SIZE])
{
    const workload_args args = {outcome};
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = b->driver,
                                        .args = &args,
                                        .args_size_bytes = sizeof args};
    cogo_actor_id driver;
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cogo_err err = cogo_system_spawn(system, &options, &driver);
    if (err == COGO_OK) {
        err = cogo_system_await(system, driver, RUN_NS_MAX, &reason);
    }
    if (err != COGO_OK) {
        (void)snprintf(error, BENCH_ERROR_SIZE, "%s: %s", b->name, cogo_strerror(err));
    } else if (!outcome->right) {
        (void)snprintf(error, BENCH_ERROR_SIZE, "%s: the work was not done right %s", b->name,
                       reason.text);
        err = COGO_EFAULT;
    } else if (!settle(system)) {
        (void)snprintf(error, BENCH_ERROR_SIZE, "%s: actors are left after a run", b->name);
        err = COGO_ETIMEOUT;
    }
    return err;
}

static cogo_err run_all(cogo_system *system, const bench *b, uint32_t runs, uint64_t operations,
                        uint32_t *samples_ns, double *values, bench_result *out,
                        char error[BENCH_ERROR_SIZE])
{
    size_t sample_count = 0;
    for (uint32_t i = 0; i <= runs; i++) { // The first is not counted.
        workload_outcome outcome = {.operations = operations,
                                    .samples_ns = samples_ns + sample_count};
        cogo_err err = run_once(system, b, &outcome, error);
        if (err != COGO_OK) {
            return err;
        }
        double elapsed_ns = (double)(outcome.ended_ns - outcome.began_ns);
        if (i > 0) {
            values[i - 1] =
                strcmp(b->unit, "ms") == 0 ? elapsed_ns / 1e6 : elapsed_ns / (double)operations;
            sample_count += outcome.sample_count;
        }
    }
    qsort(values, runs, sizeof *values, by_value);
    *out = (bench_result){.bench = b,
                          .runs = runs,
                          .median = median_of(values, runs),
                          .min = values[0],
                          .max = values[runs - 1],
                          .sampled = sample_count != 0};
    if (sample_count != 0) {
        qsort(samples_ns, sample_count, sizeof *samples_ns, by_time);
        out->p50 = at_share(samples_ns, sample_count, 0.5);
        out->p99 = at_share(samples_ns, sample_count, 0.99);
        out->p999 = at_share(samples_ns, sample_count, 0.999);
    }
    return COGO_OK;
}

cogo_err bench_run(const bench *b, uint32_t lanes, uint32_t runs, uint64_t operations,
                   bench_result *out, char error[BENCH_ERROR_SIZE])
{
    if (runs == 0 || runs > BENCH_RUNS_MAX || lanes > BENCH_LANES_MAX || operations == 0) {
        (void)snprintf(error, BENCH_ERROR_SIZE, "1 to %d runs, at most %d lanes, please",
                       BENCH_RUNS_MAX, BENCH_LANES_MAX);
        return COGO_EINVAL;
    }
    const cogo_system_config config = {.struct_size = sizeof config, .lane_count = lanes};
    cogo_system *system = NULL;
    uint32_t *samples_ns = calloc((size_t)runs + 1, WORKLOAD_SAMPLES_MAX * sizeof *samples_ns);
    double *values = calloc(runs, sizeof *values);
    cogo_err err = COGO_ENOMEM;
    if (samples_ns == NULL || values == NULL
        || (err = cogo_system_create(&config, &system)) != COGO_OK) {
        (void)snprintf(error, BENCH_ERROR_SIZE, "%s: %s", b->name, cogo_strerror(err));
        free(samples_ns);
        free(values);
        return err;
    }
    cogo_system_stats stats;
    cogo_system_stats_read(system, &stats);
    err = run_all(system, b, runs, operations, samples_ns, values, out, error);
    out->lanes = stats.lane_count;
    // An actor that does not end keeps using the samples: then they stay.
    if (cogo_system_stop(system, STOP_NS) != COGO_EFAULT) {
        cogo_system_destroy(system);
        free(samples_ns);
    }
    free(values);
    return err;
}
