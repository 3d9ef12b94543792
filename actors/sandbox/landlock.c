#include "actors/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The headers of Debian 12 stop at ABI 2; the kernel answers what it knows. */
#define FS_TRUNCATE                        (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV                       (1ULL << 15) /* ABI 5 */
#define NET_BIND_AND_CONNECT               3ULL         /* ABI 4 */
#define SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS 3ULL         /* ABI 6 */

struct ruleset {
    uint64_t fs, net, scoped;
};

#define FS_READ \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_OF_FILES                                                                            \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE \
     | FS_TRUNCATE)
#define FS_ABI_1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const char *const system_readable[] = {
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/sys/devices/system/cpu",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/lsb-release",
    "/etc/perl",
    "/etc/python3",
    "/etc/python3.11",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl/openssl.cnf",
    NULL,
};
static const char *const devices[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", NULL,
};

int sandbox__landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static struct ruleset ruleset_for(int abi)
{
    struct ruleset rules = {.fs = FS_ABI_1};
    rules.fs |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    rules.fs |= abi >= 3 ? FS_TRUNCATE : 0;
    rules.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
    rules.net = abi >= 4 ? NET_BIND_AND_CONNECT : 0;
    rules.scoped = abi >= 6 ? SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS : 0;
    return rules;
}

static size_t ruleset_size(int abi)
{
    return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? 16 : 8;
}

/* A path that does not exist grants nothing, which is fine. */
static bool allow(int ruleset, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == EACCES;
    }
    struct stat st;
    struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = access};
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
        rule.allowed_access &= FS_OF_FILES;
    }
    long failed = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(fd);
    return failed == 0;
}

static bool allow_all(int ruleset, const char *const *paths, uint64_t access)
{
    bool ok = true;
    for (; ok && *paths != NULL; paths++) {
        ok = allow(ruleset, *paths, access);
    }
    return ok;
}

bool sandbox__landlock_apply(const char *workdir, char *const *readable)
{
    int abi = sandbox__landlock_abi();
    if (abi == 0) {
        return false;
    }
    struct ruleset rules = ruleset_for(abi);
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, ruleset_size(abi), 0);
    if (fd < 0) {
        return false;
    }
    /* Everything that the ABI handles, but no nodes of devices. */
    uint64_t all = rules.fs
                   & ~(uint64_t)(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK
                                 | FS_IOCTL_DEV);
    uint64_t device = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
    bool ok = allow_all(fd, system_readable, FS_READ)
              && allow_all(fd, devices, device | (rules.fs & FS_TRUNCATE))
              && allow(fd, workdir, all);
    for (; ok && *readable != NULL; readable++) {
        ok = allow(fd, *readable, FS_READ);
    }
    ok = ok && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    (void)close(fd);
    return ok;
}
