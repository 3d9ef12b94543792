/* What a write removes and defines, in SQLite. The schema refuses to remove what has not ended.
 */
#include "actors/store/sqlite_write.h"
#include "codec/contract/failpoint.h"

#include <stdio.h>

/* Runs @p which for the row @p number; nothing to do for 0. */
static int drop(sqlite_journal *j, enum statement which, int64_t number)
{
    if (number == 0) {
        return SQLITE_OK;
    }
    (void)sqlite3_bind_int64(j->statements[which], 1, number);
    return sqlite_step_once(j, which);
}

/* The row of @p task_id with its workflow and request; 0: it is not there. */
static int find(sqlite_journal *j, const char *task_id, int64_t *out_number,
                int64_t *out_workflow, int64_t *out_request)
{
    sqlite3_stmt *statement = j->statements[S_KEEP_FIND];
    (void)sqlite3_bind_text(statement, 1, task_id, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    bool there = code == SQLITE_ROW;
    *out_number = there ? sqlite3_column_int64(statement, 0) : 0;
    *out_workflow = there ? sqlite3_column_int64(statement, 1) : 0;
    *out_request = there ? sqlite3_column_int64(statement, 2) : 0;
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return there || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int remove_task(sqlite_journal *j, const char *task_id)
{
    static const enum statement parts[] = {S_DROP_EVENTS, S_DROP_CONTEXT, S_DROP_RESULT,
                                           S_DROP_PAST,   S_DROP_TENANT,  S_DROP_TASK};
    int64_t number, workflow_row, request_row;
    int code = find(j, task_id, &number, &workflow_row, &request_row);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && code == SQLITE_OK; i++) {
        code = drop(j, parts[i], number);
    }
    if (code == SQLITE_OK) {
        code = drop(j, S_DROP_WORKFLOW, workflow_row);
    }
    return code == SQLITE_OK ? drop(j, S_DROP_REQUEST, request_row) : code;
}

static int trim_task(sqlite_journal *j, const char *task_id)
{
    int64_t number, workflow_row, request_row;
    int code = find(j, task_id, &number, &workflow_row, &request_row);
    if (code == SQLITE_OK) {
        code = drop(j, S_TRIM, number);
    }
    return code == SQLITE_OK ? drop(j, S_DROP_EVENTS, number) : code;
}

static int define(sqlite_journal *j, const store_definition *one)
{
    enum statement which = one->record.size_bytes == 0 ? S_UNDEFINE : S_DEFINE;
    sqlite3_stmt *statement = j->statements[which];
    (void)sqlite3_bind_text(statement, 1, one->kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 2, one->name, -1, SQLITE_STATIC);
    if (which == S_DEFINE) {
        (void)sqlite3_bind_int64(statement, 3, one->updated_at);
        (void)sqlite3_bind_blob64(statement, 4, one->record.data, one->record.size_bytes,
                                  SQLITE_STATIC);
    }
    return sqlite_step_once(j, which);
}

journal_verdict sqlite_put_audits(sqlite_journal *j, const store_write *write,
                                  char error[JOURNAL_ERROR_SIZE])
{
    const audit_entry *all = write->audits.items;
    int code = SQLITE_OK;
    failpoint("store.audit.before");
    for (size_t i = 0; i < write->audits.count && code == SQLITE_OK; i++) {
        const char *texts[AUDIT_TEXTS];
        audit_texts(&all[i], texts);
        (void)sqlite3_bind_int64(j->statements[S_AUDIT], 1, all[i].at);
        for (int k = 0; k < AUDIT_TEXTS; k++) {
            (void)sqlite3_bind_text(j->statements[S_AUDIT], k + 2, texts[k], -1, SQLITE_STATIC);
        }
        code = sqlite_step_once(j, S_AUDIT);
    }
    if (code == SQLITE_OK && write->audits_before > 0) {
        code = drop(j, S_AUDIT_TRIM, write->audits_before);
    }
    failpoint("store.audit.after");
    return sqlite_judge(j, code, "audit", error);
}

journal_verdict sqlite_put_keeps(sqlite_journal *j, const store_write *write,
                                 char error[JOURNAL_ERROR_SIZE])
{
    const store_definition *definitions = write->definitions.items;
    const char *why = definitions_malformed(write);
    const char *subject = NULL;
    int code = SQLITE_OK;
    if (why != NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "refused by the journal: %s", why);
        return JOURNAL_REFUSED;
    }
    for (size_t i = 0; i < write->remove.count && code == SQLITE_OK; i++) {
        subject = write->remove.items[i];
        code = remove_task(j, subject);
    }
    for (size_t i = 0; i < write->trim.count && code == SQLITE_OK; i++) {
        subject = write->trim.items[i];
        code = trim_task(j, subject);
    }
    for (size_t i = 0; i < write->definitions.count && code == SQLITE_OK; i++) {
        subject = definitions[i].name;
        code = define(j, &definitions[i]);
    }
    return sqlite_judge(j, code, subject, error);
}
