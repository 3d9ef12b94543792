/* The threads of an execution: fibers of which one runs, until its next step. */
#include "runtime/actor/context.h"
#include "runtime/base/fiber.h"
#include "tests/model/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE_MAX = 4096, MICROSECOND = 1000 };

typedef enum thread_state { FREE, READY, PAUSED, BLOCKED, ENDED } thread_state;

typedef struct thread {
    cogo__fiber *fiber;
    thread_state state;
    cogo_context *here; // The runtime's thread-local pointer.
    void (*run)(void *arg);
    void *arg;
    const char *why; // It sleeps.
    const void *what;
    uint64_t deadline_ns;
    bool timed_out;
    uint32_t ran; // When it was switched from last.
} thread;

typedef struct note {
    unsigned thread;
    const site_record *record;
    const void *address;
    uint64_t seen, left;
    unsigned stale;
} note;

view views[MODEL_THREADS];
static thread threads[MODEL_THREADS];
static cogo__fiber *root;
static bool inside;
static unsigned now_running, row;
static uint32_t steps;
static uint64_t now_ns;
static note trace[TRACE_MAX];
static uint64_t trace_count;

unsigned thread_now(void)
{
    return now_running;
}

bool thread_inside(void)
{
    return inside;
}

uint64_t model_now_ns(void)
{
    now_ns += MICROSECOND;
    return now_ns;
}

void thread_note(const site_record *record, const void *address, uint64_t seen, uint64_t left,
                 unsigned stale)
{
    trace[trace_count++ % TRACE_MAX] = (note){now_running, record, address, seen, left, stale};
    if (record->site->kind == COGO__LOAD || seen == left) {
        return;
    }
    for (unsigned i = 0; i < MODEL_THREADS; i++) { // Something has changed: look again.
        threads[i].state = threads[i].state == PAUSED ? READY : threads[i].state;
    }
}

void thread_print_trace(void)
{
    uint64_t first = trace_count > TRACE_MAX ? trace_count - TRACE_MAX : 0;
    for (uint64_t i = first; i < trace_count; i++) {
        const note *n = &trace[i % TRACE_MAX];
        printf("  thread %u %s:%d %s: %s at %p: %llx", n->thread, n->record->site->file,
               n->record->site->line, strchr(n->record->name, ' ') + 1,
               order_name(n->record->order), n->address, (unsigned long long)n->seen);
        if (n->record->site->kind != COGO__LOAD) {
            printf(" -> %llx", (unsigned long long)n->left);
        }
        printf(n->stale != 0 ? " (%u stores old)\n" : "\n", n->stale);
    }
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (threads[i].state == BLOCKED) {
            printf("  thread %u sleeps: %s\n", i, threads[i].why);
        }
    }
}

/* --- Who goes on. ------------------------------------------------------------------------ */

/* The present one first, then who waits longest, so that nobody starves. */
static unsigned ready(unsigned *list)
{
    unsigned count = 0;
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (threads[i].state != READY) {
            continue;
        }
        unsigned at = count++;
        for (; at > 0 && i != now_running
               && (list[at - 1] != now_running && threads[list[at - 1]].ran > threads[i].ran);
             at--) {
            list[at] = list[at - 1];
        }
        list[at] = i;
        if (i == now_running) {
            memmove(list + 1, list, at * sizeof *list);
            list[0] = i;
        }
    }
    return count;
}

/* Nobody can run: those that wait for others look again, or time goes on. */
static bool go_on(void)
{
    thread *first = NULL;
    bool any = false;
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        thread *t = &threads[i];
        any = any || t->state == PAUSED;
        t->state = t->state == PAUSED ? READY : t->state;
        if (t->state == BLOCKED && t->deadline_ns != 0
            && (first == NULL || t->deadline_ns < first->deadline_ns)) {
            first = t;
        }
    }
    if (!any && first != NULL) {
        now_ns = first->deadline_ns > now_ns ? first->deadline_ns : now_ns;
        first->timed_out = true;
        first->state = READY;
        any = true;
    }
    return any;
}

static bool all_ended(void)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (threads[i].state != FREE && threads[i].state != ENDED) {
            return false;
        }
    }
    return true;
}

static void switch_to(unsigned next)
{
    unsigned me = now_running;
    if (next == me) {
        return;
    }
    threads[me].here = cogo__here;
    threads[me].ran = steps;
    cogo__here = threads[next].here;
    now_running = next;
    row = 0;
    if (threads[me].state == ENDED) {
        cogo__fiber_leave(threads[me].fiber, threads[next].fiber);
    }
    cogo__fiber_switch(threads[me].fiber, threads[next].fiber);
}

static void reschedule(void)
{
    unsigned list[MODEL_THREADS];
    unsigned count = ready(list);
    while (count == 0) {
        if (!go_on()) {
            run_fail("nothing goes on: all threads sleep, without a deadline");
        }
        count = ready(list);
    }
    bool can_stay = list[0] == now_running;
    bool too_long = can_stay && row >= MODEL_FAIR_STEPS && count > 1;
    switch_to(too_long ? list[1] : list[choose_thread(list, count, can_stay)]);
}

void thread_step(void)
{
    if (++steps > MODEL_STEPS_MAX) {
        run_fail("no end after %d steps", MODEL_STEPS_MAX);
    }
    row++;
    reschedule();
}

void thread_pause(void)
{
    if (++steps > MODEL_STEPS_MAX) {
        run_fail("no end after %d steps", MODEL_STEPS_MAX);
    }
    threads[now_running].state = PAUSED;
    reschedule();
}

bool thread_block(const void *what, uint64_t deadline_ns, const char *why)
{
    thread *me = &threads[now_running];
    me->state = BLOCKED;
    me->what = what;
    me->why = why;
    me->deadline_ns = deadline_ns;
    me->timed_out = false;
    reschedule();
    return !me->timed_out;
}

unsigned thread_wake(const void *what, unsigned count)
{
    unsigned woken = 0;
    for (unsigned i = 0; i < MODEL_THREADS && woken < count; i++) {
        if (threads[i].state == BLOCKED && threads[i].what == what) {
            threads[i].state = READY;
            woken++;
        }
    }
    return woken;
}

/* --- Begin and end. ---------------------------------------------------------------------- */

void thread_exit(void)
{
    threads[now_running].state = ENDED;
    (void)thread_wake(&threads[now_running], MODEL_THREADS);
    if (all_ended()) {
        inside = false;
        cogo__fiber_leave(threads[now_running].fiber, root);
    }
    reschedule();
}

static void enter(void *arg)
{
    thread *t = arg;
    t->run(t->arg);
    thread_exit();
}

static void begin(unsigned index, void (*run)(void *arg), void *arg)
{
    thread *t = &threads[index];
    t->state = READY;
    t->here = NULL;
    t->ran = steps;
    t->run = run;
    t->arg = arg;
    if (t->fiber == NULL) {
        t->fiber = cogo__fiber_create(0, enter, t);
    } else {
        cogo__fiber_reuse(t->fiber, enter, t);
    }
}

unsigned model_start(void (*run)(void *arg), void *arg)
{
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        if (threads[i].state == FREE) {
            view *child = &views[i];
            memcpy(child, &views[now_running], sizeof *child);
            child->clock[i]++;
            views[now_running].clock[now_running]++;
            begin(i, run, arg);
            return i;
        }
    }
    run_fail("more than %d threads", MODEL_THREADS);
}

void model_join(unsigned index)
{
    while (threads[index].state != ENDED) {
        (void)thread_block(&threads[index], 0, "joins a thread");
    }
    for (unsigned i = 0; i < MODEL_PLACES; i++) {
        uint16_t seen = views[index].seen[i];
        views[now_running].seen[i] =
            seen > views[now_running].seen[i] ? seen : views[now_running].seen[i];
    }
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        uint32_t clock = views[index].clock[i];
        views[now_running].clock[i] =
            clock > views[now_running].clock[i] ? clock : views[now_running].clock[i];
    }
    threads[index].state = FREE;
}

void model_check(bool ok, const char *file, int line, const char *what)
{
    if (!ok) {
        run_fail("%s:%d: not true: %s", file, line, what);
    }
}

static void (*program_run)(void);

static void first_thread(void *arg)
{
    (void)arg;
    program_run();
}

void threads_execute(void (*run)(void))
{
    root = root != NULL ? root : cogo__fiber_adopt();
    memset(views, 0, sizeof views);
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        threads[i].state = FREE;
        views[i].clock[i] = 1;
    }
    memory_forget();
    races_forget();
    outside_begin();
    program_run = run;
    now_running = 0;
    row = 0;
    steps = 0;
    now_ns = 1000 * MICROSECOND;
    trace_count = 0;
    cogo__here = NULL;
    begin(0, first_thread, NULL);
    inside = true;
    cogo__fiber_switch(root, threads[0].fiber);
    outside_end();
    cogo__here = NULL;
}
