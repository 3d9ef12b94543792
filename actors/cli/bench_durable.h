/* cogo bench durable: how many tasks a second a node submits, does and records, each of them on
 * disk before it is acknowledged. Used by bench.c. */
#ifndef CLI_BENCH_DURABLE_H
#define CLI_BENCH_DURABLE_H

#include "bench/bench.h"

/* A node inside, on SQLite in a temporary folder or on DATABASE_URL, whose journal keeps the
 * tasks. */
extern const bench bench_durable;
/* The same with a million tasks in the journal, held against the same without. */
extern const bench bench_kept;

#endif
