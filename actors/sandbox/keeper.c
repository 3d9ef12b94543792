#include "actors/sandbox/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Killing is repeated, since a tree may grow between the look at it and the signal. */
enum { KILL_ROUNDS_MAX = 2500, KILL_ROUND_MS = 2 };

struct keeper {
    const sandbox__plan *plan;
    pid_t self, child;
    int signals;
    bool ended;
    int wait_status;
};

/* Collects all that died. True: no children are left. */
static bool reap(struct keeper *k)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == k->child) {
            k->ended = true;
            k->wait_status = status;
        }
    }
    return pid < 0 && errno == ECHILD;
}

/* In namespaces the child is bubblewrap, whose end would kill the program at once; it and the
 * init below it are left out of a friendly request to stop. */
static void terminate(struct keeper *k)
{
    (void)sandbox__tree_scan(k->plan->tree, k->self);
    for (size_t i = 0; i < k->plan->tree->count; i++) {
        const sandbox__process *p = &k->plan->tree->at[i];
        bool wrapper = k->plan->level == SANDBOX_NAMESPACES
                       && (p->pid == k->child || p->parent == k->child);
        if (p->inside && !wrapper) {
            (void)kill(p->pid, SIGTERM);
        }
    }
}

/* Every process below us is killed, and its group with it: all groups there were made by the
 * program, for we and the child each began a session. */
static void kill_once(struct keeper *k)
{
    (void)sandbox__tree_scan(k->plan->tree, k->self);
    for (size_t i = 0; i < k->plan->tree->count; i++) {
        const sandbox__process *p = &k->plan->tree->at[i];
        if (p->inside) {
            (void)kill(p->pid, SIGKILL);
            if (p->group > 1 && p->group != k->self) {
                (void)kill(-p->group, SIGKILL);
            }
        }
    }
}

static void drain_signals(int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        continue; /* They only wake us. */
    }
}

static bool kill_all(struct keeper *k)
{
    for (int round = 0; round < KILL_ROUNDS_MAX; round++) {
        if (reap(k)) {
            return true;
        }
        kill_once(k);
        struct pollfd wait = {.fd = k->signals, .events = POLLIN};
        (void)poll(&wait, 1, KILL_ROUND_MS);
        drain_signals(k->signals);
    }
    return reap(k);
}

/* Until the program ended, the runner asks for the end, or is gone. */
static void watch(struct keeper *k)
{
    struct pollfd fds[] = {{.fd = k->signals, .events = POLLIN},
                           {.fd = k->plan->control_fd, .events = POLLIN}};
    for (;;) {
        (void)reap(k);
        if (k->ended) {
            return;
        }
        if (poll(fds, 2, -1) < 0) {
            continue;
        }
        drain_signals(k->signals);
        char order = 0;
        if (fds[1].revents != 0) {
            if (read(k->plan->control_fd, &order, 1) != 1 || order == KEEPER_KILL) {
                return;
            }
            terminate(k);
        }
    }
}

static void report_end(const struct keeper *k, bool all_dead)
{
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    sandbox__report report = {
        .kind = REPORT_ENDED,
        .wait_status = k->wait_status,
        .left_alive = !all_dead,
        .cpu_us = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000
                  + (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec),
        .max_rss_kib = (uint64_t)used.ru_maxrss,
        .page_faults = (uint64_t)(used.ru_minflt + used.ru_majflt),
    };
    ssize_t ignored = write(k->plan->report_fd, &report, sizeof report);
    (void)ignored; /* Without a reader the runner is dead, and nobody asks. */
}

/* The keeper holds no end of the program's pipes, nor anything else of this process. */
static bool close_others(const struct keeper *k)
{
    int keep[] = {k->plan->report_fd, k->plan->control_fd, k->signals, k->plan->slot.lock_fd};
    size_t count = sizeof keep / sizeof keep[0];
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && keep[j - 1] > keep[j]; j--) {
            int swap = keep[j];
            keep[j] = keep[j - 1];
            keep[j - 1] = swap;
        }
    }
    bool no_lock = keep[0] < 0;
    return sandbox__close_all_but(keep + no_lock, count - no_lock);
}

void sandbox__keeper_main(const sandbox__plan *plan)
{
    sigset_t all, child;
    struct keeper k = {.plan = plan};
    (void)syscall(SYS_setsid);
    k.self = (pid_t)syscall(SYS_getpid);
    (void)prctl(PR_SET_NAME, "cogo-keeper");
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)signal(SIGCHLD, SIG_DFL); /* An inherited SIG_IGN would swallow the status. */
    k.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    bool ready = k.signals >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    k.child = ready ? fork() : -1;
    if (k.child == 0) {
        sandbox__confine(plan);
    }
    if (k.child < 0 || !close_others(&k)) {
        sandbox__report failed = {
            .kind = REPORT_STEP_FAILED, .step = "start the keeper", .error = errno};
        ssize_t ignored = write(plan->report_fd, &failed, sizeof failed);
        (void)ignored;
    } else {
        watch(&k);
    }
    report_end(&k, kill_all(&k));
    _exit(0);
}
