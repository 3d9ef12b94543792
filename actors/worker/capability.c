#include "actors/worker/capability.h"

#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOOLS_MAX = 64 };

static const char echo_name[] = "echo";

const role *capability_role(const worker_type *type, const char *name)
{
    if (name == NULL) {
        return NULL;
    }
    if (strcmp(name, echo_name) == 0) {
        return role_find(name);
    }
    for (size_t i = 0; type->roles[i] != NULL; i++) {
        if (strcmp(type->roles[i], name) == 0) {
            return role_find(name);
        }
    }
    return NULL;
}

static bool is_installed(const char *program)
{
    const char *path = getenv("PATH");
    if (path == NULL) {
        path = "/usr/bin:/bin";
    }
    while (*path != '\0') {
        size_t size = strcspn(path, ":");
        char file[512];
        int length = snprintf(file, sizeof file, "%.*s/%s", (int)size, path, program);
        if (size > 0 && length > 0 && (size_t)length < sizeof file && access(file, X_OK) == 0) {
            return true;
        }
        path += size + (path[size] == ':');
    }
    return false;
}

static cogo_strings tools_found(const role *r, cogo_arena *arena)
{
    const char **found = cogo_arena_alloc(arena, TOOLS_MAX * sizeof *found);
    size_t count = 0;
    for (size_t i = 0; found != NULL && r->tools != NULL && r->tools[i] != NULL; i++) {
        if (count < TOOLS_MAX && is_installed(r->tools[i])) {
            found[count++] = r->tools[i];
        }
    }
    return (cogo_strings){found, count};
}

static cogo_err schema(const char *text, cogo_arena *arena, cogo_value *out)
{
    *out = (cogo_value){0};
    if (text == NULL) {
        return COGO_OK;
    }
    cogo_record_error wrong;
    json_t *json = json_parse(text, strlen(text), &wrong);
    if (json == NULL) {
        return COGO_EINVAL;
    }
    cogo_err err = json_to_value(json, arena, out);
    json_decref(json);
    return err;
}

static cogo_err describe(const role *r, int64_t slots, cogo_arena *arena, role_capability *out)
{
    *out = (role_capability){
        .role = r->name,
        .version = 1,
        .title = r->title,
        .tools = tools_found(r, arena),
        .slots = r->blocking ? slots : CAPABILITY_LIGHT_SLOTS,
        .default_timeout = r->default_timeout_ms,
        .llm = r->llm,
    };
    cogo_err err = schema(r->input_schema, arena, &out->input_schema);
    return err == COGO_OK ? schema(r->output_schema, arena, &out->output_schema) : err;
}

cogo_err capability_list(const worker_type *type, int64_t slots, cogo_arena *arena,
                         cogo_records *out)
{
    size_t limit = 1;
    while (type->roles[limit - 1] != NULL) {
        limit++;
    }
    role_capability *items = cogo_arena_alloc(arena, limit * sizeof *items);
    if (items == NULL) {
        return COGO_ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 0; i < limit; i++) {
        const role *r = role_find(type->roles[i] == NULL ? echo_name : type->roles[i]);
        if (r == NULL) {
            continue; // Named in the type, not built into this program.
        }
        cogo_err err = describe(r, slots, arena, &items[count++]);
        if (err != COGO_OK) {
            return err;
        }
    }
    *out = (cogo_records){items, count};
    return COGO_OK;
}
