/* Questions to SQLite: the driver of db.h. */
#include "actors/store/sqlite.h"

#include <stdlib.h>
#include <string.h>

typedef struct sqlite_rows {
    db_rows base;
    sqlite3_stmt *statement;
    const cogo_strings *keys; /* query_each(): what is still to be bound. */
    size_t next;
} sqlite_rows;

static sqlite3 *handle_of(database *d)
{
    return ((sqlite_db *)d)->handle;
}

static cogo_err begin(database *d)
{
    return sqlite_run(handle_of(d), "BEGIN") == SQLITE_OK ? COGO_OK : COGO_EIO;
}

static void end(database *d)
{
    if (sqlite3_get_autocommit(handle_of(d)) == 0) {
        (void)sqlite_run(handle_of(d), "ROLLBACK"); // It only ends the snapshot.
    }
}

static void close_rows(db_rows *base)
{
    sqlite_rows *rows = (sqlite_rows *)base;
    (void)sqlite3_finalize(rows->statement);
    free(rows);
}

static cogo_err prepare(database *d, const char *sql, sqlite_rows **out)
{
    sqlite_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return COGO_ENOMEM;
    }
    rows->base.from = d;
    if (sqlite3_prepare_v2(handle_of(d), sql, -1, &rows->statement, NULL) != SQLITE_OK) {
        close_rows(&rows->base);
        return COGO_EIO;
    }
    *out = rows;
    return COGO_OK;
}

static cogo_err query(database *d, const char *sql, const db_value *values, size_t count,
                      db_rows **out)
{
    sqlite_rows *rows = NULL;
    cogo_err err = prepare(d, sql, &rows);
    if (err != COGO_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i].text != NULL) {
            (void)sqlite3_bind_text(rows->statement, (int)i + 1, values[i].text, -1,
                                    SQLITE_STATIC);
        } else {
            (void)sqlite3_bind_int64(rows->statement, (int)i + 1, values[i].number);
        }
    }
    *out = &rows->base;
    return COGO_OK;
}

static cogo_err query_each(database *d, const char *sql, const cogo_strings *keys,
                           db_rows **out)
{
    sqlite_rows *rows = NULL;
    cogo_err err = prepare(d, sql, &rows);
    if (err != COGO_OK) {
        return err;
    }
    rows->keys = keys;
    *out = &rows->base;
    return COGO_OK;
}

static db_step step(db_rows *base)
{
    sqlite_rows *rows = (sqlite_rows *)base;
    bool begun = rows->keys == NULL || rows->next > 0;
    for (;;) {
        int code = begun ? sqlite3_step(rows->statement) : SQLITE_DONE;
        if (code == SQLITE_ROW) {
            return DB_ROW;
        }
        if (code != SQLITE_DONE) {
            return DB_FAILED;
        }
        if (rows->keys == NULL || rows->next == rows->keys->count) {
            return DB_DONE;
        }
        (void)sqlite3_reset(rows->statement);
        (void)sqlite3_bind_text(rows->statement, 1, rows->keys->items[rows->next++], -1,
                                SQLITE_STATIC);
        begun = true;
    }
}

static int64_t number(db_rows *rows, int column)
{
    return sqlite3_column_int64(((sqlite_rows *)rows)->statement, column);
}

static const void *bytes(db_rows *base, int column, size_t *out_size)
{
    sqlite3_stmt *statement = ((sqlite_rows *)base)->statement;
    bool text = sqlite3_column_type(statement, column) == SQLITE_TEXT;
    const void *data = text ? (const void *)sqlite3_column_text(statement, column)
                            : sqlite3_column_blob(statement, column);
    *out_size = (size_t)sqlite3_column_bytes(statement, column);
    return data;
}

static const char *why(database *d)
{
    return sqlite3_errmsg(handle_of(d));
}

static const db_driver driver = {
    .begin = begin,
    .end = end,
    .query = query,
    .query_each = query_each,
    .step = step,
    .number = number,
    .bytes = bytes,
    .close = close_rows,
    .why = why,
};

void sqlite_db_init(sqlite_db *d, sqlite3 *handle)
{
    *d = (sqlite_db){.base = {.driver = &driver}, .handle = handle};
}

cogo_err sqlite_open_reader(const char *path, database **out, char error[JOURNAL_ERROR_SIZE])
{
    sqlite3 *handle = NULL;
    sqlite_db *d = calloc(1, sizeof *d);
    cogo_err err =
        d == NULL ? COGO_ENOMEM : sqlite_connect(path, SQLITE_READER, &handle, error);
    if (err != COGO_OK) {
        free(d);
        return err;
    }
    sqlite_db_init(d, handle);
    *out = &d->base;
    return COGO_OK;
}

void sqlite_close_reader(database *d)
{
    (void)sqlite3_close(handle_of(d));
    free(d);
}
