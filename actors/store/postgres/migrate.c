/* Migrations of a PostgreSQL schema. A lock of the session keeps a second migrator waiting. */
#include "actors/store/postgres/postgres.h"

#include <inttypes.h>
#include <stdio.h>

/* "cogo" as a number, and the schema, so that two journals in one database don't meet. */
#define MIGRATION_LOCK "1668245359, hashtext(current_schema())"

/* @p sql may hold many commands, which the simple protocol alone takes. */
static bool run_script(pg *p, const char *sql)
{
    if (p->conn == NULL || PQsendQuery(p->conn, sql) == 0) {
        return false;
    }
    bool good = true;
    for (PGresult *result; (result = pg_result(p)) != NULL;) {
        ExecStatusType status = PQresultStatus(result);
        if (good && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            pg_blame(p, result);
            good = false;
        }
        PQclear(result);
        if (p->conn == NULL) {
            return false;
        }
    }
    return good && p->conn != NULL;
}

static bool note_it(pg *p, const migration *note, const char *checksum)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%" PRId64, note->number);
    const char *const values[] = {number, note->name, checksum};
    PGresult *result = pg_run(p,
                              "INSERT INTO schema_migrations (number, name, checksum) "
                              "VALUES ($1, $2, $3)",
                              values, 3);
    PQclear(result);
    return result != NULL;
}

static cogo_err run(void *engine, const char *sql, const migration *note, const char *checksum,
                    char error[JOURNAL_ERROR_SIZE])
{
    pg *p = engine;
    char doing[128] = "set up the store";
    if (note != NULL) {
        (void)snprintf(doing, sizeof doing, "apply migration %" PRId64 " (%.60s)", note->number,
                       note->name);
    }
    bool good = pg_do(p, "BEGIN") && run_script(p, sql)
                && (note == NULL || note_it(p, note, checksum)) && pg_do(p, "COMMIT");
    if (!good) {
        postgres_explain(p, doing, error);
        if (p->conn != NULL && !pg_do(p, "ROLLBACK")) {
            pg_drop(p);
        }
        return p->fault == PG_AWAY ? COGO_ECLOSED : COGO_EIO;
    }
    return COGO_OK;
}

cogo_err postgres_migrate(const char *url, const char *dir, migration_mode mode,
                          migration_print print, void *ctx, char error[JOURNAL_ERROR_SIZE])
{
    database *d = NULL;
    cogo_err err = postgres_connect(url, PG_MIGRATOR, &d, error);
    if (err != COGO_OK) {
        return err;
    }
    pg *p = postgres_connection(d);
    migrations m = {
        .db = d,
        .built_in = postgres_migrations,
        .has_table = "SELECT 1::bigint WHERE to_regclass('schema_migrations') IS NOT NULL",
        .create_table = "CREATE TABLE schema_migrations (number bigint PRIMARY KEY, "
                        "name text NOT NULL, checksum text NOT NULL, "
                        "applied_at timestamptz NOT NULL DEFAULT now())",
        .run = run,
        .engine = p,
        .mode = mode,
        .print = print,
        .ctx = ctx,
    };
    if (mode == MIGRATE_APPLY && !pg_do(p, "SELECT pg_advisory_lock(" MIGRATION_LOCK ")")) {
        postgres_explain(p, "lock the store for its migrations", error);
        err = COGO_ECLOSED;
    }
    if (err == COGO_OK) {
        err = migrations_run(&m, dir, error);
    }
    postgres_disconnect(d); // Ends the lock.
    return err;
}
