/* Migrations: numbered SQL files, each applied once in a transaction of its own. Used by the
 * engines, which say how one is run. Never goes back, never guesses: a database that is newer
 * than the program, or in which an applied migration was changed, is refused. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include "actors/store/db.h"
#include "actors/store/journal.h"

enum { MIGRATION_CHECKSUM_SIZE = 17 /* 16 hexadecimal digits and a NUL. */ };

/* One numbered file of SQL. */
typedef struct migration {
    int64_t number;
    const char *name; /* NULL ends a list. */
    const char *sql;
} migration;

/* Made from deploy/sql at build time. */
extern const migration sqlite_migrations[], postgres_migrations[];

typedef enum migration_mode {
    MIGRATE_APPLY,  /* What is missing. */
    MIGRATE_SHOW,   /* Only says what is missing. */
    MIGRATE_REFUSE, /* What is missing is an error. */
} migration_mode;

typedef void (*migration_print)(void *ctx, const char *line);

typedef struct migrations {
    database *db;              /* NULL: there is no database yet (dry run only). */
    const migration *built_in; /* Used when no folder is named. */
    const char *has_table;     /* Gives 1 when schema_migrations is there. */
    const char *create_table;
    /* Runs @p sql and, unless @p note is NULL, notes it with @p checksum, in one transaction.
     */
    cogo_err (*run)(void *engine, const char *sql, const migration *note, const char *checksum,
                    char error[JOURNAL_ERROR_SIZE]);
    void *engine;
    migration_mode mode;
    migration_print print;
    void *ctx;
} migrations;

/* Applies what is missing. @p dir NULL: the built-in list. */
COGO_MUST_USE cogo_err migrations_run(const migrations *m, const char *dir,
                                      char error[JOURNAL_ERROR_SIZE]);

#endif
