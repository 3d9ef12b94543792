/* Executions: all of them within small bounds, then many at random.
 *
 * An execution is told by its choices: which thread goes on, which store a load returns. 0 is
 * always the ordinary choice (the same thread, the newest store). Depth first, with a growing
 * limit of how many choices of each kind may differ from 0; then at random, half of the time
 * with priorities that change at a few points, half as a walk. */
#include "tests/model/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum mode { DEPTH_FIRST, RANDOM, REPEAT } mode;

typedef struct choice {
    uint8_t taken, limit;
} choice;

/* Preemptions, stale loads. */
static const struct {
    unsigned preemptions, stale;
} levels[] = {{1, 0}, {1, 1}, {2, 1}, {2, 2}, {3, 2}};

static struct {
    const model_program *program;
    const run_options *options;
    mode mode;
    choice path[MODEL_CHOICES_MAX];
    uint32_t fixed, length; // Choices given, choices made.
    unsigned preemptions_left, stale_left;
    uint64_t executions;
    // At random.
    uint64_t random;
    unsigned priority[MODEL_THREADS], lowest;
    uint32_t changes_at[4]; // Steps at which the running thread falls behind all others.
    uint32_t longest;
    unsigned switch_share, stale_share; // One in so many; 0: by priority, never.
} run;

static uint64_t draw(uint64_t below)
{
    run.random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = run.random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

static unsigned choose(unsigned limit, unsigned wish)
{
    unsigned taken = run.mode == RANDOM ? wish : 0;
    if (run.length >= MODEL_CHOICES_MAX) {
        run_fail("more than %d choices", MODEL_CHOICES_MAX);
    }
    choice *c = &run.path[run.length];
    if (run.length < run.fixed) {
        taken = c->taken;
        if (run.mode == DEPTH_FIRST && c->limit != limit) {
            run_fail("the program is not deterministic");
        }
    }
    *c = (choice){(uint8_t)taken, (uint8_t)limit};
    run.length++;
    return taken < limit || run.mode != DEPTH_FIRST ? taken : 0;
}

/* The thread with the highest priority; now and then the running one gets the lowest. */
static unsigned by_priority(const unsigned *threads, unsigned count)
{
    for (size_t i = 0; i < sizeof run.changes_at / sizeof *run.changes_at; i++) {
        if (run.changes_at[i] == run.length) {
            run.priority[threads[0]] = run.lowest--;
        }
    }
    unsigned best = 0;
    for (unsigned i = 1; i < count; i++) {
        best = run.priority[threads[i]] > run.priority[threads[best]] ? i : best;
    }
    return best;
}

unsigned choose_thread(const unsigned *threads, unsigned count, bool can_stay)
{
    unsigned wish = 0, limit = count;
    if (count == 1) {
        return 0;
    }
    if (run.mode == RANDOM && run.switch_share == 0) {
        wish = by_priority(threads, count);
    } else if (run.mode == RANDOM && (!can_stay || draw(run.switch_share) == 0)) {
        wish = (unsigned)draw(count);
    }
    if (run.mode == DEPTH_FIRST && can_stay && run.preemptions_left == 0) {
        limit = 1;
    }
    unsigned taken = choose(limit, wish);
    taken = taken < count ? taken : 0;
    run.preemptions_left -= can_stay && taken != 0 && run.mode == DEPTH_FIRST;
    return taken;
}

unsigned choose_store(unsigned count)
{
    if (count <= 1) {
        return 0;
    }
    unsigned wish = 0;
    if (run.mode == RANDOM && run.stale_share != 0 && draw(run.stale_share) == 0) {
        wish = (unsigned)draw(count);
    }
    unsigned limit = run.mode == DEPTH_FIRST && run.stale_left == 0 ? 1 : count;
    unsigned taken = choose(limit, wish);
    taken = taken < count ? taken : 0;
    run.stale_left -= taken != 0 && run.mode == DEPTH_FIRST;
    return taken;
}

/* Zeros, one that is not zero, zeros, ... */
static void print_path(void)
{
    unsigned zeros = 0;
    for (uint32_t i = 0; i < run.length; i++) {
        if (run.path[i].taken == 0) {
            zeros++;
            continue;
        }
        printf("%u.%u.", zeros, run.path[i].taken);
        zeros = 0;
    }
    printf("0");
}

static void parse_path(const char *text)
{
    char *end = NULL;
    run.fixed = 0;
    for (bool zeros = true; *text != '\0'; zeros = !zeros) {
        unsigned long number = strtoul(text, &end, 10);
        for (; zeros && number > 0 && run.fixed < MODEL_CHOICES_MAX; number--) {
            run.path[run.fixed++] = (choice){0, 0};
        }
        if (!zeros && run.fixed < MODEL_CHOICES_MAX) {
            run.path[run.fixed++] = (choice){(uint8_t)number, 0};
        }
        text = *end == '.' ? end + 1 : end;
    }
}

void run_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("FOUND in %s, execution %llu: ", run.program->name,
           (unsigned long long)run.executions);
    (void)vprintf(format, args);
    va_end(args);
    printf("\n");
    if (run.options->trace) {
        thread_print_trace();
    }
    printf("repeat: build/model/explore --program %s", run.program->name);
    if (run.options->mutation != NULL) {
        printf(" --weaken '%s'", run.options->mutation);
    }
    printf(" --trace --repeat ");
    print_path();
    printf("\n");
    (void)fflush(stdout);
    _exit(1); // The threads stand where they stand.
}

static void execute(void)
{
    run.length = 0;
    run.executions++;
    threads_execute(run.program->run);
    run.longest = run.length > run.longest ? run.length : run.longest;
}

/* The next path in order; false when there is none within the bounds. */
static bool advance(void)
{
    uint32_t last = run.length;
    while (last > 0 && run.path[last - 1].taken + 1u >= run.path[last - 1].limit) {
        last--;
    }
    run.fixed = last;
    if (last > 0) {
        run.path[last - 1].taken++;
    }
    return last > 0;
}

static bool all_within(unsigned preemptions, unsigned stale, uint64_t until)
{
    run.mode = DEPTH_FIRST;
    run.fixed = 0;
    do {
        if (run.executions >= until) {
            return false;
        }
        run.preemptions_left = preemptions;
        run.stale_left = stale;
        execute();
    } while (advance());
    return true;
}

static void one_at_random(uint64_t seed)
{
    static const unsigned switch_shares[] = {0, 0, 2, 8}, stale_shares[] = {0, 16, 4, 2};
    run.mode = RANDOM;
    run.fixed = 0;
    run.random = seed;
    run.switch_share = switch_shares[draw(4)];
    run.stale_share = stale_shares[draw(4)];
    run.lowest = MODEL_THREADS;
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        run.priority[i] = MODEL_THREADS + 1 + (unsigned)draw(1000);
    }
    for (size_t i = 0; i < sizeof run.changes_at / sizeof *run.changes_at; i++) {
        run.changes_at[i] = (uint32_t)draw(run.longest + 1);
    }
    execute();
}

uint64_t run_program(const model_program *program, const run_options *options)
{
    memset(&run, 0, sizeof run);
    run.program = program;
    run.options = options;
    if (options->repeat != NULL) {
        run.mode = REPEAT;
        parse_path(options->repeat);
        execute();
        return 1;
    }
    uint64_t limit =
        options->executions != 0 ? options->executions : (uint64_t)program->executions;
    bool complete = true;
    for (size_t i = 0; complete && i < sizeof levels / sizeof *levels; i++) {
        complete = all_within(levels[i].preemptions, levels[i].stale, limit / 2);
        if (complete) {
            printf("%s: all with %u preemptions, %u stale loads: %llu executions\n",
                   program->name, levels[i].preemptions, levels[i].stale,
                   (unsigned long long)run.executions);
        }
    }
    for (uint64_t seed = options->seed; run.executions < limit; seed++) {
        one_at_random(seed << 20);
    }
    return run.executions;
}
