/* The command line of bubblewrap. All options go through a memory file, so that neither the
 * environment nor the paths show up in the host's process list. */
#include "actors/sandbox/confine.h"
#include "actors/sandbox/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TMP_BYTES_MAX = 256 << 20, SHM_BYTES = 64 << 20, INSIDE_UID = 1000 };

static const char *const bwrap_paths[] = {"/usr/bin/bwrap", "/bin/bwrap",
                                          "/usr/local/bin/bwrap", NULL};
static const char *const fixed[] = {
    "--unshare-user",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    "--hostname",
    "sandbox",
    "--ro-bind",
    "/usr",
    "/usr",
    NULL,
};
static const char *const roots[] = {"/bin",   "/sbin",   "/lib", "/lib32",
                                    "/lib64", "/libx32", NULL};
static const char *const etc[] = {
    "ld.so.cache",     "ld.so.conf", "ld.so.conf.d", "alternatives",
    "localtime",       "timezone",   "os-release",   "debian_version",
    "lsb-release",     "perl",       "python3",      "python3.11",
    "mime.types",      "protocols",  "services",     "shells",
    "ssl/openssl.cnf", NULL,
};

static const struct {
    const char *path, *text;
} synthetic[] = {
    {"/etc/passwd", "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
                    "sandbox:x:1000:1000:sandbox:/tmp:/bin/sh\n"
                    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    {"/etc/group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n"},
    {"/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
    {"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
};

static bool pass(sandbox__plan *plan, int fd)
{
    if (fd < 0 || plan->pass_count >= PLAN_PASS_MAX) {
        return false;
    }
    plan->pass[plan->pass_count++] = fd;
    return true;
}

/* /bin is a link to usr/bin on merged systems, a folder of its own on others. */
static void add_roots(sandbox__list *options)
{
    for (const char *const *root = roots; *root != NULL; root++) {
        char target[256];
        struct stat st;
        ssize_t size = readlink(*root, target, sizeof target - 1);
        if (size > 0) {
            target[size] = '\0';
            sandbox__list_add(options, "--symlink");
            sandbox__list_add(options, "%s", target);
            sandbox__list_add(options, "%s", *root);
        } else if (stat(*root, &st) == 0) {
            sandbox__list_add(options, "--ro-bind");
            sandbox__list_add(options, "%s", *root);
            sandbox__list_add(options, "%s", *root);
        }
    }
}

static bool add_etc(sandbox__plan *plan, sandbox__list *options)
{
    for (const char *const *name = etc; *name != NULL; name++) {
        sandbox__list_add(options, "--ro-bind-try");
        sandbox__list_add(options, "/etc/%s", *name);
        sandbox__list_add(options, "/etc/%s", *name);
    }
    for (size_t i = 0; i < sizeof synthetic / sizeof synthetic[0]; i++) {
        int fd = sandbox__memory_file(synthetic[i].text, strlen(synthetic[i].text));
        if (!pass(plan, fd)) {
            return false;
        }
        sandbox__list_add(options, "--perms");
        sandbox__list_add(options, "0444");
        sandbox__list_add(options, "--ro-bind-data");
        sandbox__list_add(options, "%d", fd);
        sandbox__list_add(options, "%s", synthetic[i].path);
    }
    return true;
}

static void add_tmpfs(sandbox__list *options, uint64_t bytes, const char *path)
{
    sandbox__list_add(options, "--perms");
    sandbox__list_add(options, "1777");
    sandbox__list_add(options, "--size");
    sandbox__list_add(options, "%llu", (unsigned long long)bytes);
    sandbox__list_add(options, "--tmpfs");
    sandbox__list_add(options, "%s", path);
}

/* The readable folders first: the workdir may lie in one of them. */
static void add_folders(const sandbox__plan *plan, sandbox__list *options)
{
    for (size_t n = 1; n <= plan->folders.count; n++) {
        size_t i = n % plan->folders.count;
        sandbox__list_add(options, "%s", i == 0 ? "--bind" : "--ro-bind");
        if (plan->stage) {
            sandbox__list_add(options, STAGE_FOLDER "/%zu", i);
        } else {
            sandbox__list_add(options, "%s", plan->folders.at[i]);
        }
        sandbox__list_add(options, "%s", plan->folders.at[i]);
    }
}

/* bubblewrap's own root and /dev are memory without a limit: closed once they are laid out. */
static void close_root(sandbox__list *options)
{
    sandbox__list_add(options, "--remount-ro");
    sandbox__list_add(options, "/dev");
    sandbox__list_add(options, "--remount-ro");
    sandbox__list_add(options, "/");
}

static void add_env(const sandbox__plan *plan, sandbox__list *options)
{
    for (size_t i = 0; i < plan->env.count; i++) {
        const char *variable = plan->env.at[i];
        size_t size = strcspn(variable, "=");
        sandbox__list_add(options, "--setenv");
        sandbox__list_add(options, "%.*s", (int)size, variable);
        sandbox__list_add(options, "%s", variable + size + 1);
    }
}

static int options_file(const sandbox__list *options)
{
    size_t size = 0, at = 0;
    for (size_t i = 0; i < options->count; i++) {
        size += strlen(options->at[i]) + 1;
    }
    char *bytes = malloc(size);
    if (bytes == NULL) {
        return -1;
    }
    for (size_t i = 0; i < options->count; i++) {
        size_t one = strlen(options->at[i]) + 1;
        memcpy(bytes + at, options->at[i], one);
        at += one;
    }
    int fd = sandbox__memory_file(bytes, size);
    free(bytes);
    return fd;
}

static bool build(sandbox__plan *plan, int json_fd, sandbox__list *options)
{
    for (const char *const *f = fixed; *f != NULL; f++) {
        sandbox__list_add(options, "%s", *f);
    }
    sandbox__list_add(options, "--uid");
    sandbox__list_add(options, "%d", INSIDE_UID);
    sandbox__list_add(options, "--gid");
    sandbox__list_add(options, "%d", INSIDE_UID);
    add_roots(options);
    sandbox__list_add(options, "--proc");
    sandbox__list_add(options, "/proc");
    sandbox__list_add(options, "--dev");
    sandbox__list_add(options, "/dev");
    uint64_t tmp =
        plan->limits.fs_bytes < TMP_BYTES_MAX ? plan->limits.fs_bytes : TMP_BYTES_MAX;
    add_tmpfs(options, SHM_BYTES, "/dev/shm");
    add_tmpfs(options, tmp, "/tmp");
    bool ok = add_etc(plan, options);
    add_folders(plan, options);
    close_root(options);
    add_env(plan, options);
    sandbox__list_add(options, "--chdir");
    sandbox__list_add(options, "%s", plan->start);
    int seccomp_fd = sandbox__memory_file(plan->filter->filter,
                                          plan->filter->len * sizeof *plan->filter->filter);
    ok = pass(plan, seccomp_fd) && ok;
    sandbox__list_add(options, "--seccomp");
    sandbox__list_add(options, "%d", seccomp_fd);
    sandbox__list_add(options, "--json-status-fd");
    sandbox__list_add(options, "%d", json_fd);
    return ok && !options->failed;
}

bool sandbox__plan_namespaces(sandbox__plan *plan, int json_fd)
{
    for (const char *const *path = bwrap_paths; *path != NULL && plan->executable == NULL;
         path++) {
        plan->executable = access(*path, X_OK) == 0 ? *path : NULL;
    }
    sandbox__list options = {0};
    bool ok = pass(plan, json_fd) && plan->executable != NULL && build(plan, json_fd, &options);
    int fd = ok ? options_file(&options) : -1;
    ok = ok && pass(plan, fd);
    sandbox__list_finish(&options);
    if (!ok) {
        return false;
    }
    sandbox__list_add(&plan->argv, "bwrap");
    sandbox__list_add(&plan->argv, "--args");
    sandbox__list_add(&plan->argv, "%d", fd);
    sandbox__list_add(&plan->argv, "--");
    for (const char *const *a = plan->request->argv; *a != NULL; a++) {
        sandbox__list_add(&plan->argv, "%s", *a);
    }
    return !plan->argv.failed;
}
