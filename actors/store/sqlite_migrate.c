/* Migrations of an SQLite file: with a start, and what `cogo migrate` does, which is the same
 * without taking a term. */
#include "actors/store/lock.h"
#include "actors/store/sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool note_it(sqlite3 *db, const migration *m, const char *checksum)
{
    sqlite3_stmt *note = NULL;
    bool good = sqlite3_prepare_v2(db,
                                   "INSERT INTO schema_migrations (number, name, checksum, "
                                   "applied_at) VALUES (?1, ?2, ?3, "
                                   "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
                                   -1, &note, NULL)
                    == SQLITE_OK
                && sqlite3_bind_int64(note, 1, m->number) == SQLITE_OK
                && sqlite3_bind_text(note, 2, m->name, -1, SQLITE_STATIC) == SQLITE_OK
                && sqlite3_bind_text(note, 3, checksum, -1, SQLITE_STATIC) == SQLITE_OK
                && sqlite3_step(note) == SQLITE_DONE;
    (void)sqlite3_finalize(note);
    return good;
}

static cogo_err run(void *engine, const char *sql, const migration *note, const char *checksum,
                    char error[JOURNAL_ERROR_SIZE])
{
    sqlite3 *db = engine;
    char doing[128] = "set up the store";
    if (note != NULL) {
        (void)snprintf(doing, sizeof doing, "apply migration %" PRId64 " (%.60s)", note->number,
                       note->name);
    }
    bool good = sqlite_run(db, "BEGIN IMMEDIATE") == SQLITE_OK
                && sqlite_run(db, sql) == SQLITE_OK
                && (note == NULL || note_it(db, note, checksum))
                && sqlite_run(db, "COMMIT") == SQLITE_OK;
    if (!good) {
        sqlite_explain(db, doing, error);
        if (sqlite3_get_autocommit(db) == 0) {
            (void)sqlite_run(db, "ROLLBACK"); // What failed first is what people need to read.
        }
    }
    return good ? COGO_OK : COGO_EIO;
}

cogo_err sqlite_migrate(sqlite3 *db, const char *dir, migration_mode mode,
                        migration_print print, void *ctx, char error[JOURNAL_ERROR_SIZE])
{
    sqlite_db questions;
    sqlite_db_init(&questions, db);
    migrations m = {
        .db = db == NULL ? NULL : &questions.base,
        .built_in = sqlite_migrations,
        .has_table = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'",
        .create_table = "CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, "
                        "name TEXT NOT NULL, checksum TEXT NOT NULL, "
                        "applied_at TEXT NOT NULL) STRICT",
        .run = run,
        .engine = db,
        .mode = mode,
        .print = print,
        .ctx = ctx,
    };
    return migrations_run(&m, dir, error);
}

/* There may be nothing yet, which is all that a dry run has to say. */
static cogo_err migrate_dry(const char *path, migration_print print, void *ctx, char error[256])
{
    sqlite3 *db = NULL;
    struct stat facts;
    cogo_err err = COGO_OK;
    if (stat(path, &facts) == 0) {
        err = sqlite_connect(path, SQLITE_READER, &db, error);
    } else if (errno != ENOENT) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot open the store %.150s: %s", path,
                       strerror(errno));
        err = COGO_EIO;
    }
    if (err == COGO_OK) {
        err = sqlite_migrate(db, NULL, MIGRATE_SHOW, print, ctx, error);
    }
    (void)sqlite3_close(db);
    return err;
}

cogo_err sqlite_migrate_path(const char *path, bool dry_run, migration_print print, void *ctx,
                             char error[JOURNAL_ERROR_SIZE])
{
    if (dry_run) {
        return migrate_dry(path, print, ctx, error);
    }
    int lock = -1;
    sqlite3 *db = NULL;
    cogo_err err = sqlite_make_folder(path, error);
    if (err == COGO_OK) {
        err = store_lock_take(path, &lock, error);
    }
    if (err == COGO_OK) {
        err = sqlite_connect(path, SQLITE_WRITER, &db, error);
    }
    if (err == COGO_OK) {
        err = sqlite_migrate(db, NULL, MIGRATE_APPLY, print, ctx, error);
    }
    (void)sqlite3_close(db);
    store_lock_give(lock);
    return err;
}
