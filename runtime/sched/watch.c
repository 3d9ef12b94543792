/* Why there is a clock at all: a lane that does not come back from a callback can't tell, so
 * somebody has to look. Three things would be stranded with it: the cell in its LIFO slot, its
 * timers (both are taken over here), and the user's attention (log line, counter, event). Its
 * deque is open to thieves anyway.
 *
 * The clock ticks only while a lane works. The watcher looks after 1 ms, then ever more rarely
 * up to every 10 ms while all lanes move; it disarms when they all sleep and no turn has begun
 * since its last look. Then it sleeps without a deadline, and the next lane that leaves its
 * sleep arms it. That this loses no arming is the argument of park.c again: the lane's bit is
 * cleared, then the lane reads `armed`; the watcher clears `armed`, then reads the bits; all
 * seq_cst, so one of them sees the other.
 *
 * Why a thread and not a sleeping lane: when all lanes are stuck no lane is left to look, and a
 * system of one lane has no other. */
#include "runtime/sched/watch.h"

#include "runtime/actor/events.h"
#include "runtime/sched/sched.h"

#include <inttypes.h>
#include <stdio.h>

enum { WHERE_SIZE = 64 };

static uint32_t stuck_now(const cogo__sched *sched)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sched->lane_count; i++) {
        count += sched->watch.lanes[i].reported;
    }
    return count;
}

static const char *outlook(const cogo__sched *sched)
{
    if (sched->lane_count == 1) {
        return "; there is no other lane: the system stands still";
    }
    if (stuck_now(sched) == sched->lane_count) {
        return "; so are all others: the system stands still";
    }
    return "";
}

static void tell(cogo__sched *sched, const cogo_stuck *stuck)
{
    cogo_system *system = sched->system;
    if (stuck->returned) {
        cogo__log(system, COGO_LOG_INFO,
                  "lane %u: actor %u.%u (%s) returned after %" PRIu64 " ms", stuck->lane,
                  stuck->actor.slot, stuck->actor.generation, stuck->behavior,
                  stuck->duration_ns / 1000000);
    } else {
        cogo__log(system, COGO_LOG_WARN,
                  "lane %u: actor %u.%u (%s) is in one callback since %" PRIu64
                  " ms, message type %u; %s%s",
                  stuck->lane, stuck->actor.slot, stuck->actor.generation, stuck->behavior,
                  stuck->duration_ns / 1000000, stuck->type, stuck->where, outlook(sched));
    }
    for (uint32_t i = 0; system->config.log != NULL && i < stuck->frame_count; i++) {
        char text[COGO__STACK_TEXT];
        cogo__stack_text(stuck->frames[i], text);
        cogo__log(system, COGO_LOG_WARN, "lane %u:   %s", stuck->lane, text);
    }
    if (system->config.on_stuck != NULL) {
        system->config.on_stuck(system->config.on_stuck_ctx, stuck);
    }
}

/* Who is in the callback. False: it moved while we read. The lane writes `running` before the
 * turn becomes visible, and reads nothing of ours; the second look at its turns tells that all
 * of this was of one turn. */
static bool read_lane(const cogo__sched *sched, const cogo__lane *lane, uint64_t turns,
                      cogo_stuck *out)
{
    const cogo__cell *cell = cogo__ptr_load_acquire(&lane->running);
    if (cell == NULL) {
        return false;
    }
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&cell->behavior);
    *out = (cogo_stuck){
        .struct_size = sizeof *out,
        .actor = cogo__cell_id(sched->system, cell),
        .behavior = behavior != NULL ? behavior->name : "",
        .type = cogo__u32_load_relaxed(&lane->ctx.doing),
        .lane = lane->index,
        .where = "",
    };
    return cogo__u64_load_acquire(&lane->turns) == turns;
}

/* It moved: forget, and tell that the stuck one returned. */
static void moved(cogo__sched *sched, cogo__watched *w, uint64_t turns, uint64_t handled,
                  uint64_t now)
{
    if (w->reported) {
        w->stuck.returned = true;
        w->stuck.duration_ns = now - w->since_ns;
        cogo__count(sched->system, NULL, COGO__STUCK_RETURNED, 1);
        tell(sched, &w->stuck);
    }
    w->turns = turns;
    w->handled = handled;
    w->since_ns = now;
    w->reported = false;
}

/* What would be stranded with a lane that does not move goes to the others. */
static void take_over(cogo__sched *sched, cogo__lane *lane, uint64_t now)
{
    cogo_system *system = sched->system;
    cogo__young_rescue(&lane->timers, system, now);
    cogo__timers_fire(&lane->timers, system, NULL, now);
    // A lane that is alone writes its slot without an exchange: see put_lifo().
    if (sched->lane_count > 1 && cogo__ptr_load_relaxed(&lane->lifo) != NULL) {
        cogo__cell *cell = cogo__ptr_swap_acq_rel(&lane->lifo, NULL);
        if (cell != NULL) {
            cogo__count(system, NULL, COGO__RESCUES, 1);
            cogo__injector_push(&sched->fresh, cell);
            cogo__wake_one(sched, NULL);
        }
    }
}

/* Its stack, if the program allowed a signal for that and the thread answers soon. The place
 * for it is asked for once: a thread that does not answer now may do so at any later time. */
static void read_stack(cogo__sched *sched, const cogo__lane *lane, cogo_stuck *out)
{
    cogo__watch *watch = &sched->watch;
    const cogo__world *world = sched->system->world;
    int signal = sched->system->config.stuck_signal;
    if (watch->stacks == NULL || world->thread_signal == NULL) {
        return;
    }
    cogo__stack *stack = &watch->stacks[lane->index];
    bool pending = stack->parker != NULL && cogo__u32_load_acquire(&stack->done) == 0;
    stack->parker = &watch->parker;
    if (!pending) {
        cogo__u32_store_relaxed(&stack->done, 0);
        if (!world->thread_signal(world->ctx, lane->thread, signal, stack)) {
            return;
        }
    }
    uint64_t until = cogo__world_now(world) + COGO__STACK_WAIT_NS;
    while (cogo__u32_load_acquire(&stack->done) == 0 && cogo__world_now(world) < until
           && cogo__u32_load_acquire(&sched->halt) == 0) {
        cogo__world_park(world, &watch->parker, until);
    }
    if (cogo__u32_load_acquire(&stack->done) != 0) {
        out->frames = stack->frames;
        out->frame_count = stack->count;
    }
}

static void report(cogo__sched *sched, cogo__watched *w, const cogo__lane *lane, uint64_t now)
{
    const cogo__world *world = sched->system->world;
    if (w->turns % 2 == 0 || !read_lane(sched, lane, w->turns, &w->stuck)) {
        return;
    }
    char where[WHERE_SIZE] = "";
    if (world->thread_where != NULL && lane->thread != NULL) {
        world->thread_where(world->ctx, lane->thread, where, sizeof where);
    }
    w->reported = true;
    w->stuck.duration_ns = now - w->since_ns;
    w->stuck.where = where;
    read_stack(sched, lane, &w->stuck);
    cogo__count(sched->system, NULL, COGO__STUCK, 1);
    COGO__SAW(sched->system, NULL, STUCK, stuck, w->stuck.actor, w->stuck.actor.slot,
              w->stuck.type, 0);
    tell(sched, &w->stuck);
    w->stuck.where = "";
    w->stuck.frames = NULL;
    w->stuck.frame_count = 0;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* One lane that was awake at both looks and has not moved. When to look again. */
static uint64_t stands(cogo__sched *sched, cogo__watched *w, cogo__lane *lane, uint64_t now)
{
    uint64_t stuck_ns = sched->system->config.stuck_ns;
    take_over(sched, lane, now);
    if (!w->reported && now - w->since_ns >= stuck_ns) {
        report(sched, w, lane, now);
    }
    uint64_t next = now + (w->reported ? COGO__WATCH_LONG_NS : COGO__WATCH_MOST_NS);
    if (!w->reported && stuck_ns < UINT64_MAX - w->since_ns) {
        next = sooner(next, w->since_ns + stuck_ns > now ? w->since_ns + stuck_ns : next);
    }
    uint64_t timer = cogo__u64_load_acquire(&lane->timers.first_ns);
    return timer != 0 && timer > now ? sooner(next, timer) : next;
}

/* Looks at all lanes. COGO__FOREVER: they sleep, and no turn has begun since the last look. */
static uint64_t look(cogo__watch *watch, uint64_t now, uint64_t *period)
{
    cogo__sched *sched = watch->sched;
    bool active = false, all_well = true;
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < sched->lane_count; i++) {
        cogo__lane *lane = &sched->lanes[i];
        cogo__watched *w = &watch->lanes[i];
        uint64_t turns = cogo__u64_load_acquire(&lane->turns);
        const cogo__cell *cell = cogo__ptr_load_acquire(&lane->running);
        uint64_t handled = cell != NULL ? cogo__u64_load_relaxed(&cell->handled) : 0;
        bool sleeps = cogo__lane_is_quiet(sched, i);
        active = active || !sleeps || turns != w->turns;
        if (sleeps || turns != w->turns || handled != w->handled) {
            moved(sched, w, turns, handled, now);
        } else {
            all_well = all_well && w->reported;
            next = sooner(next, stands(sched, w, lane, now));
        }
    }
    cogo__spares_call(sched, stuck_now(sched));
    if (!active) {
        *period = COGO__WATCH_FIRST_NS;
        return COGO__FOREVER;
    }
    *period = all_well ? sooner(*period * 2, COGO__WATCH_MOST_NS) : COGO__WATCH_FIRST_NS;
    return next == UINT64_MAX || next > now + *period ? now + *period : next;
}

/* Lanes that look around burn what others want: none does while CPUs are lost. See spin.h. */
static void look_for_pressure(cogo__watch *watch, uint64_t now)
{
    cogo__sched *sched = watch->sched;
    const cogo__world *world = sched->system->world;
    if (world->pressure == NULL || sched->spins == 0
        || now - watch->pressure_ns < COGO__PRESSURE_NS) {
        return;
    }
    uint64_t seen = world->pressure(world->ctx);
    uint64_t spans = (now - watch->pressure_ns) / COGO__PRESSURE_NS;
    uint64_t most =
        ((uint64_t)sched->lane_count * COGO__PRESSURE_LANE + COGO__PRESSURE_FLOOR) * spans;
    bool lost = watch->pressure_ns != 0 && seen - watch->pressure > most;
    watch->calm = lost ? 0 : watch->calm + 1;
    watch->pressure = seen;
    watch->pressure_ns = now;
    cogo__u32_store_relaxed(&sched->spins_now,
                            watch->calm < COGO__PRESSURE_CALM ? 0 : sched->spins);
}

static bool any_awake(const cogo__sched *sched)
{
    for (uint32_t i = 0; i < sched->lane_count; i++) {
        if (!cogo__lane_is_quiet(sched, i)) {
            return true;
        }
    }
    return false;
}

/* All lanes sleep: so does the watcher, until one of them arms it. */
static void rest(cogo__watch *watch)
{
    cogo__sched *sched = watch->sched;
    (void)cogo__u32_swap_seq_cst(&watch->armed, 0);
    while (!any_awake(sched) && cogo__u32_load_acquire(&watch->armed) == 0
           && cogo__u32_load_acquire(&sched->halt) == 0) {
        cogo__world_park(sched->system->world, &watch->parker, COGO__FOREVER);
    }
    (void)cogo__u32_swap_seq_cst(&watch->armed, 1);
}

static void watch_main(void *arg)
{
    cogo__watch *watch = arg;
    cogo__sched *sched = watch->sched;
    const cogo__world *world = sched->system->world;
    uint64_t period = COGO__WATCH_FIRST_NS;
    uint64_t next = cogo__world_now(world) + period;
    while (cogo__u32_load_acquire(&sched->halt) == 0) {
        cogo__world_park(world, &watch->parker, next);
        uint64_t now = cogo__world_now(world);
        if (now < next) {
            continue; // The token of an arming that it saw already, or the end.
        }
        cogo__count(sched->system, NULL, COGO__WATCHES, 1);
        look_for_pressure(watch, now);
        next = look(watch, now, &period);
        if (next != COGO__FOREVER) {
            cogo__poller_keep(sched);
        }
        if (next == COGO__FOREVER) {
            rest(watch);
            next = cogo__world_now(world) + period;
        }
    }
}

cogo_err cogo__watch_start(cogo__sched *sched)
{
    cogo__watch *watch = &sched->watch;
    const cogo__world *world = sched->system->world;
    watch->sched = sched;
    watch->calm = COGO__PRESSURE_CALM;
    watch->lanes = cogo__alloc_zeroed(sched->system->config.allocator, sched->lane_count,
                                      sizeof *watch->lanes);
    bool ok = watch->lanes != NULL;
    if (sched->system->config.stuck_signal != 0) {
        watch->stacks = cogo__alloc_zeroed(sched->system->config.allocator, sched->lane_count,
                                           sizeof *watch->stacks);
        ok = ok && watch->stacks != NULL;
    }
    if (!ok) {
        return COGO_ENOMEM;
    }
    cogo__u32_store_relaxed(&watch->armed, 1);
    return world->thread_start(world->ctx, sched->system->config.allocator, watch_main, watch,
                               "cogo-watch", &watch->thread);
}

void cogo__watch_finish(cogo__sched *sched)
{
    cogo__watch *watch = &sched->watch;
    const cogo__world *world = sched->system->world;
    if (watch->thread != NULL) {
        cogo__world_wake(world, &watch->parker);
        world->thread_join(world->ctx, watch->thread);
        watch->thread = NULL;
    }
    cogo__free(watch->lanes);
    cogo__free(watch->stacks);
    watch->lanes = NULL;
    watch->stacks = NULL;
}
