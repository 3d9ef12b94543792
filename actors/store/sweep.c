/* What is kept no longer. The tasks are walked in the order of their arrival, so many rows at a
 * time and without an index of their own: a walk costs the same whatever the table holds, and
 * writing costs nothing more. */
#include "actors/store/rows.h"

#include <string.h>

enum {
    SWEEP_ROWS = 4000,     /* Looked at for one question. */
    SWEEP_TASKS_MAX = 500, /* Removed or trimmed at once. */
    DEFINITIONS_MAX = 20000,
};

/* A workflow goes only when all of its tasks have ended. */
#define SELECT_ROWS                                                                              \
    "SELECT t.number, t.task_id, t.terminal, t.state, t.updated_at, t.created_at, "              \
    "CASE WHEN EXISTS (SELECT 1 FROM task_events e WHERE e.task = t.number) THEN 1 ELSE 0 END, " \
    "CASE WHEN t.workflow IS NULL THEN 0 WHEN EXISTS (SELECT 1 FROM tasks u WHERE "              \
    "u.workflow = t.workflow AND u.state IN ('queued', 'blocked', 'scheduled', 'running', "      \
    "'retrying')) THEN 1 ELSE 0 END FROM tasks t WHERE t.number > $1 ORDER BY t.number LIMIT $2"

enum { NUMBER, TASK_ID, TERMINAL, STATE, UPDATED, CREATED, HAS_EVENTS, BUSY };

typedef struct due {
    const store_sweep *sweep;
    int64_t spare_after; /* Rows up to it are beyond the number of tasks that are kept. */
    const char **remove, **dead, **trim;
    store_swept *out;
} due;

/* No row from here on can be due: all of them are younger than every limit. */
static bool too_young(const due *d, db_rows *row)
{
    const store_sweep *s = d->sweep;
    int64_t created = db_column_number(row, CREATED);
    return created >= s->finished_before && created >= s->dead_before
           && created >= s->events_before && db_column_number(row, NUMBER) > d->spare_after;
}

static void judge(due *d, db_rows *row, cogo_arena *arena)
{
    const store_sweep *s = d->sweep;
    store_swept *out = d->out;
    int64_t ended = db_column_number(row, UPDATED);
    if (db_column_number(row, TERMINAL) == 0) {
        return;
    }
    bool dead = strcmp(db_column_text(row, STATE), "deadlettered") == 0;
    bool goes =
        dead ? ended < s->dead_before
             : ended < s->finished_before || db_column_number(row, NUMBER) <= d->spare_after;
    if (goes && db_column_number(row, BUSY) == 0) {
        const char **list = dead ? d->dead : d->remove;
        size_t *count = dead ? &out->dead.count : &out->remove.count;
        list[(*count)++] = cogo_arena_strdup(arena, db_column_text(row, TASK_ID));
    } else if (ended < s->events_before && db_column_number(row, HAS_EVENTS) != 0) {
        d->trim[out->trim.count++] = cogo_arena_strdup(arena, db_column_text(row, TASK_ID));
    }
}

static size_t found(const store_swept *out)
{
    return out->remove.count + out->dead.count + out->trim.count;
}

static cogo_err walk(due *d, db_rows *rows, cogo_arena *arena)
{
    size_t seen = 0;
    int64_t last = 0;
    db_step step = DB_DONE;
    while (found(d->out) < SWEEP_TASKS_MAX && (step = db_next(rows)) == DB_ROW) {
        if (too_young(d, rows)) {
            last = 0;
            break;
        }
        judge(d, rows, arena);
        last = db_column_number(rows, NUMBER);
        seen++;
    }
    bool more = seen == SWEEP_ROWS || found(d->out) >= SWEEP_TASKS_MAX;
    d->out->next = more ? last : 0;
    return step == DB_FAILED ? COGO_EIO : COGO_OK;
}

cogo_err find_due(database *d, const store_sweep *sweep, cogo_arena *arena, store_found *out)
{
    store_swept *swept = cogo_arena_alloc(arena, sizeof *swept);
    due state = {.sweep = sweep,
                 .remove = cogo_arena_alloc(arena, SWEEP_TASKS_MAX * sizeof(char *)),
                 .dead = cogo_arena_alloc(arena, SWEEP_TASKS_MAX * sizeof(char *)),
                 .trim = cogo_arena_alloc(arena, SWEEP_TASKS_MAX * sizeof(char *)),
                 .out = swept};
    if (swept == NULL || state.remove == NULL || state.dead == NULL || state.trim == NULL) {
        return COGO_ENOMEM;
    }
    if (sweep->audits_before > 0) { /* They are numbered as they come. */
        swept->audits = db_number(d, "SELECT at FROM audit_log ORDER BY number LIMIT 1",
                                  sweep->audits_before)
                        < sweep->audits_before;
    }
    if (sweep->keep > 0) {
        state.spare_after = db_number(d, "SELECT max(number) FROM tasks", 0) - sweep->keep;
    }
    const db_value values[] = {{.number = sweep->after}, {.number = SWEEP_ROWS}};
    db_rows *rows = NULL;
    cogo_err err = d->driver->query(d, SELECT_ROWS, values, 2, &rows);
    if (err == COGO_OK) {
        err = walk(&state, rows, arena);
        db_close(rows);
    }
    swept->remove.items = state.remove;
    swept->dead.items = state.dead;
    swept->trim.items = state.trim;
    out->swept = swept;
    return err;
}

static cogo_err read_definitions(database *d, cogo_arena *arena, cogo_records *out)
{
    db_rows *rows = NULL;
    store_definition *all = cogo_arena_alloc(arena, DEFINITIONS_MAX * sizeof *all);
    cogo_err err = all == NULL ? COGO_ENOMEM
                               : d->driver->query(d,
                                                  "SELECT kind, name, updated_at, record FROM "
                                                  "definitions ORDER BY kind, name",
                                                  NULL, 0, &rows);
    if (err != COGO_OK) {
        return err;
    }
    size_t count = 0;
    db_step step = DB_DONE;
    while (err == COGO_OK && count < DEFINITIONS_MAX && (step = db_next(rows)) == DB_ROW) {
        store_definition *one = &all[count++];
        *one = (store_definition){.kind = cogo_arena_strdup(arena, db_column_text(rows, 0)),
                                  .name = cogo_arena_strdup(arena, db_column_text(rows, 1)),
                                  .updated_at = db_column_number(rows, 2)};
        err = rows_value(rows, 3, arena, &one->record);
    }
    db_close(rows);
    *out = (cogo_records){.items = all, .count = count};
    return err == COGO_OK && step == DB_FAILED ? COGO_EIO : err;
}

cogo_err read_kept(database *d, cogo_arena *arena, store_recovered *out)
{
    out->dead_count = db_number(d,
                                "SELECT count(*) FROM tasks WHERE state = 'deadlettered' "
                                "AND terminal = 1",
                                0);
    return read_definitions(d, arena, &out->definitions);
}
