/* Questions to a database, whatever the engine: one statement with bound values, its rows one
 * after the other. Used by the reading files of this room and implemented once per engine.
 * Parameters are $1, $2, ... in the order in which they stand in the statement.
 * Never shared between threads; one cursor of a connection at a time. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <cogo/error.h>
#include <cogo/record.h>

typedef struct database database; /* A connection. */
typedef struct db_rows db_rows;   /* A statement that is being read. */

typedef enum db_step {
    DB_ROW,
    DB_DONE,
    DB_FAILED, /* driver->why() tells. */
} db_step;

/* A bound value: text, or a number when text is NULL. */
typedef struct db_value {
    const char *text;
    int64_t number;
} db_value;

typedef struct db_driver {
    /* One snapshot for all statements up to end(). Connects again where that is needed. */
    cogo_err (*begin)(database *d);
    void (*end)(database *d);
    cogo_err (*query)(database *d, const char *sql, const db_value *values, size_t count,
                      db_rows **out);
    /* @p sql once for each key, which is $1; the rows follow each other. */
    cogo_err (*query_each)(database *d, const char *sql, const cogo_strings *keys,
                           db_rows **out);
    db_step (*step)(db_rows *rows);
    /* Of the row that was stepped to; good until the next step. NULL is 0, or NULL. Text and
     * bytes end with a 0 byte that is not counted. */
    int64_t (*number)(db_rows *rows, int column);
    const void *(*bytes)(db_rows *rows, int column, size_t *out_size);
    void (*close)(db_rows *rows);    /* NULL is allowed. */
    const char *(*why)(database *d); /* What went wrong last. */
} db_driver;

struct database {
    const db_driver *driver;
};

struct db_rows {
    database *from;
};

static inline int64_t db_column_number(db_rows *rows, int column)
{
    return rows->from->driver->number(rows, column);
}

static inline const char *db_column_text(db_rows *rows, int column)
{
    size_t size;
    return rows->from->driver->bytes(rows, column, &size);
}

static inline db_step db_next(db_rows *rows)
{
    return rows->from->driver->step(rows);
}

static inline void db_close(db_rows *rows)
{
    if (rows != NULL) {
        rows->from->driver->close(rows);
    }
}

/* The first column of the first row of @p sql as a number; @p fallback when there is none. */
int64_t db_number(database *d, const char *sql, int64_t fallback);

#endif
