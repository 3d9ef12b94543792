/* What threads ask of a simulated world, and its atomic operations. */
#include "runtime/base/sim_thread.h"

#include <string.h>

/* States of a parker. */
enum { EMPTY, TOKEN, SLEEPING };
enum { CPUS_MAX = 4, NS_PER_MS = 1000000, READ_NS_MAX = 100000 };

#define WALL_BASE_MS INT64_C(1700000000000)

/* Who reads the clock and does nothing else waits for it: twice as long from read to read, or
 * a callback that burns a millisecond would be a million steps. */
static uint64_t now_ns(void *ctx)
{
    cogo__sim *sim = ctx;
    if (sim->quiet) {
        return sim->now_ns;
    }
    bool again = sim->read_step == sim->result.steps;
    uint64_t longer = 2 * sim->read_ns > READ_NS_MAX ? sim->read_ns : 2 * sim->read_ns;
    sim->read_ns = again ? longer : sim->ns_per_step;
    sim->read_step = sim->result.steps;
    sim->now_ns += sim->read_ns;
    return sim->now_ns;
}

static int64_t wall_ms(void *ctx)
{
    return WALL_BASE_MS + (int64_t)(now_ns(ctx) / NS_PER_MS);
}

static uint64_t seed(void *ctx)
{
    return cogo__sim_choose(ctx, UINT64_MAX);
}

/* It has a say in how long idle lanes spin. */
static uint32_t cpu_count(void *ctx)
{
    return 1 + (uint32_t)cogo__sim_choose(ctx, CPUS_MAX);
}

static void park(void *ctx, cogo__parker *parker, uint64_t deadline_ns)
{
    cogo__sim *sim = ctx;
    cogo__sim_point(sim);
    cogo__thread *t = sim->now_running;
    bool over = deadline_ns != COGO__FOREVER && deadline_ns <= sim->now_ns;
    if (parker->state.value != TOKEN && !over
        && !cogo__sim_chance(sim, sim->config.chances.early)) {
        parker->state.value = SLEEPING;
        t->parker = parker;
        t->deadline_ns = deadline_ns;
        t->state = COGO__SIM_PARKED;
        cogo__sim_switch(sim);
        t->parker = NULL;
    }
    parker->state.value = EMPTY;
}

static void wake(void *ctx, cogo__parker *parker)
{
    cogo__sim *sim = ctx;
    cogo__sim_point(sim);
    bool slept = parker->state.value == SLEEPING;
    parker->state.value = TOKEN;
    sim->writes++;
    for (uint32_t i = 0; slept && i < sim->thread_count; i++) {
        cogo__thread *t = &sim->threads[i];
        if (t->state == COGO__SIM_PARKED && t->parker == parker) {
            t->state = COGO__SIM_READY;
        }
    }
    if (slept && sim->mode == COGO__SIM_PRIORITY) {
        cogo__sim_switch(sim); // It may come first.
    }
}

bool cogo__sim_sleeps(const cogo__parker *parker)
{
    return parker->state.value == SLEEPING;
}

static cogo_err thread_start(void *ctx, const cogo_allocator *from, void (*run)(void *arg),
                             void *arg, const char *name, cogo__thread **out_thread)
{
    (void)from; // Threads are fibers of the simulation, not of a system.
    cogo__sim *sim = ctx;
    cogo__sim_point(sim);
    cogo__thread *t = NULL;
    if (!cogo__sim_chance(sim, sim->config.chances.thread)) {
        t = cogo__sim_thread_add(sim, name, run, arg);
    }
    if (t == NULL) {
        return COGO_EIO;
    }
    cogo__sim_yield(); // It may be long on its way before the caller knows it.
    *out_thread = t;
    return COGO_OK;
}

static void thread_join(void *ctx, cogo__thread *thread)
{
    cogo__sim *sim = ctx;
    cogo__sim_point(sim);
    if (thread->state != COGO__SIM_ENDED) {
        sim->now_running->joined = thread;
        sim->now_running->state = COGO__SIM_JOINS;
        cogo__sim_switch(sim);
    }
    thread->was_joined = true;
}

void cogo__sim_world_init(cogo__sim *sim)
{
    sim->world = (cogo__world){
        .ctx = sim,
        .now_ns = now_ns,
        .wall_ms = wall_ms,
        .random = seed,
        .cpu_count = cpu_count,
        .park = park,
        .wake = wake,
        .thread_start = thread_start,
        .thread_join = thread_join,
    };
}

const cogo__world *cogo__sim_world(void)
{
    return &cogo__sim_now->world;
}

void cogo__sim_busy(uint64_t duration_ns)
{
    cogo__sim *sim = cogo__sim_now;
    cogo__thread *t = sim->now_running;
    t->deadline_ns = sim->now_ns + duration_ns;
    t->state = COGO__SIM_BUSY;
    cogo__sim_switch(sim);
}

/* --- Atomic operations. ----------------------------------------------------------------- */

void cogo__atomic_pause(void)
{
    cogo__sim *sim = cogo__sim_now;
    if (sim != NULL && !sim->quiet) {
        sim->now_running->state = COGO__SIM_PAUSED;
        sim->now_running->paused_at = sim->writes;
        sim->looks++;
        sim->now_running->paused_step = sim->now_running->steps;
        cogo__sim_switch(sim);
    }
}

/* A planted race: what should be one step is a read, a chance for others, and a write. */
static void split(cogo__sim *sim, const cogo__atomic_site *site)
{
    bool modifies = site->kind != COGO__LOAD && site->kind != COGO__STORE;
    if (modifies && strcmp(site->function, sim->config.plant) == 0) {
        uint64_t before = sim->result.switches;
        cogo__sim_point(sim);
        sim->result.plants += sim->result.switches != before;
    }
}

static void print_operation(const cogo__sim *sim, const cogo__atomic_site *site, uint64_t seen,
                            uint64_t after)
{
    fprintf(sim->config.trace, "%8llu %-12s %s:%d %s(%s) %llx -> %llx\n",
            (unsigned long long)sim->result.steps, sim->now_running->name, site->file,
            site->line, site->function, site->operand, (unsigned long long)seen,
            (unsigned long long)after);
}

uint64_t cogo__atomic_hook(cogo__atomic_site *site, const void *address, uint64_t value,
                           uint64_t expected)
{
    cogo__sim *sim = cogo__sim_now;
    bool watched = sim != NULL && !sim->quiet;
    if (watched) {
        sim->now_running->site = site;
        cogo__sim_point(sim);
    }
    uint64_t seen = cogo__atomic_read(site, address);
    if (watched && sim->config.plant != NULL) {
        split(sim, site);
    }
    bool writes = site->kind != COGO__LOAD && (site->kind != COGO__CAS || seen == expected);
    uint64_t after = writes ? cogo__atomic_result(site, seen, value) : seen;
    if (writes) {
        cogo__atomic_write(site, address, after);
    }
    if (watched) {
        // What a store overwrites may be memory that was never written: it must not decide.
        bool store = site->kind == COGO__STORE;
        sim->writes += store || after != seen;
        uint64_t word = store ? after : seen;
        uint64_t what = (uint64_t)site->line << 8 | (uint64_t)site->kind << 4
                        | (site->size_bytes == 4 ? word << 32 : 0); // No addresses.
        if (sim->config.trace_all && sim->config.trace != NULL) {
            print_operation(sim, site, seen, after);
        }
        sim->result.hash = (sim->result.hash ^ what) * UINT64_C(1099511628211);
    }
    return seen;
}
