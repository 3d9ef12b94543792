#include "actors/sandbox/filter.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILTER_COUNT = 3, SHARED_SEGMENT_BYTES_MAX = 16 << 20 };

/* Answered with EPERM. Kernel attack surface, or power over more than the program itself. */
static const int denied[] = {
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(reboot),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(quotactl),
    SCMP_SYS(acct),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(syslog),
    SCMP_SYS(vhangup),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(nfsservctl),
};

static const uint64_t namespace_flags[] = {
    CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
    CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP,
};

static struct sock_fprog programs[FILTER_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define DENY(call, ...) \
    (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(call), __VA_ARGS__) == 0)

static bool add_common(scmp_filter_ctx ctx)
{
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof denied / sizeof denied[0]; i++) {
        ok = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0) == 0;
    }
    for (size_t i = 0; ok && i < sizeof namespace_flags / sizeof namespace_flags[0]; i++) {
        uint64_t flag = namespace_flags[i];
        ok = DENY(unshare, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag))
             && DENY(clone, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    }
    /* clone3 keeps its flags where a filter can't look; without it libc uses clone. Memory
     * files would escape both the folder's limit and the watch on resident memory. */
    ok = ok && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0
         && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(memfd_create), 0) == 0;
    /* The kernel looks at the low half of the request only, so the filter must too. */
    ok = ok && DENY(ioctl, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI))
         && DENY(ioctl, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCLINUX))
         && DENY(shmget, 1, SCMP_A1(SCMP_CMP_GT, SHARED_SEGMENT_BYTES_MAX, 0));
    return ok;
}

/* Denying every family but the listed ones; families above the last one are denied by order,
 * and so are numbers with bits beyond the 32 that the kernel looks at. */
static bool add_families(scmp_filter_ctx ctx, const uint64_t *allowed, size_t count)
{
    bool ok = DENY(socket, 1, SCMP_A0(SCMP_CMP_GT, allowed[count - 1], 0));
    for (uint64_t family = 0; ok && family < allowed[count - 1]; family++) {
        bool listed = false;
        for (size_t i = 0; i < count; i++) {
            listed = listed || allowed[i] == family;
        }
        ok = listed || DENY(socket, 1, SCMP_A0(SCMP_CMP_EQ, family, 0));
    }
    return ok;
}

static bool add_net(scmp_filter_ctx ctx, sandbox__net net)
{
    static const uint64_t loopback[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    static const uint64_t local[] = {AF_UNIX};
    switch (net) {
    case NET_LOOPBACK:
        return add_families(ctx, loopback, sizeof loopback / sizeof loopback[0]);
    case NET_UNIX:
        return add_families(ctx, local, 1);
    case NET_NO_SOCKETS:
        /* Without a mount and network namespace a socket could talk to the host's services
         * through its file name; a connected stream pair can't be turned to them. System V
         * segments would outlive the run, and old kernels let truncate() past Landlock. */
        return DENY(socket, 0) && DENY(connect, 0) && DENY(bind, 0) && DENY(shmget, 0)
               && DENY(msgget, 0) && DENY(semget, 0) && DENY(mq_open, 0) && DENY(truncate, 0)
               && DENY(socketpair, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM))
               && DENY(socketpair, 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
    }
    return false;
}

static bool export_program(scmp_filter_ctx ctx, struct sock_fprog *out)
{
    int fd = memfd_create("seccomp", MFD_CLOEXEC);
    off_t size = 0;
    struct sock_filter *code = NULL;
    bool ok =
        fd >= 0 && seccomp_export_bpf(ctx, fd) == 0 && (size = lseek(fd, 0, SEEK_END)) > 0;
    ok = ok && (code = malloc((size_t)size)) != NULL
         && pread(fd, code, (size_t)size, 0) == (ssize_t)size;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (!ok) {
        free(code);
        return false;
    }
    out->len = (unsigned short)((size_t)size / sizeof *code);
    out->filter = code;
    return true;
}

static void make_all(void)
{
    for (int net = 0; net < FILTER_COUNT; net++) {
        scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
        /* Calls of another architecture (i386, x32) carry other numbers: none of them. */
        if (ctx == NULL
            || seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) != 0
            || !add_common(ctx) || !add_net(ctx, (sandbox__net)net)
            || !export_program(ctx, &programs[net])) {
            programs[net] = (struct sock_fprog){0};
        }
        seccomp_release(ctx);
    }
}

const struct sock_fprog *sandbox__filter(sandbox__net net)
{
    (void)pthread_once(&once, make_all);
    return programs[net].filter == NULL ? NULL : &programs[net];
}
