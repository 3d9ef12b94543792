/* Tries to break out of the sandbox of this machine, and answers what held. */
#include "actors/roles/role.h"
#include "actors/sandbox/sandbox.h"

#include <string.h>

enum { PROBES_MAX = 64 };

static const char input_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"level\":{"
    "\"enum\":[\"limits\",\"landlock\",\"namespaces\"],"
    "\"description\":\"the strongest that works here, when not given\"}}}";
static const char output_schema[] =
    "{\"type\":\"object\",\"properties\":{\"level\":{\"type\":\"string\"},"
    "\"probes\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\"},\"contained\":{\"type\":\"boolean\"},"
    "\"applicable\":{\"type\":\"boolean\"},\"detail\":{\"type\":\"string\"}}}}}}";

static bool read_level(role_job *job, sandbox_level *out)
{
    json_t *level = json_object_get(job->context, "level");
    size_t known = level != NULL;
    if (json_object_size(job->context) > known) {
        role_error(job, "context: only \"level\" is known here");
        return false;
    }
    *out = sandbox_level_best();
    if (level != NULL
        && (!json_is_string(level) || !sandbox_level_parse(json_string_value(level), out)
            || *out == SANDBOX_NONE)) {
        role_error(job, "level: must be \"limits\", \"landlock\" or \"namespaces\"");
        return false;
    }
    if (*out > sandbox_level_best() || *out == SANDBOX_NONE) {
        role_error(job, "level: %s does not work here, %s does", sandbox_level_name(*out),
                   sandbox_level_name(sandbox_level_best()));
        return false;
    }
    return true;
}

static role_status execute(role_job *job)
{
    sandbox_level level;
    sandbox_probe probes[PROBES_MAX];
    job->retryable = false;
    if (!read_level(job, &level)) {
        return ROLE_FAILED;
    }
    size_t count = sandbox_self_test(level, probes, PROBES_MAX), applicable = 0, contained = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const sandbox_probe *p = &probes[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:s}", "name", p->name,
                                                    "contained", p->contained, "applicable",
                                                    p->applicable, "detail", p->detail));
        applicable += p->applicable;
        contained += p->applicable && p->contained;
        if (!p->applicable) {
            role_skip(job, "%s: level %s does not promise it", p->name,
                      sandbox_level_name(level));
        } else if (!p->contained) {
            role_error(job, "%s: not contained: %s", p->name, p->detail);
        }
    }
    job->output = json_pack("{s:s, s:o}", "level", sandbox_level_name(level), "probes", list);
    job->quality = applicable == 0 ? 0 : (double)contained / (double)applicable;
    job->confidence = 1;
    if (applicable == 0) {
        role_error(job, "no probe could be run");
        return ROLE_FAILED;
    }
    return contained == applicable ? ROLE_SUCCESS : ROLE_PARTIAL;
}

extern const role role_sandbox_doctor;
const role role_sandbox_doctor = {
    .name = "sandbox-doctor",
    .title = "Tries to break out of this machine's sandbox in many ways and tells what held.",
    .input_schema = input_schema,
    .output_schema = output_schema,
    .default_timeout_ms = 120 * 1000,
    .blocking = true,
    .llm = "none",
    .tools = (const char *const[]){"bwrap", NULL},
    .execute = execute,
};
