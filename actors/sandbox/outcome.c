#include "actors/sandbox/outcome.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    JSON_BYTES = 2048,
    SIGNALLED_CODE = 128,
    START_GROWTH_BYTES = 256 << 10, /* That an exec itself may add to what it replaces. */
};

/* bubblewrap writes {"exit-code": N} only after the program was really started. */
static int bwrap_exit_code(int json_fd)
{
    static const char key[] = "\"exit-code\":";
    char text[JSON_BYTES];
    ssize_t size = read(json_fd, text, sizeof text - 1);
    if (size <= 0) {
        return -1;
    }
    text[size] = '\0';
    const char *at = strstr(text, key);
    return at == NULL ? -1 : (int)strtol(at + sizeof key - 1, NULL, 10);
}

/* bubblewrap, like a shell, answers 128 + N for a program that died of signal N; the two can't
 * be told apart, and no program exits with these codes by itself but to say the same. */
static int signal_of_code(int code)
{
    int s = code - SIGNALLED_CODE;
    bool deadly = s > 0 && s < 32 && s != SIGCHLD && s != SIGCONT && s != SIGSTOP
                  && s != SIGTSTP && s != SIGTTIN && s != SIGTTOU && s != SIGURG
                  && s != SIGWINCH;
    return deadly ? s : 0;
}

static void refuse(sandbox__run *run)
{
    sandbox_result *r = run->result;
    r->end = SANDBOX_REFUSED;
    if (run->step_failed) {
        (void)snprintf(r->error, sizeof r->error, "%s: %s", run->failed.step,
                       strerror(run->failed.error));
        return;
    }
    size_t line = 0;
    while (line < run->err.size && run->err.bytes[line] != '\n' && line < 150) {
        line++;
    }
    (void)snprintf(r->error, sizeof r->error, "bubblewrap could not start the program: %.*s",
                   (int)line, run->err.bytes == NULL ? "" : run->err.bytes);
}

static void set_signal(sandbox_result *r, int number, uint64_t cpu_limit_ms)
{
    r->end = SANDBOX_SIGNALLED;
    r->signal = number;
    if (number == SIGXCPU || (number == SIGKILL && r->cpu_ms >= cpu_limit_ms)) {
        r->end = SANDBOX_LIMIT;
        r->limit_hit = "cpu";
    } else if (number == SIGXFSZ) {
        r->end = SANDBOX_LIMIT;
        r->limit_hit = "fs";
    }
}

static void set_natural_end(sandbox__run *run)
{
    sandbox_result *r = run->result;
    int status = run->ended.wait_status, code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    bool started = !run->step_failed;
    if (started && run->plan.level == SANDBOX_NAMESPACES) {
        code = bwrap_exit_code(run->json_fd);
        started = code >= 0;
        number = signal_of_code(code);
    }
    if (!started) {
        refuse(run);
    } else if (number != 0) {
        set_signal(r, number, run->plan.limits.cpu_ms);
    } else {
        r->end = SANDBOX_EXITED;
        r->exit_code = code;
    }
}

/* The kernel's own figure counts once it is above what the child held as a copy of us. Below
 * that, it is what was seen; and of a program too short to be seen, the pages it touched. */
static uint64_t peak_memory(const sandbox__run *run, const sandbox__watch *seen)
{
    const sandbox__report *start = &run->starting, *end = &run->ended;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), floor = start->max_rss_kib * 1024;
    uint64_t bytes = end->max_rss_kib * 1024;
    if (bytes <= floor + START_GROWTH_BYTES) {
        uint64_t faults =
            end->page_faults > start->page_faults ? end->page_faults - start->page_faults : 0;
        uint64_t touched = faults * page < bytes ? faults * page : bytes;
        bytes = seen->max_rss_bytes > 0 ? seen->max_rss_bytes : touched;
    }
    return bytes > seen->max_rss_bytes ? bytes : seen->max_rss_bytes;
}

void sandbox__outcome(sandbox__run *run, const sandbox__watch *seen)
{
    sandbox_result *r = run->result;
    uint64_t cpu_ms = run->ended.cpu_us / 1000;
    r->wall_ms = (sandbox__now_ns() - run->start_ns) / 1000000;
    r->cpu_ms = cpu_ms > seen->cpu_ms ? cpu_ms : seen->cpu_ms;
    r->max_rss_bytes = peak_memory(run, seen);
    if (run->stopped) {
        r->end = run->limit == NULL ? SANDBOX_CANCELLED : SANDBOX_LIMIT;
        r->limit_hit = run->limit;
        r->signal = run->stop_signal;
    } else {
        set_natural_end(run);
    }
    if (run->lost) {
        (void)snprintf(r->error, sizeof r->error, "the process that kept the program died");
    } else if (run->ended.left_alive) {
        (void)snprintf(r->error, sizeof r->error, "a process could not be killed");
    } else if (r->end != SANDBOX_REFUSED && run->plan.request->net_loopback
               && run->plan.net != NET_LOOPBACK) {
        (void)snprintf(r->error, sizeof r->error,
                       "no loopback network at level %s: sockets were refused",
                       sandbox_level_name(r->level));
    }
}

static char *take(sandbox__stream *stream)
{
    char *bytes = stream->bytes != NULL ? stream->bytes : malloc(1);
    if (bytes != NULL) {
        bytes[stream->size] = '\0';
    }
    stream->bytes = NULL;
    return bytes;
}

void sandbox__outcome_take_streams(sandbox__run *run)
{
    sandbox_result *r = run->result;
    r->out_size = run->out.size;
    r->err_size = run->err.size;
    r->out_cut = run->out.cut;
    r->err_cut = run->err.cut;
    r->out = take(&run->out);
    r->err = take(&run->err);
}
