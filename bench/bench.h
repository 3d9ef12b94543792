/* The local workloads: what each is, and how to run and measure one.
 * Used by `cogo bench` and by the tests of this room.
 * Never looks inside the runtime: the workloads are written against <cogo/cogo.h> alone. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <cogo/cogo.h>

#include <stdbool.h>
#include <stdint.h>

enum { BENCH_RUNS_MAX = 1000, BENCH_LANES_MAX = 256, BENCH_ERROR_SIZE = 160 };

typedef struct bench {
    const char *name;
    const char *unit; /* Of the figures; "ms" is for the whole run, others for one operation. */
    const char *doc;
    uint64_t operations; /* In one run of full size. */
    uint64_t small;      /* In one run of a test. */
    const cogo_behavior *driver;
} bench;

/* All workloads; ends with one without name. */
extern const bench bench_table[];

typedef struct bench_result {
    const bench *bench;
    uint32_t lanes;
    uint32_t runs;
    double median, min, max; /* Over the runs. */
    bool sampled;            /* Single operations were timed too: */
    double p50, p99, p999;   /* over all of them in all runs. */
} bench_result;

/* The workload @p name, or NULL. */
const bench *bench_find(const char *name);

/* Runs @p b once for warming up, then @p runs times, in one system with @p lanes lanes (0: one
 * per CPU). @p operations as in bench.operations, or bench.small. Blocks; not on a lane.
 * On failure one sentence in @p error: COGO_EINVAL (limits), COGO_ETIMEOUT, COGO_EFAULT (the
 * work was not done right) or what the runtime said. */
cogo_err bench_run(const bench *b, uint32_t lanes, uint32_t runs, uint64_t operations,
                   bench_result *out, char error[BENCH_ERROR_SIZE]);

/* The commit that this was built from, or "unknown". */
const char *bench_commit(void);

#endif
