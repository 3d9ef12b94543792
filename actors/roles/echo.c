/* The role for tests and benches: answers with its context, after an optional delay. */
#include "actors/roles/role.h"

enum { ECHO_DELAY_MS_MAX = 3600 * 1000 };

static const char input_schema[] =
    "{\"type\":\"object\",\"properties\":{\"delayMs\":{\"type\":\"integer\",\"minimum\":0,"
    "\"maximum\":3600000,\"description\":\"the answer comes after so long\"}},"
    "\"additionalProperties\":true}";
static const char output_schema[] =
    "{\"type\":\"object\",\"description\":\"the context, as it came\"}";

/* Does not wait itself: the worker holds the result back, so one lane can run thousands. */
static role_status echo_execute(role_job *job)
{
    const json_t *delay = json_object_get(job->context, "delayMs");
    if (delay != NULL) {
        if (!json_is_integer(delay) || json_integer_value(delay) < 0
            || json_integer_value(delay) > ECHO_DELAY_MS_MAX) {
            role_error(job, "delayMs: must be an integer from 0 to %d", ECHO_DELAY_MS_MAX);
            return ROLE_FAILED;
        }
        job->delay_ms = json_integer_value(delay);
    }
    job->output = json_incref(job->context);
    job->quality = 1;
    job->confidence = 1;
    return ROLE_SUCCESS;
}

extern const role role_echo;
const role role_echo = {
    .name = "echo",
    .title = "Answers with its context, after an optional delayMs; for tests and benches.",
    .input_schema = input_schema,
    .output_schema = output_schema,
    .default_timeout_ms = 30 * 1000,
    .blocking = false,
    .llm = "none",
    .tools = NULL,
    .execute = echo_execute,
};
