#include "tests/sim/host_clock.h"

static uint64_t host_now(void *ctx)
{
    const host_clock *c = ctx;
    uint64_t now = cogo__world_now(cogo__sim_world());
    return (c->rate == 0 ? now : now / 1000 * c->rate) + c->ahead_ns;
}

static int64_t host_wall(void *ctx)
{
    const cogo__world *w = cogo__sim_world();
    return w->wall_ms(w->ctx) + ((const host_clock *)ctx)->wall_ahead_ms;
}

static uint64_t host_random(void *ctx)
{
    (void)ctx;
    return cogo__sim_world()->random(cogo__sim_world()->ctx);
}

static uint32_t host_cpus(void *ctx)
{
    (void)ctx;
    return cogo__sim_world()->cpu_count(cogo__sim_world()->ctx);
}

static void host_park(void *ctx, cogo__parker *parker, uint64_t deadline_ns)
{
    const host_clock *c = ctx;
    uint64_t mine = deadline_ns > c->ahead_ns ? deadline_ns - c->ahead_ns : 1;
    if (c->rate != 0 && deadline_ns > c->ahead_ns) { // Not before the host's clock shows it.
        mine = (mine / c->rate + 1) * 1000;
    }
    cogo__world_park(cogo__sim_world(), parker,
                     deadline_ns == COGO__FOREVER ? COGO__FOREVER : mine);
}

static void host_wake(void *ctx, cogo__parker *parker)
{
    (void)ctx;
    cogo__world_wake(cogo__sim_world(), parker);
}

static cogo_err host_thread(void *ctx, const cogo_allocator *from, void (*run)(void *arg),
                            void *arg, const char *name, cogo__thread **out)
{
    const cogo__world *w = cogo__sim_world();
    (void)ctx;
    return w->thread_start(w->ctx, from, run, arg, name, out);
}

static void host_join(void *ctx, cogo__thread *thread)
{
    (void)ctx;
    cogo__sim_world()->thread_join(cogo__sim_world()->ctx, thread);
}

void host_clock_init(host_clock *clock)
{
    clock->world = (cogo__world){
        .ctx = clock,
        .now_ns = host_now,
        .wall_ms = host_wall,
        .random = host_random,
        .cpu_count = host_cpus,
        .park = host_park,
        .wake = host_wake,
        .thread_start = host_thread,
        .thread_join = host_join,
    };
}
