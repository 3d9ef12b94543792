#include "actors/sandbox/run.h"

#include "actors/sandbox/keeper.h"
#include "actors/sandbox/outcome.h"
#include "actors/sandbox/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TERM_GRACE_MS = 500,   /* Between SIGTERM and SIGKILL at the wall limit. */
    DRAIN_GRACE_MS = 1000, /* For the end of the output after everything is dead. */
    READ_BYTES = 64 << 10,
    DRAIN_FACTOR = 64, /* So much more than out_bytes is read and thrown away. */
    DRAIN_BYTES_MAX = 256 << 20,
    MS_NS = 1000000,
};

enum { AT_REPORT, AT_OUT, AT_ERR, AT_CANCEL, AT_COUNT };

static bool make_pipe(int *reader, int *writer)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return false;
    }
    *reader = fds[0];
    *writer = fds[1];
    return fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
}

/* A socket, since writing to a pipe whose reader is gone would raise SIGPIPE. */
static bool make_control(int *keeper, int *runner)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return false;
    }
    *keeper = fds[0];
    *runner = fds[1];
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static bool open_pipes(sandbox__run *run)
{
    sandbox__plan *plan = &run->plan;
    bool ok = make_pipe(&run->out.fd, &plan->out_fd)
              && make_pipe(&run->report_fd, &plan->report_fd)
              && make_control(&plan->control_fd, &run->control_fd);
    if (ok && plan->request->merge_stderr) {
        plan->err_fd = fcntl(plan->out_fd, F_DUPFD_CLOEXEC, 3);
        return plan->err_fd >= 0;
    }
    return ok && make_pipe(&run->err.fd, &plan->err_fd);
}

/* All signals wait while we fork, so that no handler of ours runs in the child. */
static bool fork_keeper(sandbox__run *run)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    run->keeper = fork();
    if (run->keeper == 0) {
        sandbox__keeper_main(&run->plan);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    sandbox__plan_close_child_fds(&run->plan);
    return run->keeper > 0;
}

static void order(sandbox__run *run, char what)
{
    /* A keeper that is gone is noticed at its report pipe. */
    ssize_t ignored = send(run->control_fd, &what, 1, MSG_NOSIGNAL);
    (void)ignored;
}

/* Ends the run; @p limit NULL: cancelled. The first reason stays. */
static void stop(sandbox__run *run, const char *limit, bool friendly)
{
    if (run->stopped) {
        return;
    }
    run->stopped = true;
    run->limit = limit;
    run->stop_signal = friendly ? SIGTERM : SIGKILL;
    if (friendly) {
        order(run, KEEPER_TERMINATE);
        run->kill_at_ns = sandbox__now_ns() + (uint64_t)TERM_GRACE_MS * MS_NS;
    } else {
        close_fd(&run->control_fd); /* The strongest order: also a lost byte can't delay it. */
    }
}

static uint64_t drain_max(const sandbox__run *run)
{
    uint64_t limit = run->plan.limits.out_bytes;
    return limit > DRAIN_BYTES_MAX / DRAIN_FACTOR ? DRAIN_BYTES_MAX : limit * DRAIN_FACTOR;
}

static void keep(sandbox__run *run, sandbox__stream *stream, const char *bytes, size_t size)
{
    uint64_t room = run->plan.limits.out_bytes - stream->size;
    stream->cut = stream->cut || size > room;
    size = size > room ? (size_t)room : size;
    if (stream->size + size + 1 > stream->capacity) {
        size_t capacity = (stream->size + size + 1) * 2;
        char *grown = realloc(stream->bytes, capacity);
        if (grown == NULL) {
            stream->cut = true;
            return;
        }
        stream->bytes = grown;
        stream->capacity = capacity;
    }
    memcpy(stream->bytes + stream->size, bytes, size);
    stream->size += size;
}

/* Reading never stops at the limit, or a program that prints much would hang on its pipe. */
static void drain(sandbox__run *run, sandbox__stream *stream)
{
    char bytes[READ_BYTES];
    ssize_t n = read(stream->fd, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_fd(&stream->fd);
    }
    if (n <= 0) {
        return;
    }
    const sandbox_request *request = run->plan.request;
    if (stream == &run->out && request->on_output != NULL) {
        request->on_output(request->on_output_ctx, bytes, (size_t)n);
    }
    keep(run, stream, bytes, (size_t)n);
    stream->drained += (uint64_t)n;
    if (stream->drained > drain_max(run)) {
        stop(run, "out", false);
    }
}

static void take_report(sandbox__run *run)
{
    sandbox__report report;
    ssize_t n = read(run->report_fd, &report, sizeof report);
    if (n == (ssize_t)sizeof report && report.kind == REPORT_STEP_FAILED) {
        run->failed = report;
        run->step_failed = true;
    } else if (n == (ssize_t)sizeof report && report.kind == REPORT_STARTING) {
        run->starting = report;
    } else if (n == (ssize_t)sizeof report) {
        run->ended = report;
        run->over = true;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        run->over = run->lost = true; /* The keeper died without a word. */
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void mind_time(sandbox__run *run, sandbox__watch *watch)
{
    uint64_t now_ns = sandbox__now_ns();
    if (run->stopped && run->control_fd >= 0 && now_ns >= run->kill_at_ns) {
        run->stop_signal = SIGKILL;
        close_fd(&run->control_fd);
    }
    if (now_ns >= run->deadline_ns) {
        stop(run, "wall", false);
    } else if (now_ns >= run->wall_end_ns) {
        stop(run, "wall", true);
    } else if (!run->stopped && now_ns >= watch->next_ns) {
        const char *limit = sandbox__watch_look(watch);
        if (limit != NULL) {
            stop(run, limit, false);
        }
    }
}

static int wait_ms(const sandbox__run *run, const sandbox__watch *watch)
{
    uint64_t now_ns = sandbox__now_ns(), until_ns = UINT64_MAX;
    if (run->over) {
        until_ns = run->drain_end_ns;
    } else if (!run->stopped) {
        until_ns = earlier(earlier(run->wall_end_ns, run->deadline_ns), watch->next_ns);
    } else if (run->control_fd >= 0) {
        until_ns = run->kill_at_ns;
    }
    if (until_ns == UINT64_MAX) {
        return -1;
    }
    return until_ns <= now_ns ? 0 : (int)((until_ns - now_ns + MS_NS - 1) / MS_NS);
}

static bool output_open(const sandbox__run *run)
{
    return run->out.fd >= 0 || run->err.fd >= 0;
}

static void supervise(sandbox__run *run, sandbox__watch *watch)
{
    while (!run->over || (output_open(run) && sandbox__now_ns() < run->drain_end_ns)) {
        bool may_cancel = !run->stopped && !run->over;
        struct pollfd fds[AT_COUNT] = {
            [AT_REPORT] = {.fd = run->over ? -1 : run->report_fd, .events = POLLIN},
            [AT_OUT] = {.fd = run->out.fd, .events = POLLIN},
            [AT_ERR] = {.fd = run->err.fd, .events = POLLIN},
            [AT_CANCEL] = {.fd = may_cancel ? run->plan.request->cancel_fd : -1,
                           .events = POLLIN},
        };
        if (poll(fds, AT_COUNT, wait_ms(run, watch)) < 0 && errno != EINTR) {
            stop(run, "wall", false);
        }
        if (fds[AT_OUT].revents != 0) {
            drain(run, &run->out);
        }
        if (fds[AT_ERR].revents != 0) {
            drain(run, &run->err);
        }
        if (fds[AT_REPORT].revents != 0) {
            take_report(run);
            run->drain_end_ns = sandbox__now_ns() + (uint64_t)DRAIN_GRACE_MS * MS_NS;
        }
        if (fds[AT_CANCEL].revents != 0) {
            stop(run, NULL, false);
        }
        if (!run->over) {
            mind_time(run, watch);
        }
    }
}

static bool prepare(sandbox__run *run, sandbox_level level)
{
    sandbox__plan *plan = &run->plan;
    int json_writer = -1;
    if (!open_pipes(run)) {
        return false;
    }
    if (level == SANDBOX_NAMESPACES) {
        return make_pipe(&run->json_fd, &json_writer)
               && sandbox__plan_namespaces(plan, json_writer);
    }
    return sandbox__plan_direct(plan);
}

static cogo_err run_planned(sandbox__run *run)
{
    sandbox__plan *plan = &run->plan;
    sandbox__watch watch = {0};
    cogo_err err = COGO_EIO;
    sandbox__usage usage = plan->slot.index >= 0
                               ? sandbox__folder_hand_over(plan->workdir_fd, plan->slot.uid)
                               : sandbox__folder_measure(plan->workdir_fd, 0);
    run->start_ns = sandbox__now_ns();
    run->wall_end_ns = run->start_ns + plan->limits.wall_ms * MS_NS;
    run->deadline_ns =
        plan->request->deadline_ns == 0 ? UINT64_MAX : plan->request->deadline_ns;
    if (usage.failed) {
        (void)snprintf(run->result->error, sizeof run->result->error,
                       "workdir: can't be given to uid %u", (unsigned)plan->slot.uid);
        err = COGO_EUNSUPPORTED;
    } else if (!sandbox__watch_init(&watch, plan, 0, usage)) {
        err = COGO_ENOMEM;
    } else if (fork_keeper(run)) {
        watch.keeper = run->keeper;
        supervise(run, &watch);
        close_fd(&run->control_fd);
        while (waitpid(run->keeper, NULL, 0) < 0 && errno == EINTR) {
            continue;
        }
        sandbox__outcome(run, &watch);
        err = run->result->end == SANDBOX_REFUSED ? COGO_EUNSUPPORTED
              : run->lost                         ? COGO_EIO
                                                  : COGO_OK;
    }
    sandbox__watch_finish(&watch);
    return err;
}

cogo_err sandbox__run_at(const sandbox_request *request, sandbox_level level,
                         sandbox_result *result)
{
    *result = (sandbox_result){.end = SANDBOX_REFUSED, .exit_code = -1, .level = level};
    sandbox__run run = {.result = result, .keeper = -1, .report_fd = -1, .control_fd = -1};
    run.json_fd = run.out.fd = run.err.fd = -1;
    cogo_err err = COGO_EUNSUPPORTED;
    if (sandbox__plan_init(&run.plan, request, level, result->error, sizeof result->error)) {
        if (prepare(&run, level)) {
            err = run_planned(&run);
        } else {
            (void)snprintf(result->error, sizeof result->error, "preparing: %s",
                           run.plan.executable == NULL ? "bubblewrap is not installed"
                                                       : strerror(errno));
        }
    } else if (result->error[0] == '\0') {
        err = COGO_ENOMEM;
        (void)snprintf(result->error, sizeof result->error, "out of memory or descriptors");
    }
    if (run.plan.scratch[0] != '\0') {
        sandbox__folder_remove_at(run.plan.workdir_fd, ".cogo-tmp");
    }
    sandbox__outcome_take_streams(&run);
    close_fd(&run.out.fd);
    close_fd(&run.err.fd);
    close_fd(&run.json_fd);
    close_fd(&run.report_fd);
    close_fd(&run.control_fd);
    sandbox__plan_finish(&run.plan);
    return err;
}

cogo_err sandbox_run(const sandbox_request *request, sandbox_result *result)
{
    sandbox_level best = sandbox_level_best();
    if (best >= SANDBOX_LIMITS && best >= request->min_level) {
        return sandbox__run_at(request, best, result);
    }
    *result = (sandbox_result){.end = SANDBOX_REFUSED, .exit_code = -1, .level = best};
    (void)snprintf(result->error, sizeof result->error,
                   "the task asks for level %s, but only %s works on this machine",
                   sandbox_level_name(request->min_level), sandbox_level_name(best));
    return COGO_EUNSUPPORTED;
}

void sandbox_result_finish(sandbox_result *result)
{
    free(result->out);
    free(result->err);
    result->out = result->err = NULL;
}
