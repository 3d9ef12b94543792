/* Runs one program for somebody, in the sandbox, and answers what it did. */
#include "actors/roles/sandbox_executor/execution.h"
#include "actors/roles/tool.h"
#include "actors/roles/utf8.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
        if (tool_now_ns()
            >= job->deadline_ns) { /* The attempt's time, not a limit that was asked for. */
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
    execution_look(x, true);
    cogo_err err = sandbox_run(&x->request, &result);
    if (err != COGO_OK && result.error[0] == '\0') {
        role_error(x->job, "the sandbox failed: %s", cogo_strerror(err));
    }
    if (result.end != SANDBOX_REFUSED) {
        execution_look(x, false);
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
    execution x = {.job = job, .workdir_fd = -1};
    x.before = json_object();
    x.changed = json_array();
    role_status status = ROLE_FAILED;
    job->retryable = false;
    if (execution_read(&x) && open_workdir(&x)) {
        if (execution_write_files(&x)) {
            status = run(&x);
        }
        (void)close(x.workdir_fd);
        sandbox_folder_remove(x.workdir);
    }
    execution_finish(&x);
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
