/* Artifacts: bytes that are kept beside tasks. The same for all engines. */
#include "actors/store/rows.h"
#include "codec/contract/artifact.h"

#include <stdio.h>
#include <string.h>

enum { WHOLE_BYTES_MAX = 256 * 1024 * 1024 };

/* A part of the bytes, when a task that is known by the id has them. */
#define SELECT_PART                                                                      \
    "SELECT substr(a.bytes, CAST($1 AS integer), CAST($2 AS integer)) FROM artifacts a " \
    "WHERE a.hash = $3 AND EXISTS (SELECT 1 FROM task_artifacts l JOIN tasks t ON "      \
    "t.number = l.task WHERE l.hash = $3 AND (t.task_id = $4 OR t.instruction_id = $4))"

/* COGO_ENOTFOUND: the task, or the artifact, is not there. */
static cogo_err read_part(database *d, const artifact_get *wanted, cogo_arena *arena,
                          cogo_value *out)
{
    int64_t size = wanted->size > 0 && wanted->size < ARTIFACT_BYTES_MAX ? wanted->size
                                                                         : ARTIFACT_BYTES_MAX;
    const db_value values[] = {{.number = wanted->offset + 1},
                               {.number = size},
                               {.text = wanted->sha256},
                               {.text = wanted->task_id}};
    db_rows *rows = NULL;
    cogo_err err = wanted->offset > ARTIFACT_BYTES_MAX
                       ? COGO_EINVAL
                       : d->driver->query(d, SELECT_PART, values, 4, &rows);
    if (err != COGO_OK) {
        return err;
    }
    db_step step = db_next(rows);
    err = step == DB_ROW    ? rows_value(rows, 0, arena, out)
          : step == DB_DONE ? COGO_ENOTFOUND
                            : COGO_EIO;
    db_close(rows);
    return err;
}

cogo_err journal_artifact(journal_reader *r, const artifact_get *wanted, cogo_arena *arena,
                          artifact_content *out, const char **out_why)
{
    database *d = journal_reader_db(r);
    cogo_value part = {0};
    *out = (artifact_content){0};
    cogo_err err = d->driver->begin(d);
    if (err == COGO_OK) {
        err = read_part(d, wanted, arena, &part);
    }
    *out_why =
        err == COGO_EIO ? cogo_arena_strdup(arena, d->driver->why(d)) : cogo_strerror(err);
    d->driver->end(d);
    if (err == COGO_OK) {
        out->bytes = artifact_wrap(part.data, part.size_bytes, arena);
        err = out->bytes.size_bytes == 0 ? COGO_ENOMEM : COGO_OK;
    }
    return err;
}

/* Where a task's large context is, if it has one. */
static const artifact *large_context(const task *t)
{
    const artifact *context = artifact_of(t, ARTIFACT_CONTEXT);
    return t->context.size_bytes == 0 && context != NULL && context->lease == 0 ? context
                                                                                : NULL;
}

static const artifact *large_output(const task *t)
{
    return t->result != NULL && t->result->output.size_bytes == 0 ? t->result->output_artifact
                                                                  : NULL;
}

size_t whole_size(const task *t)
{
    const artifact *context = large_context(t), *output = large_output(t);
    return (context != NULL ? (size_t)context->size : 0)
           + (output != NULL ? (size_t)output->size : 0);
}

static cogo_err add_value(database *d, const task *t, const artifact *from, cogo_arena *arena,
                          cogo_value *out)
{
    artifact_get all = {.task_id = t->task_id, .sha256 = from->sha256};
    return read_part(d, &all, arena, out);
}

cogo_err whole_rows(database *d, task_rows *rows)
{
    size_t bytes = 0;
    cogo_err err = COGO_OK;
    for (size_t i = 0; i < rows->count && err == COGO_OK; i++) {
        task *t = &rows->tasks[i];
        const artifact *context = large_context(t), *output = large_output(t);
        bytes += whole_size(t);
        if (bytes > WHOLE_BYTES_MAX) {
            break;
        }
        if (context != NULL) {
            err = add_value(d, t, context, rows->arena, &t->context);
        }
        if (err == COGO_OK && output != NULL) {
            agent_result *copy = cogo_arena_copy(rows->arena, t->result, sizeof(agent_result));
            err = copy == NULL ? COGO_ENOMEM
                               : add_value(d, t, output, rows->arena, &copy->output);
            t->result = copy;
        }
    }
    return err;
}
