/* The writing side of the PostgreSQL engine. A write is one flight of the pipeline, whose
 * answer is awaited; the transaction stays open until journal_commit().
 *
 * A COMMIT whose answer was lost: each transaction writes its number into the row "meta", which
 * it also locks. So whoever has that row after a new connection was made knows that the old
 * session is over, and finds there whether its COMMIT arrived. */
#include "actors/store/postgres/postgres.h"
#include "codec/contract/failpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pg_journal {
    journal base;
    pg connection;
    cogo_arena arena; /* Encoded records of the write in hand. */
    pg_right right;
    int64_t commit_id; /* Of the open or the latest transaction. */
    bool open;         /* A transaction is. */
    bool unsure;       /* Its COMMIT was sent, and not answered. */
    bool lost;         /* Nothing is written before resume(). */
    bool broken;       /* Nor after it. */
} pg_journal;

static journal_verdict verdict_of(pg_fault fault)
{
    switch (fault) {
    case PG_FULL:
        return JOURNAL_FULL;
    case PG_REFUSED:
        return JOURNAL_REFUSED;
    case PG_AWAY:
    case PG_FINE:
        return JOURNAL_AWAY;
    case PG_BROKEN:
        break;
    }
    return JOURNAL_BROKEN;
}

/* After any failure but a refusal nothing is open, here or, soon, on the server. */
static journal_verdict give_up(pg_journal *j, journal_verdict verdict)
{
    pg *p = &j->connection;
    if (p->conn != NULL
        && (PQpipelineStatus(p->conn) != PQ_PIPELINE_OFF || !pg_do(p, "ROLLBACK"))) {
        pg_drop(p);
    }
    j->open = false;
    j->lost = j->lost || p->conn == NULL || verdict == JOURNAL_AWAY;
    j->broken = verdict == JOURNAL_BROKEN;
    return verdict;
}

static bool queue(pg *p, const char *sql)
{
    return PQsendQueryParams(p->conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static journal_verdict no_memory(pg_journal *j, char error[JOURNAL_ERROR_SIZE])
{
    (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot write the journal: out of memory");
    pg_drop(&j->connection);
    return JOURNAL_BROKEN;
}

/* Sends all of @p write; how many commands in @p *out_count. */
static journal_verdict send_write(pg_journal *j, const store_write *write, size_t *out_count,
                                  char error[JOURNAL_ERROR_SIZE])
{
    pg *p = &j->connection;
    pg_request request = {NULL};
    pg_write parameters;
    bool memory = true;
    bool good = PQenterPipelineMode(p->conn) == 1
                && queue(p, j->open ? "SAVEPOINT one_write" : "BEGIN");
    *out_count = 1;
    for (size_t done = 0; done < write->changes.count && good;) {
        size_t part =
            pg_write_encode(write, done, j->commit_id, &request, &j->arena, &parameters);
        if (part == 0) {
            return no_memory(j, error);
        }
        good = pg_queue(p, "write", WRITE_PARAMETERS, &parameters, out_count);
        done += part;
    }
    good = good && pg_send_rest(p, write, j->commit_id, &j->arena, out_count, &memory);
    if (!memory) {
        return no_memory(j, error);
    }
    if (j->open && good) {
        good = queue(p, "RELEASE one_write");
        (*out_count)++;
    }
    if (!good || PQpipelineSync(p->conn) == 0) {
        pg_blame(p, NULL);
        pg_drop(p);
        return JOURNAL_AWAY;
    }
    return JOURNAL_APPLIED;
}

/* Reads what the commands gave, and leaves the pipeline. */
static journal_verdict take_answers(pg_journal *j, size_t count, bool *out_stale)
{
    pg *p = &j->connection;
    p->fault = PG_FINE;
    *out_stale = false;
    while (p->conn != NULL && count > 0) {
        PGresult *result = pg_result(p);
        if (result == NULL) {
            count--;
            continue;
        }
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK) {
            *out_stale = *out_stale || PQgetvalue(result, 0, 0)[0] == 'f';
        } else if (status == PGRES_FATAL_ERROR && p->fault == PG_FINE) {
            pg_blame(p, result);
        }
        PQclear(result);
    }
    if (p->conn != NULL) {
        PQclear(pg_result(p)); // The synchronisation point.
    }
    if (p->conn == NULL || PQexitPipelineMode(p->conn) == 0) {
        pg_drop(p);
        return JOURNAL_AWAY;
    }
    return p->fault == PG_FINE ? JOURNAL_APPLIED : verdict_of(p->fault);
}

/* Counted in the store, for all to see. */
static journal_verdict refuse_stale(pg_journal *j, const store_write *write,
                                    char error[JOURNAL_ERROR_SIZE])
{
    pg *p = &j->connection;
    (void)give_up(j, JOURNAL_REFUSED);
    if (!pg_right_stale(p)) {
        j->lost = true;
    }
    (void)snprintf(error, JOURNAL_ERROR_SIZE,
                   "refused by the journal: term %" PRId64 " is not the current one",
                   write->term);
    return JOURNAL_REFUSED;
}

static const char *malformed(const store_write *write, const char **out_id)
{
    const store_change *changes = write->changes.items;
    const char *why = NULL;
    for (size_t i = 0; i < write->changes.count && why == NULL; i++) {
        *out_id = changes[i].task == NULL ? NULL : changes[i].task->task_id;
        why = change_malformed(&changes[i]);
    }
    return why != NULL ? why : definitions_malformed(write);
}

/* A write that is refused leaves those before it. The server alone knows what it had. */
static journal_verdict undo_one(pg_journal *j, bool was_open)
{
    pg *p = &j->connection;
    if (!pg_do(p, was_open ? "ROLLBACK TO one_write" : "ROLLBACK")) {
        return give_up(j, JOURNAL_AWAY);
    }
    j->open = was_open;
    return JOURNAL_REFUSED;
}

static journal_verdict put_write(pg_journal *j, const store_write *write,
                                 char error[JOURNAL_ERROR_SIZE])
{
    bool was_open = j->open, stale = false;
    size_t commands = 0;
    if (!was_open) {
        j->commit_id++;
    }
    journal_verdict verdict = send_write(j, write, &commands, error);
    if (verdict == JOURNAL_APPLIED) {
        verdict = take_answers(j, commands, &stale);
    }
    if (verdict == JOURNAL_APPLIED && stale) {
        return refuse_stale(j, write, error);
    }
    if (verdict == JOURNAL_APPLIED) {
        j->open = true;
        return JOURNAL_APPLIED;
    }
    if (verdict == JOURNAL_REFUSED) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "refused by the journal: %.200s",
                       j->connection.why);
        verdict = undo_one(j, was_open);
    }
    if (verdict != JOURNAL_REFUSED) {
        if (verdict != JOURNAL_BROKEN || j->connection.conn != NULL) {
            postgres_explain(&j->connection, "write the journal", error);
        }
        verdict = give_up(j, verdict);
    }
    return verdict;
}

static journal_verdict apply(journal *base, const store_write *write,
                             char error[JOURNAL_ERROR_SIZE])
{
    pg_journal *j = (pg_journal *)base;
    const char *id = NULL;
    if (j->broken) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the store failed before");
        return JOURNAL_BROKEN;
    }
    if (j->lost || j->connection.conn == NULL) {
        j->lost = true;
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the connection to the store is lost");
        return JOURNAL_AWAY;
    }
    const char *why = malformed(write, &id);
    if (why != NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "refused by the journal: %.40s: %s",
                       id == NULL ? "a change" : id, why);
        return JOURNAL_REFUSED;
    }
    journal_verdict verdict = put_write(j, write, error);
    cogo_arena_finish(&j->arena);
    return verdict;
}

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
    .apply = apply,
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
