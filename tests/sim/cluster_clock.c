/* A clock of its own for each host. */
#include "tests/sim/cluster.h"

static uint64_t skewed_now(void *ctx)
{
    return cogo__world_now(cogo__sim_world()) + ((host *)ctx)->skew_ns;
}

static int64_t skewed_wall(void *ctx)
{
    const cogo__world *w = cogo__sim_world();
    return w->wall_ms(w->ctx) + (int64_t)(((host *)ctx)->skew_ns / SCENARIO_MS);
}

static uint64_t world_random(void *ctx)
{
    (void)ctx;
    return cogo__sim_world()->random(cogo__sim_world()->ctx);
}

static uint32_t world_cpus(void *ctx)
{
    (void)ctx;
    return cogo__sim_world()->cpu_count(cogo__sim_world()->ctx);
}

static void skewed_park(void *ctx, cogo__parker *parker, uint64_t deadline_ns)
{
    uint64_t skew = ((host *)ctx)->skew_ns;
    uint64_t mine = deadline_ns > skew ? deadline_ns - skew : 1;
    cogo__world_park(cogo__sim_world(), parker,
                     deadline_ns == COGO__FOREVER ? COGO__FOREVER : mine);
}

static void world_wake(void *ctx, cogo__parker *parker)
{
    (void)ctx;
    cogo__world_wake(cogo__sim_world(), parker);
}

static cogo_err world_thread(void *ctx, const cogo_allocator *from, void (*run)(void *arg),
                             void *arg, const char *name, cogo__thread **out)
{
    const cogo__world *w = cogo__sim_world();
    (void)ctx;
    return w->thread_start(w->ctx, from, run, arg, name, out);
}

static void world_join(void *ctx, cogo__thread *thread)
{
    (void)ctx;
    cogo__sim_world()->thread_join(cogo__sim_world()->ctx, thread);
}

void cluster_give_world(host *h)
{
    h->skew_ns = scenario_maybe(50) ? 0 : scenario_pick(1000 * SCENARIO_S);
    h->world = (cogo__world){
        .ctx = h,
        .now_ns = skewed_now,
        .wall_ms = skewed_wall,
        .random = world_random,
        .cpu_count = world_cpus,
        .park = skewed_park,
        .wake = world_wake,
        .thread_start = world_thread,
        .thread_join = world_join,
    };
}
