/* What `cogo migrate` does: the same steps as a start, without taking a term. */
#include "actors/store/lock.h"
#include "actors/store/sqlite.h"
#include "actors/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
        err = sqlite_migrate(db, NULL, true, print, ctx, error);
    }
    (void)sqlite3_close(db);
    return err;
}

cogo_err store_migrate(const char *path, bool dry_run,
                       void (*print)(void *ctx, const char *line), void *ctx, char error[256])
{
    error[0] = '\0';
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
        err = sqlite_migrate(db, NULL, false, print, ctx, error);
    }
    (void)sqlite3_close(db);
    store_lock_give(lock);
    return err;
}
