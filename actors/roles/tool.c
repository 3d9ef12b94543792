#include "actors/roles/tool.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERSIONS_MAX 64u
#define LINE_BYTES   512u

/* Versions are facts of this machine: asked once per process. */
static struct {
    char program[64];
    char version[32];
    bool missing;
} versions[VERSIONS_MAX];
static size_t version_count;
static pthread_mutex_t version_lock = PTHREAD_MUTEX_INITIALIZER;

static tool_end end_of(const sandbox_result *run);
static void record(tool_box *box, const tool_spec *spec, const tool_result *result);
static bool installed(const char *program);

bool tool_box_init(tool_box *box, role_job *job)
{
    *box = (tool_box){.job = job, .evidence = json_array()};
    if (box->evidence == NULL) {
        role_error(job, "out of memory");
        return false;
    }
    pthread_mutex_init(&box->lock, NULL);
    pthread_mutex_init(&box->budget, NULL);
    pthread_cond_init(&box->free_slot, NULL);
    return true;
}

void tool_box_finish(tool_box *box)
{
    json_decref(box->evidence);
    pthread_mutex_destroy(&box->lock);
    pthread_mutex_destroy(&box->budget);
    pthread_cond_destroy(&box->free_slot);
    *box = (tool_box){0};
}

static void slot_take(tool_box *box, uint64_t *out_number)
{
    pthread_mutex_lock(&box->lock);
    while (box->running >= TOOL_PARALLEL_MAX) {
        pthread_cond_wait(&box->free_slot, &box->lock);
    }
    box->running++;
    *out_number = box->scratch_number++;
    pthread_mutex_unlock(&box->lock);
}

static void slot_give(tool_box *box)
{
    pthread_mutex_lock(&box->lock);
    box->running--;
    pthread_cond_signal(&box->free_slot);
    pthread_mutex_unlock(&box->lock);
}

/* Runs in a slot; fills result->run. */
static tool_end run_in_slot(tool_box *box, const tool_spec *spec, uint64_t number,
                            tool_result *result)
{
    char scratch[512];
    sandbox_request request = {
        .argv = spec->argv,
        .env = spec->env,
        .workdir = spec->workdir,
        .start_in = spec->start_in,
        .readable = spec->readable,
        .stdin_text = spec->stdin_text,
        .net_loopback = spec->net_loopback,
        .min_level = spec->min_level > SANDBOX_LIMITS ? spec->min_level : SANDBOX_LIMITS,
        .limits = spec->limits,
        .merge_stderr = spec->merge_stderr,
        .cancel_fd = box->job->cancel_fd,
        .deadline_ns = box->job->deadline_ns,
    };
    request.limits.wall_ms = spec->limits.wall_ms > 0 ? spec->limits.wall_ms : TOOL_WALL_MS;
    request.limits.out_bytes =
        spec->limits.out_bytes > 0 ? spec->limits.out_bytes : TOOL_OUT_BYTES;
    if (role_cancelled(box->job)) {
        return TOOL_CANCELLED;
    }
    if (spec->workdir == NULL) {
        (void)snprintf(scratch, sizeof scratch, "%s/scratch-%llu", box->job->state_dir,
                       (unsigned long long)number);
        request.workdir = scratch;
        if (sandbox_folder_create(scratch) != COGO_OK) {
            tool_skip(box, "%s: no scratch folder can be made", spec->argv[0]);
            return TOOL_REFUSED;
        }
    }
    if (sandbox_run(&request, &result->run) != COGO_OK) {
        result->run.end = SANDBOX_REFUSED;
    }
    if (spec->workdir == NULL) {
        sandbox_folder_remove(scratch);
    }
    return end_of(&result->run);
}

static tool_end end_of(const sandbox_result *run)
{
    switch (run->end) {
    case SANDBOX_EXITED:
        return TOOL_EXITED;
    case SANDBOX_LIMIT:
        return run->limit_hit != NULL && strcmp(run->limit_hit, "wall") == 0 ? TOOL_TIMEOUT
                                                                             : TOOL_DIED;
    case SANDBOX_CANCELLED:
        return TOOL_CANCELLED;
    case SANDBOX_REFUSED:
        return TOOL_REFUSED;
    case SANDBOX_SIGNALLED:
        break;
    }
    return TOOL_DIED;
}

/* A run is a call of a tool; those of one job ask one after the other. */
static bool may_call(tool_box *box, const char *program)
{
    static const role_usage none = {0}, one = {.calls = 1};
    char why[ROLE_WHY_SIZE];
    pthread_mutex_lock(&box->budget);
    bool may = role_spend(box->job, &none, &one, why);
    pthread_mutex_unlock(&box->budget);
    if (!may) {
        tool_skip(box, "%s: not run: %s", program, why);
    }
    return may;
}

tool_end tool_run(tool_box *box, const tool_spec *spec, tool_result *result)
{
    const char *program = spec->program != NULL ? spec->program : spec->argv[0];
    *result = (tool_result){.end = TOOL_MISSING, .version = ""};
    const char *version = tool_version(program, box->job);
    if (version == NULL) {
        tool_skip(box, "%s is not installed (apt-get install %s)%s%s", program,
                  spec->package != NULL ? spec->package : program,
                  spec->purpose != NULL ? ": " : "",
                  spec->purpose != NULL ? spec->purpose : "");
    } else if (may_call(box, program)) {
        uint64_t number = 0;
        result->version = version;
        slot_take(box, &number);
        result->end = run_in_slot(box, spec, number, result);
        slot_give(box);
    } else {
        result->version = version;
        result->end = TOOL_REFUSED;
    }
    if (result->end == TOOL_REFUSED && result->run.error[0] != '\0') {
        tool_skip(box, "%s: not run: %s", program, result->run.error);
    }
    record(box, spec, result);
    return result->end;
}

void tool_result_finish(tool_result *result)
{
    sandbox_result_finish(&result->run);
    *result = (tool_result){.end = TOOL_MISSING, .version = ""};
}

static json_t *find_record(const tool_box *box, const char *name)
{
    size_t i = 0;
    json_t *entry = NULL;
    json_array_foreach(box->evidence, i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "tool")), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void add_to(json_t *entry, const char *key, uint64_t more)
{
    json_int_t old = json_integer_value(json_object_get(entry, key));
    (void)json_object_set_new(entry, key, json_integer(old + (json_int_t)more));
}

/* The entry of @p name, made when it is the first; counts the tool as applicable and as good
 * so far. Lock held. */
static json_t *entry_of(tool_box *box, const char *name)
{
    json_t *entry = find_record(box, name);
    if (entry == NULL) {
        entry = json_pack("{s:s, s:b}", "tool", name, "usable", 1);
        if (entry == NULL || json_array_append_new(box->evidence, entry) != 0) {
            return NULL;
        }
        box->applicable++;
        box->completed++;
    }
    return entry;
}

static void mark_failed(tool_box *box, json_t *entry)
{
    if (json_is_true(json_object_get(entry, "usable"))) {
        box->completed--;
        (void)json_object_set_new(entry, "usable", json_false());
    }
}

static json_t *argv_json(const char *const *argv)
{
    enum { ARGV_SHOWN = 24 };
    json_t *array = json_array();
    for (size_t i = 0; argv[i] != NULL && i < ARGV_SHOWN; i++) {
        /* A whole program in an argument is no evidence, only long. */
        bool program = strchr(argv[i], '\n') != NULL;
        (void)json_array_append_new(array, json_string(program ? "(script)" : argv[i]));
    }
    return array;
}

static void record(tool_box *box, const tool_spec *spec, const tool_result *result)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = entry_of(box, spec->name != NULL ? spec->name : spec->argv[0]);
    if (entry != NULL) {
        bool first = json_object_get(entry, "runs") == NULL;
        int exit_code = result->end == TOOL_EXITED ? result->run.exit_code : -1;
        json_int_t worst = json_integer_value(json_object_get(entry, "exit"));
        if (first) {
            (void)json_object_set_new(entry, "version", json_string(result->version));
            (void)json_object_set_new(entry, "argv", argv_json(spec->argv));
        }
        if (first || exit_code < 0 || (worst >= 0 && exit_code > worst)) {
            (void)json_object_set_new(entry, "exit", json_integer(exit_code));
        }
        add_to(entry, "runs", result->end == TOOL_MISSING ? 0 : 1);
        add_to(entry, "files", spec->file_count);
        add_to(entry, "ms", result->run.wall_ms);
        (void)json_object_set_new(entry, "level",
                                  json_string(sandbox_level_name(result->run.level)));
        if (result->end == TOOL_MISSING || result->end == TOOL_REFUSED) {
            mark_failed(box, entry);
        }
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_failed(tool_box *box, const char *name, const char *why)
{
    tool_skip(box, "%s: %s", name, why);
    tool_useless(box, name);
}

void tool_useless(tool_box *box, const char *name)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = entry_of(box, name);
    if (entry != NULL) {
        mark_failed(box, entry);
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_unchecked(tool_box *box, const char *name, size_t count)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = count > 0 ? entry_of(box, name) : NULL;
    if (entry != NULL) {
        add_to(entry, "unchecked", count);
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_own(tool_box *box, const char *name, size_t file_count, uint64_t ms)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = entry_of(box, name);
    if (entry != NULL) {
        (void)json_object_set_new(entry, "version", json_string(COGO_VERSION));
        (void)json_object_set_new(entry, "argv", json_array());
        (void)json_object_set_new(entry, "exit", json_integer(0));
        add_to(entry, "runs", 1);
        add_to(entry, "files", file_count);
        add_to(entry, "ms", ms);
        (void)json_object_set_new(entry, "level", json_string("none"));
    }
    pthread_mutex_unlock(&box->lock);
}

double tool_confidence(const tool_box *box)
{
    return box->applicable == 0 ? 1.0 : (double)box->completed / (double)box->applicable;
}

static bool said(const json_t *lines, const char *line)
{
    size_t i = 0;
    json_t *old = NULL;
    json_array_foreach(lines, i, old)
    {
        if (strcmp(json_string_value(old), line) == 0) {
            return true;
        }
    }
    return false;
}

void tool_skip(tool_box *box, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&box->lock);
    if (!said(box->job->skipped, line)) {
        role_skip(box->job, "%s", line);
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_error(tool_box *box, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&box->lock);
    if (!said(box->job->errors, line)) {
        role_error(box->job, "%s", line);
    }
    pthread_mutex_unlock(&box->lock);
}

/* The first "1.2" or "1.2.3" of a text. */
static void version_in(const char *text, char *out, size_t capacity)
{
    out[0] = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        bool starts = isdigit((unsigned char)*at)
                      && (at == text || !isalnum((unsigned char)at[-1]) || at[-1] == 'v');
        size_t size = starts ? strspn(at, "0123456789.") : 0;
        if (size >= 3 && memchr(at, '.', size) != NULL) {
            while (at[size - 1] == '.') {
                size--;
            }
            (void)snprintf(out, capacity, "%.*s", (int)size, at);
            return;
        }
        at += size > 0 ? size - 1 : 0;
    }
}

static void ask_version(const char *program, const role_job *job, char *out, size_t capacity)
{
    char folder[PATH_MAX];
    const char *argv[] = {program, "--version", NULL};
    sandbox_result run = {0};
    out[0] = '\0';
    (void)snprintf(folder, sizeof folder, "%s/version", job->state_dir);
    if (sandbox_folder_create(folder) != COGO_OK) {
        return;
    }
    sandbox_request request = {.argv = argv,
                               .workdir = folder,
                               .min_level = SANDBOX_LIMITS,
                               .merge_stderr = true,
                               .cancel_fd = -1,
                               .limits = {.wall_ms = 10000, .out_bytes = 16384}};
    if (sandbox_run(&request, &run) == COGO_OK && run.out != NULL) {
        version_in(run.out, out, capacity);
    }
    sandbox_result_finish(&run);
    sandbox_folder_remove(folder);
}

static bool installed(const char *program)
{
    static const char *const folders[] = {"/usr/bin", "/bin"};
    char path[256];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folders[i], program) < (int)sizeof path
            && access(path, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

const char *tool_version(const char *program, const role_job *job)
{
    const char *answer = "";
    pthread_mutex_lock(&version_lock);
    size_t i = 0;
    while (i < version_count && strcmp(versions[i].program, program) != 0) {
        i++;
    }
    bool new = i == version_count &&i < VERSIONS_MAX;
    if (new) {
        (void)snprintf(versions[i].program, sizeof versions[i].program, "%s", program);
        versions[i].missing = !installed(program);
        if (!versions[i].missing) {
            ask_version(program, job, versions[i].version, sizeof versions[i].version);
        }
        version_count++;
    }
    if (i < VERSIONS_MAX) {
        answer = versions[i].missing ? NULL : versions[i].version;
    }
    pthread_mutex_unlock(&version_lock);
    return answer;
}

uint64_t tool_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t tool_time_left(const role_job *job, uint64_t want_ms)
{
    uint64_t now = tool_now_ns();
    if (role_cancelled(job) || (job->deadline_ns != 0 && now >= job->deadline_ns)) {
        return 0;
    }
    uint64_t left = job->deadline_ns == 0 ? want_ms : (job->deadline_ns - now) / 1000000u;
    return left < want_ms ? left : want_ms;
}

static void *task_thread(void *arg)
{
    const tool_task *task = arg;
    task->run(task->ctx);
    return NULL;
}

void tool_parallel(const tool_task *tasks, size_t count)
{
    pthread_t threads[TOOL_TASKS_MAX];
    bool started[TOOL_TASKS_MAX] = {false};
    tool_task copies[TOOL_TASKS_MAX];
    for (size_t i = 0; i < count && i < TOOL_TASKS_MAX; i++) {
        copies[i] = tasks[i];
        started[i] = pthread_create(&threads[i], NULL, task_thread, &copies[i]) == 0;
    }
    for (size_t i = 0; i < count && i < TOOL_TASKS_MAX; i++) {
        if (started[i]) {
            pthread_join(threads[i], NULL);
        } else {
            tasks[i].run(tasks[i].ctx); /* No thread to be had: in turn. */
        }
    }
}
