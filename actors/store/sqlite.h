/* What the SQLite engine's files share: connections, statements, migrations, rows.
 * Used by sqlite*.c only. Never lets a sentence of SQLite reach people without saying what was
 * being done. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "actors/store/engine.h"
#include "actors/store/migrations.h"

#include <sqlite3.h>

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

/* Applies what is missing, or as @p mode says. @p db NULL: there is no database
 * yet (dry run only). @p dir NULL: the built-in migrations. */
COGO_MUST_USE cogo_err sqlite_migrate(sqlite3 *db, const char *dir, migration_mode mode,
                                      migration_print print, void *ctx,
                                      char error[JOURNAL_ERROR_SIZE]);
COGO_MUST_USE cogo_err sqlite_migrate_path(const char *path, bool dry_run,
                                           migration_print print, void *ctx,
                                           char error[JOURNAL_ERROR_SIZE]);

/* The reading side: a connection with its questions (sqlite_rows.c). */
COGO_MUST_USE cogo_err sqlite_open_reader(const char *path, database **out,
                                          char error[JOURNAL_ERROR_SIZE]);
void sqlite_close_reader(database *d);

/* A db over @p handle, which stays the caller's. */
typedef struct sqlite_db {
    database base;
    sqlite3 *handle;
} sqlite_db;
void sqlite_db_init(sqlite_db *d, sqlite3 *handle);

#endif
