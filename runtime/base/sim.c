/* Who runs next, and when the clock moves. */
#include "runtime/base/sim_thread.h"

enum {
    MEAN_MAX = 2048,         // Operations between two choices, on average, at most.
    HOT_STEPS_MAX = 20000,   // The hot operation is found among the first so many.
    HOLD_SHARE = 8,          // One choice of so many takes the CPU away for long,
    HOLD_STEPS_MAX = 8192,   // at most for so many operations.
    HOLD_NS_MAX = 100000000, // At most that far moves the clock meanwhile.
    JUMPS_MAX = 5,           // Of the clock, per run.
    LOOK_STEPS_MAX = 64,     // Operations of a thread between two looks at a word.
    LOOKS_MAX = 4000, // Of threads at words while all do nothing else: then time goes on.
    STEP_NS_KINDS = 5,
    STEP_NS_KINDS_CALM = 2,
};

/* --- Who may run. ----------------------------------------------------------------------- */

static bool due(const cogo__sim *sim, const cogo__thread *t)
{
    return t->deadline_ns != COGO__FOREVER && t->deadline_ns <= sim->now_ns;
}

static bool can_run(const cogo__sim *sim, const cogo__thread *t)
{
    switch (t->state) {
    case COGO__SIM_READY:
        return true;
    case COGO__SIM_PAUSED:
        return t->paused_at != sim->writes;
    case COGO__SIM_PARKED:
    case COGO__SIM_BUSY:
        return due(sim, t);
    case COGO__SIM_JOINS:
        return t->joined->state == COGO__SIM_ENDED;
    case COGO__SIM_ENDED:
        return false;
    }
    return false;
}

static bool held(const cogo__sim *sim, const cogo__thread *t)
{
    return t->held_until > sim->result.steps;
}

/* It looks again and again whether a word has changed. */
static bool waits(const cogo__thread *t)
{
    return t->state == COGO__SIM_PAUSED
           || (t->state == COGO__SIM_READY && t->paused_step != 0
               && t->steps - t->paused_step < LOOK_STEPS_MAX);
}

/* Fills `runnable` with those that may run and are (or are not) held; how many. */
static uint32_t list_runnable(cogo__sim *sim, bool of_held, bool *all_wait)
{
    uint32_t count = 0;
    *all_wait = true;
    for (uint32_t i = 0; i < sim->thread_count; i++) {
        cogo__thread *t = &sim->threads[i];
        if (can_run(sim, t) && held(sim, t) == of_held) {
            sim->runnable[count++] = t;
            *all_wait = *all_wait && waits(t);
        }
    }
    return count;
}

static uint32_t list_paused(cogo__sim *sim)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->thread_count; i++) {
        if (sim->threads[i].state == COGO__SIM_PAUSED) {
            sim->runnable[count++] = &sim->threads[i];
        }
    }
    return count;
}

static uint64_t first_deadline(const cogo__sim *sim)
{
    uint64_t first = COGO__FOREVER;
    for (uint32_t i = 0; i < sim->thread_count; i++) {
        const cogo__thread *t = &sim->threads[i];
        bool waits = t->state == COGO__SIM_PARKED || t->state == COGO__SIM_BUSY;
        if (waits && t->deadline_ns != COGO__FOREVER
            && (first == COGO__FOREVER || t->deadline_ns < first)) {
            first = t->deadline_ns;
        }
    }
    return first;
}

static cogo__thread *one_of(cogo__sim *sim, uint32_t count)
{
    if (sim->mode == COGO__SIM_WALK) {
        return sim->runnable[cogo__sim_choose(sim, count)];
    }
    cogo__thread *best = sim->runnable[0];
    for (uint32_t i = 1; i < count; i++) {
        best = sim->runnable[i]->priority > best->priority ? sim->runnable[i] : best;
    }
    return best;
}

static void move_clock(cogo__sim *sim, uint64_t to_ns)
{
    sim->now_ns = to_ns > sim->now_ns ? to_ns : sim->now_ns;
    sim->looks = 0;
}

/* All sleep: the clock moves to the first deadline, or it is a deadlock. */
static void idle(cogo__sim *sim)
{
    if (sim->config.on_idle != NULL) {
        sim->quiet = true;
        sim->config.on_idle(sim->config.ctx);
        sim->quiet = false;
    }
    uint64_t first = first_deadline(sim);
    if (first == COGO__FOREVER) {
        cogo__sim_fail("deadlock: no thread can run and there is no deadline");
    }
    move_clock(sim, first);
}

static cogo__thread *pick(cogo__sim *sim)
{
    for (;;) {
        bool all_wait = true;
        uint32_t count = list_runnable(sim, false, &all_wait);
        // Those that only look whether a word has changed may do so for ever: then time goes
        // on.
        if (count != 0 && (!all_wait || sim->looks < LOOKS_MAX)) {
            sim->looks = all_wait ? sim->looks : 0;
            return one_of(sim, count);
        }
        count = list_runnable(sim, true, &all_wait);
        uint64_t first = first_deadline(sim);
        if (count != 0) { // Without a CPU for so long that even time goes on?
            bool near = first != COGO__FOREVER && first < sim->now_ns + HOLD_NS_MAX
                        && !sim->config.calm;
            if (!near || cogo__sim_choose(sim, 2) == 0) {
                cogo__thread *t = one_of(sim, count);
                t->held_until = 0;
                return t;
            }
            move_clock(sim, first);
            continue;
        }
        count = list_paused(sim);
        if (count == 0) {
            idle(sim);
        } else if (sim->looks < LOOKS_MAX) {
            return sim->runnable[cogo__sim_choose(sim, count)]; // A bounded wait ends some day.
        } else if (first != COGO__FOREVER) {
            move_clock(sim, first);
        } else {
            cogo__sim_fail("deadlock: threads wait for words that nobody will write");
        }
    }
}

/* --- Switches. -------------------------------------------------------------------------- */

static void print_switch(const cogo__sim *sim, const cogo__thread *from, const cogo__thread *to)
{
    if (sim->config.trace == NULL) {
        return;
    }
    const cogo__atomic_site *site = to->site;
    fprintf(sim->config.trace, "%8llu %12llu ns  %-12s -> %-12s", // Where it goes on.
            (unsigned long long)sim->result.steps,
            (unsigned long long)(sim->now_ns - sim->began_ns), from->name, to->name);
    if (site != NULL) {
        fprintf(sim->config.trace, " %s:%d %s(%s)", site->file, site->line, site->function,
                site->operand);
    }
    fputc('\n', sim->config.trace);
}

void cogo__sim_switch(cogo__sim *sim)
{
    cogo__thread *from = sim->now_running;
    cogo__thread *to = pick(sim);
    to->state = COGO__SIM_READY;
    if (to == from) {
        return;
    }
    sim->result.switches++;
    sim->result.hash = (sim->result.hash ^ to->index) * UINT64_C(1099511628211);
    print_switch(sim, from, to);
    from->local = *sim->config.local;
    *sim->config.local = to->local;
    sim->now_running = to;
    if (from->state == COGO__SIM_ENDED) {
        cogo__fiber_leave(from->fiber, to->fiber);
    }
    cogo__fiber_switch(from->fiber, to->fiber);
}

static void choice(cogo__sim *sim)
{
    cogo__thread *t = sim->now_running;
    sim->until_choice = 1 + cogo__sim_choose(sim, 2 * (uint64_t)sim->switch_mean);
    t->priority = --sim->lowest;
    if (sim->holds && cogo__sim_choose(sim, HOLD_SHARE) == 0) {
        t->held_until = sim->result.steps + cogo__sim_choose_log(sim, HOLD_STEPS_MAX);
    }
    if (sim->jumps < JUMPS_MAX && cogo__sim_chance(sim, sim->config.chances.jump)) {
        sim->jumps++;
        sim->now_ns += cogo__sim_choose_log(sim, COGO__SIM_JUMP_NS_MAX);
    }
    cogo__sim_switch(sim);
}

void cogo__sim_point(cogo__sim *sim)
{
    uint64_t step = ++sim->result.steps;
    const cogo__atomic_site *site = sim->now_running->site;
    sim->now_ns += sim->ns_per_step;
    sim->now_running->steps++;
    if (step == sim->hot_at) {
        sim->hot = site;
    }
    if (step > sim->config.step_limit) {
        cogo__sim_fail("livelock: still running after %llu operations",
                       (unsigned long long)sim->config.step_limit);
    }
    bool hot = site != NULL && site == sim->hot;
    if (--sim->until_choice == 0) {
        choice(sim);
    } else if (hot && cogo__sim_choose(sim, 2) == 0) {
        sim->now_running->held_until = step + cogo__sim_choose_log(sim, HOLD_STEPS_MAX);
        cogo__sim_switch(sim);
    }
}

void cogo__sim_yield(void)
{
    choice(cogo__sim_now);
}

void cogo__sim_schedule_init(cogo__sim *sim)
{
    static const uint32_t step_ns[STEP_NS_KINDS] = {1, 20, 200, 2000, 20000};
    sim->mode = (cogo__sim_mode)cogo__sim_choose(sim, COGO__SIM_MODES);
    sim->switch_mean = (uint32_t)cogo__sim_choose_log(sim, MEAN_MAX);
    sim->until_choice = 1 + cogo__sim_choose(sim, 2 * (uint64_t)sim->switch_mean);
    sim->holds = cogo__sim_choose(sim, 2) == 0;
    sim->hot_at = cogo__sim_choose(sim, 2) == 0 ? cogo__sim_choose_log(sim, HOT_STEPS_MAX) : 0;
    sim->ns_per_step =
        step_ns[cogo__sim_choose(sim, sim->config.calm ? STEP_NS_KINDS_CALM : STEP_NS_KINDS)];
    sim->began_ns = UINT64_C(1000000000) + cogo__sim_choose(sim, UINT64_C(1000000000));
    sim->now_ns = sim->began_ns;
    sim->lowest = UINT64_MAX / 2;
}
