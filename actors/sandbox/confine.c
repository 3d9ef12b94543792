#include "actors/sandbox/confine.h"

#include "actors/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Noreturn void fail(const sandbox__plan *plan, const char *step)
{
    sandbox__report report = {.kind = REPORT_STEP_FAILED, .error = errno};
    (void)snprintf(report.step, sizeof report.step, "%s", step);
    ssize_t written = write(plan->report_fd, &report, sizeof report);
    _exit(written == (ssize_t)sizeof report ? 125 : 126);
}

bool sandbox__close_all_but(const int *keep, size_t count)
{
    unsigned from = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned kept = (unsigned)keep[i];
        if (kept > from && syscall(SYS_close_range, from, kept - 1, 0) != 0) {
            return false;
        }
        from = kept + 1;
    }
    return syscall(SYS_close_range, from, ~0U, 0) == 0;
}

/* Root only. The folders may lie below ones that the slot's uid can't pass (such as /root), so
 * they are bound, in a mount namespace of our own, to STAGE_FOLDER/0, /1, ... */
static bool stage(const sandbox__plan *plan)
{
    int sources[PLAN_READABLE_MAX + 1];
    char path[64], source[64];
    if (syscall(SYS_unshare, CLONE_NEWNS) != 0
        || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return false;
    }
    for (size_t i = 0; i < plan->folders.count; i++) {
        sources[i] = open(plan->folders.at[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (sources[i] < 0) {
            return false;
        }
    }
    if (mount("tmpfs", STAGE_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=755") != 0) {
        return false;
    }
    for (size_t i = 0; i < plan->folders.count; i++) {
        (void)snprintf(path, sizeof path, STAGE_FOLDER "/%zu", i);
        (void)snprintf(source, sizeof source, "/proc/self/fd/%d", sources[i]);
        if (mkdir(path, 0755) != 0 || mount(source, path, NULL, MS_BIND | MS_REC, NULL) != 0) {
            return false;
        }
        (void)close(sources[i]);
    }
    return true;
}

static bool limit(const sandbox__plan *plan)
{
    for (size_t i = 0; i < plan->rlimit_count; i++) {
        const sandbox__rlimit *r = &plan->rlimits[i];
        if (syscall(SYS_prlimit64, 0, r->resource, &r->value, NULL) != 0) {
            return false;
        }
    }
    return true;
}

/* The calls themselves: libc's would look for the threads of the process that forked us. */
static bool become_slot(const sandbox__plan *plan)
{
    const sandbox__slot *slot = &plan->slot;
    const gid_t group = SLOT_FOLDER_GID;
    bool reads_folders = plan->folders.count > 1;
    if (slot->index < 0) {
        return true;
    }
    return syscall(SYS_setgroups, reads_folders ? 1 : 0, &group) == 0
           && syscall(SYS_setresgid, slot->gid, slot->gid, slot->gid) == 0
           && syscall(SYS_setresuid, slot->uid, slot->uid, slot->uid) == 0
           && syscall(SYS_setuid, 0) != 0; /* There must be no way back. */
}

/* Root of a user namespace that maps nobody else has capabilities there, and would get them
 * anew at the exec but for an empty bounding set. bubblewrap needs them, and drops them itself.
 */
static bool drop_capabilities(const sandbox__plan *plan)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    if (plan->level == SANDBOX_NAMESPACES) {
        return true;
    }
    for (int cap = 0; geteuid() == 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            return false;
        }
    }
    return syscall(SYS_capset, &header, none) == 0;
}

static bool take_standard_fds(const sandbox__plan *plan)
{
    return dup2(plan->in_fd, 0) == 0 && dup2(plan->out_fd, 1) == 1
           && dup2(plan->err_fd, 2) == 2;
}

/* Everything from 3 on closes at the exec; what bubblewrap reads stays open for it. */
static bool close_the_rest(const sandbox__plan *plan)
{
    if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return false;
    }
    for (size_t i = 0; i < plan->pass_count; i++) {
        if (fcntl(plan->pass[i], F_SETFD, 0) != 0) {
            return false;
        }
    }
    return true;
}

/* The kernel ends us first when memory runs out. May fail where /proc is not ours to write. */
static void volunteer_for_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t ignored = write(fd, "1000", 4);
        (void)ignored;
        (void)close(fd);
    }
}

static void reset_signals(void)
{
    sigset_t none;
    for (int s = 1; s < NSIG; s++) {
        (void)signal(s, SIG_DFL); /* Refused for a few, which have no handler anyway. */
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the child uses so far is ours, and will be told from what the program uses. */
static void report_start(const sandbox__plan *plan)
{
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    sandbox__report report = {
        .kind = REPORT_STARTING,
        .max_rss_kib = (uint64_t)used.ru_maxrss,
        .page_faults = (uint64_t)(used.ru_minflt + used.ru_majflt),
    };
    ssize_t ignored = write(plan->report_fd, &report, sizeof report);
    (void)ignored; /* Without a reader nobody asks. */
}

void sandbox__confine(const sandbox__plan *plan)
{
    (void)syscall(SYS_setsid);
    (void)umask(022);
    volunteer_for_oom();
    if (plan->stage && !stage(plan)) {
        fail(plan, "bind the folders");
    }
    if (!limit(plan)) {
        fail(plan, "set the limits");
    }
    if (!become_slot(plan)) {
        fail(plan, "give up root");
    }
    if (!drop_capabilities(plan)) {
        fail(plan, "drop capabilities");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fail(plan, "give up new privileges");
    }
    if (!take_standard_fds(plan) || !close_the_rest(plan)) {
        fail(plan, "close descriptors");
    }
    if (plan->level < SANDBOX_NAMESPACES) {
        if (chdir(plan->start) != 0) {
            fail(plan, "enter the workdir");
        }
        if (plan->level == SANDBOX_LANDLOCK
            && !sandbox__landlock_apply(plan->workdir, plan->folders.at + 1)) {
            fail(plan, "apply Landlock");
        }
    }
    reset_signals();
    if (plan->level < SANDBOX_NAMESPACES
        && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, plan->filter) != 0) {
        fail(plan, "load the seccomp filter");
    }
    report_start(plan);
    (void)execve(plan->executable, plan->argv.at,
                 plan->level == SANDBOX_NAMESPACES ? (char *[]){NULL} : plan->env.at);
    fail(plan, "start the program");
}
