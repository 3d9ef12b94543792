/* Starting a child process, and what is left of it. The program is started anew rather than
 * forked: after a fork of a process with threads nothing may be called that takes a lock. */
#include "runtime/node/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FD_FREE = 10,       // Descriptors are moved above it, out of the way of the child's.
    VARIABLE_MAX = 160, // Bytes.
    CHILD_ENDS = 3,
};

static void close_one(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void cogo__launched_close(cogo__launched *l)
{
    close_one(&l->control);
    close_one(&l->data);
    close_one(&l->words);
    close_one(&l->pidfd);
}

/* Moves @p fd out of the way. False: there are no descriptors left. */
static bool lift(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_FREE);
    close_one(fd);
    *fd = high;
    return high >= 0;
}

static bool make_pair(int *mine, int *childs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    *mine = pair[0];
    *childs = pair[1];
    return lift(childs);
}

static bool make_pipe(int *mine, int *childs)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return false;
    }
    *mine = pair[0];
    *childs = pair[1];
    return fcntl(*mine, F_SETFL, O_NONBLOCK) == 0 && lift(childs);
}

/* Ours, and one variable more; without that of our own parent. */
static char **make_environment(const cogo_allocator *from, char *variable)
{
    size_t count = 0, kept = 0;
    const size_t length = sizeof COGO__CHILD_VARIABLE; // With the '='.
    while (environ[count] != NULL) {
        count++;
    }
    char **out = cogo__alloc(from, (count + 2) * sizeof *out);
    for (size_t i = 0; out != NULL && i < count; i++) {
        if (strncmp(environ[i], COGO__CHILD_VARIABLE "=", length) != 0) {
            out[kept++] = environ[i];
        }
    }
    if (out != NULL) {
        out[kept++] = variable;
        out[kept] = NULL;
    }
    return out;
}

/* 0, or an errno. */
static int start(const int ends[CHILD_ENDS], char **environment, const char *name, pid_t *pid)
{
    char title[COGO__CHILD_NAME];
    char *argv[] = {title, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t all, none;
    (void)snprintf(title, sizeof title, "%s", name);
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&files); // These two only clear what they are given.
    (void)posix_spawnattr_init(&how);
    int failed = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; failed == 0 && i < CHILD_ENDS; i++) {
        failed = posix_spawn_file_actions_adddup2(&files, ends[i], COGO__CHILD_CONTROL + i);
    }
    failed = failed != 0 ? failed
                         : posix_spawn_file_actions_addclosefrom_np(&files, COGO__CHILD_FDS);
    (void)posix_spawnattr_setsigdefault(&how, &all);
    (void)posix_spawnattr_setsigmask(&how, &none);
    (void)posix_spawnattr_setpgroup(&how, 0); // What a terminal sends is for the parent.
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
                                             | POSIX_SPAWN_SETPGROUP);
    failed = failed != 0 ? failed
                         : posix_spawn(pid, "/proc/self/exe", &files, &how, argv, environment);
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

static int start_with(const cogo_allocator *from, const int ends[CHILD_ENDS], const char *name,
                      uint64_t memory_bytes, cogo__launched *l)
{
    char variable[VARIABLE_MAX];
    (void)snprintf(variable, sizeof variable, "%s=%ld %llu %s", COGO__CHILD_VARIABLE,
                   (long)getpid(), (unsigned long long)memory_bytes, name);
    char **environment = make_environment(from, variable);
    int failed = environment != NULL ? start(ends, environment, name, &l->pid) : ENOMEM;
    cogo__free(environment);
    if (failed != 0) {
        l->pid = -1;
        return failed;
    }
    l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
    if (l->pidfd < 0) {
        failed = errno;
        (void)kill(l->pid, SIGKILL);
        (void)waitpid(l->pid, NULL, 0);
        l->pid = -1;
    }
    return failed;
}

cogo_err cogo__launch(const cogo_allocator *from, const char *name, uint64_t memory_bytes,
                      cogo__launched *out)
{
    int ends[CHILD_ENDS] = {-1, -1, -1};
    *out = (cogo__launched){.pid = -1, .pidfd = -1, .control = -1, .data = -1, .words = -1};
    bool made = make_pair(&out->control, &ends[0]) && make_pair(&out->data, &ends[1])
                && make_pipe(&out->words, &ends[2]);
    int failed = made ? start_with(from, ends, name, memory_bytes, out) : errno;
    for (int i = 0; i < CHILD_ENDS; i++) {
        close_one(&ends[i]);
    }
    if (failed == 0) {
        return COGO_OK;
    }
    cogo__launched_close(out);
    errno = failed;
    return failed == ENOMEM ? COGO_ENOMEM : COGO_EIO;
}

void cogo__launched_kill(const cogo__launched *l)
{
    if (l->pid > 0) { // Not reaped: the number is still its own.
        (void)kill(l->pid, SIGKILL);
    }
}

static void describe(const siginfo_t *info, char *out, size_t size)
{
    if (info->si_code == CLD_EXITED) {
        (void)snprintf(out, size, "exit status %d", info->si_status);
    } else if (info->si_status == SIGKILL) {
        (void)snprintf(out, size, "SIGKILL (by somebody, or out of memory)");
    } else {
        const char *name = sigabbrev_np(info->si_status);
        (void)snprintf(out, size, "SIG%s", name != NULL ? name : "?");
    }
}

bool cogo__launched_reap(cogo__launched *l, bool wait, char *out_text, size_t text_size)
{
    siginfo_t info = {0};
    int result = 0;
    if (l->pid < 0) {
        return true;
    }
    do {
        result = waitid(P_PID, (id_t)l->pid, &info, WEXITED | (wait ? 0 : WNOHANG));
    } while (result != 0 && errno == EINTR);
    if (result == 0 && info.si_pid == 0) {
        return false;
    }
    if (result == 0) {
        describe(&info, out_text, text_size);
    } else { // Somebody else has reaped it: the program ignores SIGCHLD, or waits for all.
        (void)snprintf(out_text, text_size, "ended, nobody knows how");
    }
    l->pid = -1;
    return true;
}
