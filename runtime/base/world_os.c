#include "runtime/base/cpu.h"
#include "runtime/base/slice.h"
#include "runtime/base/world.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000, MS_PER_S = 1000 };
enum { THROTTLE_WEIGHT = 64 }; // One throttled period takes all CPUs away at once.
/* States of a parker. */
enum { EMPTY, TOKEN, SLEEPING };

struct cogo__thread {
    pthread_t handle;
    cogo__au32 task; /**< The kernel's number of it; 0 until it runs. */
    void (*run)(void *arg);
    void *arg;
};

static uint64_t now_ns(void *ctx)
{
    (void)ctx;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec + 1;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / NS_PER_MS;
}

static uint64_t seed(void *ctx)
{
    uint64_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value) {
        value = now_ns(ctx); // Not for secrets; early at boot the clock will do.
    }
    return value;
}

static uint32_t cpu_count(void *ctx)
{
    (void)ctx;
    return cogo__cpu_count();
}

/* Only the owner parks. EMPTY -> SLEEPING -> (TOKEN ->) EMPTY. */
static void park(void *ctx, cogo__parker *parker, uint64_t deadline_ns)
{
    (void)ctx;
    uint32_t seen = EMPTY;
    // acq_rel: what the waker did before wake() is seen after park().
    if (!cogo__u32_cas_acq_rel(&parker->state, &seen, SLEEPING)) {
        (void)cogo__u32_swap_acq_rel(&parker->state, EMPTY); // A token was there.
        return;
    }
    struct timespec until = {0};
    if (deadline_ns != COGO__FOREVER) {
        until.tv_sec = (time_t)((deadline_ns - 1) / NS_PER_S);
        until.tv_nsec = (long)((deadline_ns - 1) % NS_PER_S);
    }
    // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time.
    (void)syscall(SYS_futex, &parker->state, FUTEX_WAIT_BITSET_PRIVATE, SLEEPING,
                  deadline_ns != COGO__FOREVER ? &until : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    (void)cogo__u32_swap_acq_rel(&parker->state, EMPTY);
}

static void wake(void *ctx, cogo__parker *parker)
{
    (void)ctx;
    if (cogo__u32_swap_acq_rel(&parker->state, TOKEN) == SLEEPING) {
        (void)syscall(SYS_futex, &parker->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void *thread_main(void *arg)
{
    cogo__thread *thread = arg;
    cogo__slice_shorten();
    cogo__u32_store_relaxed(&thread->task, (uint32_t)syscall(SYS_gettid));
    thread->run(thread->arg);
    return NULL;
}

/* The thread is born with all signals blocked: handlers belong to the program's own threads.
 * But these it raises itself, and blocked they would end the process past every handler. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT};

static bool start_quiet(pthread_t *handle, const pthread_attr_t *how, void *(*run)(void *arg),
                        void *arg)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        (void)sigdelset(&all, faults[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(handle, how, run, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

static cogo_err thread_start(void *ctx, const cogo_allocator *from, void (*run)(void *arg),
                             void *arg, const char *name, cogo__thread **out_thread)
{
    (void)ctx;
    cogo__thread *thread = cogo__alloc_zeroed(from, 1, sizeof *thread);
    if (thread == NULL) {
        return COGO_ENOMEM;
    }
    thread->run = run;
    thread->arg = arg;
    if (!start_quiet(&thread->handle, NULL, thread_main, thread)) {
        cogo__free(thread);
        return COGO_EIO;
    }
    (void)pthread_setname_np(thread->handle, name); // Longer than 15 bytes: stays unnamed.
    *out_thread = thread;
    return COGO_OK;
}

static bool thread_abandon(void *ctx, void *(*run)(void *arg), void *arg)
{
    (void)ctx;
    pthread_t handle;
    pthread_attr_t how;
    if (pthread_attr_init(&how) != 0) {
        return false;
    }
    bool begun = pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED) == 0
                 && start_quiet(&handle, &how, run, arg);
    (void)pthread_attr_destroy(&how);
    return begun;
}

static void thread_join(void *ctx, cogo__thread *thread)
{
    (void)ctx;
    (void)pthread_join(thread->handle, NULL);
    cogo__free(thread);
}

static uint64_t pressure(void *ctx)
{
    (void)ctx;
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_nivcsw + cogo__cpu_throttled("") * THROTTLE_WEIGHT;
}

static bool under_quota(void *ctx)
{
    (void)ctx;
    return cogo__cpu_under_quota();
}

/* The kernel's name of the place where it sleeps, without stopping it. */
static void thread_where(void *ctx, cogo__thread *thread, char *out, size_t size)
{
    (void)ctx;
    char path[64], call[32];
    uint32_t task = cogo__u32_load_relaxed(&thread->task);
    (void)snprintf(path, sizeof path, "/proc/self/task/%u/syscall", task);
    if (!cogo__cpu_read_text(path, call, sizeof call) || call[0] == '\0') {
        (void)snprintf(out, size, "thread %u", task);
    } else if (strncmp(call, "running", strlen("running")) == 0) {
        (void)snprintf(out, size, "thread %u runs", task);
    } else {
        call[strcspn(call, " \n")] = '\0';
        (void)snprintf(out, size, "thread %u waits in system call %s", task, call);
    }
}

static bool thread_signal(void *ctx, cogo__thread *thread, int number, void *value)
{
    (void)ctx;
    return pthread_sigqueue(thread->handle, number, (union sigval){.sival_ptr = value}) == 0;
}

const cogo__world *cogo__world_os(void)
{
    static const cogo__world world = {
        .now_ns = now_ns,
        .wall_ms = wall_ms,
        .random = seed,
        .cpu_count = cpu_count,
        .park = park,
        .wake = wake,
        .thread_start = thread_start,
        .thread_join = thread_join,
        .pressure = pressure,
        .under_quota = under_quota,
        .thread_where = thread_where,
        .thread_abandon = thread_abandon,
        .thread_signal = thread_signal,
    };
    return &world;
}
