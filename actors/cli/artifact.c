/* cogo artifact: large contexts and outputs, and what workers stored beside their tasks. */
#include "actors/cli/artifact.h"

#include "actors/cli/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_MS = 60000, PATH_SIZE = 700 };

/* /v1/tasks/TASK/artifacts[/NAME] */
static void make_path(char out[PATH_SIZE], const char *task, const char *name)
{
    char *id = client_escape(task), *escaped = name == NULL ? NULL : client_escape(name);
    snprintf(out, PATH_SIZE, "/v1/tasks/%.200s/artifacts%s%.400s", id == NULL ? "" : id,
             escaped == NULL ? "" : "/", escaped == NULL ? "" : escaped);
    free(id);
    free(escaped);
}

cli_exit artifact_fill(const client *c, json_t *task)
{
    json_t *result = json_object_get(task, "result");
    const char *id = json_string_value(json_object_get(task, "taskId"));
    const char *name =
        json_string_value(json_object_get(json_object_get(result, "outputArtifact"), "name"));
    char path[PATH_SIZE];
    json_t *output;
    if (id == NULL || name == NULL || json_object_get(result, "output") != NULL) {
        return CLI_OK;
    }
    make_path(path, id, name);
    cli_exit code = client_call(c, "GET", path, NULL, NULL, CALL_MS, &output);
    if (code == CLI_OK) {
        json_object_set_new(result, "output", output);
    }
    return code;
}

static cli_exit list(const args *a)
{
    static const output_column columns[] = {
        {"NAME", "name"},   {"SIZE", "size"},      {"TYPE", "mediaType"},
        {"LEASE", "lease"}, {"SHA-256", "sha256"}, {NULL, NULL},
    };
    char path[PATH_SIZE];
    make_path(path, a->positionals[0], NULL);
    return list_show(a, path, NULL, "artifacts", columns);
}

static cli_exit get(const args *a)
{
    client c;
    char path[PATH_SIZE], *bytes;
    size_t size;
    const char *name = args_value(a, "output");
    if (!client_from_args(a, &c)) {
        return CLI_USAGE;
    }
    make_path(path, a->positionals[0], a->positionals[1]);
    cli_exit code = client_bytes(&c, path, CALL_MS, &bytes, &size);
    if (code != CLI_OK) {
        return code;
    }
    FILE *file = name == NULL ? stdout : fopen(name, "we");
    bool good = file != NULL && fwrite(bytes, 1, size, file) == size;
    int failed = errno;
    if (file != NULL && (file == stdout ? fflush(file) : fclose(file)) != 0) {
        good = false;
        failed = errno;
    }
    free(bytes);
    return good ? CLI_OK
                : cli_fail(CLI_FAILED, "%s: %s", name == NULL ? "stdout" : name,
                           strerror(failed));
}

static const args_option get_options[] = {
    {.name = "output", .value = "FILE", .doc = "write there, not to stdout"},
    {.name = NULL},
};

const cli_command artifact_commands[] = {
    {"artifact", "list", "TASK", "what is kept beside a task: large values, stored files", NULL,
     1, 1, list},
    {"artifact", "get", "TASK NAME", "the bytes of one; context and output as JSON",
     get_options, 2, 2, get},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
