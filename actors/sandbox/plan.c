#include "actors/sandbox/plan.h"

#include "actors/sandbox/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const sandbox_limits sandbox_limits_default = {
    .cpu_ms = 60 * 1000,
    .wall_ms = 120 * 1000,
    .mem_bytes = 2ULL << 30,
    .pids = 128,
    .fs_bytes = 512ULL << 20,
    .out_bytes = 1ULL << 20,
};

static const char *const env_default[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
static const char *const workdir_forbidden[] = {"/usr", "/etc",  "/bin", "/sbin", "/lib",
                                                "/dev", "/proc", "/sys", "/boot", NULL};

void sandbox__list_add(sandbox__list *list, const char *format, ...)
{
    if (list->count + 2 > list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        char **at = realloc(list->at, capacity * sizeof *at);
        if (at == NULL) {
            list->failed = true;
            return;
        }
        list->at = at;
        list->capacity = capacity;
    }
    va_list args;
    va_start(args, format);
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        list->failed = true;
        text = NULL;
    }
    va_end(args);
    list->at[list->count] = text;
    list->count += text != NULL;
    list->at[list->count] = NULL;
}

void sandbox__list_finish(sandbox__list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i]);
    }
    free(list->at);
    *list = (sandbox__list){0};
}

int sandbox__memory_file(const void *bytes, size_t size)
{
    int fd = memfd_create("sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -1;
    }
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n <= 0 && errno != EINTR) {
            (void)close(fd);
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (lseek(fd, 0, SEEK_SET) != 0
        || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
               != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Of RLIMIT_DATA, beyond twice mem_bytes: what libraries and stacks of threads ask for. */
#define CEILING_EXTRA_BYTES (64ull << 20)

#define OR_DEFAULT(field) (from->field != 0 ? from->field : sandbox_limits_default.field)

static sandbox_limits limits_of(const sandbox_limits *from)
{
    return (sandbox_limits){OR_DEFAULT(cpu_ms), OR_DEFAULT(wall_ms),  OR_DEFAULT(mem_bytes),
                            OR_DEFAULT(pids),   OR_DEFAULT(fs_bytes), OR_DEFAULT(out_bytes)};
}

static bool below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

static bool resolve_workdir(sandbox__plan *plan, char *why, size_t why_size)
{
    const char *asked = plan->request->workdir;
    struct stat st;
    if (asked == NULL || asked[0] != '/' || realpath(asked, plan->workdir) == NULL) {
        (void)snprintf(why, why_size, "workdir: %.120s is no folder with an absolute path",
                       asked == NULL ? "(missing)" : asked);
        return false;
    }
    bool forbidden = strcmp(plan->workdir, "/") == 0;
    for (const char *const *f = workdir_forbidden; *f != NULL; f++) {
        forbidden = forbidden || below(plan->workdir, *f);
    }
    if (forbidden) {
        (void)snprintf(why, why_size, "workdir: %.120s belongs to the system", plan->workdir);
        return false;
    }
    plan->workdir_fd = open(plan->workdir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (plan->workdir_fd < 0 || fstat(plan->workdir_fd, &st) != 0) {
        (void)snprintf(why, why_size, "workdir: %.120s: %s", plan->workdir, strerror(errno));
        return false;
    }
    if (sandbox__slots_exist() && !sandbox__slot_owns(st.st_uid)) {
        (void)snprintf(why, why_size, "workdir: %.120s was not made by sandbox_folder_create",
                       plan->workdir);
        return false;
    }
    if (!sandbox__slot_take(&st, &plan->slot)) {
        (void)snprintf(why, why_size, "all %d sandbox uids are taken", SLOT_COUNT);
        return false;
    }
    return true;
}

static bool resolve_start(sandbox__plan *plan, char *why, size_t why_size)
{
    const char *in = plan->request->start_in;
    char path[sizeof plan->start];
    int length = in == NULL     ? snprintf(path, sizeof path, "%s", plan->workdir)
                 : in[0] == '/' ? snprintf(path, sizeof path, "%s", in)
                                : snprintf(path, sizeof path, "%s/%s", plan->workdir, in);
    struct stat st;
    if (length < 0 || (size_t)length >= sizeof path || realpath(path, plan->start) == NULL
        || !below(plan->start, plan->workdir) || stat(plan->start, &st) != 0
        || !S_ISDIR(st.st_mode)) {
        (void)snprintf(why, why_size, "start_in: %.120s is no folder below the workdir",
                       in == NULL ? "" : in);
        return false;
    }
    return true;
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static const char *search_path(const sandbox__plan *plan)
{
    for (size_t i = 0; i < plan->env.count; i++) {
        if (strncmp(plan->env.at[i], "PATH=", 5) == 0) {
            return plan->env.at[i] + 5;
        }
    }
    return "/usr/bin:/bin";
}

static bool resolve_program(sandbox__plan *plan, char *why, size_t why_size)
{
    const char *const *argv = plan->request->argv;
    if (argv == NULL || argv[0] == NULL || argv[0][0] == '\0') {
        (void)snprintf(why, why_size, "argv: empty");
        return false;
    }
    size_t size = sizeof plan->program;
    bool found = false;
    if (strchr(argv[0], '/') != NULL) {
        int length = argv[0][0] == '/'
                         ? snprintf(plan->program, size, "%s", argv[0])
                         : snprintf(plan->program, size, "%s/%s", plan->start, argv[0]);
        found = length > 0 && (size_t)length < size && is_program(plan->program);
    } else {
        for (const char *at = search_path(plan); !found && *at != '\0';) {
            size_t part = strcspn(at, ":");
            int length = snprintf(plan->program, size, "%.*s/%s", (int)part, at, argv[0]);
            found =
                part > 0 && length > 0 && (size_t)length < size && is_program(plan->program);
            at += part + (at[part] == ':');
        }
    }
    if (!found) {
        (void)snprintf(why, why_size, "argv: program %.120s was not found", argv[0]);
    }
    return found;
}

static bool same_name(const char *a, const char *b)
{
    size_t size = strcspn(a, "=");
    return size == strcspn(b, "=") && strncmp(a, b, size) == 0;
}

static void add_unless_given(sandbox__plan *plan, const char *variable)
{
    for (const char *const *e = plan->request->env; e != NULL && *e != NULL; e++) {
        if (same_name(*e, variable)) {
            return;
        }
    }
    sandbox__list_add(&plan->env, "%s", variable);
}

static bool make_env(sandbox__plan *plan, char *why, size_t why_size)
{
    char text[4200];
    for (const char *const *e = env_default; *e != NULL; e++) {
        add_unless_given(plan, *e);
    }
    (void)snprintf(text, sizeof text, "HOME=%s", plan->workdir);
    add_unless_given(plan, text);
    (void)snprintf(text, sizeof text, "TMPDIR=%s",
                   plan->scratch[0] != '\0' ? plan->scratch : "/tmp");
    add_unless_given(plan, text);
    for (const char *const *e = plan->request->env; e != NULL && *e != NULL; e++) {
        if (strchr(*e, '=') == NULL || **e == '=' || plan->env.count >= PLAN_ENV_MAX) {
            (void)snprintf(why, why_size, "env: %.60s is not NAME=value, or over %d variables",
                           *e, (int)PLAN_ENV_MAX);
            return false;
        }
        sandbox__list_add(&plan->env, "%s", *e);
    }
    return !plan->env.failed;
}

static void add_rlimit(sandbox__plan *plan, int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) == 0) { /* Never raised. */
        hard = hard < now.rlim_max ? hard : now.rlim_max;
        soft = soft < hard ? soft : hard;
    }
    plan->rlimits[plan->rlimit_count++] = (sandbox__rlimit){resource, {soft, hard}};
}

/* No RLIMIT_AS, and RLIMIT_DATA only when asked for: both break every program built with
 * AddressSanitizer or ThreadSanitizer (measured), so resident memory is watched instead. */
static void make_rlimits(sandbox__plan *plan)
{
    const sandbox_limits *l = &plan->limits;
    uint64_t cpu_s = l->cpu_ms / 1000 + (l->cpu_ms % 1000 != 0);
    uint64_t wrappers = plan->level == SANDBOX_NAMESPACES ? PLAN_WRAPPERS : 0;
    /* The kernel counts per uid: an ordinary user's other processes count too. */
    uint64_t others = plan->slot.index < 0 ? sandbox__tree_threads_of(plan->slot.uid) : 0;
    add_rlimit(plan, RLIMIT_CPU, cpu_s, cpu_s + 1);
    add_rlimit(plan, RLIMIT_NPROC, l->pids + wrappers + others, l->pids + wrappers + others);
    add_rlimit(plan, RLIMIT_FSIZE, l->fs_bytes, l->fs_bytes);
    add_rlimit(plan, RLIMIT_NOFILE, PLAN_OPEN_FILES, PLAN_OPEN_FILES);
    add_rlimit(plan, RLIMIT_CORE, 0, 0);
    add_rlimit(plan, RLIMIT_MSGQUEUE, 0, 0);
    add_rlimit(plan, RLIMIT_RTPRIO, 0, 0);
    add_rlimit(plan, RLIMIT_MEMLOCK, 64 << 10, 64 << 10);
    if (plan->request->mem_ceiling && plan->request->limits.mem_bytes > 0) {
        uint64_t room = UINT64_MAX - CEILING_EXTRA_BYTES;
        uint64_t twice = l->mem_bytes > room / 2 ? room : l->mem_bytes * 2;
        add_rlimit(plan, RLIMIT_DATA, twice + CEILING_EXTRA_BYTES, twice + CEILING_EXTRA_BYTES);
    }
}

static bool add_folders(sandbox__plan *plan, char *why, size_t why_size)
{
    sandbox__list_add(&plan->folders, "%s", plan->workdir);
    for (const char *const *r = plan->request->readable; r != NULL && *r != NULL; r++) {
        char path[4096];
        struct stat st;
        if ((*r)[0] != '/' || realpath(*r, path) == NULL || stat(path, &st) != 0
            || !S_ISDIR(st.st_mode) || strcmp(path, "/") == 0
            || plan->folders.count > PLAN_READABLE_MAX) {
            (void)snprintf(why, why_size, "readable: %.120s is no folder, or over %d of them",
                           *r, (int)PLAN_READABLE_MAX);
            return false;
        }
        sandbox__list_add(&plan->folders, "%s", path);
    }
    return !plan->folders.failed;
}

static sandbox__net net_of(const sandbox__plan *plan)
{
    if (plan->level < SANDBOX_NAMESPACES) {
        return NET_NO_SOCKETS;
    }
    return plan->request->net_loopback ? NET_LOOPBACK : NET_UNIX;
}

/* Below namespaces /tmp is the host's, so temporary files get a folder in the workdir. */
static bool make_scratch(sandbox__plan *plan, char *why, size_t why_size)
{
    if (plan->level == SANDBOX_NAMESPACES) {
        return true;
    }
    int length = snprintf(plan->scratch, sizeof plan->scratch, "%s/.cogo-tmp", plan->workdir);
    if (length < 0 || (size_t)length >= sizeof plan->scratch
        || (mkdirat(plan->workdir_fd, ".cogo-tmp", 0700) != 0 && errno != EEXIST)) {
        (void)snprintf(why, why_size, "workdir: .cogo-tmp: %s", strerror(errno));
        return false;
    }
    return true;
}

bool sandbox__plan_init(sandbox__plan *plan, const sandbox_request *request,
                        sandbox_level level, char *why, size_t why_size)
{
    *plan = (sandbox__plan){
        .request = request, .level = level, .limits = limits_of(&request->limits)};
    plan->workdir_fd = plan->in_fd = plan->out_fd = plan->err_fd = -1;
    plan->report_fd = plan->control_fd = plan->slot.lock_fd = plan->slot.index = -1;
    plan->net = net_of(plan);
    if (plan->limits.mem_bytes < SANDBOX_MEM_BYTES_MIN) {
        (void)snprintf(why, why_size, "limits.mem_bytes: must be at least %llu",
                       SANDBOX_MEM_BYTES_MIN);
        return false;
    }
    plan->filter = sandbox__filter(plan->net);
    if (plan->filter == NULL) {
        (void)snprintf(why, why_size, "libseccomp made no filter");
        return false;
    }
    plan->stage = level == SANDBOX_NAMESPACES && sandbox__stage_works();
    plan->tree = malloc(sizeof *plan->tree);
    if (plan->tree == NULL || !resolve_workdir(plan, why, why_size)
        || !resolve_start(plan, why, why_size) || !make_scratch(plan, why, why_size)
        || !make_env(plan, why, why_size) || !resolve_program(plan, why, why_size)
        || !add_folders(plan, why, why_size)) {
        return false;
    }
    make_rlimits(plan);
    const char *text = request->stdin_text == NULL ? "" : request->stdin_text;
    plan->in_fd = sandbox__memory_file(text, strlen(text));
    return plan->in_fd >= 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void sandbox__plan_close_child_fds(sandbox__plan *plan)
{
    for (size_t i = 0; i < plan->pass_count; i++) {
        close_fd(&plan->pass[i]);
    }
    plan->pass_count = 0;
    close_fd(&plan->in_fd);
    close_fd(&plan->out_fd);
    close_fd(&plan->err_fd);
    close_fd(&plan->report_fd);
    close_fd(&plan->control_fd);
}

void sandbox__plan_finish(sandbox__plan *plan)
{
    sandbox__plan_close_child_fds(plan);
    close_fd(&plan->workdir_fd);
    sandbox__slot_give(&plan->slot);
    sandbox__list_finish(&plan->folders);
    sandbox__list_finish(&plan->env);
    sandbox__list_finish(&plan->argv);
    free(plan->tree);
    plan->tree = NULL;
}

bool sandbox__plan_direct(sandbox__plan *plan)
{
    for (const char *const *a = plan->request->argv; *a != NULL; a++) {
        sandbox__list_add(&plan->argv, "%s", *a);
    }
    plan->executable = plan->program;
    return !plan->argv.failed;
}
