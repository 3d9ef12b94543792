/* The writing side of the PostgreSQL engine. A transaction is opened by its first write
 * (write.c) and stays open until journal_commit().
 *
 * A COMMIT whose answer was lost: each transaction writes its number into the row "meta", which
 * it also locks. So whoever has that row after a new connection was made knows that the old
 * session is over, and finds there whether its COMMIT arrived. */
#include "actors/store/postgres/write.h"
#include "codec/contract/failpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cogo_err commit(journal *base, char error[JOURNAL_ERROR_SIZE])
{
    pg_journal *j = (pg_journal *)base;
    pg *p = &j->connection;
    if (j->broken) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the store failed before");
        return COGO_EIO;
    }
    if (!j->open) {
        return COGO_OK;
    }
    bool sent = pg_send(p, "COMMIT", NULL, 0);
    failpoint("store.commit.sent");
    PGresult *result = sent ? pg_answer(p) : NULL;
    bool good = result != NULL && strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    j->open = false;
    if (good) {
        return COGO_OK;
    }
    // Even an error that the server told may come after the transaction was on disk.
    postgres_explain(p, "commit the journal", error);
    pg_drop(p);
    j->unsure = true;
    j->lost = true;
    return COGO_ECLOSED;
}

static journal_verdict renew_term(pg_journal *j, int64_t *out_commit_id,
                                  char error[JOURNAL_ERROR_SIZE])
{
    journal_verdict verdict = pg_right_renew(&j->connection, &j->right, out_commit_id, error);
    j->lost = j->lost || verdict == JOURNAL_AWAY;
    j->broken = verdict == JOURNAL_BROKEN;
    return verdict;
}

static journal_verdict stand(pg_journal *j, char error[JOURNAL_ERROR_SIZE])
{
    pg *p = &j->connection;
    if (pg_right_ask(p, true, &j->right)) {
        return JOURNAL_APPLIED;
    }
    postgres_explain(p, "ask for the right to write the store", error);
    if (p->fault == PG_BROKEN) {
        return JOURNAL_BROKEN;
    }
    j->lost = true;
    pg_drop(p);
    return JOURNAL_AWAY;
}

static journal_verdict resume(journal *base, bool *out_committed,
                              char error[JOURNAL_ERROR_SIZE])
{
    pg_journal *j = (pg_journal *)base;
    pg *p = &j->connection;
    int64_t commit_id = 0;
    if (j->broken) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the store failed before");
        return JOURNAL_BROKEN;
    }
    if (!j->lost && p->conn != NULL) {
        return JOURNAL_APPLIED;
    }
    if ((p->conn == NULL && !pg_connect(p)) || !pg_prepare(p)) {
        postgres_explain(p, "reach the store", error);
        pg_drop(p);
        return JOURNAL_AWAY;
    }
    journal_verdict verdict =
        j->right.term == 0 ? JOURNAL_APPLIED : renew_term(j, &commit_id, error);
    if (verdict == JOURNAL_APPLIED) {
        *out_committed = j->unsure && commit_id == j->commit_id;
        j->unsure = false;
        j->lost = false;
    }
    return verdict;
}

static journal_verdict renew(journal *base, char error[JOURNAL_ERROR_SIZE])
{
    pg_journal *j = (pg_journal *)base;
    int64_t commit_id;
    if (j->broken || j->lost || j->open || j->connection.conn == NULL) {
        j->lost = j->lost || j->connection.conn == NULL;
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the connection to the store is lost");
        return j->broken ? JOURNAL_BROKEN : j->open ? JOURNAL_APPLIED : JOURNAL_AWAY;
    }
    if (j->right.term == 0) {
        return stand(j, error);
    }
    return renew_term(j, &commit_id, error);
}

/* Gives the right up, so that the next one need not wait. */
static void close_journal(journal *base)
{
    pg_journal *j = (pg_journal *)base;
    pg *p = &j->connection;
    if (p->conn != NULL && j->right.term != 0 && !j->lost
        && (!j->open || pg_do(p, "ROLLBACK"))) {
        pg_right_give(p, &j->right);
    }
    pg_finish(p);
    cogo_arena_finish(&j->arena);
    free(j);
}

static cogo_err open_journal(const store_config *config, journal **out, int64_t *out_term,
                             char error[JOURNAL_ERROR_SIZE])
{
    pg_journal *j = calloc(1, sizeof *j);
    if (j == NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "out of memory");
        return COGO_ENOMEM;
    }
    j->base.engine = &postgres_engine;
    cogo_arena_init(&j->arena, 0);
    cogo_err err = pg_init(&j->connection, PG_WRITER, config->path, error);
    if (err == COGO_OK) {
        err = postgres_migrate(config->path, config->migrations_dir,
                               config->no_migrate ? MIGRATE_REFUSE : MIGRATE_APPLY, NULL, NULL,
                               error);
    }
    if (err == COGO_OK && (!pg_connect(&j->connection) || !pg_prepare(&j->connection))) {
        postgres_explain(&j->connection, "open the store", error);
        err = j->connection.fault == PG_BROKEN ? COGO_EIO : COGO_ECLOSED;
    }
    if (err == COGO_OK) {
        err = pg_right_take(&j->connection, config->standby, &j->right, error);
    }
    if (err != COGO_OK) {
        close_journal(&j->base);
        return err;
    }
    *out = &j->base;
    *out_term = j->right.term;
    return COGO_OK;
}

static cogo_err migrate(const char *path, bool dry_run, migration_print print, void *ctx,
                        char error[JOURNAL_ERROR_SIZE])
{
    return postgres_migrate(path, NULL, dry_run ? MIGRATE_SHOW : MIGRATE_APPLY, print, ctx,
                            error);
}

static cogo_err edit(journal *base, const char *sql, const db_value *values, size_t count,
                     int64_t *out_rows, char error[JOURNAL_ERROR_SIZE])
{
    enum { VALUES_MAX = 16 };
    pg_journal *j = (pg_journal *)base;
    pg *p = &j->connection;
    const char *texts[VALUES_MAX];
    char numbers[VALUES_MAX][24];
    if (j->broken || j->lost || j->open || p->conn == NULL || count > VALUES_MAX) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the connection to the store is lost");
        return j->broken ? COGO_EIO : COGO_ECLOSED;
    }
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(numbers[i], sizeof numbers[i], "%" PRId64, values[i].number);
        texts[i] = values[i].text != NULL ? values[i].text : numbers[i];
    }
    PGresult *result = pg_run(p, sql, texts, (int)count);
    if (result != NULL) {
        *out_rows = strtoll(PQcmdTuples(result), NULL, 10);
        PQclear(result);
        return COGO_OK;
    }
    postgres_explain(p, "change the tokens", error);
    if (p->conn == NULL || p->fault == PG_AWAY) {
        pg_drop(p);
        j->lost = true;
        return COGO_ECLOSED;
    }
    return p->fault == PG_REFUSED ? COGO_EINVAL : p->fault == PG_FULL ? COGO_EFULL : COGO_EIO;
}

static int64_t term_of(const journal *base)
{
    return ((const pg_journal *)base)->right.term;
}

static int64_t stale_of(const journal *base)
{
    return ((const pg_journal *)base)->right.stale;
}

const journal_engine postgres_engine = {
    .name = "postgres",
    .open = open_journal,
    .close = close_journal,
    .apply = pg_apply,
    .commit = commit,
    .resume = resume,
    .renew = renew,
    .edit = edit,
    .term = term_of,
    .stale = stale_of,
    .renew_ns = PG_RENEW_MS * UINT64_C(1000000),
    .connect = postgres_open_reader,
    .disconnect = postgres_disconnect,
    .migrate = migrate,
};
