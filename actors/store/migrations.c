/* Migrations: numbered SQL files, each applied once in a transaction of its own. */
#include "actors/store/migrations.h"

#include "codec/contract/failpoint.h"

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
};

/* FNV-1a: tells an edited file from the applied one; it is no protection against people. */
static void migration_checksum(const char *sql, char out[MIGRATION_CHECKSUM_SIZE])
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (const char *c = sql; *c != '\0'; c++) {
        hash = (hash ^ (uint64_t)(unsigned char)*c) * 0x100000001b3U;
    }
    (void)snprintf(out, MIGRATION_CHECKSUM_SIZE, "%016" PRIx64, hash);
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

/* The one of @p list with this number; NULL: none. */
static const migration *find_number(const migration *list, int64_t number)
{
    while (list->name != NULL && list->number != number) {
        list++;
    }
    return list->name != NULL ? list : NULL;
}

/* What was applied before. */
typedef struct applied {
    bool has[MIGRATIONS_MAX + 1];
} applied;

/* Refuses a database that is newer than the list or in which an applied one was changed. */
static cogo_err check_applied(database *d, const migration *list, applied *out,
                              char error[JOURNAL_ERROR_SIZE])
{
    db_rows *rows = NULL;
    cogo_err err = d->driver->query(
        d, "SELECT number, checksum FROM schema_migrations ORDER BY number", NULL, 0, &rows);
    db_step step = DB_DONE;
    while (err == COGO_OK && (step = db_next(rows)) == DB_ROW) {
        int64_t number = db_column_number(rows, 0);
        const char *checksum = db_column_text(rows, 1);
        const migration *known = find_number(list, number);
        char sum[MIGRATION_CHECKSUM_SIZE];
        if (known == NULL) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE,
                           "the store is newer than this program: it has migration %" PRId64
                           ", which the program does not know",
                           number);
            err = COGO_EUNSUPPORTED;
            continue;
        }
        migration_checksum(known->sql, sum);
        if (checksum == NULL || strcmp(checksum, sum) != 0) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE,
                           "migration %" PRId64 " was changed after it had been applied",
                           number);
            err = COGO_EUNSUPPORTED;
        }
        out->has[number] = true;
    }
    db_close(rows);
    if (err == COGO_EIO || step == DB_FAILED) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot read the migrations of the store: %s",
                       d->driver->why(d));
        return COGO_EIO;
    }
    return err;
}

static void tell(const migrations *m, const migration *one, const char *what)
{
    if (m->print != NULL) {
        char line[160];
        (void)snprintf(line, sizeof line, "%04" PRId64 " %.100s: %s", one->number, one->name,
                       what);
        m->print(m->ctx, line);
    }
}

/* Numbers grow. A folder of files may not lack one: it would be a file that was forgotten. */
static cogo_err check_list(const migration *list, bool folder, char error[JOURNAL_ERROR_SIZE])
{
    int64_t last = 0;
    for (; list->name != NULL; list++) {
        bool missing = folder ? list->number != last + 1 : list->number <= last;
        if (missing || list->number > MIGRATIONS_MAX) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE, "migration %" PRId64 " is missing",
                           last + 1);
            return COGO_EINVAL;
        }
        last = list->number;
    }
    return COGO_OK;
}

static cogo_err run_list(const migrations *m, const migration *list,
                         char error[JOURNAL_ERROR_SIZE])
{
    bool table = m->db != NULL && db_number(m->db, m->has_table, 0) == 1;
    cogo_err err = table || m->mode != MIGRATE_APPLY
                       ? COGO_OK
                       : m->run(m->engine, m->create_table, NULL, NULL, error);
    applied before = {{false}};
    if (err == COGO_OK && table) {
        err = check_applied(m->db, list, &before, error);
    }
    for (; list->name != NULL && err == COGO_OK; list++) {
        bool done = before.has[list->number];
        char sum[MIGRATION_CHECKSUM_SIZE];
        migration_checksum(list->sql, sum);
        if (!done && m->mode == MIGRATE_REFUSE) {
            (void)snprintf(error, JOURNAL_ERROR_SIZE,
                           "the store lacks migration %" PRId64
                           " (%.60s): run cogo migrate, or start without --no-migrate",
                           list->number, list->name);
            return COGO_EUNSUPPORTED;
        }
        if (!done && m->mode == MIGRATE_APPLY) {
            failpoint("store.migrate.before");
            err = m->run(m->engine, list->sql, list, sum, error);
            failpoint("store.migrate.after");
        }
        if (err == COGO_OK) {
            tell(m, list,
                 done                      ? "applied before"
                 : m->mode == MIGRATE_SHOW ? "missing"
                                           : "applied");
        }
    }
    return err;
}

cogo_err migrations_run(const migrations *m, const char *dir, char error[JOURNAL_ERROR_SIZE])
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    const migration *list = m->built_in;
    cogo_err err = dir == NULL ? COGO_OK : load_folder(dir, &arena, &list, error);
    if (err == COGO_OK) {
        err = check_list(list, dir != NULL, error);
    }
    if (err == COGO_OK) {
        err = run_list(m, list, error);
    }
    cogo_arena_finish(&arena);
    return err;
}
