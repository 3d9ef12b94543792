/* Questions to PostgreSQL: the driver of db.h. Rows come one by one, in binary. A connection
 * that was lost is made anew by the next begin(). */
#include "actors/store/postgres/builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECONNECT_MS =
        250,          /* A failed try that took longer makes questions fail at once so long. */
    VALUES_MAX = 160, /* Parameters of one statement. */
    NUMBER_SIZE = 24,
    EACH_SIZE = 2048, /* Text of one statement for many keys. */
};

typedef struct pg_db {
    database base;
    pg connection;
    int64_t failed_at_ms; /* 0: never. */
} pg_db;

typedef struct pg_rows {
    db_rows base;
    PGresult *row; /* Being looked at. */
    bool over;     /* All answers were taken. */
} pg_rows;

static pg *connection_of(database *d)
{
    return &((pg_db *)d)->connection;
}

static cogo_err begin(database *d)
{
    static const char sql[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    pg_db *self = (pg_db *)d;
    pg *p = &self->connection;
    if (p->conn != NULL && pg_do(p, sql)) {
        return COGO_OK;
    }
    // The server may have been restarted since the last question: one new try.
    if (self->failed_at_ms != 0 && pg_now_ms() - self->failed_at_ms < RECONNECT_MS) {
        return COGO_EIO;
    }
    int64_t began_ms = pg_now_ms();
    if (pg_connect(p) && pg_do(p, sql)) {
        self->failed_at_ms = 0;
        return COGO_OK;
    }
    // One that is refused at once costs the next question nothing.
    self->failed_at_ms = pg_now_ms() - began_ms < RECONNECT_MS ? 0 : pg_now_ms();
    return COGO_EIO;
}

static void end(database *d)
{
    pg *p = connection_of(d);
    if (p->conn != NULL && PQtransactionStatus(p->conn) != PQTRANS_IDLE
        && !pg_do(p, "ROLLBACK")) {
        pg_drop(p);
    }
}

static cogo_err make_rows(database *d, db_rows **out)
{
    pg_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        pg_drop(connection_of(d)); // Its answers would be taken for another question's.
        return COGO_ENOMEM;
    }
    *rows = (pg_rows){.base = {.from = d}};
    *out = &rows->base;
    return COGO_OK;
}

static cogo_err query(database *d, const char *sql, const db_value *values, size_t count,
                      db_rows **out)
{
    pg *p = connection_of(d);
    const char *texts[VALUES_MAX];
    char numbers[VALUES_MAX][NUMBER_SIZE];
    if (p->conn == NULL) {
        return COGO_EIO;
    }
    if (count > VALUES_MAX) {
        return COGO_ELIMIT;
    }
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(numbers[i], NUMBER_SIZE, "%lld", (long long)values[i].number);
        texts[i] = values[i].text != NULL ? values[i].text : numbers[i];
    }
    if (PQsendQueryParams(p->conn, sql, (int)count, NULL, texts, NULL, NULL, 1) == 0
        || PQsetSingleRowMode(p->conn) == 0) {
        pg_blame(p, NULL);
        return COGO_EIO;
    }
    return make_rows(d, out);
}

/* @p sql, a question about $1, for each element of an array in its place, in their order. */
static bool for_each(const char *sql, char out[EACH_SIZE])
{
    static const char key[] = "$1";
    size_t used = (size_t)snprintf(out, EACH_SIZE,
                                   "SELECT x.* FROM unnest($1::text[]) WITH "
                                   "ORDINALITY k(id, at), LATERAL (");
    for (const char *next; (next = strstr(sql, key)) != NULL && used < EACH_SIZE;) {
        used +=
            (size_t)snprintf(out + used, EACH_SIZE - used, "%.*sk.id", (int)(next - sql), sql);
        sql = next + sizeof key - 1;
    }
    if (used < EACH_SIZE) {
        used += (size_t)snprintf(out + used, EACH_SIZE - used, "%s) x ORDER BY k.at", sql);
    }
    return used < EACH_SIZE;
}

/* One statement for all keys: with one each, the last task of a fan waited longer (README). */
static cogo_err query_each(database *d, const char *sql, const cogo_strings *keys,
                           db_rows **out)
{
    pg *p = connection_of(d);
    char text[EACH_SIZE];
    pg_write array = {.values = {NULL}};
    size_t size = HEADER_SIZE;
    for (size_t i = 0; i < keys->count; i++) {
        size += sizeof(uint32_t) + strlen(keys->items[i]);
    }
    uint8_t *memory = malloc(size);
    if (p->conn == NULL || memory == NULL || !for_each(sql, text)) {
        free(memory);
        return p->conn == NULL ? COGO_EIO : memory == NULL ? COGO_ENOMEM : COGO_ELIMIT;
    }
    builder b = {.at = memory, .out = &array};
    begin_array(&b, OID_TEXT, keys->count);
    for (size_t i = 0; i < keys->count; i++) {
        put_text(&b, keys->items[i]);
    }
    end_value(&b);
    bool good =
        PQsendQueryParams(p->conn, text, 1, NULL, array.values, array.sizes, array.formats, 1)
            == 1
        && PQsetSingleRowMode(p->conn) == 1;
    free(memory);
    if (!good) {
        pg_blame(p, NULL);
        return COGO_EIO;
    }
    return make_rows(d, out);
}

/* The next row, or NULL: no more, or a fault. */
static PGresult *next_row(pg_rows *rows)
{
    pg *p = connection_of(rows->base.from);
    while (p->conn != NULL && !rows->over) {
        PGresult *result = pg_result(p);
        if (p->conn == NULL) {
            return NULL;
        }
        if (result == NULL) {
            rows->over = true;
            break;
        }
        ExecStatusType status = PQresultStatus(result);
        bool has_row = status == PGRES_SINGLE_TUPLE
                       || (status == PGRES_TUPLES_OK && PQntuples(result) > 0);
        if (has_row) {
            return result;
        }
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            if (p->fault == PG_FINE) {
                pg_blame(p, result);
            }
        }
        PQclear(result);
    }
    return NULL;
}

static db_step step(db_rows *base)
{
    pg_rows *rows = (pg_rows *)base;
    pg *p = connection_of(base->from);
    PQclear(rows->row);
    p->fault = PG_FINE;
    rows->row = next_row(rows);
    if (rows->row != NULL) {
        return DB_ROW;
    }
    return p->conn == NULL || p->fault != PG_FINE ? DB_FAILED : DB_DONE;
}

static int64_t number(db_rows *base, int column)
{
    const PGresult *row = ((pg_rows *)base)->row;
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(row, 0, column);
    int size = PQgetlength(row, 0, column);
    uint64_t value = size > 0 && bytes[0] >= 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return (int64_t)value;
}

static const void *bytes(db_rows *base, int column, size_t *out_size)
{
    const PGresult *row = ((pg_rows *)base)->row;
    *out_size = (size_t)PQgetlength(row, 0, column);
    return PQgetisnull(row, 0, column) ? NULL : PQgetvalue(row, 0, column);
}

static void close_rows(db_rows *base)
{
    pg_rows *rows = (pg_rows *)base;
    PQclear(rows->row);
    for (PGresult *left; (left = next_row(rows)) != NULL;) {
        PQclear(left);
    }
    free(rows);
}

static const char *why(database *d)
{
    return connection_of(d)->why;
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

cogo_err postgres_connect(const char *url, pg_kind kind, database **out,
                          char error[JOURNAL_ERROR_SIZE])
{
    pg_db *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "out of memory");
        return COGO_ENOMEM;
    }
    d->base.driver = &driver;
    cogo_err err = pg_init(&d->connection, kind, url, error);
    if (err == COGO_OK && !pg_connect(&d->connection)) {
        postgres_explain(&d->connection, "connect to the store", error);
        err = COGO_ECLOSED;
    }
    if (err != COGO_OK) {
        postgres_disconnect(&d->base);
        return err;
    }
    *out = &d->base;
    return COGO_OK;
}

pg *postgres_connection(database *d)
{
    return connection_of(d);
}

cogo_err postgres_open_reader(const char *url, database **out, char error[JOURNAL_ERROR_SIZE])
{
    return postgres_connect(url, PG_READER, out, error);
}

void postgres_disconnect(database *d)
{
    pg_finish(connection_of(d));
    free(d);
}

void postgres_explain(const pg *p, const char *doing, char error[JOURNAL_ERROR_SIZE])
{
    (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot %s: %.180s (PostgreSQL)", doing, p->why);
}
