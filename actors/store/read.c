/* The reading side: rows become records in an arena. */
#include "actors/store/rows.h"
#include "codec/contract/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BY_ID "WHERE t.task_id = $1 OR t.instruction_id = $1"

enum { RECOVER_PAGE = 500, EVENTS_DEFAULT = 100 };

int64_t db_number(database *d, const char *sql, int64_t fallback)
{
    db_rows *rows = NULL;
    int64_t number = fallback;
    if (d->driver->query(d, sql, NULL, 0, &rows) == COGO_OK) {
        if (db_next(rows) == DB_ROW) {
            number = db_column_number(rows, 0);
        }
        db_close(rows);
    }
    return number;
}

cogo_err rows_value(db_rows *from, int column, cogo_arena *arena, cogo_value *out)
{
    *out = (cogo_value){0};
    size_t size = 0;
    const void *bytes = from->from->driver->bytes(from, column, &size);
    if (bytes == NULL || size == 0) {
        return COGO_OK;
    }
    void *copy = cogo_arena_copy(arena, bytes, size);
    if (copy == NULL) {
        return COGO_ENOMEM;
    }
    *out = (cogo_value){.data = copy, .size_bytes = size};
    return COGO_OK;
}

cogo_err task_rows_init(task_rows *rows, cogo_arena *arena, size_t capacity)
{
    *rows = (task_rows){.arena = arena, .capacity = capacity};
    rows->tasks = cogo_arena_alloc(arena, (capacity + 1) * sizeof *rows->tasks);
    rows->marks = cogo_arena_alloc(arena, (capacity + 1) * sizeof *rows->marks);
    return rows->tasks == NULL || rows->marks == NULL ? COGO_ENOMEM : COGO_OK;
}

cogo_err task_rows_take(task_rows *rows, db_rows *from)
{
    if (rows->count == rows->capacity) {
        return COGO_ELIMIT;
    }
    const void *record = NULL, *result = NULL;
    cogo_value bytes, context, result_bytes;
    cogo_err err = rows_value(from, 3, rows->arena, &bytes);
    if (err == COGO_OK) {
        err = cogo_record_decode(&task_record, bytes, 0, rows->arena, &record, NULL);
    }
    if (err == COGO_OK) {
        err = rows_value(from, 4, rows->arena, &context);
    }
    if (err == COGO_OK) {
        err = rows_value(from, 5, rows->arena, &result_bytes);
    }
    if (err == COGO_OK && result_bytes.size_bytes != 0) {
        err = cogo_record_decode(&agent_result_record, result_bytes, 0, rows->arena, &result,
                                 NULL);
    }
    if (err != COGO_OK) {
        return err;
    }
    task *t = &rows->tasks[rows->count];
    *t = *(const task *)record;
    t->context = context;
    t->result = result;
    rows->marks[rows->count++] = (store_mark){
        .task_id = t->task_id,
        .event_sequence = db_column_number(from, 2),
        .lease = db_column_number(from, 1),
    };
    rows->last_number = db_column_number(from, 0);
    rows->bytes += bytes.size_bytes + context.size_bytes + result_bytes.size_bytes
                   + (rows->whole ? whole_size(t) : 0);
    return COGO_OK;
}

cogo_err task_rows_take_all(task_rows *rows, db_rows *from)
{
    cogo_err err = COGO_OK;
    db_step step = db_next(from);
    while (step == DB_ROW && err == COGO_OK && rows->count < rows->capacity
           && rows->bytes < JOURNAL_PAGE_BYTES_MAX) {
        err = task_rows_take(rows, from);
        step = err == COGO_OK ? db_next(from) : step;
    }
    rows->more = step == DB_ROW;
    db_close(from);
    return err == COGO_OK && step == DB_FAILED ? COGO_EIO : err;
}

cogo_err lookup_bad(cogo_arena *arena, store_found *out, const char *format, ...)
{
    char text[JOURNAL_ERROR_SIZE];
    va_list args;
    va_start(args, format);
    text_format(text, sizeof text, format, args);
    va_end(args);
    *out = (store_found){.error = cogo_arena_strdup(arena, text)};
    return COGO_EINVAL;
}

/* A token of store.recover is the number of the last row given. */
static bool parse_number(const char *token, int64_t *out)
{
    *out = 0;
    if (token == NULL) {
        return true;
    }
    char *end = NULL;
    errno = 0;
    long long number = strtoll(token, &end, 10);
    *out = number;
    return errno == 0 && end != token && *end == '\0' && number >= 0;
}

/* A failed connection is an error of the engine; all else names itself. */
static const char *unreadable(database *d, cogo_arena *arena, cogo_err err)
{
    return cogo_arena_printf(arena, "the store cannot be read: %s",
                             err == COGO_EIO ? d->driver->why(d) : cogo_strerror(err));
}

static cogo_err recover(database *d, int64_t after, cogo_arena *arena, store_recovered *out)
{
    task_rows rows;
    db_rows *from = NULL;
    cogo_err err = task_rows_init(&rows, arena, RECOVER_PAGE);
    rows.whole = true;
    if (err == COGO_OK) {
        const db_value values[] = {{.number = after}, {.number = RECOVER_PAGE + 1}};
        err = d->driver->query(d,
                               TASK_SELECT_FULL "WHERE t.terminal = 0 AND t.number > $1 "
                                                "ORDER BY t.number LIMIT $2",
                               values, 2, &from);
    }
    if (err == COGO_OK) {
        err = task_rows_take_all(&rows, from);
    }
    if (err == COGO_OK) {
        err = whole_rows(d, &rows);
    }
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
        out->lease_max = db_number(d, "SELECT lease_max FROM meta", 0);
        if (after == 0) {
            err = read_kept(d, arena, out);
        }
        if (rows.more) {
            out->next_page_token = cogo_arena_printf(arena, "%" PRId64, rows.last_number);
        }
    }
    return err;
}

void journal_recover(journal_reader *r, const store_recover *request, cogo_arena *arena,
                     store_recovered *out)
{
    database *d = journal_reader_db(r);
    *out = (store_recovered){0};
    int64_t after = 0;
    if (!parse_number(request->page_token, &after)) {
        out->error = "pageToken: not one that the store gave";
        return;
    }
    cogo_err err = d->driver->begin(d);
    if (err == COGO_OK) {
        err = recover(d, after, arena, out);
    }
    if (err != COGO_OK) {
        *out = (store_recovered){.error = unreadable(d, arena, err)};
    }
    d->driver->end(d);
}

/* In the order of the ids; what is not there is left out. */
static cogo_err find_ids(database *d, const char *sql, const cogo_strings *ids, bool whole,
                         cogo_arena *arena, store_found *out)
{
    if (ids->count > JOURNAL_IDS_MAX) {
        return lookup_bad(arena, out, "ids: at most %d", JOURNAL_IDS_MAX);
    }
    db_rows *from = NULL;
    task_rows rows;
    cogo_err err = task_rows_init(&rows, arena, ids->count);
    if (err == COGO_OK && ids->count > 0) {
        err = d->driver->query_each(d, sql, ids, &from);
    }
    db_step step = DB_DONE;
    while (err == COGO_OK && from != NULL && (step = db_next(from)) == DB_ROW) {
        err = task_rows_take(&rows, from);
    }
    db_close(from);
    if (err == COGO_OK && step == DB_FAILED) {
        err = COGO_EIO;
    }
    if (err == COGO_OK && whole) {
        err = whole_rows(d, &rows);
    }
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
    }
    return err;
}

/* The tasks of a keyed request in the order in which it brought them. */
static cogo_err find_key(database *d, const char *key, cogo_arena *arena, store_found *out)
{
    db_rows *from = NULL;
    cogo_err err =
        d->driver->query(d, "SELECT number, request_hash FROM requests WHERE key = $1",
                         &(db_value){.text = key}, 1, &from);
    if (err != COGO_OK) {
        return err;
    }
    db_step step = db_next(from);
    db_value values[] = {{.number = 0}, {.number = JOURNAL_WORKFLOW_TASKS_MAX + 1}};
    if (step == DB_ROW) {
        values[0].number = db_column_number(from, 0);
        out->request_hash = cogo_arena_strdup(arena, db_column_text(from, 1));
    }
    db_close(from);
    if (step != DB_ROW) {
        return step == DB_DONE ? COGO_OK : COGO_EIO;
    }
    task_rows rows;
    err = task_rows_init(&rows, arena, JOURNAL_WORKFLOW_TASKS_MAX);
    if (err == COGO_OK) {
        err = d->driver->query(
            d, TASK_SELECT_FULL "WHERE t.request = $1 ORDER BY t.number LIMIT $2", values, 2,
            &from);
    }
    if (err == COGO_OK) {
        err = task_rows_take_all(&rows, from);
    }
    if (err == COGO_OK && rows.more) {
        return lookup_bad(arena, out, "the request of this key is too large to show");
    }
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
    }
    return err;
}

static cogo_err read_events(db_rows *from, const char *task_id, size_t limit, cogo_arena *arena,
                            store_found *out)
{
    task_event *events = cogo_arena_alloc(arena, (limit + 1) * sizeof *events);
    if (events == NULL) {
        return COGO_ENOMEM;
    }
    size_t count = 0;
    db_step step = DB_DONE;
    while (count < limit && (step = db_next(from)) == DB_ROW) {
        task_event *e = &events[count++];
        e->task_id = task_id;
        e->sequence = db_column_number(from, 0);
        e->type = cogo_arena_strdup(arena, db_column_text(from, 1));
        e->time = db_column_number(from, 2);
        if (e->type == NULL || rows_value(from, 3, arena, &e->data) != COGO_OK) {
            return COGO_ENOMEM;
        }
    }
    if (step == DB_FAILED) {
        return COGO_EIO;
    }
    out->events = (cogo_records){events, count};
    return COGO_OK;
}

/* Also gives the task itself, so that the asker knows whether events will follow. */
static cogo_err find_events(database *d, const task_events *request, cogo_arena *arena,
                            store_found *out)
{
    if (request->task_id == NULL || request->limit < 0 || request->after < 0) {
        return lookup_bad(arena, out, "taskId must be set, after and limit not below 0");
    }
    const char *const ids[] = {request->task_id};
    cogo_err err =
        find_ids(d, TASK_SELECT_BRIEF BY_ID, &(cogo_strings){ids, 1}, false, arena, out);
    if (err != COGO_OK || out->tasks.count == 0) {
        return err;
    }
    size_t limit = request->limit == 0 ? EVENTS_DEFAULT : (size_t)request->limit;
    limit = limit > JOURNAL_PAGE_MAX ? JOURNAL_PAGE_MAX : limit;
    const task *t = out->tasks.items;
    db_rows *from = NULL;
    const db_value values[] = {
        {.text = t->task_id}, {.number = request->after}, {.number = (int64_t)limit}};
    err = d->driver->query(d,
                           "SELECT sequence, type, time, data FROM task_events WHERE task = "
                           "(SELECT number FROM tasks WHERE task_id = $1) AND sequence > $2 "
                           "ORDER BY sequence LIMIT $3",
                           values, 3, &from);
    if (err == COGO_OK) {
        err = read_events(from, t->task_id, limit, arena, out);
        db_close(from);
    }
    return err;
}

static cogo_err find(database *d, const store_lookup *request, cogo_arena *arena,
                     store_found *out)
{
    if (request->list != NULL) {
        return list_tasks(d, request->list, arena, out);
    }
    if (request->workflow_list != NULL) {
        return list_workflows(d, request->workflow_list, arena, out);
    }
    if (request->sweep != NULL) {
        return find_due(d, request->sweep, arena, out);
    }
    if (request->workflow_id != NULL) {
        return find_workflow(d, request->workflow_id, arena, out);
    }
    if (request->events != NULL) {
        return find_events(d, request->events, arena, out);
    }
    if (request->idempotency_key != NULL) {
        return find_key(d, request->idempotency_key, arena, out);
    }
    return find_ids(d, TASK_SELECT_FULL BY_ID, &request->ids, request->whole, arena, out);
}

/* One snapshot for all statements of a lookup. */
void journal_find(journal_reader *r, const store_lookup *request, cogo_arena *arena,
                  store_found *out)
{
    database *d = journal_reader_db(r);
    *out = (store_found){0};
    cogo_err err = d->driver->begin(d);
    if (err == COGO_OK) {
        err = find(d, request, arena, out);
    }
    if (err != COGO_OK && out->error == NULL) {
        *out = (store_found){.error = unreadable(d, arena, err)};
    }
    d->driver->end(d);
}
