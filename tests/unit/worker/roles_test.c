/* The roles of the bench, in place of the program's table: each misbehaves in one way. */
#include "actors/roles/role.h"
#include "tests/unit/worker/bench.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

atomic_bool bench_release;
char bench_folder_seen[1024];

/* Works until it is told to stop, as a good role does. */
static role_status waiter_execute(role_job *job)
{
    job->progress(job, 50, "waiting", "for the end");
    struct pollfd end = {.fd = job->cancel_fd, .events = POLLIN};
    (void)poll(&end, 1, BENCH_WAIT_MS);
    role_error(job, "%s", role_cancelled(job) ? "stopped" : "nobody stopped me");
    return ROLE_FAILED;
}

/* Does not care about being told. */
static role_status stubborn_execute(role_job *job)
{
    (void)job;
    while (!atomic_load_explicit(&bench_release, memory_order_relaxed)) {
        (void)poll(NULL, 0, 5);
    }
    return ROLE_SUCCESS;
}

static role_status broken_execute(role_job *job)
{
    (void)job;
    int nonsense = 99;
    role_status status;
    memcpy(&status, &nonsense, sizeof status);
    return status;
}

static role_status crasher_execute(role_job *job)
{
    (void)job;
    abort();
}

static role_status folder_execute(role_job *job)
{
    struct stat facts;
    char file[1100];
    (void)snprintf(bench_folder_seen, sizeof bench_folder_seen, "%s", job->state_dir);
    (void)snprintf(file, sizeof file, "%s/file", job->state_dir);
    int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    bool good = fd >= 0 && stat(job->state_dir, &facts) == 0
                && (facts.st_mode & 0777) == (geteuid() == 0 ? 0711 : 0700);
    (void)close(fd);
    role_skip(job, "nothing of importance");
    job->quality = 7; // Out of range: the worker has to cut it.
    job->confidence = 0.5;
    return good ? ROLE_PARTIAL : ROLE_FAILED;
}

#define BLOCKING(title_)                                                              \
    .title = (title_), .input_schema = "{}", .output_schema = "{}", .blocking = true, \
    .default_timeout_ms = 5000, .llm = "none"

extern const role role_echo;
static const char *const tools[] = {"sh", "no-such-program-here", NULL};
static const role waiter = {
    .name = "waiter", BLOCKING("Waits."), .tools = tools, .execute = waiter_execute};
static const role stubborn = {
    .name = "stubborn", BLOCKING("Waits."), .execute = stubborn_execute};
static const role broken = {.name = "broken", BLOCKING("Breaks."), .execute = broken_execute};
static const role crasher = {.name = "crasher", BLOCKING("Ends."), .execute = crasher_execute};
static const role folder = {.name = "folder", BLOCKING("Looks."), .execute = folder_execute};

const role *const role_table[] = {&role_echo, &waiter, &stubborn, &broken,
                                  &crasher,   &folder, NULL};

static const char *const research[] = {"waiter",  "stubborn", "broken",
                                       "crasher", "folder",   NULL};
static const char *const none[] = {NULL};
const worker_type worker_type_table[] = {
    {"research", research}, {"sandbox", none}, {NULL, NULL}};

const role *role_find(const char *name)
{
    for (size_t i = 0; role_table[i] != NULL; i++) {
        if (strcmp(role_table[i]->name, name) == 0) {
            return role_table[i];
        }
    }
    return NULL;
}

const worker_type *worker_type_find(const char *name)
{
    for (size_t i = 0; name != NULL && worker_type_table[i].name != NULL; i++) {
        if (strcmp(worker_type_table[i].name, name) == 0) {
            return &worker_type_table[i];
        }
    }
    return NULL;
}

__attribute__((format(printf, 2, 0))) static void add(json_t *array, const char *format,
                                                      va_list args)
{
    char text[200];
    (void)vsnprintf(text, sizeof text, format, args);
    (void)json_array_append_new(array, json_string(text));
}

void role_error(role_job *job, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(job->errors, format, args);
    va_end(args);
}

void role_skip(role_job *job, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(job->skipped, format, args);
    va_end(args);
}

bool role_cancelled(const role_job *job)
{
    struct pollfd end = {.fd = job->cancel_fd, .events = POLLIN};
    return poll(&end, 1, 0) > 0;
}
