/* Monitors, timers and deaths: one DOWN per monitor (I8), no cancelled timer arrives (I9). */
#include "tests/sim/stories.h"

enum { STEP = COGO_MSG_USER, WORD, WATCHERS = 3, MORTALS = 4, STEPS = 16, MARKS = 64 };

typedef struct yard {
    cogo_system *system;
    cogo_actor_id mortals[MORTALS];
    cogo_actor_id watchers[WATCHERS];
    uint64_t open; // Monitors that owe a DOWN.
} yard;

typedef struct mark {
    uint64_t number;
    uint64_t due_ns; // Timers only.
    bool timer, open;
} mark;

typedef struct watcher {
    yard *yard;
    mark marks[MARKS];
    uint64_t count;
    uint64_t down[MORTALS]; // DOWNs of a mortal that lived.
} watcher;

static cogo_err yard_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(yard *));
    return COGO_OK;
}

static void begin_mark(cogo_context *ctx, watcher *w)
{
    mark *m = &w->marks[w->count];
    uint64_t delay = 1 + scenario_pick(5 * SCENARIO_MS);
    m->timer = scenario_maybe(50);
    cogo_err err = COGO_OK;
    if (m->timer) {
        m->due_ns = cogo_now_ns(ctx) + delay;
        err = cogo_timer_start(ctx, delay, 0, w->count, &m->number);
    } else {
        err = cogo_monitor(ctx, w->yard->mortals[scenario_pick(MORTALS)], &m->number);
        w->yard->open++;
    }
    scenario_check(err == COGO_OK, "%s", cogo_strerror(err));
    m->open = true;
    w->count++;
}

static void end_mark(cogo_context *ctx, watcher *w)
{
    mark *m = &w->marks[scenario_pick(w->count)];
    if (m->timer) {
        cogo_timer_cancel(ctx, m->number);
    } else {
        cogo_demonitor(ctx, m->number);
        w->yard->open -= m->open;
    }
    m->open = false;
}

static mark *find_mark(watcher *w, bool timer, uint64_t number)
{
    for (uint64_t i = 0; i < w->count; i++) {
        if (w->marks[i].timer == timer && w->marks[i].number == number && w->marks[i].open) {
            return &w->marks[i];
        }
    }
    return NULL;
}

static cogo_err watcher_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    watcher *w = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_TIMER: {
        const cogo_timer_fired *fired = cogo_msg_payload(msg);
        mark *m = find_mark(w, true, fired->timer);
        scenario_check(m != NULL, "I9: a timer that was cancelled, or a second time");
        scenario_check(cogo_now_ns(ctx) >= m->due_ns, "a timer came too early");
        m->open = false;
        return COGO_OK;
    }
    case COGO_MSG_DOWN: {
        const cogo_down *down = cogo_msg_payload(msg);
        mark *m = find_mark(w, false, down->monitor);
        scenario_check(m != NULL, "I8: a DOWN after demonitor, or a second one");
        m->open = false;
        w->yard->open--;
        for (int i = 0; i < MORTALS; i++) {
            w->down[i] += cogo_actor_id_equal(down->actor, w->yard->mortals[i]);
        }
        return COGO_OK;
    }
    case WORD: {
        scenario_check(w->down[scenario_value(msg)] == 0, "I8: a word came after the DOWN");
        return COGO_OK;
    }
    default:
        if (w->count != 0 && scenario_maybe(40)) {
            end_mark(ctx, w);
        } else if (w->count < MARKS) {
            begin_mark(ctx, w);
        }
        return COGO_OK;
    }
}

static const cogo_behavior watcher_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "watcher",
    .state_size_bytes = sizeof(watcher),
    .start = yard_start,
    .receive = watcher_receive,
};

/* Talks to all watchers, then perhaps ends. */
static cogo_err mortal_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    yard *y = *(yard **)state;
    for (int i = 0; i < WATCHERS; i++) {
        scenario_send(ctx, y->watchers[i], WORD, scenario_value(msg));
    }
    switch (scenario_pick(10)) {
    case 0:
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    case 1:
        return COGO_EIO;
    default:
        return COGO_OK;
    }
}

static const cogo_behavior mortal_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "mortal",
    .state_size_bytes = sizeof(yard *),
    .start = yard_start,
    .receive = mortal_receive,
};

static void killer_main(void *arg)
{
    yard *y = arg;
    for (int i = 0; i < MORTALS; i++) {
        scenario_sleep(1 + scenario_pick(4 * SCENARIO_MS));
        cogo_exit_actor(y->system, y->mortals[i], COGO_EXIT_KILLED, "by the seed");
    }
}

void watch_and_timers(void)
{
    yard y = {.system = scenario_open()};
    const yard *shared = &y;
    for (int i = 0; i < WATCHERS; i++) {
        y.watchers[i] = scenario_spawn(y.system, &watcher_behavior, &shared, sizeof shared, 0);
    }
    for (int i = 0; i < MORTALS; i++) {
        uint32_t flags = scenario_maybe(20) ? COGO_SPAWN_DETACHED : 0;
        y.mortals[i] =
            scenario_spawn(y.system, &mortal_behavior, &shared, sizeof shared, flags);
    }
    cogo__thread *killer = scenario_thread("killer", killer_main, &y);
    for (int i = 0; i < STEPS; i++) {
        scenario_tell(y.system, y.watchers[scenario_pick(WATCHERS)], STEP, 0);
        uint64_t mortal = scenario_pick(MORTALS);
        scenario_tell(y.system, y.mortals[mortal], WORD, mortal);
    }
    scenario_join(killer);
    for (int i = 0; i < MORTALS; i++) {
        (void)scenario_await(y.system, y.mortals[i]);
    }
    scenario_sleep(SCENARIO_S); // All steps are done, all timers over.
    for (int i = 0; y.open != 0; i++) {
        scenario_check(i < 600, "I8: %llu monitors never got their DOWN",
                       (unsigned long long)y.open);
        scenario_sleep(SCENARIO_S);
    }
    scenario_close(y.system);
}
