#include "bench/measure.h"

#include <stdio.h>
#include <stdlib.h>

#define STOP_NS (UINT64_C(60) * 1000 * 1000 * 1000)

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void measure_summarise(double *values, uint32_t runs, bench_result *out)
{
    qsort(values, runs, sizeof *values, by_value);
    out->runs = runs;
    out->median = (values[(runs - 1) / 2] + values[runs / 2]) / 2;
    out->min = values[0];
    out->max = values[runs - 1];
}

void measure_share(const histogram *samples, bench_result *out)
{
    out->sampled = samples->total != 0;
    out->p50 = (double)histogram_at(samples, 0.5);
    out->p99 = (double)histogram_at(samples, 0.99);
    out->p999 = (double)histogram_at(samples, 0.999);
}

cogo_err measure_fail(const bench *b, cogo_err err, const char *text,
                      char error[BENCH_ERROR_SIZE])
{
    (void)snprintf(error, BENCH_ERROR_SIZE, "%s: %s", b->name, text);
    return err;
}

cogo_err measure_open(uint32_t lanes, cogo_system **out_system, uint32_t *out_lanes)
{
    const cogo_system_config config = {.struct_size = sizeof config, .lane_count = lanes};
    cogo_err err = cogo_system_create(&config, out_system);
    if (err == COGO_OK) {
        cogo_system_stats stats = {.struct_size = sizeof stats};
        cogo_system_stats_read(*out_system, &stats);
        *out_lanes = stats.lane_count;
    }
    return err;
}

bool measure_close(cogo_system *system)
{
    if (cogo_system_stop(system, STOP_NS) == COGO_EFAULT) {
        return false;
    }
    cogo_system_destroy(system);
    return true;
}
