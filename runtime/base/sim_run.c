/* A run of a simulated world: its random numbers, its threads, its end. */
#include "runtime/base/sim_thread.h"

#include <stdarg.h>
#include <stdlib.h>

enum { FIBERS_SPARE_MAX = 64 }; // Stacks kept from run to run.

cogo__sim *cogo__sim_now;
static cogo__fiber *spare[FIBERS_SPARE_MAX];
static size_t spare_count;

/* splitmix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t cogo__sim_choose(cogo__sim *sim, uint64_t end)
{
    return next_random(&sim->random) % end;
}

uint64_t cogo__sim_choose_log(cogo__sim *sim, uint64_t max)
{
    uint32_t bits = 64 - (uint32_t)__builtin_clzll(max);
    uint64_t range = UINT64_C(1) << cogo__sim_choose(sim, bits);
    uint64_t value = range + cogo__sim_choose(sim, range);
    return value < max ? value : max;
}

bool cogo__sim_chance(cogo__sim *sim, uint32_t of_65536)
{
    return of_65536 != 0 && cogo__sim_choose(sim, 65536) < of_65536;
}

uint64_t cogo__sim_random(void)
{
    return next_random(&cogo__sim_now->scenario_random);
}

bool cogo__sim_active(void)
{
    return cogo__sim_now != NULL && !cogo__sim_now->quiet;
}

void cogo__sim_fail(const char *format, ...)
{
    cogo__sim *sim = cogo__sim_now;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sim->result.failure, sizeof sim->result.failure, format, args);
    va_end(args);
    sim->result.failed = true;
    sim->quiet = true;
    cogo__fiber_switch(sim->now_running->fiber, sim->runner);
    abort(); // Nobody switches to a thread of a run that failed.
}

/* --- Threads. --------------------------------------------------------------------------- */

static void thread_main(void *arg)
{
    cogo__thread *t = arg;
    cogo__sim *sim = cogo__sim_now;
    t->run(t->arg);
    t->state = COGO__SIM_ENDED;
    sim->writes++;
    if (++sim->ended_count == sim->thread_count) {
        cogo__fiber_leave(t->fiber, sim->runner);
    }
    cogo__sim_switch(sim);
    abort(); // An ended thread is not switched to.
}

static void give_stack_back(cogo__fiber *fiber)
{
    if (cogo__fiber_left(fiber) && spare_count < FIBERS_SPARE_MAX) {
        spare[spare_count++] = fiber;
    } else {
        cogo__fiber_destroy(fiber);
    }
}

/* That of a thread that was joined, or a new one; NULL: all are taken. */
static cogo__thread *free_place(cogo__sim *sim)
{
    for (uint32_t i = 0; i < sim->thread_count; i++) {
        cogo__thread *t = &sim->threads[i];
        if (t->state == COGO__SIM_ENDED && t->was_joined) {
            give_stack_back(t->fiber);
            sim->ended_count--;
            return t;
        }
    }
    if (sim->thread_count == COGO__SIM_THREADS_MAX) {
        return NULL;
    }
    cogo__thread *t = &sim->threads[sim->thread_count];
    t->index = sim->thread_count++;
    return t;
}

cogo__thread *cogo__sim_thread_add(cogo__sim *sim, const char *name, void (*run)(void *arg),
                                   void *arg)
{
    cogo__thread *t = free_place(sim);
    cogo__fiber *fiber = NULL;
    if (t == NULL) {
        return NULL;
    }
    if (spare_count != 0) {
        fiber = spare[--spare_count];
        cogo__fiber_reuse(fiber, thread_main, t);
    } else {
        bool before = sim->quiet;
        sim->quiet = true; // The stack is ours, not the program's.
        fiber = cogo__fiber_create(0, thread_main, t);
        sim->quiet = before;
    }
    if (fiber == NULL) {
        abort(); // The machine's memory, not the program's.
    }
    *t = (cogo__thread){.fiber = fiber, .index = t->index, .run = run, .arg = arg};
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->priority = UINT64_MAX / 2 + cogo__sim_choose(sim, UINT64_MAX / 2);
    sim->writes++;
    return t;
}

/* --- A run. ----------------------------------------------------------------------------- */

static void begin(cogo__sim *sim, const cogo__sim_config *config)
{
    sim->config = *config;
    sim->random = config->seed;
    sim->scenario_random = ~config->seed * UINT64_C(0x2545f4914f6cdd1d);
    sim->result.hash = UINT64_C(14695981039346656037);
    cogo__sim_schedule_init(sim);
    cogo__sim_world_init(sim);
}

static const char *waits_for(const cogo__thread *t)
{
    static const char *const names[] = {
        [COGO__SIM_READY] = "can run",       [COGO__SIM_PAUSED] = "waits for a word",
        [COGO__SIM_PARKED] = "sleeps",       [COGO__SIM_BUSY] = "is busy",
        [COGO__SIM_JOINS] = "joins another", [COGO__SIM_ENDED] = "has ended",
    };
    return names[t->state];
}

static void report(const cogo__sim *sim)
{
    if (sim->config.report != NULL) {
        fprintf(sim->config.report, "%s; the threads:\n", sim->result.failure);
    }
    for (uint32_t i = 0; sim->config.report != NULL && i < sim->thread_count; i++) {
        const cogo__thread *t = &sim->threads[i];
        if (t->state == COGO__SIM_ENDED) {
            continue;
        }
        fprintf(sim->config.report, "    %-15s %s", t->name, waits_for(t));
        if (t->deadline_ns != COGO__FOREVER
            && (t->state == COGO__SIM_PARKED || t->state == COGO__SIM_BUSY)) {
            fprintf(sim->config.report, " for %lld ns more",
                    (long long)(t->deadline_ns - sim->now_ns));
        } else if (t->state == COGO__SIM_JOINS) {
            fprintf(sim->config.report, " (%s)", t->joined->name);
        }
        if (t->site != NULL) {
            fprintf(sim->config.report, "; last at %s:%d in %s()", t->site->file, t->site->line,
                    t->site->function);
        }
        fputc('\n', sim->config.report);
    }
}

cogo__sim_result cogo__sim_run(const cogo__sim_config *config, void (*run)(void *arg),
                               void *arg)
{
    cogo__sim *sim = calloc(1, sizeof *sim);
    cogo__fiber *runner = cogo__fiber_adopt();
    if (sim == NULL || runner == NULL) {
        abort(); // Of the test program, before anything ran.
    }
    void *local = *config->local;
    sim->runner = runner;
    begin(sim, config);
    cogo__sim_now = sim;
    sim->now_running = cogo__sim_thread_add(sim, "main", run, arg);
    *config->local = NULL;
    cogo__fiber_switch(runner, sim->now_running->fiber);
    *config->local = local;
    for (uint32_t i = 1; !sim->result.failed && i < sim->thread_count; i++) {
        if (!sim->threads[i].was_joined) {
            sim->result.failed = true;
            (void)snprintf(sim->result.failure, sizeof sim->result.failure,
                           "thread %s was never joined", sim->threads[i].name);
        }
    }
    sim->result.time_ns = sim->now_ns - sim->began_ns;
    if (sim->result.failed) {
        report(sim);
    }
    cogo__sim_now = NULL;
    for (uint32_t i = 0; i < sim->thread_count; i++) {
        give_stack_back(sim->threads[i].fiber);
    }
    cogo__sim_result result = sim->result;
    cogo__fiber_destroy(runner);
    free(sim);
    return result;
}
