/* Connections of the SQLite engine, and what its errors mean for people. */
#include "actors/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x434f474f, /* "COGO": this file is a journal of ours. */
    BUSY_TIMEOUT_MS = 5000,
};

/* Bytes that the write-ahead log keeps after a checkpoint. */
#define WAL_KEEP_BYTES "67108864"

cogo_err sqlite_make_folder(const char *path, char error[JOURNAL_ERROR_SIZE])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return COGO_OK;
    }
    char folder[4096];
    int size = snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (size < 0 || (size_t)size >= sizeof folder) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the path of the store is too long");
        return COGO_EINVAL;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot make the folder %.150s: %s", folder,
                       strerror(errno));
        return COGO_EIO;
    }
    return COGO_OK;
}

/* A new file is readable by its owner alone from its first moment; SQLite gives its -wal and
 * -shm the same mode. */
static cogo_err make_file(const char *path, char error[JOURNAL_ERROR_SIZE])
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot open the store %.150s: %s", path,
                       strerror(errno));
        return COGO_EIO;
    }
    struct stat facts;
    if (fstat(fd, &facts) == 0 && (facts.st_mode & 077) != 0) {
        (void)fchmod(fd, 0600); // Somebody else's file: opening it for writing was enough.
    }
    (void)close(fd);
    return COGO_OK;
}

static cogo_err check_application(sqlite3 *db, const char *path, char error[JOURNAL_ERROR_SIZE])
{
    int64_t id = sqlite_number(db, "PRAGMA application_id", -1);
    if (id == APPLICATION_ID) {
        return COGO_OK;
    }
    if (id == 0 && sqlite_number(db, "SELECT count(*) FROM sqlite_schema", -1) == 0) {
        return COGO_OK;
    }
    if (id < 0) {
        sqlite_explain(db, "read the store", error);
        return COGO_EIO;
    }
    (void)snprintf(error, JOURNAL_ERROR_SIZE, "%.150s is a database of another program", path);
    return COGO_EINVAL;
}

static cogo_err set_up_writer(sqlite3 *db, char error[JOURNAL_ERROR_SIZE])
{
    if (sqlite_run(db, "PRAGMA application_id = 1129269071") != SQLITE_OK
        || sqlite_run(db, "PRAGMA journal_mode = WAL") != SQLITE_OK
        || sqlite_run(db, "PRAGMA synchronous = FULL") != SQLITE_OK
        || sqlite_run(db, "PRAGMA journal_size_limit = " WAL_KEEP_BYTES) != SQLITE_OK) {
        sqlite_explain(db, "set up the store", error);
        return COGO_EIO;
    }
    sqlite3_stmt *mode = NULL;
    bool wal = sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &mode, NULL) == SQLITE_OK
               && sqlite3_step(mode) == SQLITE_ROW && sqlite3_column_text(mode, 0) != NULL
               && strcmp((const char *)sqlite3_column_text(mode, 0), "wal") == 0;
    (void)sqlite3_finalize(mode);
    if (!wal) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE,
                       "the file system of the store does not allow a write-ahead log "
                       "(shared memory is needed)");
        return COGO_EIO;
    }
    return COGO_OK;
}

cogo_err sqlite_connect(const char *path, sqlite_mode mode, sqlite3 **out,
                        char error[JOURNAL_ERROR_SIZE])
{
    cogo_err err = mode == SQLITE_WRITER ? make_file(path, error) : COGO_OK;
    if (err != COGO_OK) {
        return err;
    }
    int flags = mode == SQLITE_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK
        || sqlite3_extended_result_codes(db, 1) != SQLITE_OK
        || sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS) != SQLITE_OK
        || sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK
        || sqlite_run(db, "PRAGMA trusted_schema = OFF") != SQLITE_OK
        || sqlite_run(db, "PRAGMA foreign_keys = ON") != SQLITE_OK) {
        sqlite_explain(db, "open the store", error);
        err = COGO_EIO;
    }
    if (err == COGO_OK) {
        err = check_application(db, path, error);
    }
    if (err == COGO_OK && mode == SQLITE_WRITER) {
        err = set_up_writer(db, error);
    }
    if (err != COGO_OK) {
        (void)sqlite3_close(db);
        return err;
    }
    *out = db;
    return COGO_OK;
}

int sqlite_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int64_t sqlite_number(sqlite3 *db, const char *sql, int64_t fallback)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = fallback;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW
        && sqlite3_column_type(statement, 0) == SQLITE_INTEGER) {
        number = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return number;
}

void sqlite_explain(sqlite3 *db, const char *doing, char error[JOURNAL_ERROR_SIZE])
{
    int code = db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(db);
    int system_errno = db == NULL ? 0 : sqlite3_system_errno(db);
    const char *text = db == NULL ? "out of memory" : sqlite3_errmsg(db);
    // The system's number belongs to the latest file operation: told only where it is the
    // reason.
    bool io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
    if (io && system_errno != 0) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot %s: %s (%s, SQLite %d)", doing, text,
                       strerror(system_errno), code);
    } else {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot %s: %s (SQLite %d)", doing, text,
                       code);
    }
}

/* What the latest failed operation on the write-ahead log said; 0: not known. (The number that
 * sqlite3_system_errno() gives is not set by a failed commit.) */
static int log_errno(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int number = 0;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK
        || log == NULL || log->pMethods == NULL
        || log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number) != SQLITE_OK) {
        return 0;
    }
    return number;
}

bool sqlite_no_room(sqlite3 *db, int code)
{
    if ((code & 0xff) == SQLITE_FULL) {
        return true; // A write that ended in ENOSPC.
    }
    if (code == SQLITE_IOERR_SHMSIZE) {
        return sqlite3_system_errno(db) == ENOSPC;
    }
    int why = code == SQLITE_IOERR_WRITE ? log_errno(db) : 0;
    return why == EDQUOT || why == EFBIG;
}
