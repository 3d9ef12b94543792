#include "actors/roles/security_scanner/sast.h"

#include "actors/roles/security_scanner/sbom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct part {
    scan *s;
    uint64_t budget_ms;
    bool shell;
} part;

static void run_c(void *ctx)
{
    const part *p = ctx;
    sast_cppcheck(p->s, p->budget_ms, FINDING_SECURITY);
}

static void run_names(void *ctx)
{
    const part *p = ctx;
    sast_flawfinder(p->s, p->budget_ms);
    if (p->shell) {
        sast_shellcheck(p->s, p->budget_ms, false);
    }
}

static void run_python(void *ctx)
{
    const part *p = ctx;
    sast_python_rules(p->s, p->budget_ms);
    sast_bandit(p->s, p->budget_ms);
}

static void run_own(void *ctx)
{
    const part *p = ctx;
    sast_secrets(p->s);
    sast_c_rules(p->s);
    json_decref(sbom_document(p->s->ws, p->s->findings)); /* For the loose versions. */
}

void sast_run(scan *s, uint64_t budget_ms, bool shell)
{
    part p = {s, budget_ms, shell};
    const tool_task tasks[] = {{run_c, &p}, {run_names, &p}, {run_python, &p}, {run_own, &p}};
    tool_parallel(tasks, sizeof tasks / sizeof tasks[0]);
}

static bool named(const char *const *names, const char *tool)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strcmp(*names, tool) == 0) {
            return true;
        }
    }
    return names == NULL;
}

char *sast_evidence(const tool_box *box, const char *const *names)
{
    size_t i = 0, used = 0, capacity = 512;
    json_t *entry = NULL;
    char *line = calloc(1, capacity);
    json_array_foreach(box->evidence, i, entry)
    {
        const char *tool = json_string_value(json_object_get(entry, "tool"));
        const char *version = json_string_value(json_object_get(entry, "version"));
        const char *level = json_string_value(json_object_get(entry, "level"));
        bool own = level != NULL && strcmp(level, "none") == 0;
        if (line == NULL || !json_is_true(json_object_get(entry, "usable"))
            || !named(names, tool)) {
            continue;
        }
        int n = snprintf(line + used, capacity - used, "%s%s%s%s", used > 0 ? ", " : "", tool,
                         own || version == NULL || version[0] == '\0' ? "" : " ",
                         own || version == NULL ? "" : version);
        if (n < 0 || (size_t)n >= capacity - used) {
            line[used] = '\0';
            break;
        }
        used += (size_t)n;
    }
    return line;
}
