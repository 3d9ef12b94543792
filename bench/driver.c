/* A driver actor does the work: many runs of it, and of what it is compared with. */
#include "bench/measure.h"
#include "bench/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SETTLE_TRIES = 5000, SETTLE_NS = 1000000 };
#define RUN_NS_MAX (UINT64_C(120) * 1000 * 1000 * 1000)

/* All runs of one workload. */
typedef struct session {
    const bench *bench;
    cogo_system *system;
    double *values, *base_values; /* One per run. */
    histogram samples, ignored;   /* Those of the base and of the first run are not kept. */
} session;

/* The next run starts when all actors of this one are gone. */
static bool settle(cogo_system *system)
{
    const struct timespec pause = {.tv_nsec = SETTLE_NS};
    cogo_system_stats stats = {.struct_size = sizeof stats};
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
static cogo_err run_once(session *s, const cogo_behavior *driver, workload_outcome *outcome,
                         char error[BENCH_ERROR_SIZE])
{
    const workload_args args = {outcome};
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = driver,
                                        .args = &args,
                                        .args_size_bytes = sizeof args};
    cogo_actor_id id;
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cogo_err err = cogo_system_spawn(s->system, &options, &id);
    if (err == COGO_OK) {
        err = cogo_system_await(s->system, id, RUN_NS_MAX, &reason);
    }
    if (err != COGO_OK) {
        return measure_fail(s->bench, err, cogo_strerror(err), error);
    }
    if (!outcome->right) {
        char text[BENCH_ERROR_SIZE];
        (void)snprintf(text, sizeof text, "the work was not done right %s", reason.text);
        return measure_fail(s->bench, COGO_EFAULT, text, error);
    }
    return settle(s->system)
               ? COGO_OK
               : measure_fail(s->bench, COGO_ETIMEOUT, "actors are left after a run", error);
}

static cogo_err timed(session *s, const cogo_behavior *driver, uint64_t operations,
                      histogram *samples, double *out_ns, char error[BENCH_ERROR_SIZE])
{
    workload_outcome outcome = {.operations = operations, .samples = samples};
    cogo_err err = run_once(s, driver, &outcome, error);
    *out_ns = (double)(outcome.ended_ns - outcome.began_ns);
    return err;
}

/* The base and the workload take turns, so that what disturbs one disturbs the other. */
static cogo_err run_all(session *s, const bench_order *order, char error[BENCH_ERROR_SIZE])
{
    const bench *b = s->bench;
    bool whole = strcmp(b->unit, "ms") == 0;
    for (uint32_t i = 0; i <= order->runs; i++) { // The first is not counted.
        double elapsed_ns = 0, base_ns = 0;
        cogo_err err = timed(s, b->driver, order->operations, i > 0 ? &s->samples : &s->ignored,
                             &elapsed_ns, error);
        if (err == COGO_OK && b->base_driver != NULL) {
            err = timed(s, b->base_driver, order->operations, &s->ignored, &base_ns, error);
        }
        if (err != COGO_OK) {
            return err;
        }
        if (i > 0) {
            s->values[i - 1] = elapsed_ns / (whole ? 1e6 : (double)order->operations);
            s->base_values[i - 1] = base_ns / (double)order->operations;
        }
    }
    return COGO_OK;
}

static void summarise(session *s, uint32_t runs, uint32_t lanes, bench_report *out)
{
    bench_result base, *r = &out->results[0];
    *r = (bench_result){.bench = s->bench, .lanes = lanes};
    measure_summarise(s->values, runs, r);
    measure_share(&s->samples, r);
    if (s->bench->base_driver != NULL) {
        measure_summarise(s->base_values, runs, &base);
        r->base_median = base.median / s->bench->base_parts;
    }
    out->count = 1;
}

cogo_err measure_driver(const bench *b, const bench_order *order, bench_report *out,
                        char error[BENCH_ERROR_SIZE])
{
    uint32_t lanes = 0;
    cogo_err err = COGO_ENOMEM;
    bool closed = true;
    session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return measure_fail(b, err, cogo_strerror(err), error);
    }
    s->bench = b;
    s->values = calloc(order->runs, sizeof *s->values);
    s->base_values = calloc(order->runs, sizeof *s->base_values);
    if (s->values == NULL || s->base_values == NULL
        || (err = measure_open(order->lanes, &s->system, &lanes)) != COGO_OK) {
        (void)measure_fail(b, err, cogo_strerror(err), error);
    } else {
        err = run_all(s, order, error);
        closed = measure_close(s->system);
    }
    if (err == COGO_OK) {
        summarise(s, order->runs, lanes, out);
    }
    free(s->values);
    free(s->base_values);
    if (closed) { // Else an actor still has the samples.
        free(s);
    }
    return err;
}
