/* One write: a flight of the pipeline, whose answer is awaited. It leaves the transaction open.
 */
#include "actors/store/postgres/write.h"

#include <inttypes.h>
#include <stdio.h>

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

journal_verdict pg_apply(journal *base, const store_write *write,
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
