/* What the SQLite engine's files share: connections, statements, migrations, rows.
 * Used by sqlite*.c only. Never lets a sentence of SQLite reach people without saying what was
 * being done. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "actors/store/journal.h"

#include <sqlite3.h>

struct journal_reader {
    sqlite3 *db;
};

typedef enum sqlite_mode {
    SQLITE_WRITER, /* Creates the file; WAL, synchronous=FULL. */
    SQLITE_READER, /* Read only. */
} sqlite_mode;

/* Makes the last folder of @p path, for its owner alone, when it is missing. */
COGO_MUST_USE cogo_err sqlite_make_folder(const char *path, char error[JOURNAL_ERROR_SIZE]);

/* Opens @p path and sets what every connection needs. */
COGO_MUST_USE cogo_err sqlite_connect(const char *path, sqlite_mode mode, sqlite3 **out,
                                      char error[JOURNAL_ERROR_SIZE]);

/* Runs @p sql, which gives no rows. Returns an SQLite code. */
int sqlite_run(sqlite3 *db, const char *sql);

/* The first column of the first row of @p sql as a number; @p fallback when there is none. */
int64_t sqlite_number(sqlite3 *db, const char *sql, int64_t fallback);

/* Writes "cannot DOING: what SQLite says (disk is full, ...)" into @p error. */
void sqlite_explain(sqlite3 *db, const char *doing, char error[JOURNAL_ERROR_SIZE]);

/* True when @p code, which @p db has just given, means that the disk, quota or file size is
 * used up. Nothing was damaged then; a failed fsync is never among these. */
bool sqlite_no_room(sqlite3 *db, int code);

/* One numbered file of SQL. */
typedef struct migration {
    int64_t number;
    const char *name; /* NULL ends a list. */
    const char *sql;
} migration;

extern const migration migrations_built_in[]; /* Made from deploy/sql/sqlite at build time. */

typedef void (*migration_print)(void *ctx, const char *line);

/* Applies what is missing, each migration in a transaction of its own; with @p dry_run only
 * says so. @p db NULL: there is no database yet (dry run only). Refuses a database that is
 * newer than
 * @p dir (NULL: the built-in list) or in which an applied migration was changed. */
COGO_MUST_USE cogo_err sqlite_migrate(sqlite3 *db, const char *dir, bool dry_run,
                                      migration_print print, void *ctx,
                                      char error[JOURNAL_ERROR_SIZE]);

#endif
