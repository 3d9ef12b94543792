/* One run of one role over files that a test writes down.
 * Used by the tests of the roles that read source trees.
 * Never leaves anything in /tmp. */
#ifndef TESTS_UNIT_ROLES_BENCH_H
#define TESTS_UNIT_ROLES_BENCH_H

#include "actors/roles/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct role_bench {
    role_job job;
    char folder[40];
    role_status status;
} role_bench;

static void bench_progress(role_job *job, double percent, const char *phase,
                           const char *message)
{
    (void)job;
    (void)percent;
    (void)phase;
    (void)message;
}

/* Takes @p context. */
static void bench_begin(role_bench *b, json_t *context)
{
    *b = (role_bench){.folder = "/tmp/cogo-role-test-XXXXXX"};
    if (mkdtemp(b->folder) == NULL) {
        abort();
    }
    b->job = (role_job){.task_id = "tsk_test",
                        .role = "test",
                        .context = context,
                        .previous = json_array(),
                        .deadline_ns = tool_now_ns() + 60000000000u,
                        .state_dir = b->folder,
                        .cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                        .progress = bench_progress,
                        .errors = json_array(),
                        .skipped = json_array()};
    cogo_arena_init(&b->job.arena, 0);
}

static void bench_end(role_bench *b)
{
    sandbox_folder_remove(b->folder);
    json_decref(b->job.context);
    json_decref(b->job.previous);
    json_decref(b->job.errors);
    json_decref(b->job.skipped);
    json_decref(b->job.output);
    cogo_arena_finish(&b->job.arena);
    close(b->job.cancel_fd);
}

static inline void bench_run(role_bench *b, const role *r, json_t *context)
{
    bench_begin(b, context);
    b->status = r->execute(&b->job);
}

/* Is @p part in one of the strings? */
static inline bool bench_says(const json_t *lines, const char *part)
{
    size_t i = 0;
    json_t *line = NULL;
    json_array_foreach(lines, i, line)
    {
        if (strstr(json_string_value(line), part) != NULL) {
            return true;
        }
    }
    return false;
}

static inline const char *bench_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* Findings of @p cwe (or of this rule) at file:line; line 0: anywhere in the file. */
static inline size_t bench_found(const role_bench *b, const char *cwe, const char *file,
                                 int line)
{
    size_t i = 0, count = 0;
    json_t *f = NULL;
    json_array_foreach(json_object_get(b->job.output, "findings"), i, f)
    {
        bool kind =
            strcmp(bench_text(f, "cwe"), cwe) == 0 || strcmp(bench_text(f, "ruleId"), cwe) == 0;
        bool place = line == 0 || json_integer_value(json_object_get(f, "line")) == line;
        count += kind && place && strcmp(bench_text(f, "file"), file) == 0;
    }
    return count;
}

#endif
