#include "actors/sandbox/watch.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 100,
    LOOK_COST_FACTOR = 20,    /* A look that took 10 ms is repeated after 200. */
    PID_LIMIT_MARGIN = 2,     /* Those that just died of it, before their parent forks again. */
    PID_LIMIT_LOOKS_MAX = 10, /* At the limit this often in a row: it is stuck there. */
    TREE_MEMORY_FACTOR = 4,   /* All processes together may hold that many times one's limit. */
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
    uint64_t ceiling = machine / 4 * 3;
    *watch = (sandbox__watch){
        .plan = plan,
        .tree = malloc(sizeof(sandbox__tree)),
        .keeper = keeper,
        .start = start,
        .next_ns = sandbox__now_ns() + (uint64_t)LOOK_MS * MS_NS,
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

static const char *look_at_processes(sandbox__watch *w)
{
    const sandbox_limits *limits = &w->plan->limits;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), ticks = 0, bytes = 0, largest = 0;
    uint64_t threads = 0;
    (void)sandbox__tree_scan(w->tree, w->keeper);
    for (size_t i = 0; i < w->tree->count; i++) {
        const sandbox__process *p = &w->tree->at[i];
        if (p->inside || p->pid == w->keeper) {
            ticks += p->cpu_ticks; /* The keeper's: those of orphans it collected. */
        }
        if (p->inside) {
            uint64_t resident = p->resident_pages * page;
            bytes += resident;
            largest = resident > largest ? resident : largest;
            threads += p->threads;
        }
    }
    w->max_rss_bytes = largest > w->max_rss_bytes ? largest : w->max_rss_bytes;
    uint64_t wrappers = w->plan->level == SANDBOX_NAMESPACES ? PLAN_WRAPPERS : 0;
    w->at_pid_limit =
        threads + PID_LIMIT_MARGIN >= limits->pids + wrappers ? w->at_pid_limit + 1 : 0;
    if (largest > limits->mem_bytes || bytes > w->tree_bytes_max) {
        return "mem";
    }
    uint64_t cpu_ms = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    w->cpu_ms = cpu_ms > w->cpu_ms ? cpu_ms : w->cpu_ms;
    if (cpu_ms > limits->cpu_ms) {
        return "cpu";
    }
    return w->at_pid_limit >= PID_LIMIT_LOOKS_MAX ? "pids" : NULL;
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

const char *sandbox__watch_look(sandbox__watch *watch)
{
    uint64_t start_ns = sandbox__now_ns();
    const char *limit = look_at_processes(watch);
    limit = limit != NULL ? limit : look_at_folder(watch);
    uint64_t end_ns = sandbox__now_ns();
    uint64_t pause_ns = (end_ns - start_ns) * LOOK_COST_FACTOR;
    uint64_t least_ns = (uint64_t)LOOK_MS * MS_NS;
    watch->next_ns = end_ns + (pause_ns > least_ns ? pause_ns : least_ns);
    return limit;
}
