/* Plays scenarios under seeds. The closing line is 'N passed, N failed', in scenarios.
 * What it takes: usage(). */
#include "runtime/actor/context.h"
#include "tests/sim/memory.h"
#include "tests/sim/stories.h"
#include "tests/sim/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    SEEDS_DEFAULT = 200,
    SEEDS_MANY = 10000,
    LONG_STEPS = 100000, // Of more than SEEDS_MANY seeds every LONG_SHARE-th is played of
    LONG_SHARE = 10,     // a scenario that takes longer, judged by its first FIRST_SEEDS.
    FIRST_SEEDS = 16,
    TWICE_SHARE = 16,     // One seed of so many is played twice: both must be the same.
    CPU_SECONDS_MAX = 10, // Of one playing: a loaded machine is no failure,
    SECONDS_MAX = 600,    // a run that sleeps outside of its world is one.
    ALT_STACK = 65536,
};
#define STEPS_MAX UINT64_C(20000000)

const scenario scenarios[] = {
#define X(name, faults, story) {#name, story, faults, name},
    STORY_MAP(X)
#undef X
        {0},
};

typedef struct options {
    uint64_t first, last;
    const char *scenario, *plant;
    bool trace, trace_all;
    bool twice; // Every seed, not one of TWICE_SHARE.
} options;

/* For the handler of a crash. */
static const scenario *playing;
static uint64_t playing_seed;
static const char *program, *planted;

static void print_repeat(void)
{
    fprintf(stderr, "    repeat: %s --scenario %s --seeds %llu..%llu%s%s --trace\n", program,
            playing->name, (unsigned long long)playing_seed, (unsigned long long)playing_seed,
            planted != NULL ? " --plant " : "", planted != NULL ? planted : "");
}

static void on_crash(int number)
{
    fprintf(stderr, "FAIL %s seed %llu: signal %d\n", playing->name,
            (unsigned long long)playing_seed, number); // Not async-safe; it ends anyway.
    print_repeat();
    _exit(1);
}

static void catch_crashes(void)
{
    static char stack[ALT_STACK];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    (void)sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
    static const int numbers[] = {SIGABRT, SIGALRM, SIGPROF, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        (void)sigaction(numbers[i], &action, NULL);
    }
}

static void play_it(void *arg)
{
    const scenario *s = arg;
    s->run();
    scenario_feed();
    scenario_check(memory_live() == 0, "%lld blocks of memory were left behind",
                   (long long)memory_live());
}

static void limit_time(bool on)
{
    const struct itimerval cpu = {.it_value.tv_sec = on ? CPU_SECONDS_MAX : 0};
    (void)setitimer(ITIMER_PROF, &cpu, NULL);
    (void)alarm(on ? SECONDS_MAX : 0);
}

static cogo__sim_result play(const scenario *s, uint64_t seed, const options *o)
{
    static const uint32_t early[] = {0, 0, 300, 5000};
    static const uint64_t shares[] = {0, 20, 100, 500};
    cogo__sim_config config = {
        .seed = seed,
        .step_limit = STEPS_MAX,
        .local = (void **)&cogo__here,
        .trace = o->trace ? stdout : NULL,
        .trace_all = o->trace_all,
        .report = stderr,
        .plant = o->plant,
        .calm = (s->faults & SCENARIO_CALM) != 0,
    };
    // Other bits than those that the schedule is made of.
    uint64_t kind = seed * UINT64_C(0xd6e8feb86659fd93) >> 40;
    config.chances.early = early[kind % 4];
    config.chances.jump = (s->faults & SCENARIO_JUMPS) != 0 && kind / 4 % 4 == 0 ? 200 : 0;
    config.chances.thread =
        (s->faults & SCENARIO_THREADS) != 0 && kind / 16 % 2 == 0 ? 8000 : 0;
    memory_begin((s->faults & SCENARIO_MEMORY) != 0 ? shares[kind / 32 % 4] : 0);
    playing = s;
    playing_seed = seed;
    limit_time(true);
    cogo__sim_result result = cogo__sim_run(&config, play_it, (void *)(uintptr_t)s);
    limit_time(false);
    return result;
}

typedef struct tally {
    uint64_t seeds, steps, switches;
} tally;

/* True if all is well. */
static bool play_seed(const scenario *s, uint64_t seed, const options *o, tally *sums)
{
    cogo__sim_result result = play(s, seed, o);
    sums->seeds++;
    sums->steps += result.steps;
    sums->switches += result.switches;
    if (!result.failed && (o->twice || seed % TWICE_SHARE == 0)) {
        cogo__sim_result again = play(s, seed, o);
        if (again.hash != result.hash) {
            result.failed = true;
            (void)snprintf(result.failure, sizeof result.failure,
                           "two playings differ: hash %llx and %llx",
                           (unsigned long long)result.hash, (unsigned long long)again.hash);
        }
    }
    if (result.failed) {
        fprintf(stderr, "FAIL %s seed %llu: %s\n", s->name, (unsigned long long)seed,
                result.failure);
        print_repeat();
    }
    if (o->trace) {
        printf("hash %016llx, %llu operations, %llu switches, %llu ns\n",
               (unsigned long long)result.hash, (unsigned long long)result.steps,
               (unsigned long long)result.switches, (unsigned long long)result.time_ns);
    }
    return !result.failed;
}

static bool play_scenario(const scenario *s, const options *o)
{
    tally sums = {0};
    uint64_t stride = 1;
    bool ok = true, many = o->last - o->first >= SEEDS_MANY;
    for (uint64_t seed = o->first; ok && seed <= o->last; seed += stride) {
        ok = play_seed(s, seed, o, &sums);
        if (many && sums.seeds == FIRST_SEEDS && sums.steps > FIRST_SEEDS * LONG_STEPS) {
            stride = LONG_SHARE;
        }
    }
    printf("%-40s %s after %llu seeds, %llu operations, %llu switches\n", s->name,
           ok ? "well" : "FAILED", (unsigned long long)sums.seeds,
           (unsigned long long)sums.steps, (unsigned long long)sums.switches);
    fflush(stdout);
    return ok;
}

static int usage(void)
{
    fprintf(
        stderr,
        "usage: sim_test [--seeds A..B] [--scenario NAME] [--trace | --trace-all] [--plant FUNCTION] "
        "[--twice] [--list]\n");
    return 2;
}

static int list(void)
{
    const scenario *const lists[] = {scenarios, unit_scenarios()};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const scenario *s = lists[i]; s->name != NULL; s++) {
            printf("%-40s %s\n", s->name, s->story);
        }
    }
    return 0;
}

/* A name that ends with '*' stands for all that begin like it. */
static bool wanted(const scenario *s, const char *pattern)
{
    if (pattern == NULL) {
        return true;
    }
    size_t length = strlen(pattern);
    return strcmp(pattern, s->name) == 0
           || (length != 0 && pattern[length - 1] == '*'
               && strncmp(pattern, s->name, length - 1) == 0);
}

static int play_all(const options *o)
{
    const scenario *const lists[] = {scenarios, unit_scenarios()};
    int passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const scenario *s = lists[i]; s->name != NULL; s++) {
            if (wanted(s, o->scenario)) {
                *(play_scenario(s, o) ? &passed : &failed) += 1;
            }
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0 || passed == 0;
}

int main(int argc, char **argv)
{
    options o = {.first = 1, .last = SEEDS_DEFAULT};
    program = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--trace") == 0) {
            o.trace = true;
        } else if (strcmp(argv[i], "--trace-all") == 0) {
            o.trace = o.trace_all = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            o.twice = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            return list();
        } else if (value != NULL && strcmp(argv[i], "--scenario") == 0) {
            o.scenario = argv[++i];
        } else if (value != NULL && strcmp(argv[i], "--plant") == 0) {
            o.plant = planted = argv[++i];
        } else if (value != NULL && strcmp(argv[i], "--seeds") == 0) {
            char *end = NULL;
            o.first = strtoull(argv[++i], &end, 10);
            o.last = strncmp(end, "..", 2) == 0 ? strtoull(end + 2, NULL, 10) : o.first;
        } else {
            return usage();
        }
    }
    catch_crashes();
    return play_all(&o);
}
