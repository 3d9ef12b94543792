/* Migrations: numbered SQL files, each applied once in a transaction of its own. */
#include "actors/store/sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MIGRATIONS_MAX = 1000,
    MIGRATION_BYTES_MAX = 1024 * 1024,
    CHECKSUM_SIZE = 17, /* 16 hexadecimal digits and a NUL. */
};

/* FNV-1a: tells an edited file from the applied one; it is no protection against people. */
static void checksum(const char *sql, char out[CHECKSUM_SIZE])
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (const char *c = sql; *c != '\0'; c++) {
        hash = (hash ^ (uint64_t)(unsigned char)*c) * 0x100000001b3U;
    }
    (void)snprintf(out, CHECKSUM_SIZE, "%016" PRIx64, hash);
}

static char *read_text(int folder, const char *name, cogo_arena *arena)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat facts;
    char *text = NULL;
    if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_size <= MIGRATION_BYTES_MAX) {
        text = cogo_arena_alloc(arena, (size_t)facts.st_size + 1);
        if (text != NULL && read(fd, text, (size_t)facts.st_size) != facts.st_size) {
            text = NULL;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return text;
}

/* True for "0001_name.sql". */
static bool parse_name(const char *name, int64_t *out_number)
{
    size_t size = strlen(name);
    if (size < 10 || strspn(name, "0123456789") != 4 || name[4] != '_'
        || strcmp(name + size - 4, ".sql") != 0) {
        return false;
    }
    *out_number = strtol(name, NULL, 10);
    return true;
}

static int by_number(const void *a, const void *b)
{
    const migration *one = a, *other = b;
    return one->number < other->number ? -1 : one->number > other->number;
}

static cogo_err load_folder(const char *path, cogo_arena *arena, const migration **out,
                            char error[JOURNAL_ERROR_SIZE])
{
    DIR *folder = opendir(path);
    migration *list = cogo_arena_alloc(arena, (MIGRATIONS_MAX + 1) * sizeof *list);
    if (folder == NULL || list == NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot read the migrations in %.150s: %s",
                       path, folder == NULL ? strerror(errno) : "out of memory");
        if (folder != NULL) {
            (void)closedir(folder);
        }
        return COGO_EIO;
    }
    cogo_err err = COGO_OK;
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL && err == COGO_OK;
         entry = readdir(folder)) {
        migration m = {0};
        if (!parse_name(entry->d_name, &m.number)) {
            continue;
        }
        m.sql = read_text(dirfd(folder), entry->d_name, arena);
        m.name =
            cogo_arena_printf(arena, "%.*s", (int)strlen(entry->d_name) - 9, entry->d_name + 5);
        if (m.sql == NULL || m.name == NULL || count == MIGRATIONS_MAX) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot read the migration %.150s",
                           entry->d_name);
            err = COGO_EIO;
        } else {
            list[count++] = m;
        }
    }
    (void)closedir(folder);
    qsort(list, count, sizeof *list, by_number);
    *out = list;
    return err;
}

static cogo_err check_applied(sqlite3 *db, const migration *list, int64_t known,
                              char error[JOURNAL_ERROR_SIZE])
{
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(db, "SELECT number, checksum FROM schema_migrations ORDER BY number",
                           -1, &rows, NULL)
        != SQLITE_OK) {
        sqlite_explain(db, "read the migrations of the store", error);
        return COGO_EIO;
    }
    cogo_err err = COGO_OK;
    while (err == COGO_OK && sqlite3_step(rows) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(rows, 0);
        const char *applied = (const char *)sqlite3_column_text(rows, 1);
        char sum[CHECKSUM_SIZE];
        if (number > known) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE,
                           "the store is newer than this program: it has migration %" PRId64
                           ", the program knows up to %" PRId64,
                           number, known);
            err = COGO_EUNSUPPORTED;
            continue;
        }
        checksum(number < 1 ? "" : list[number - 1].sql, sum);
        if (number < 1 || applied == NULL || strcmp(applied, sum) != 0) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE,
                           "migration %" PRId64 " was changed after it had been applied",
                           number);
            err = COGO_EUNSUPPORTED;
        }
    }
    (void)sqlite3_finalize(rows);
    return err;
}

static cogo_err apply(sqlite3 *db, const migration *m, char error[JOURNAL_ERROR_SIZE])
{
    char sum[CHECKSUM_SIZE];
    checksum(m->sql, sum);
    sqlite3_stmt *note = NULL;
    bool good = sqlite_run(db, "BEGIN IMMEDIATE") == SQLITE_OK
                && sqlite_run(db, m->sql) == SQLITE_OK
                && sqlite3_prepare_v2(db,
                                      "INSERT INTO schema_migrations (number, name, checksum, "
                                      "applied_at) VALUES (?1, ?2, ?3, "
                                      "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
                                      -1, &note, NULL)
                       == SQLITE_OK
                && sqlite3_bind_int64(note, 1, m->number) == SQLITE_OK
                && sqlite3_bind_text(note, 2, m->name, -1, SQLITE_STATIC) == SQLITE_OK
                && sqlite3_bind_text(note, 3, sum, -1, SQLITE_STATIC) == SQLITE_OK
                && sqlite3_step(note) == SQLITE_DONE;
    if (!good) {
        char doing[128];
        (void)snprintf(doing, sizeof doing, "apply migration %" PRId64 " (%.60s)", m->number,
                       m->name);
        sqlite_explain(db, doing, error);
    }
    (void)sqlite3_finalize(note);
    if (good && sqlite_run(db, "COMMIT") != SQLITE_OK) {
        sqlite_explain(db, "commit a migration", error);
        good = false;
    }
    if (!good && sqlite3_get_autocommit(db) == 0) {
        (void)sqlite_run(db, "ROLLBACK"); // What failed first is what people need to read.
    }
    return good ? COGO_OK : COGO_EIO;
}

static cogo_err run_list(sqlite3 *db, const migration *list, bool dry_run,
                         migration_print print, void *ctx, char error[JOURNAL_ERROR_SIZE])
{
    int64_t known = 0;
    while (list[known].name != NULL) {
        known++;
        if (list[known - 1].number != known) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE, "migration %" PRId64 " is missing",
                           known);
            return COGO_EINVAL;
        }
    }
    bool table = db != NULL
                 && sqlite_number(db,
                                  "SELECT 1 FROM sqlite_schema WHERE name = "
                                  "'schema_migrations'",
                                  0)
                        == 1;
    if (!table && !dry_run
        && sqlite_run(db, "CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, "
                          "name TEXT NOT NULL, checksum TEXT NOT NULL, "
                          "applied_at TEXT NOT NULL) STRICT")
               != SQLITE_OK) {
        sqlite_explain(db, "set up the store", error);
        return COGO_EIO;
    }
    int64_t done = 0;
    if (table) {
        cogo_err err = check_applied(db, list, known, error);
        if (err != COGO_OK) {
            return err;
        }
        done = sqlite_number(db, "SELECT max(number) FROM schema_migrations", 0);
    }
    for (int64_t i = 0; i < known; i++) {
        cogo_err err = i < done || dry_run ? COGO_OK : apply(db, &list[i], error);
        if (err != COGO_OK) {
            return err;
        }
        if (print != NULL) {
            char line[160];
            (void)snprintf(line, sizeof line, "%04" PRId64 " %.100s: %s", list[i].number,
                           list[i].name,
                           i < done  ? "applied before"
                           : dry_run ? "missing"
                                     : "applied");
            print(ctx, line);
        }
    }
    return COGO_OK;
}

cogo_err sqlite_migrate(sqlite3 *db, const char *dir, bool dry_run, migration_print print,
                        void *ctx, char error[JOURNAL_ERROR_SIZE])
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    const migration *list = migrations_built_in;
    cogo_err err = dir == NULL ? COGO_OK : load_folder(dir, &arena, &list, error);
    if (err == COGO_OK) {
        err = run_list(db, list, dry_run, print, ctx, error);
    }
    cogo_arena_finish(&arena);
    return err;
}
