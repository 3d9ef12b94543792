/* The ways to measure a workload, and what they share.
 * Used by the table of bench.c and by the files of this room.
 * Never leaves a system or an actor behind. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/bench.h"
#include "bench/histogram.h"

/* Values of bench.measure. */

/* A driver actor does the work and reads the clock itself; all runs are in one system, so that
 * memory is warm. */
cogo_err measure_driver(const bench *b, const bench_order *order, bench_report *out,
                        char error[BENCH_ERROR_SIZE]);
/* Resident memory, always one run: a second would use again, unseen, what the first left free.
 */
cogo_err measure_idle(const bench *b, const bench_order *order, bench_report *out,
                      char error[BENCH_ERROR_SIZE]);
/* An open loop from this thread; each load and run has a system of its own. */
cogo_err measure_dispatch(const bench *b, const bench_order *order, bench_report *out,
                          char error[BENCH_ERROR_SIZE]);
/* Two processes and a link between them; one scene for all runs. */
cogo_err measure_link_rtt(const bench *b, const bench_order *order, bench_report *out,
                          char error[BENCH_ERROR_SIZE]);
cogo_err measure_link_throughput(const bench *b, const bench_order *order, bench_report *out,
                                 char error[BENCH_ERROR_SIZE]);

/* Fills runs, median, min and max from @p runs values, which it sorts. */
void measure_summarise(double *values, uint32_t runs, bench_result *out);
/* Fills the percentiles, if there are any samples. */
void measure_share(const histogram *samples, bench_result *out);
/* The sentence for @p err, in @p error; returns it. */
cogo_err measure_fail(const bench *b, cogo_err err, const char *text,
                      char error[BENCH_ERROR_SIZE]);

/* A system with that many lanes; @p *out_lanes is how many it has. */
cogo_err measure_open(uint32_t lanes, cogo_system **out_system, uint32_t *out_lanes);
/* Stops and destroys it. False: an actor does not end, and keeps using what it was given. */
bool measure_close(cogo_system *system);

#endif
