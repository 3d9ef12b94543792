/* The workloads: what each is, and how to run and measure one.
 * Used by `cogo bench` and by the tests of this room.
 * Never looks inside the runtime: the workloads are written against <cogo/cogo.h> alone. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <cogo/cogo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_RUNS_MAX = 1000,
    BENCH_LANES_MAX = 256,
    BENCH_ERROR_SIZE = 160,
    BENCH_RESULTS_MAX = 8, /* Of one workload. */
    BENCH_TEXT_SIZE = 128,
};

typedef struct bench_order {
    uint32_t lanes;      /* 0: one per CPU. */
    uint32_t runs;       /* Those that count; one more goes before them. */
    uint64_t operations; /* As in bench.operations, or bench.small. */
} bench_order;

typedef struct bench bench;

typedef struct bench_result {
    const bench *bench;
    uint32_t lanes;
    uint32_t runs;
    double median, min, max; /* Over the runs. */
    bool sampled;            /* Single operations were timed too: */
    double p50, p99, p999;   /* over all of them in all runs. */
    uint64_t rate;           /* Messages a second of an open loop; 0: a closed one. */
    const char *mode;        /* Of an open loop: "parked" or "awake"; else NULL. */
    uint64_t size_bytes;     /* Of a message over a link; 0: of another workload. */
    double base_median;      /* Of what it is compared with (bench.base); else 0. */
} bench_result;

typedef struct bench_report {
    bench_result results[BENCH_RESULTS_MAX];
    size_t count;
} bench_report;

struct bench {
    const char *name;
    const char *unit; /* Of the figures; "ms" is for the whole run, others for one operation. */
    const char *doc;
    uint64_t operations; /* In one run of full size. */
    uint64_t small;      /* In one run of a test. */
    cogo_err (*measure)(const bench *b, const bench_order *order, bench_report *out,
                        char error[BENCH_ERROR_SIZE]);
    const cogo_behavior *driver; /* NULL: measure() needs none. */
    /* What is measured in turn with it, to be compared with it. */
    const char *base;
    const cogo_behavior *base_driver;
    double base_parts; /* One operation of base_driver is so many of `base`. */
};

/* All workloads; ends with one without name. */
extern const bench bench_table[];

/* The workload @p name, or NULL. */
const bench *bench_find(const char *name);

/* Runs @p b once for warming up, then order->runs times. Blocks; not on a lane.
 * On failure one sentence in @p error: COGO_EINVAL (limits), COGO_ETIMEOUT, COGO_EFAULT (the
 * work was not done right) or what the runtime said. */
cogo_err bench_run(const bench *b, const bench_order *order, bench_report *out,
                   char error[BENCH_ERROR_SIZE]);

/* The commit that this was built from, or "unknown"; and the compiler. */
const char *bench_commit(void);
const char *bench_compiler(void);
/* Processor, CPUs and kernel. */
void bench_machine(char out[BENCH_TEXT_SIZE]);

#endif
