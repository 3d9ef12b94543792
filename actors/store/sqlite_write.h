/* The writing connection of the SQLite engine: its statements and the write in hand.
 * Used by sqlite_journal.c (transactions) and sqlite_change.c (one change).
 * Never shared between threads. */
#ifndef STORE_SQLITE_WRITE_H
#define STORE_SQLITE_WRITE_H

#include "actors/store/sqlite.h"

#define STATEMENT_MAP(X)                                                                        \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                 \
    X(COMMIT, "COMMIT")                                                                         \
    X(ROLLBACK, "ROLLBACK")                                                                     \
    X(WRITE_BEGIN, "SAVEPOINT one_write")                                                       \
    X(WRITE_UNDO, "ROLLBACK TO one_write")                                                      \
    X(WRITE_END, "RELEASE one_write")                                                           \
    X(TERM, "UPDATE meta SET sequence = ?2, lease_max = max(lease_max, ?3) WHERE term = ?1")    \
    X(REQUEST, "INSERT INTO requests (key, request_hash, created_at) VALUES (?1, ?2, ?3)")      \
    X(WORKFLOW, "INSERT INTO workflows (workflow_id, name, created_at) VALUES (?1, ?2, ?3) "    \
                "ON CONFLICT (workflow_id) DO NOTHING")                                         \
    X(WORKFLOW_FIND, "SELECT number FROM workflows WHERE workflow_id = ?1")                     \
    X(TASK_FIND, "SELECT number, state, terminal FROM tasks WHERE task_id = ?1")                \
    X(TASK_INSERT,                                                                              \
      "INSERT INTO tasks (record, state, terminal, attempt, lease, updated_at, task_id, "       \
      "instruction_id, workflow, request, role, priority, created_at) "                         \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")                        \
    X(TASK_UPDATE,                                                                              \
      "UPDATE tasks SET record = ?1, state = ?2, terminal = ?3, attempt = ?4, "                 \
      "lease = CASE ?5 WHEN 0 THEN lease ELSE ?5 END, updated_at = ?6 WHERE number = ?7")       \
    X(TASK_RETRY, "UPDATE tasks SET state = 'queued', terminal = 0 WHERE number = ?1")          \
    X(TENANT, "INSERT INTO tenant_tasks (number, tenant, workflow) VALUES (?1, ?2, ?3)")        \
    X(CONTEXT, "INSERT INTO contexts (task, context) VALUES (?1, ?2)")                          \
    X(RESULT, "INSERT INTO results (task, result_id, lease, recorded_at, record) "              \
              "SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS "                                     \
              "(SELECT 1 FROM results WHERE task = ?1 AND result_id = ?2)")                     \
    X(EVENT,                                                                                    \
      "INSERT INTO task_events (task, sequence, type, time, data) VALUES (?1, ?2, ?3, ?4, ?5)") \
    X(ARTIFACT, "INSERT INTO artifacts (hash, bytes) VALUES (?1, ?2) "                          \
                "ON CONFLICT (hash) DO NOTHING")                                                \
    X(ARTIFACT_LINK, "INSERT INTO task_artifacts (task, name, lease, hash) "                    \
                     "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (task, name, lease) "                 \
                     "DO UPDATE SET hash = excluded.hash")                                      \
    X(KEEP_FIND, "SELECT number, workflow, request FROM tasks WHERE task_id = ?1")              \
    X(DROP_EVENTS, "DELETE FROM task_events WHERE task = ?1")                                   \
    X(DROP_CONTEXT, "DELETE FROM contexts WHERE task = ?1")                                     \
    X(DROP_RESULT, "DELETE FROM results WHERE task = ?1")                                       \
    X(DROP_PAST, "DELETE FROM past_results WHERE task = ?1")                                    \
    X(DROP_TENANT, "DELETE FROM tenant_tasks WHERE number = ?1")                                \
    X(DROP_TASK, "DELETE FROM tasks WHERE number = ?1")                                         \
    X(DROP_WORKFLOW, "DELETE FROM workflows WHERE number = ?1 AND NOT EXISTS "                  \
                     "(SELECT 1 FROM tasks WHERE workflow = ?1)")                               \
    X(DROP_REQUEST, "DELETE FROM requests WHERE number = ?1 AND NOT EXISTS "                    \
                    "(SELECT 1 FROM tasks WHERE request = ?1)")                                 \
    X(TRIM, "UPDATE tasks SET trimmed = (SELECT max(sequence) FROM task_events "                \
            "WHERE task = ?1) WHERE number = ?1 AND EXISTS "                                    \
            "(SELECT 1 FROM task_events WHERE task = ?1)")                                      \
    X(AUDIT, "INSERT INTO audit_log (at, action, subject, outcome, token_id, tenant, door, "    \
             "request_id, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                 \
    X(AUDIT_TRIM,                                                                               \
      "DELETE FROM audit_log WHERE number IN (SELECT number FROM audit_log WHERE at < ?1 "      \
      "ORDER BY number LIMIT 1000)")                                                            \
    X(DEFINE, "INSERT INTO definitions (kind, name, updated_at, record) "                       \
              "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (kind, name) DO UPDATE SET "                 \
              "updated_at = excluded.updated_at, record = excluded.record")                     \
    X(UNDEFINE, "DELETE FROM definitions WHERE kind = ?1 AND name = ?2")

#define X(name, sql) S_##name,
enum statement { STATEMENT_MAP(X) STATEMENT_COUNT };
#undef X

typedef struct sqlite_journal {
    journal base;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    cogo_arena arena; /* Encoded records of the write in hand. */
    int lock_fd;
    int64_t term;
    bool open;               /* A transaction is. */
    bool broken;             /* The engine failed; nothing is written any more. */
    int64_t request;         /* Row of the idempotency key that this write brought; 0: none. */
    const char *request_key; /* Borrowed from the write in hand. */
} sqlite_journal;

/* Steps a statement that has been bound, and makes it ready for the next time. SQLITE_OK or
 * what went wrong. */
int sqlite_step_once(sqlite_journal *j, enum statement which);

/* Breaking a constraint or trigger is the write's fault; all else is the engine's. */
journal_verdict sqlite_judge(sqlite_journal *j, int code, const char *subject,
                             char error[JOURNAL_ERROR_SIZE]);

/* One transition: the task's row, its result when it ended, its events. */
COGO_MUST_USE journal_verdict sqlite_put_change(sqlite_journal *j, const store_change *change,
                                                char error[JOURNAL_ERROR_SIZE]);

/* What the write removes and defines. */
COGO_MUST_USE journal_verdict sqlite_put_keeps(sqlite_journal *j, const store_write *write,
                                               char error[JOURNAL_ERROR_SIZE]);

/* Who did what, and what of it is too old. */
COGO_MUST_USE journal_verdict sqlite_put_audits(sqlite_journal *j, const store_write *write,
                                                char error[JOURNAL_ERROR_SIZE]);

#endif
