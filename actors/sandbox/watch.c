#include "actors/sandbox/watch.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 100,          /* At a program that runs steadily. */
    LOOK_COST_FACTOR = 20,  /* A look that took 10 ms is repeated after 200. */
    FIRST_LOOK_MS = 1,      /* After the fork; each later one takes twice as long, up to */
    FAST_LOOK_MS = 10,      /* in the first second and while memory grows. */
    FAST_COST_FACTOR = 4,   /* Then a look that took 10 ms is repeated after 40. */
    FAST_FOR_MS = 1000,     /* Most programs that take much do so at once. */
    GROWTH_SHARE = 32,      /* More than a 32nd of the limit between two looks: growing. */
    PID_LIMIT_MARGIN = 2,   /* Those that just died of it, before their parent forks again. */
    PID_LIMIT_MS = 1000,    /* At the limit at each look for so long: it is stuck there. */
    TREE_MEMORY_FACTOR = 4, /* All processes together may hold that many times one's limit. */
    MS_NS = 1000000,
};

uint64_t sandbox__now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool sandbox__watch_init(sandbox__watch *watch, const sandbox__plan *plan, pid_t keeper,
                         sandbox__usage start)
{
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t one = plan->limits.mem_bytes;
    uint64_t ceiling = machine / 4 * 3, now_ns = sandbox__now_ns();
    *watch = (sandbox__watch){
        .plan = plan,
        .tree = malloc(sizeof(sandbox__tree)),
        .keeper = keeper,
        .start = start,
        .start_ns = now_ns,
        .below_pid_limit_ns = now_ns,
        .next_ns = now_ns + (uint64_t)FIRST_LOOK_MS * MS_NS,
        .next_folder_ns = now_ns + (uint64_t)LOOK_MS * MS_NS,
        .tree_bytes_max =
            one > ceiling / TREE_MEMORY_FACTOR ? ceiling : one * TREE_MEMORY_FACTOR,
    };
    return watch->tree != NULL;
}

void sandbox__watch_finish(sandbox__watch *watch)
{
    free(watch->tree);
    watch->tree = NULL;
}

/* Before its exec the child is a copy of us, with all our memory, which is not the program's.
 * Nothing else is below the keeper then; and once the child ended the keeper ends the rest. */
static bool has_started(const sandbox__watch *w)
{
    bool executed = w->started;
    for (size_t i = 0; i < w->tree->count; i++) {
        executed = executed || (w->tree->at[i].inside && w->tree->at[i].executed);
    }
    return executed;
}

static const char *look_at_processes(sandbox__watch *w, bool *out_growing)
{
    const sandbox_limits *limits = &w->plan->limits;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), ticks = 0, bytes = 0, largest = 0;
    uint64_t threads = 0;
    (void)sandbox__tree_scan(w->tree, w->keeper);
    w->started = has_started(w);
    for (size_t i = 0; i < w->tree->count; i++) {
        const sandbox__process *p = &w->tree->at[i];
        if (p->inside || p->pid == w->keeper) {
            ticks += p->cpu_ticks; /* The keeper's: those of orphans it collected. */
        }
        if (p->inside && w->started) {
            uint64_t resident = p->resident_pages * page;
            uint64_t peak = sandbox__tree_peak_bytes(p->pid);
            peak = resident > peak ? resident : peak;
            bytes += resident;
            largest = peak > largest ? peak : largest;
            threads += p->threads;
        }
    }
    *out_growing =
        largest > w->largest_was && largest - w->largest_was > limits->mem_bytes / GROWTH_SHARE;
    w->largest_was = largest;
    w->max_rss_bytes = largest > w->max_rss_bytes ? largest : w->max_rss_bytes;
    uint64_t wrappers = w->plan->level == SANDBOX_NAMESPACES ? PLAN_WRAPPERS : 0;
    uint64_t now_ns = sandbox__now_ns();
    if (threads + PID_LIMIT_MARGIN < limits->pids + wrappers) {
        w->below_pid_limit_ns = now_ns;
    }
    if (largest > limits->mem_bytes || bytes > w->tree_bytes_max) {
        return "mem";
    }
    uint64_t cpu_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    w->cpu_ms = cpu_ms > w->cpu_ms ? cpu_ms : w->cpu_ms;
    if (cpu_ms > limits->cpu_ms) {
        return "cpu";
    }
    bool stuck = now_ns - w->below_pid_limit_ns >= (uint64_t)PID_LIMIT_MS * MS_NS;
    return stuck ? "pids" : NULL;
}

static const char *look_at_folder(const sandbox__watch *w)
{
    uint64_t entries_max = w->start.entries + FOLDER_ENTRIES_GROWTH_MAX;
    sandbox__usage now = sandbox__folder_measure(w->plan->workdir_fd, entries_max);
    bool deeper = now.too_deep && !w->start.too_deep;
    bool over =
        now.bytes > w->start.bytes && now.bytes - w->start.bytes > w->plan->limits.fs_bytes;
    return deeper || over || now.entries > entries_max ? "fs" : NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void set_next_look(sandbox__watch *w, uint64_t start_ns, uint64_t end_ns, bool growing)
{
    uint64_t age_ns = end_ns - w->start_ns, cost_ns = end_ns - start_ns;
    bool fast = growing || age_ns < (uint64_t)FAST_FOR_MS * MS_NS;
    uint64_t least_ns = (uint64_t)(fast ? FAST_LOOK_MS : LOOK_MS) * MS_NS;
    if (age_ns < least_ns && fast) {
        least_ns = later(age_ns, (uint64_t)FIRST_LOOK_MS * MS_NS);
    }
    w->next_ns =
        end_ns + later(cost_ns * (fast ? FAST_COST_FACTOR : LOOK_COST_FACTOR), least_ns);
}

const char *sandbox__watch_look(sandbox__watch *watch)
{
    uint64_t start_ns = sandbox__now_ns();
    bool growing = false;
    const char *limit = look_at_processes(watch, &growing);
    uint64_t looked_ns = sandbox__now_ns();
    set_next_look(watch, start_ns, looked_ns, growing);
    if (limit == NULL && looked_ns >= watch->next_folder_ns) {
        limit = look_at_folder(watch);
        uint64_t end_ns = sandbox__now_ns();
        watch->next_folder_ns =
            end_ns + later((end_ns - looked_ns) * LOOK_COST_FACTOR, (uint64_t)LOOK_MS * MS_NS);
    }
    return limit;
}
