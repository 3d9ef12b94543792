/* The writing side of the SQLite engine: one open transaction at a time, each write all or
 * nothing in a savepoint of it. */
#include "actors/store/lock.h"
#include "actors/store/sqlite_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define X(name, sql) sql,
static const char *const statement_sql[] = {STATEMENT_MAP(X)};
#undef X

int sqlite_step_once(sqlite_journal *j, enum statement which)
{
    int code = sqlite3_step(j->statements[which]);
    // reset() gives the same error again; the bound bytes are not ours after this call.
    (void)sqlite3_reset(j->statements[which]);
    (void)sqlite3_clear_bindings(j->statements[which]);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* A code that is no fault of the write. */
static journal_verdict judge_engine(sqlite_journal *j, int code, const char *doing,
                                    char error[JOURNAL_ERROR_SIZE])
{
    sqlite_explain(j->db, doing, error);
    return sqlite_no_room(j->db, code) ? JOURNAL_FULL : JOURNAL_BROKEN;
}

journal_verdict sqlite_judge(sqlite_journal *j, int code, const char *subject,
                             char error[JOURNAL_ERROR_SIZE])
{
    if (code == SQLITE_OK) {
        return JOURNAL_APPLIED;
    }
    if ((code & 0xff) == SQLITE_CONSTRAINT || (code & 0xff) == SQLITE_TOOBIG) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "refused by the journal: %.40s: %s",
                       subject == NULL ? "write" : subject, sqlite3_errmsg(j->db));
        return JOURNAL_REFUSED;
    }
    return judge_engine(j, code, "write the journal", error);
}

/* In SQL and in the transaction, so that no other owner can come in between. */
static journal_verdict check_term(sqlite_journal *j, const store_write *write,
                                  char error[JOURNAL_ERROR_SIZE])
{
    const store_change *changes = write->changes.items;
    int64_t lease_max = 0;
    for (size_t i = 0; i < write->changes.count; i++) {
        lease_max = changes[i].lease > lease_max ? changes[i].lease : lease_max;
    }
    (void)sqlite3_bind_int64(j->statements[S_TERM], 1, write->term);
    (void)sqlite3_bind_int64(j->statements[S_TERM], 2, write->sequence);
    (void)sqlite3_bind_int64(j->statements[S_TERM], 3, lease_max);
    int code = sqlite_step_once(j, S_TERM);
    if (code == SQLITE_OK && sqlite3_changes(j->db) == 0) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE,
                       "refused by the journal: term %" PRId64 " is not the current one",
                       write->term);
        return JOURNAL_REFUSED;
    }
    return sqlite_judge(j, code, NULL, error);
}

static journal_verdict put_write(sqlite_journal *j, const store_write *write,
                                 char error[JOURNAL_ERROR_SIZE])
{
    j->request = 0;
    j->request_key = NULL;
    journal_verdict verdict = check_term(j, write, error);
    const store_change *changes = write->changes.items;
    for (size_t i = 0; i < write->changes.count && verdict == JOURNAL_APPLIED; i++) {
        verdict = sqlite_put_change(j, &changes[i], error);
    }
    if (verdict == JOURNAL_APPLIED && write_keeps(write)) {
        verdict = sqlite_put_keeps(j, write, error);
    }
    if (verdict == JOURNAL_APPLIED && write_audits(write)) {
        verdict = sqlite_put_audits(j, write, error);
    }
    cogo_arena_finish(&j->arena);
    return verdict;
}

/* What @p verdict, a failure of the engine, leaves behind. Only a lack of room that could be
 * rolled back leaves a handle that works: after a failed fsync nobody knows what the file
 * holds. */
static journal_verdict give_up(sqlite_journal *j, journal_verdict verdict)
{
    if (sqlite3_get_autocommit(j->db) == 0) {
        (void)sqlite_step_once(j, S_ROLLBACK);
    }
    j->open = false;
    if (verdict != JOURNAL_FULL || sqlite3_get_autocommit(j->db) == 0) {
        j->broken = true;
        return JOURNAL_BROKEN;
    }
    return JOURNAL_FULL;
}

static journal_verdict apply(journal *base, const store_write *write,
                             char error[JOURNAL_ERROR_SIZE])
{
    sqlite_journal *j = (sqlite_journal *)base;
    if (j->broken) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the store failed before");
        return JOURNAL_BROKEN;
    }
    int code = j->open ? SQLITE_OK : sqlite_step_once(j, S_BEGIN);
    if (code == SQLITE_OK) {
        j->open = true;
        code = sqlite_step_once(j, S_WRITE_BEGIN);
    }
    if (code != SQLITE_OK) {
        return give_up(j, judge_engine(j, code, "begin a transaction of the journal", error));
    }
    journal_verdict verdict = put_write(j, write, error);
    if (verdict == JOURNAL_REFUSED && sqlite_step_once(j, S_WRITE_UNDO) != SQLITE_OK) {
        verdict = JOURNAL_BROKEN;
    }
    if (verdict == JOURNAL_APPLIED || verdict == JOURNAL_REFUSED) {
        code = sqlite_step_once(j, S_WRITE_END);
        if (code != SQLITE_OK) {
            verdict = judge_engine(j, code, "write the journal", error);
        }
    }
    bool failed = verdict == JOURNAL_BROKEN || verdict == JOURNAL_FULL;
    return failed ? give_up(j, verdict) : verdict;
}

static cogo_err commit(journal *base, char error[JOURNAL_ERROR_SIZE])
{
    sqlite_journal *j = (sqlite_journal *)base;
    if (j->broken) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the store failed before");
        return COGO_EIO;
    }
    if (!j->open) {
        return COGO_OK;
    }
    int code = sqlite_step_once(j, S_COMMIT);
    if (code != SQLITE_OK) {
        journal_verdict verdict = judge_engine(j, code, "commit the journal", error);
        return give_up(j, verdict) == JOURNAL_FULL ? COGO_EFULL : COGO_EIO;
    }
    j->open = false;
    return COGO_OK;
}

static cogo_err take_term(sqlite_journal *j, int64_t *out_term, char error[JOURNAL_ERROR_SIZE])
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(j->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &j->statements[i], NULL)
            != SQLITE_OK) {
            sqlite_explain(j->db, "prepare the journal", error);
            return COGO_EIO;
        }
    }
    if (sqlite_run(j->db, "UPDATE meta SET term = term + 1, sequence = 0") != SQLITE_OK) {
        sqlite_explain(j->db, "take the next term", error);
        return COGO_EIO;
    }
    *out_term = sqlite_number(j->db, "SELECT term FROM meta", 0);
    return COGO_OK;
}

static void close_journal(journal *base)
{
    sqlite_journal *j = (sqlite_journal *)base;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(j->statements[i]);
    }
    (void)sqlite3_close(j->db); // Rolls back what is open. NULL is allowed.
    store_lock_give(j->lock_fd);
    cogo_arena_finish(&j->arena);
    free(j);
}

static cogo_err open_journal(const store_config *config, journal **out, int64_t *out_term,
                             char error[JOURNAL_ERROR_SIZE])
{
    sqlite_journal *j = calloc(1, sizeof *j);
    if (j == NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "out of memory");
        return COGO_ENOMEM;
    }
    j->base.engine = &sqlite_engine;
    cogo_arena_init(&j->arena, 0);
    j->lock_fd = -1;
    cogo_err err = sqlite_make_folder(config->path, error);
    if (err == COGO_OK) {
        err = store_lock_take(config->path, &j->lock_fd, error);
    }
    if (err == COGO_OK) {
        err = sqlite_connect(config->path, SQLITE_WRITER, &j->db, error);
    }
    if (err == COGO_OK) {
        err = sqlite_migrate(j->db, config->migrations_dir,
                             config->no_migrate ? MIGRATE_REFUSE : MIGRATE_APPLY, NULL, NULL,
                             error);
    }
    if (err == COGO_OK) {
        err = take_term(j, out_term, error);
    }
    if (err != COGO_OK) {
        close_journal(&j->base);
        return err;
    }
    j->term = *out_term;
    *out = &j->base;
    return COGO_OK;
}

/* A file is never away. */
static journal_verdict resume(journal *base, bool *out_committed,
                              char error[JOURNAL_ERROR_SIZE])
{
    (void)base;
    (void)out_committed;
    (void)error;
    return JOURNAL_APPLIED;
}

static journal_verdict renew(journal *base, char error[JOURNAL_ERROR_SIZE])
{
    (void)base;
    (void)error;
    return JOURNAL_APPLIED;
}

static cogo_err edit(journal *base, const char *sql, const db_value *values, size_t count,
                     int64_t *out_rows, char error[JOURNAL_ERROR_SIZE])
{
    sqlite_journal *j = (sqlite_journal *)base;
    sqlite3_stmt *statement = NULL;
    if (j->broken || j->open) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "the store failed before");
        return COGO_EIO;
    }
    int code = sqlite3_prepare_v2(j->db, sql, -1, &statement, NULL);
    for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
        code = values[i].text != NULL
                   ? sqlite3_bind_text(statement, (int)i + 1, values[i].text, -1, SQLITE_STATIC)
                   : sqlite3_bind_int64(statement, (int)i + 1, values[i].number);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    *out_rows = sqlite3_changes(j->db);
    journal_verdict verdict = sqlite_judge(j, code, "token", error);
    (void)sqlite3_finalize(statement);
    if (verdict == JOURNAL_APPLIED || verdict == JOURNAL_REFUSED) {
        return verdict == JOURNAL_APPLIED ? COGO_OK : COGO_EINVAL;
    }
    return give_up(j, verdict) == JOURNAL_FULL ? COGO_EFULL : COGO_EIO;
}

static int64_t term_of(const journal *base)
{
    return ((const sqlite_journal *)base)->term;
}

const journal_engine sqlite_engine = {
    .name = "sqlite",
    .open = open_journal,
    .close = close_journal,
    .apply = apply,
    .commit = commit,
    .resume = resume,
    .renew = renew,
    .edit = edit,
    .term = term_of,
    .connect = sqlite_open_reader,
    .disconnect = sqlite_close_reader,
    .migrate = sqlite_migrate_path,
};
