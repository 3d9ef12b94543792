#include "actors/worker/job.h"

#include "actors/worker/scratch.h"
#include "codec/json/json.h"

static const char *const *error_list(cogo_arena *arena, const char *error)
{
    const char **list = cogo_arena_alloc(arena, sizeof *list);
    if (list != NULL) {
        *list = cogo_arena_strdup(arena, error);
    }
    return list != NULL && *list != NULL ? list : NULL;
}

void job_fail(const instruction_offer *offer, const char *error, bool retryable,
              cogo_arena *arena, job_outcome *out)
{
    const char *const *errors = error_list(arena, error);
    *out = (job_outcome){
        .result = {.instruction_id = offer->instruction->instruction_id,
                   .task_id = offer->instruction->task_id,
                   .status = RESULT_FAILED},
        .metadata = {.errors = {errors, errors == NULL ? 0 : 1}},
        .retryable = retryable,
    };
}

static cogo_err take_strings(const json_t *array, cogo_arena *arena, cogo_strings *out)
{
    size_t count = json_array_size(array);
    const char **items = cogo_arena_alloc(arena, (count + 1) * sizeof *items);
    if (items == NULL) {
        return COGO_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        items[i] = cogo_arena_strdup(arena, text == NULL ? "" : text);
        if (items[i] == NULL) {
            return COGO_ENOMEM;
        }
    }
    *out = (cogo_strings){items, count};
    return COGO_OK;
}

/* Also for what is no number: a role's arithmetic must not spoil the record. */
static double unit(double value)
{
    return value > 0 ? (value < 1 ? value : 1) : 0;
}

static cogo_err take_outcome(const role_job *job, role_status status, cogo_arena *arena,
                             job_outcome *out)
{
    switch (status) {
    case ROLE_SUCCESS:
        out->result.status = RESULT_SUCCESS;
        break;
    case ROLE_PARTIAL:
        out->result.status = RESULT_PARTIAL;
        break;
    case ROLE_FAILED:
        out->result.status = RESULT_FAILED;
        break;
    default:
        return COGO_EFAULT;
    }
    out->retryable = status == ROLE_FAILED && job->retryable;
    out->delay_ms = job->delay_ms;
    out->metadata.quality = unit(job->quality);
    out->metadata.confidence = unit(job->confidence);
    cogo_err err = take_strings(job->errors, arena, &out->metadata.errors);
    if (err == COGO_OK) {
        err = take_strings(job->skipped, arena, &out->metadata.skipped);
    }
    if (err == COGO_OK && job->output != NULL) {
        err = json_to_value(job->output, arena, &out->result.output);
    }
    return err;
}

/* An array of {taskId, ref, role, status, output}; NULL: no memory. */
static json_t *previous_results(const cogo_records *records)
{
    json_t *array = json_array();
    const dependency_result *items = records->items;
    for (size_t i = 0; array != NULL && i < records->count; i++) {
        json_t *one = json_from_record(&dependency_result_record, &items[i]);
        if (one == NULL || json_array_append_new(array, one) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *context_of(const role_context *context)
{
    if (context == NULL || context->input.size_bytes == 0) {
        return json_object();
    }
    return json_from_value(context->input);
}

static bool make_folder(const job_order *order, scratch *folder, role_job *job)
{
    if (order->state_dir == NULL) {
        return true;
    }
    const char *why =
        scratch_make(folder, order->state_dir, order->offer->lease, order->deadline_ns);
    if (why != NULL) {
        role_error(job, "cannot make the scratch folder %s: %s", folder->path, why);
        job->retryable = true;
        return false;
    }
    job->state_dir = folder->path;
    return true;
}

static role_status execute(const job_order *order, role_job *job)
{
    if (!json_is_object(job->context)) {
        role_error(job, "context: must be an object");
        return ROLE_FAILED;
    }
    scratch folder = {.fd = -1};
    if (!make_folder(order, &folder, job)) {
        return ROLE_FAILED;
    }
    role_status status = order->role->execute(job);
    if (folder.fd >= 0) {
        scratch_remove(&folder);
    }
    return status;
}

cogo_err job_run(const job_order *order, cogo_arena *arena, job_outcome *out)
{
    static const cogo_records none;
    const role_context *context = order->offer->context;
    job_fail(order->offer, "", false, arena, out);
    role_job job = {
        .task_id = order->offer->instruction->task_id,
        .role = order->role->name,
        .context = context_of(context),
        .previous = previous_results(context == NULL ? &none : &context->previous_results),
        .attempt = context == NULL ? 1 : context->attempt,
        .deadline_ns = order->deadline_ns,
        .cancel_fd = order->cancel_fd,
        .progress = order->progress,
        .spend = context != NULL && context->budget != NULL ? order->spend : NULL,
        .owner = order->owner,
        .errors = json_array(),
        .skipped = json_array(),
    };
    cogo_arena_init(&job.arena, JOB_ARENA_MAX);
    cogo_err err = COGO_ENOMEM;
    if (job.previous != NULL && job.errors != NULL && job.skipped != NULL) {
        err = take_outcome(&job, execute(order, &job), arena, out);
    }
    json_decref(job.output);
    json_decref(job.context);
    json_decref(job.previous);
    json_decref(job.errors);
    json_decref(job.skipped);
    cogo_arena_finish(&job.arena);
    return err;
}
