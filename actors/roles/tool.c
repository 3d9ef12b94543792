#include "actors/roles/tool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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
    tool_record(box, spec, result);
    return result->end;
}

void tool_result_finish(tool_result *result)
{
    sandbox_result_finish(&result->run);
    *result = (tool_result){.end = TOOL_MISSING, .version = ""};
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
