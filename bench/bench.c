/* The table of the workloads. */
#include "bench/bench.h"

#include "bench/measure.h"
#include "bench/workload.h"

#include <stdio.h>
#include <string.h>

const bench bench_table[] = {
    {.name = "ping-pong",
     .unit = "ns/round trip",
     .doc = "two actors, one message in flight",
     .operations = 2000000,
     .small = 1000,
     .measure = measure_driver,
     .driver = &workload_ping_pong},
    {.name = "thread-ring",
     .unit = "ns/hop",
     .doc = "a token in a ring of 100 actors",
     .operations = 2000000,
     .small = 1050,
     .measure = measure_driver,
     .driver = &workload_thread_ring},
    {.name = "counting",
     .unit = "ns/message",
     .doc = "one callback floods one actor, then asks for the count",
     .operations = 5000000,
     .small = 5000,
     .measure = measure_driver,
     .driver = &workload_counting},
    {.name = "fork-join-throughput",
     .unit = "ns/message",
     .doc = "10000 messages to each of 60 actors, in turn",
     .operations = 600000,
     .small = 6000,
     .measure = measure_driver,
     .driver = &workload_fork_join},
    {.name = "fork-join-create",
     .unit = "ns/actor",
     .doc = "actors that answer one message and end",
     .operations = 1000000,
     .small = 1000,
     .measure = measure_driver,
     .driver = &workload_create},
    {.name = "chameneos",
     .unit = "ns/meeting",
     .doc = "100 creatures meet in pairs at one mall",
     .operations = 1000000,
     .small = 500,
     .measure = measure_driver,
     .driver = &workload_chameneos},
    {.name = "big",
     .unit = "ns/message",
     .doc = "120 actors ping each other by chance",
     .operations = 2400000,
     .small = 2400,
     .measure = measure_driver,
     .driver = &workload_big},
    {.name = "n-to-1",
     .unit = "ns/message",
     .doc = "100 senders flood one receiver",
     .operations = 5000000,
     .small = 5000,
     .measure = measure_driver,
     .driver = &workload_n_to_1},
    {.name = "skynet",
     .unit = "ms",
     .doc = "a tree of actors with a million leaves",
     .operations = 1000000,
     .small = 1000,
     .measure = measure_driver,
     .driver = &workload_skynet},
    {.name = "spawn",
     .unit = "ns/actor",
     .doc = "each actor spawns the next one and ends",
     .operations = 1000000,
     .small = 1000,
     .measure = measure_driver,
     .driver = &workload_chain},
    {.name = "ask",
     .unit = "ns/ask",
     .doc = "ask and reply of two actors, beside a message one way",
     .operations = 1000000,
     .small = 1000,
     .measure = measure_driver,
     .driver = &workload_ask,
     .base = "one-way",
     .base_driver = &workload_ping_pong,
     .base_parts = 2},
    {.name = "monitored",
     .unit = "ns/round trip",
     .doc = "ping-pong with a supervised and monitored actor, beside a plain one",
     .operations = 2000000,
     .small = 1000,
     .measure = measure_driver,
     .driver = &workload_monitored,
     .base = "ping-pong",
     .base_driver = &workload_ping_pong,
     .base_parts = 1},
    {.name = "idle-bytes",
     .unit = "bytes/actor",
     .doc = "resident memory of an idle actor, over a million of them",
     .operations = 1000000,
     .small = 2000,
     .measure = measure_idle},
    {.name = "dispatch",
     .unit = "ns",
     .doc = "from send to receive, at 10k, 100k and 1M messages a second to 16 idle actors",
     .operations = 1000000,
     .small = 2000,
     .measure = measure_dispatch},
    {.name = "link-rtt",
     .unit = "ns/round trip",
     .doc = "64 bytes to an actor of another process and back, over a link",
     .operations = 20000,
     .small = 200,
     .measure = measure_link_rtt},
    {.name = "link-throughput",
     .unit = "ns/message",
     .doc = "64 bytes, 1 KiB, 64 KiB one way to an actor of another process",
     .operations = 2000000,
     .small = 10000,
     .measure = measure_link_throughput},
    {.name = NULL},
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

cogo_err bench_run(const bench *b, const bench_order *order, bench_report *out,
                   char error[BENCH_ERROR_SIZE])
{
    if (order->runs == 0 || order->runs > BENCH_RUNS_MAX || order->lanes > BENCH_LANES_MAX
        || order->operations == 0) {
        (void)snprintf(error, BENCH_ERROR_SIZE, "1 to %d runs, at most %d lanes, please",
                       BENCH_RUNS_MAX, BENCH_LANES_MAX);
        return COGO_EINVAL;
    }
    *out = (bench_report){.count = 0};
    return b->measure(b, order, out, error);
}
