/* Resident memory of idle actors. Each has started and has 32 bytes of state. */
#include "bench/measure.h"
#include "bench/workload.h"

#include <stdio.h>
#include <unistd.h>

/* So many are spawned before their reports are waited for: the reports use no memory to speak
 * of. */
enum { BATCH = 500, STATE_BYTES = 32 };
#define RUN_NS_MAX (UINT64_C(120) * 1000 * 1000 * 1000)

static cogo_err idle_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    return workload_send(ctx, *(const cogo_actor_id *)args, WORKLOAD_OVER);
}

static cogo_err idle_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior idle = {.struct_size = sizeof idle,
                                   .name = "bench.idle",
                                   .state_size_bytes = STATE_BYTES,
                                   .start = idle_start,
                                   .receive = idle_receive};

typedef struct keeper {
    workload_outcome *outcome;
    uint64_t spawned, started;
} keeper;

static uint64_t resident_bytes(void)
{
    unsigned long long all = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm != NULL) {
        if (fscanf(statm, "%llu %llu", &all, &resident) != 2) {
            resident = 0;
        }
        (void)fclose(statm);
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static cogo_err spawn_batch(cogo_context *ctx, keeper *k)
{
    const cogo_actor_id self = cogo_self(ctx);
    for (int i = 0; i < BATCH && k->spawned < k->outcome->operations; i++, k->spawned++) {
        cogo_actor_id id;
        if (!workload_spawn_free(ctx, &idle, &self, sizeof self, &id)) {
            return COGO_OK;
        }
    }
    return COGO_OK;
}

static cogo_err keeper_start(cogo_context *ctx, void *state, const void *args)
{
    keeper *k = state;
    k->outcome = ((const workload_args *)args)->outcome;
    return spawn_batch(ctx, k);
}

static cogo_err keeper_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    keeper *k = state;
    (void)msg;
    if (++k->started < k->spawned) {
        return COGO_OK;
    }
    if (k->spawned < k->outcome->operations) {
        return spawn_batch(ctx, k);
    }
    workload_finish(ctx, k->outcome, true); // The idle ones are not linked: they stay.
    return COGO_OK;
}

static const cogo_behavior keeper_behavior = {.struct_size = sizeof keeper_behavior,
                                              .name = "bench.idle-keeper",
                                              .state_size_bytes = sizeof(keeper),
                                              .start = keeper_start,
                                              .receive = keeper_receive};

static cogo_err run_once(cogo_system *system, uint64_t actors, double *out_bytes)
{
    workload_outcome outcome = {.operations = actors};
    const workload_args args = {&outcome};
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = &keeper_behavior,
                                        .args = &args,
                                        .args_size_bytes = sizeof args};
    cogo_actor_id id;
    uint64_t before = resident_bytes();
    cogo_err err = cogo_system_spawn(system, &options, &id);
    if (err == COGO_OK) {
        err = cogo_system_await(system, id, RUN_NS_MAX, NULL);
    }
    uint64_t after = resident_bytes();
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    *out_bytes = after > before ? (double)(after - before) / (double)actors : 0;
    return err != COGO_OK                            ? err
           : outcome.right && stats.actors >= actors ? COGO_OK
                                                     : COGO_EFAULT;
}

cogo_err measure_idle(const bench *b, const bench_order *order, bench_report *out,
                      char error[BENCH_ERROR_SIZE])
{
    bench_result *r = &out->results[0];
    cogo_system *system = NULL;
    double bytes = 0;
    *r = (bench_result){.bench = b};
    cogo_err err = measure_open(order->lanes, &system, &r->lanes);
    if (err == COGO_OK) {
        err = run_once(system, order->operations, &bytes);
        (void)measure_close(system);
    }
    if (err != COGO_OK) {
        return measure_fail(b, err, cogo_strerror(err), error);
    }
    measure_summarise(&bytes, 1, r);
    out->count = 1;
    return COGO_OK;
}
