/* What the context asks for: program, environment, limits, level. */
#include "actors/roles/sandbox_executor/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MAX = 1000, ENV_MAX = 200 };

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

bool execution_read(execution *x)
{
    static const char *const known[] = {"argv", "files",    "stdin",  "env",
                                        "net",  "minLevel", "limits", NULL};
    bool valid = known_fields_only(x->job, x->job->context, "", known);
    valid = read_argv(x) && valid; // All that is wrong is said.
    valid = read_env(x) && valid;
    valid = read_choices(x) && valid;
    return read_limits(x) && valid;
}

void execution_finish(execution *x)
{
    for (size_t i = 0; i < x->env_count; i++) {
        free(x->env[i]);
    }
    free(x->env);
    free(x->argv);
}
