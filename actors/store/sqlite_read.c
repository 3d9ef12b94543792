/* The reading side of the SQLite engine: rows become records in an arena. */
#include "actors/store/sqlite_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BY_ID "WHERE t.task_id = ?1 OR t.instruction_id = ?1"

enum { RECOVER_PAGE = 500, EVENTS_DEFAULT = 100 };

cogo_err sqlite_value(sqlite3_stmt *statement, int column, cogo_arena *arena, cogo_value *out)
{
    *out = (cogo_value){0};
    const void *bytes = sqlite3_column_blob(statement, column);
    int size = sqlite3_column_bytes(statement, column);
    if (bytes == NULL || size <= 0) {
        return COGO_OK;
    }
    void *copy = cogo_arena_copy(arena, bytes, (size_t)size);
    if (copy == NULL) {
        return COGO_ENOMEM;
    }
    *out = (cogo_value){.data = copy, .size_bytes = (size_t)size};
    return COGO_OK;
}

cogo_err task_rows_init(task_rows *rows, cogo_arena *arena, size_t capacity)
{
    *rows = (task_rows){.arena = arena, .capacity = capacity};
    rows->tasks = cogo_arena_alloc(arena, (capacity + 1) * sizeof *rows->tasks);
    rows->marks = cogo_arena_alloc(arena, (capacity + 1) * sizeof *rows->marks);
    return rows->tasks == NULL || rows->marks == NULL ? COGO_ENOMEM : COGO_OK;
}

cogo_err task_rows_take(task_rows *rows, sqlite3_stmt *statement)
{
    if (rows->count == rows->capacity) {
        return COGO_ELIMIT;
    }
    const void *record = NULL, *result = NULL;
    cogo_value bytes, context, result_bytes;
    cogo_err err = sqlite_value(statement, 3, rows->arena, &bytes);
    if (err == COGO_OK) {
        err = cogo_record_decode(&task_record, bytes, 0, rows->arena, &record, NULL);
    }
    if (err == COGO_OK) {
        err = sqlite_value(statement, 4, rows->arena, &context);
    }
    if (err == COGO_OK) {
        err = sqlite_value(statement, 5, rows->arena, &result_bytes);
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
        .event_sequence = sqlite3_column_int64(statement, 2),
        .lease = sqlite3_column_int64(statement, 1),
    };
    rows->last_number = sqlite3_column_int64(statement, 0);
    rows->bytes += bytes.size_bytes + context.size_bytes + result_bytes.size_bytes;
    return COGO_OK;
}

cogo_err task_rows_take_all(task_rows *rows, sqlite3_stmt *statement)
{
    cogo_err err = COGO_OK;
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW && err == COGO_OK && rows->count < rows->capacity
           && rows->bytes < JOURNAL_PAGE_BYTES_MAX) {
        err = task_rows_take(rows, statement);
        code = err == COGO_OK ? sqlite3_step(statement) : code;
    }
    rows->more = code == SQLITE_ROW;
    (void)sqlite3_finalize(statement);
    if (err != COGO_OK) {
        return err;
    }
    return code == SQLITE_ROW || code == SQLITE_DONE ? COGO_OK : COGO_EIO;
}

cogo_err sqlite_bad_lookup(cogo_arena *arena, store_found *out, const char *format, ...)
{
    char text[JOURNAL_ERROR_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
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

void journal_recover(journal_reader *r, const store_recover *request, cogo_arena *arena,
                     store_recovered *out)
{
    *out = (store_recovered){0};
    int64_t after = 0;
    if (!parse_number(request->page_token, &after)) {
        out->error = "pageToken: not one that the store gave";
        return;
    }
    task_rows rows;
    sqlite3_stmt *statement = NULL;
    cogo_err err = task_rows_init(&rows, arena, RECOVER_PAGE);
    if (err == COGO_OK
        && sqlite3_prepare_v2(r->db,
                              TASK_SELECT_FULL "WHERE t.terminal = 0 AND t.number > ?1 "
                                               "ORDER BY t.number",
                              -1, &statement, NULL)
               != SQLITE_OK) {
        err = COGO_EIO;
    }
    if (err == COGO_OK) {
        (void)sqlite3_bind_int64(statement, 1, after);
        err = task_rows_take_all(&rows, statement);
    }
    if (err != COGO_OK) {
        out->error =
            cogo_arena_printf(arena, "the store cannot be read: %s",
                              err == COGO_EIO ? sqlite3_errmsg(r->db) : cogo_strerror(err));
        return;
    }
    out->tasks = (cogo_records){rows.tasks, rows.count};
    out->marks = (cogo_records){rows.marks, rows.count};
    out->lease_max = sqlite_number(r->db, "SELECT lease_max FROM meta", 0);
    if (rows.more) {
        out->next_page_token = cogo_arena_printf(arena, "%" PRId64, rows.last_number);
    }
}

/* In the order of the ids; what is not there is left out. */
static cogo_err find_ids(sqlite3 *db, const char *sql, const cogo_strings *ids,
                         cogo_arena *arena, store_found *out)
{
    if (ids->count > JOURNAL_IDS_MAX) {
        return sqlite_bad_lookup(arena, out, "ids: at most %d", JOURNAL_IDS_MAX);
    }
    sqlite3_stmt *statement = NULL;
    task_rows rows;
    cogo_err err = task_rows_init(&rows, arena, ids->count);
    if (err == COGO_OK && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        err = COGO_EIO;
    }
    for (size_t i = 0; i < ids->count && err == COGO_OK; i++) {
        (void)sqlite3_bind_text(statement, 1, ids->items[i], -1, SQLITE_STATIC);
        int code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            err = task_rows_take(&rows, statement);
        } else if (code != SQLITE_DONE) {
            err = COGO_EIO;
        }
        (void)sqlite3_reset(statement);
    }
    (void)sqlite3_finalize(statement);
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
    }
    return err;
}

/* The tasks of a keyed request in the order in which it brought them. */
static cogo_err find_key(sqlite3 *db, const char *key, cogo_arena *arena, store_found *out)
{
    sqlite3_stmt *request = NULL, *statement = NULL;
    if (sqlite3_prepare_v2(db, "SELECT number, request_hash FROM requests WHERE key = ?1", -1,
                           &request, NULL)
        != SQLITE_OK) {
        return COGO_EIO;
    }
    (void)sqlite3_bind_text(request, 1, key, -1, SQLITE_STATIC);
    int code = sqlite3_step(request);
    int64_t number = sqlite3_column_int64(request, 0);
    if (code == SQLITE_ROW) {
        out->request_hash =
            cogo_arena_strdup(arena, (const char *)sqlite3_column_text(request, 1));
    }
    (void)sqlite3_finalize(request);
    if (code != SQLITE_ROW) {
        return code == SQLITE_DONE ? COGO_OK : COGO_EIO;
    }
    task_rows rows;
    cogo_err err = task_rows_init(&rows, arena, JOURNAL_WORKFLOW_TASKS_MAX);
    if (err != COGO_OK) {
        return err;
    }
    if (sqlite3_prepare_v2(db, TASK_SELECT_FULL "WHERE t.request = ?1 ORDER BY t.number", -1,
                           &statement, NULL)
        != SQLITE_OK) {
        return COGO_EIO;
    }
    (void)sqlite3_bind_int64(statement, 1, number);
    err = task_rows_take_all(&rows, statement);
    if (err == COGO_OK && rows.more) {
        return sqlite_bad_lookup(arena, out, "the request of this key is too large to show");
    }
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
    }
    return err;
}

static cogo_err read_events(sqlite3_stmt *statement, const char *task_id, size_t limit,
                            cogo_arena *arena, store_found *out)
{
    task_event *events = cogo_arena_alloc(arena, (limit + 1) * sizeof *events);
    if (events == NULL) {
        return COGO_ENOMEM;
    }
    size_t count = 0;
    int code = SQLITE_DONE;
    while (count < limit && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        task_event *e = &events[count++];
        e->task_id = task_id;
        e->sequence = sqlite3_column_int64(statement, 0);
        e->type = cogo_arena_strdup(arena, (const char *)sqlite3_column_text(statement, 1));
        e->time = sqlite3_column_int64(statement, 2);
        if (e->type == NULL || sqlite_value(statement, 3, arena, &e->data) != COGO_OK) {
            return COGO_ENOMEM;
        }
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return COGO_EIO;
    }
    out->events = (cogo_records){events, count};
    return COGO_OK;
}

/* Also gives the task itself, so that the asker knows whether events will follow. */
static cogo_err find_events(sqlite3 *db, const task_events *request, cogo_arena *arena,
                            store_found *out)
{
    if (request->task_id == NULL || request->limit < 0 || request->after < 0) {
        return sqlite_bad_lookup(arena, out, "taskId must be set, after and limit not below 0");
    }
    const char *const ids[] = {request->task_id};
    cogo_err err = find_ids(db, TASK_SELECT_BRIEF BY_ID, &(cogo_strings){ids, 1}, arena, out);
    if (err != COGO_OK || out->tasks.count == 0) {
        return err;
    }
    size_t limit = request->limit == 0 ? EVENTS_DEFAULT : (size_t)request->limit;
    limit = limit > JOURNAL_PAGE_MAX ? JOURNAL_PAGE_MAX : limit;
    const task *t = out->tasks.items;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db,
                           "SELECT sequence, type, time, data FROM task_events WHERE task = "
                           "(SELECT number FROM tasks WHERE task_id = ?1) AND sequence > ?2 "
                           "ORDER BY sequence LIMIT ?3",
                           -1, &statement, NULL)
        != SQLITE_OK) {
        return COGO_EIO;
    }
    (void)sqlite3_bind_text(statement, 1, t->task_id, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, request->after);
    (void)sqlite3_bind_int64(statement, 3, (int64_t)limit);
    err = read_events(statement, t->task_id, limit, arena, out);
    (void)sqlite3_finalize(statement);
    return err;
}

static cogo_err find(sqlite3 *db, const store_lookup *request, cogo_arena *arena,
                     store_found *out)
{
    if (request->list != NULL) {
        return sqlite_list_tasks(db, request->list, arena, out);
    }
    if (request->workflow_list != NULL) {
        return sqlite_list_workflows(db, request->workflow_list, arena, out);
    }
    if (request->workflow_id != NULL) {
        return sqlite_find_workflow(db, request->workflow_id, arena, out);
    }
    if (request->events != NULL) {
        return find_events(db, request->events, arena, out);
    }
    if (request->idempotency_key != NULL) {
        return find_key(db, request->idempotency_key, arena, out);
    }
    return find_ids(db, TASK_SELECT_FULL BY_ID, &request->ids, arena, out);
}

/* One snapshot for all statements of a lookup. */
void journal_find(journal_reader *r, const store_lookup *request, cogo_arena *arena,
                  store_found *out)
{
    *out = (store_found){0};
    cogo_err err =
        sqlite_run(r->db, "BEGIN") == SQLITE_OK ? find(r->db, request, arena, out) : COGO_EIO;
    if (err != COGO_OK && out->error == NULL) {
        const char *why = err == COGO_EIO ? sqlite3_errmsg(r->db) : cogo_strerror(err);
        *out = (store_found){
            .error = cogo_arena_printf(arena, "the store cannot be read: %s", why),
        };
    }
    if (sqlite3_get_autocommit(r->db) == 0) {
        (void)sqlite_run(r->db, "ROLLBACK"); // It only ends the snapshot.
    }
}

cogo_err journal_reader_open(const char *path, journal_reader **out,
                             char error[JOURNAL_ERROR_SIZE])
{
    journal_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "out of memory");
        return COGO_ENOMEM;
    }
    cogo_err err = sqlite_connect(path, SQLITE_READER, &r->db, error);
    if (err != COGO_OK) {
        free(r);
        return err;
    }
    *out = r;
    return COGO_OK;
}

void journal_reader_close(journal_reader *r)
{
    if (r != NULL) {
        (void)sqlite3_close(r->db);
        free(r);
    }
}
