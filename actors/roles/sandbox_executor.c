/* Runs one program for somebody, in the sandbox, and answers what it did. */
#include "actors/roles/role.h"
#include "actors/roles/utf8.h"
#include "actors/sandbox/sandbox.h"
#include "actors/sandbox/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    ARGS_MAX = 1000,
    ENV_MAX = 200,
    FILES_MAX = 1000,
    FILE_PATH_MAX = 1024,
    FILE_DEPTH_MAX = 32,
    CHANGED_MAX = 1000,
    SEEN_MAX = 100000,
};

#define SCRATCH_FOLDER ".cogo-tmp" /* For TMPDIR; gone after the run. */

static const char input_schema[] =
    "{\"type\":\"object\",\"required\":[\"argv\"],\"additionalProperties\":false,\"properties\":{"
    "\"argv\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":1000},"
    "\"files\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"
    "\"description\":\"relative path: text; one that begins with #! becomes executable\"},"
    "\"stdin\":{\"type\":\"string\"},"
    "\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
    "\"net\":{\"enum\":[\"none\",\"loopback\"],\"default\":\"none\"},"
    "\"minLevel\":{\"enum\":[\"none\",\"limits\",\"landlock\",\"namespaces\"],"
    "\"default\":\"landlock\"},"
    "\"limits\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"cpuMs\":{\"type\":\"integer\",\"minimum\":1},\"wallMs\":{\"type\":\"integer\",\"minimum\":1},"
    "\"memBytes\":{\"type\":\"integer\",\"minimum\":16777216,\"description\":"
    "\"resident memory of each process; looked at every 10 to 100 ms; what a process may ask for "
    "is bounded by twice that and 64 MiB, so programs with AddressSanitizer need it unset\"},"
    "\"pids\":{\"type\":\"integer\",\"minimum\":1},"
    "\"fsBytes\":{\"type\":\"integer\",\"minimum\":1},"
    "\"outBytes\":{\"type\":\"integer\",\"minimum\":1}}}}}";
static const char output_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"exit\":{\"type\":[\"integer\",\"null\"]},\"signal\":{\"type\":[\"integer\",\"null\"]},"
    "\"stdout\":{\"type\":\"string\"},\"stderr\":{\"type\":\"string\"},"
    "\"usage\":{\"type\":\"object\",\"properties\":{\"wallMs\":{\"type\":\"integer\"},"
    "\"cpuMs\":{\"type\":\"integer\"},\"maxRssBytes\":{\"type\":\"integer\"}}},"
    "\"changed\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"path\":{\"type\":\"string\"},\"size\":{\"type\":\"integer\"},"
    "\"kind\":{\"enum\":[\"created\",\"changed\",\"removed\"]},"
    "\"type\":{\"enum\":[\"file\",\"folder\",\"link\",\"other\"]}}}},"
    "\"level\":{\"enum\":[\"none\",\"limits\",\"landlock\",\"namespaces\"]},"
    "\"limitHit\":{\"enum\":[\"cpu\",\"wall\",\"mem\",\"pids\",\"fs\",\"out\",null]}}}";

/* What is beyond these is refused, so that one task can't take the whole machine. */
static const struct {
    const char *name;
    size_t at;
    json_int_t least, most;
} limit_fields[] = {
    {"cpuMs", offsetof(sandbox_limits, cpu_ms), 1, 3600 * 1000},
    {"wallMs", offsetof(sandbox_limits, wall_ms), 1, 3600 * 1000},
    {"memBytes", offsetof(sandbox_limits, mem_bytes), SANDBOX_MEM_BYTES_MIN, 64LL << 30},
    {"pids", offsetof(sandbox_limits, pids), 1, 4096},
    {"fsBytes", offsetof(sandbox_limits, fs_bytes), 1, 64LL << 30},
    {"outBytes", offsetof(sandbox_limits, out_bytes), 1, 16 << 20},
};

typedef struct execution {
    role_job *job;
    sandbox_request request;
    const char **argv;
    char **env;
    size_t env_count;
    char workdir[4096];
    int workdir_fd;
    json_t *
        before; /* path -> "type size mtime inode" before the run; what is seen again leaves. */
    json_t *changed;
    size_t seen, changed_left_out;
    bool noting_before;
} execution;

static bool known_fields_only(role_job *job, const json_t *object, const char *prefix,
                              const char *const *known)
{
    const char *key;
    json_t *value;
    bool ok = true;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool found = false;
        for (const char *const *k = known; *k != NULL; k++) {
            found = found || strcmp(*k, key) == 0;
        }
        if (!found) {
            role_error(job, "%s%s: unknown field", prefix, key);
            ok = false;
        }
    }
    return ok;
}

static bool read_argv(execution *x)
{
    const json_t *argv = json_object_get(x->job->context, "argv");
    size_t count = json_array_size(argv);
    if (!json_is_array(argv) || count == 0 || count > ARGS_MAX) {
        role_error(x->job, "argv: must be a list of 1 to %d texts", ARGS_MAX);
        return false;
    }
    x->argv = calloc(count + 1, sizeof *x->argv);
    for (size_t i = 0; x->argv != NULL && i < count; i++) {
        const json_t *item = json_array_get(argv, i);
        x->argv[i] = json_string_value(item);
        if (x->argv[i] == NULL || strlen(x->argv[i]) != json_string_length(item)) {
            role_error(x->job, "argv[%zu]: must be a text without NUL", i);
            return false;
        }
    }
    x->request.argv = x->argv;
    return x->argv != NULL;
}

static bool is_variable(const char *name)
{
    bool ok = name[0] != '\0' && (name[0] < '0' || name[0] > '9');
    for (const char *c = name; ok && *c != '\0'; c++) {
        ok = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')
             || *c == '_';
    }
    return ok;
}

static bool read_env(execution *x)
{
    json_t *env = json_object_get(x->job->context, "env"), *value;
    const char *name;
    if (env == NULL) {
        return true;
    }
    if (!json_is_object(env) || json_object_size(env) > ENV_MAX) {
        role_error(x->job, "env: must be an object of at most %d texts", ENV_MAX);
        return false;
    }
    x->env = calloc(json_object_size(env) + 1, sizeof *x->env);
    if (x->env == NULL) {
        return false;
    }
    json_object_foreach(env, name, value)
    {
        if (!is_variable(name) || !json_is_string(value)) {
            role_error(x->job, "env.%s: must be a text under a name of letters, digits and _",
                       name);
            return false;
        }
        if (asprintf(&x->env[x->env_count], "%s=%s", name, json_string_value(value)) < 0) {
            x->env[x->env_count] = NULL;
            return false;
        }
        x->env_count++;
    }
    x->request.env = (const char *const *)x->env;
    return true;
}

static bool read_limits(execution *x)
{
    static const char *const known[] = {"cpuMs",   "wallMs",   "memBytes", "pids",
                                        "fsBytes", "outBytes", NULL};
    const json_t *limits = json_object_get(x->job->context, "limits");
    bool ok = limits == NULL || json_is_object(limits);
    if (!ok) {
        role_error(x->job, "limits: must be an object");
        return false;
    }
    ok = limits == NULL || known_fields_only(x->job, limits, "limits.", known);
    for (size_t i = 0; i < sizeof limit_fields / sizeof limit_fields[0]; i++) {
        const json_t *value = json_object_get(limits, limit_fields[i].name);
        json_int_t number = json_integer_value(value);
        if (value == NULL) {
            continue;
        }
        json_int_t least = limit_fields[i].least, most = limit_fields[i].most;
        if (!json_is_integer(value) || number < least || number > most) {
            role_error(x->job, "limits.%s: must be an integer from %lld to %lld",
                       limit_fields[i].name, (long long)least, (long long)most);
            ok = false;
            continue;
        }
        uint64_t wide = (uint64_t)number;
        memcpy((char *)&x->request.limits + limit_fields[i].at, &wide, sizeof wide);
    }
    x->request.mem_ceiling = json_object_get(limits, "memBytes") != NULL;
    return ok;
}

static bool read_choices(execution *x)
{
    const json_t *net = json_object_get(x->job->context, "net");
    const json_t *level = json_object_get(x->job->context, "minLevel");
    const json_t *input = json_object_get(x->job->context, "stdin");
    const char *net_name = net == NULL ? "none" : json_string_value(net);
    const char *level_name = level == NULL ? "landlock" : json_string_value(level);
    bool ok = true;
    if (net_name == NULL
        || (strcmp(net_name, "none") != 0 && strcmp(net_name, "loopback") != 0)) {
        role_error(x->job, "net: must be \"none\" or \"loopback\"");
        ok = false;
    }
    if (level_name == NULL || !sandbox_level_parse(level_name, &x->request.min_level)) {
        role_error(x->job,
                   "minLevel: must be \"none\", \"limits\", \"landlock\" or \"namespaces\"");
        ok = false;
    }
    if (input != NULL && !json_is_string(input)) {
        role_error(x->job, "stdin: must be a text");
        ok = false;
    }
    x->request.net_loopback = ok && strcmp(net_name, "loopback") == 0;
    x->request.stdin_text = json_string_value(input);
    return ok;
}

/* No "..", nothing absolute, nothing empty: so it names something below the workdir. */
static bool is_safe_path(const char *path)
{
    size_t size = strlen(path);
    int depth = 0;
    if (size == 0 || size > FILE_PATH_MAX || path[size - 1] == '/') {
        return false;
    }
    for (const char *at = path; *at != '\0'; depth++) {
        size_t part = strcspn(at, "/");
        if (part == 0 || part > 255 || (part == 1 && at[0] == '.')
            || (part == 2 && at[0] == '.' && at[1] == '.')) {
            return false;
        }
        at += part + (at[part] == '/');
    }
    return depth <= FILE_DEPTH_MAX;
}

static bool make_folders(int folder, const char *path)
{
    char prefix[FILE_PATH_MAX + 1];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(prefix, sizeof prefix, "%.*s", (int)(slash - path), path);
        if (mkdirat(folder, prefix, 0755) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

static bool write_file(int folder, const char *path, const char *bytes, size_t size)
{
    bool script = size >= 2 && bytes[0] == '#' && bytes[1] == '!';
    int fd = make_folders(folder, path)
                 ? openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          script ? 0755 : 0644)
                 : -1;
    bool ok = fd >= 0;
    for (size_t done = 0; ok && done < size;) {
        ssize_t n = write(fd, bytes + done, size - done);
        ok = n > 0;
        done += ok ? (size_t)n : 0;
    }
    if (fd >= 0) {
        ok = close(fd) == 0 && ok;
    }
    return ok;
}

/* All names are checked before the first is written. */
static bool write_files(execution *x)
{
    json_t *files = json_object_get(x->job->context, "files"), *text;
    const char *path;
    if (files != NULL && (!json_is_object(files) || json_object_size(files) > FILES_MAX)) {
        role_error(x->job, "files: must be an object of at most %d texts", FILES_MAX);
        return false;
    }
    json_object_foreach(files, path, text)
    {
        if (!is_safe_path(path)) {
            role_error(x->job, "files: \"%.100s\" is no relative path inside the folder", path);
            return false;
        }
        if (!json_is_string(text)) {
            role_error(x->job, "files.%.100s: must be a text", path);
            return false;
        }
    }
    json_object_foreach(files, path, text)
    {
        if (!write_file(x->workdir_fd, path, json_string_value(text),
                        json_string_length(text))) {
            role_error(x->job, "files.%.100s: can't be written: %s", path, strerror(errno));
            return false;
        }
    }
    return true;
}

static const char *type_name(char letter)
{
    return letter == 'f' ? "file" : letter == 'd' ? "folder" : letter == 'l' ? "link" : "other";
}

static char type_letter(mode_t mode)
{
    return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'o';
}

static void note_change(execution *x, const char *path, json_int_t size, const char *kind,
                        char type)
{
    if (json_array_size(x->changed) >= CHANGED_MAX) {
        x->changed_left_out++;
        return;
    }
    (void)json_array_append_new(
        x->changed, json_pack("{s:o, s:I, s:s, s:s}", "path", utf8_json(path, strlen(path)),
                              "size", size, "kind", kind, "type", type_name(type)));
}

/* A path that is now of another type was created; what was there is gone with it. */
static void compare(execution *x, const sandbox__walk_entry *e, const char *now)
{
    const char *before = json_string_value(json_object_get(x->before, e->path));
    bool created = before == NULL || before[0] != now[0];
    if (created || strcmp(before, now) != 0) {
        json_int_t size = S_ISREG(e->st.st_mode) ? (json_int_t)e->st.st_size : 0;
        note_change(x, e->path, size, created ? "created" : "changed", now[0]);
    }
    (void)json_object_del(x->before, e->path);
}

static sandbox__walk_answer look(void *ctx, const sandbox__walk_entry *e)
{
    execution *x = ctx;
    char now[128];
    if (e->kind == WALK_UNREADABLE) {
        (void)json_object_del(x->before, e->path); /* It is there, whatever it holds. */
        return WALK_GO_ON;
    }
    if (strcmp(e->path, SCRATCH_FOLDER) == 0) { /* The sandbox's own. */
        return WALK_PASS_OVER;
    }
    char type = type_letter(e->st.st_mode);
    if (type == 'f' || type == 'l') {
        (void)snprintf(now, sizeof now, "%c %lld %lld.%09ld %llu", type,
                       (long long)e->st.st_size, (long long)e->st.st_mtim.tv_sec,
                       e->st.st_mtim.tv_nsec, (unsigned long long)e->st.st_ino);
    } else { /* A folder's own times say no more than what is in it. */
        (void)snprintf(now, sizeof now, "%c", type);
    }
    if (x->noting_before) {
        (void)json_object_set_new_nocheck(x->before, e->path, json_string(now));
    } else {
        compare(x, e, now);
    }
    return ++x->seen < SEEN_MAX ? WALK_GO_ON : WALK_STOP;
}

/* What was there before and was not seen again. */
static void note_removed(execution *x)
{
    const char *path;
    json_t *was;
    json_object_foreach(x->before, path, was)
    {
        note_change(x, path, 0, "removed", json_string_value(was)[0]);
    }
}

static void look_at_files(execution *x, bool before)
{
    x->noting_before = before;
    x->seen = 0;
    bool whole = sandbox__walk(x->workdir_fd, look, x);
    if (!before && whole) {
        note_removed(x);
    }
    if (x->changed_left_out > 0 || x->seen >= SEEN_MAX) {
        role_skip(x->job, "changed: only the first %d of the files are listed", CHANGED_MAX);
    }
}

static json_t *number_or_null(bool present, int number)
{
    return present ? json_integer(number) : json_null();
}

static json_t *make_output(const execution *x, const sandbox_result *r)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I}, s:O, s:s, s:s?}", "exit",
                     number_or_null(r->end == SANDBOX_EXITED, r->exit_code), "signal",
                     number_or_null(r->signal != 0, r->signal), "stdout",
                     utf8_json(r->out, r->out_size), "stderr", utf8_json(r->err, r->err_size),
                     "usage", "wallMs", (json_int_t)r->wall_ms, "cpuMs", (json_int_t)r->cpu_ms,
                     "maxRssBytes", (json_int_t)r->max_rss_bytes, "changed", x->changed,
                     "level", sandbox_level_name(r->level), "limitHit", r->limit_hit);
}

static bool past_deadline(const role_job *job)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec >= job->deadline_ns;
}

static role_status judge(execution *x, const sandbox_result *r)
{
    role_job *job = x->job;
    if (r->error[0] != '\0') {
        role_error(job, "%s", r->error);
        if (r->end == SANDBOX_REFUSED) {
            role_skip(job, "run: the program was not started, so nothing is known about it");
        }
    }
    if (r->out_cut || r->err_cut) {
        role_skip(job, "%s: the rest was cut; raise limits.outBytes",
                  r->out_cut ? "stdout" : "stderr");
    }
    job->confidence = 1;
    job->retryable = false;
    switch (r->end) {
    case SANDBOX_EXITED:
    case SANDBOX_SIGNALLED:
        job->quality = 1;
        return ROLE_SUCCESS;
    case SANDBOX_LIMIT:
        if (past_deadline(job)) { /* The attempt's time, not a limit that was asked for. */
            role_error(job, "timeout: the program ran beyond the time of the attempt");
            job->retryable = true;
            return ROLE_FAILED;
        }
        job->quality = 0.5;
        role_error(job, "the program was ended at its limit: %s", r->limit_hit);
        return ROLE_PARTIAL;
    case SANDBOX_CANCELLED:
        role_error(job, "cancelled");
        return ROLE_FAILED;
    case SANDBOX_REFUSED:
        break;
    }
    return ROLE_FAILED;
}

static role_status run(execution *x)
{
    sandbox_result result;
    x->request.workdir = x->workdir;
    x->request.cancel_fd = x->job->cancel_fd;
    x->request.deadline_ns = x->job->deadline_ns;
    if (x->job->progress != NULL) {
        x->job->progress(x->job, 10, "run", x->argv[0]);
    }
    look_at_files(x, true);
    cogo_err err = sandbox_run(&x->request, &result);
    if (err != COGO_OK && result.error[0] == '\0') {
        role_error(x->job, "the sandbox failed: %s", cogo_strerror(err));
    }
    if (result.end != SANDBOX_REFUSED) {
        look_at_files(x, false);
        x->job->output = make_output(x, &result);
    }
    role_status status = judge(x, &result);
    if (err == COGO_ENOMEM || err == COGO_EIO) { /* Our trouble, not the program's. */
        status = ROLE_FAILED;
        x->job->retryable = true;
    }
    sandbox_result_finish(&result);
    return status;
}

static bool open_workdir(execution *x)
{
    int length = snprintf(x->workdir, sizeof x->workdir, "%s/work", x->job->state_dir);
    cogo_err err = length > 0 && (size_t)length < sizeof x->workdir
                       ? sandbox_folder_create(x->workdir)
                       : COGO_EINVAL;
    x->workdir_fd =
        err == COGO_OK ? open(x->workdir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (x->workdir_fd < 0) {
        role_error(x->job, "no folder to work in: %s", cogo_strerror(err));
        x->job->retryable = true;
    }
    return x->workdir_fd >= 0;
}

static role_status execute(role_job *job)
{
    static const char *const known[] = {"argv", "files",    "stdin",  "env",
                                        "net",  "minLevel", "limits", NULL};
    execution x = {.job = job, .workdir_fd = -1};
    x.before = json_object();
    x.changed = json_array();
    role_status status = ROLE_FAILED;
    job->retryable = false;
    bool valid = known_fields_only(job, job->context, "", known);
    valid = read_argv(&x) && valid;
    valid = read_env(&x) && valid;
    valid = read_choices(&x) && valid;
    valid = read_limits(&x) && valid;
    if (valid && open_workdir(&x)) {
        if (write_files(&x)) {
            status = run(&x);
        }
        (void)close(x.workdir_fd);
        sandbox_folder_remove(x.workdir);
    }
    for (size_t i = 0; i < x.env_count; i++) {
        free(x.env[i]);
    }
    free(x.env);
    free(x.argv);
    json_decref(x.before);
    json_decref(x.changed);
    return status;
}

extern const role role_sandbox_executor;
const role role_sandbox_executor = {
    .name = "sandbox-executor",
    .title =
        "Runs one program with given files and input in the sandbox and reports what it did.",
    .input_schema = input_schema,
    .output_schema = output_schema,
    .default_timeout_ms = 150 * 1000,
    .blocking = true,
    .llm = "none",
    .tools = (const char *const[]){"bwrap", NULL},
    .execute = execute,
};
