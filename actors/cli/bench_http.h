/* Submits over HTTP as many clients would: kept connections, one request at a time on each.
 * Used by bench_durable.c. One thread; loopback only. */
#ifndef CLI_BENCH_HTTP_H
#define CLI_BENCH_HTTP_H

#include "bench/histogram.h"

#include <cogo/error.h>

#include <stdint.h>

enum { BENCH_HTTP_CONNECTIONS = 64 };

typedef struct bench_http {
    int port;
    uint64_t count; /* Requests. */
    uint64_t rate; /* A second, each at its time whatever came of the others; 0: as fast as they
                      are answered. */
} bench_http;

/* Submits `echo` tasks. @p latency gets the ns from when a request was due until it was
 * answered with 202, which means that it is on disk. COGO_EIO: a connection broke or another
 * answer came;
 * @p error says which. */
COGO_MUST_USE cogo_err bench_http_run(const bench_http *order, histogram *latency,
                                      char error[160]);

#endif
