/* One change of the journal as rows. The rules are in the schema: this file names them when
 * they refuse something. */
#include "actors/store/sqlite_write.h"
#include "codec/contract/artifact.h"
#include "codec/contract/failpoint.h"

#include <stdio.h>
#include <string.h>

/* Out of memory while binding shows as NULL in a NOT NULL column or as an error of step(). */
static void bind_text(sqlite_journal *j, enum statement which, int at, const char *text)
{
    (void)sqlite3_bind_text(j->statements[which], at, text, -1, SQLITE_STATIC);
}

static void bind_number(sqlite_journal *j, enum statement which, int at, int64_t number)
{
    (void)sqlite3_bind_int64(j->statements[which], at, number);
}

static void bind_row(sqlite_journal *j, enum statement which, int at, int64_t number)
{
    if (number != 0) {
        bind_number(j, which, at, number);
    }
}

static void bind_value(sqlite_journal *j, enum statement which, int at, cogo_value value)
{
    if (value.size_bytes != 0) {
        (void)sqlite3_bind_blob64(j->statements[which], at, value.data, value.size_bytes,
                                  SQLITE_STATIC);
    }
}

static journal_verdict refuse(char error[JOURNAL_ERROR_SIZE], const char *task_id,
                              const char *why)
{
    (void)snprintf(error, JOURNAL_ERROR_SIZE, "refused by the journal: %.40s: %s",
                   task_id == NULL ? "a change" : task_id, why);
    return JOURNAL_REFUSED;
}

/* The row of the workflow, made when the change brings it. 0: the task has none. */
static journal_verdict find_workflow(sqlite_journal *j, const store_change *change,
                                     int64_t *out_row, char error[JOURNAL_ERROR_SIZE])
{
    const workflow *w = change->workflow;
    if (w != NULL && w->workflow_id != NULL) {
        bind_text(j, S_WORKFLOW, 1, w->workflow_id);
        bind_text(j, S_WORKFLOW, 2, w->name);
        bind_number(j, S_WORKFLOW, 3, w->created_at);
        int code = sqlite_step_once(j, S_WORKFLOW);
        if (code != SQLITE_OK) {
            return sqlite_judge(j, code, w->workflow_id, error);
        }
    }
    *out_row = 0;
    if (change->task->workflow_id == NULL) {
        return JOURNAL_APPLIED;
    }
    sqlite3_stmt *find = j->statements[S_WORKFLOW_FIND];
    bind_text(j, S_WORKFLOW_FIND, 1, change->task->workflow_id);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW) {
        *out_row = sqlite3_column_int64(find, 0);
    }
    (void)sqlite3_reset(find);
    if (code == SQLITE_DONE) {
        return refuse(error, change->task->task_id, "its workflow is not known");
    }
    return code == SQLITE_ROW ? JOURNAL_APPLIED : sqlite_judge(j, code, NULL, error);
}

/* The key of a request comes with its first change; all tasks that the write adds belong to it.
 */
static journal_verdict note_request(sqlite_journal *j, const store_change *change,
                                    char error[JOURNAL_ERROR_SIZE])
{
    const char *key = change->idempotency_key;
    if (key == NULL || (j->request_key != NULL && strcmp(key, j->request_key) == 0)) {
        return JOURNAL_APPLIED;
    }
    bind_text(j, S_REQUEST, 1, key);
    bind_text(j, S_REQUEST, 2, change->request_hash);
    bind_number(j, S_REQUEST, 3, change->task->created_at);
    int code = sqlite_step_once(j, S_REQUEST);
    j->request = sqlite3_last_insert_rowid(j->db);
    j->request_key = key;
    return sqlite_judge(j, code, change->task->task_id, error);
}

static void bind_task(sqlite_journal *j, enum statement which, const store_change *change,
                      cogo_value record)
{
    const task *t = change->task;
    bind_value(j, which, 1, record);
    bind_text(j, which, 2, task_state_names[t->state]);
    bind_number(j, which, 3, state_is_terminal(t->state));
    bind_number(j, which, 4, t->attempt);
    bind_number(j, which, 5, change->lease);
    bind_number(j, which, 6, t->updated_at);
}

/* The state of a task, without what is written once. */
static cogo_err encode_task(sqlite_journal *j, const task *t, cogo_value *out)
{
    task state = *t;
    state.context = (cogo_value){0};
    state.result = NULL;
    return cogo_record_encode(&task_record, &state, &j->arena, out);
}

static journal_verdict insert_task(sqlite_journal *j, const store_change *change,
                                   cogo_value record, int64_t *out_row,
                                   char error[JOURNAL_ERROR_SIZE])
{
    const task *t = change->task;
    int64_t workflow_row = 0;
    journal_verdict verdict = find_workflow(j, change, &workflow_row, error);
    if (verdict == JOURNAL_APPLIED) {
        verdict = note_request(j, change, error);
    }
    if (verdict != JOURNAL_APPLIED) {
        return verdict;
    }
    bind_task(j, S_TASK_INSERT, change, record);
    bind_text(j, S_TASK_INSERT, 7, t->task_id);
    bind_text(j, S_TASK_INSERT, 8, t->instruction_id);
    bind_row(j, S_TASK_INSERT, 9, workflow_row);
    bind_row(j, S_TASK_INSERT, 10, j->request);
    bind_text(j, S_TASK_INSERT, 11, t->role);
    bind_text(j, S_TASK_INSERT, 12, priority_names[t->priority]);
    bind_number(j, S_TASK_INSERT, 13, t->created_at);
    int code = sqlite_step_once(j, S_TASK_INSERT);
    *out_row = sqlite3_last_insert_rowid(j->db);
    if (code == SQLITE_OK && change_tenant(change) != NULL) {
        bind_number(j, S_TENANT, 1, *out_row);
        bind_text(j, S_TENANT, 2, t->tenant);
        bind_row(j, S_TENANT, 3, workflow_row);
        code = sqlite_step_once(j, S_TENANT);
    }
    if (code == SQLITE_OK && t->context.size_bytes != 0) {
        bind_number(j, S_CONTEXT, 1, *out_row);
        bind_value(j, S_CONTEXT, 2, t->context);
        code = sqlite_step_once(j, S_CONTEXT);
    }
    return sqlite_judge(j, code, t->task_id, error);
}

/* Makes the retry a step of its own, so that the schema can tell it from a late write. */
static journal_verdict update_task(sqlite_journal *j, const store_change *change, bool ended,
                                   cogo_value record, int64_t row,
                                   char error[JOURNAL_ERROR_SIZE])
{
    int code = SQLITE_OK;
    if (ended && change_retries(change)) {
        bind_number(j, S_TASK_RETRY, 1, row);
        code = sqlite_step_once(j, S_TASK_RETRY);
    }
    if (code == SQLITE_OK) {
        bind_task(j, S_TASK_UPDATE, change, record);
        bind_number(j, S_TASK_UPDATE, 7, row);
        code = sqlite_step_once(j, S_TASK_UPDATE);
    }
    return sqlite_judge(j, code, change->task->task_id, error);
}

/* Finds the row or makes it. A task that has ended and stays in its state is not rewritten:
 * only events about it (a late result, for example) follow. */
static journal_verdict put_task(sqlite_journal *j, const store_change *change, int64_t *out_row,
                                char error[JOURNAL_ERROR_SIZE])
{
    const task *t = change->task;
    sqlite3_stmt *find = j->statements[S_TASK_FIND];
    bind_text(j, S_TASK_FIND, 1, t->task_id);
    int code = sqlite3_step(find);
    bool ended = false, same = false;
    if (code == SQLITE_ROW) {
        const char *state = (const char *)sqlite3_column_text(find, 1);
        *out_row = sqlite3_column_int64(find, 0);
        ended = sqlite3_column_int(find, 2) != 0;
        same = state != NULL && strcmp(state, task_state_names[t->state]) == 0;
    }
    (void)sqlite3_reset(find);
    if (ended && same && !change_retries(change)) {
        return JOURNAL_APPLIED;
    }
    cogo_value record;
    cogo_err err = encode_task(j, t, &record);
    if (err != COGO_OK) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot write the journal: %s",
                       cogo_strerror(err));
        return err == COGO_ENOMEM ? JOURNAL_BROKEN : JOURNAL_REFUSED;
    }
    if (code == SQLITE_DONE) {
        return insert_task(j, change, record, out_row, error);
    }
    if (code != SQLITE_ROW) {
        return sqlite_judge(j, code, t->task_id, error);
    }
    return update_task(j, change, ended, record, *out_row, error);
}

/* A result counts when it ends the task; that of an attempt that is tried again does not. */
static journal_verdict put_result(sqlite_journal *j, const store_change *change, int64_t row,
                                  char error[JOURNAL_ERROR_SIZE])
{
    const agent_result *result = change->task->result;
    if (result == NULL || !state_is_terminal(change->task->state)) {
        return JOURNAL_APPLIED;
    }
    cogo_value record;
    cogo_err err = cogo_record_encode(&agent_result_record, result, &j->arena, &record);
    if (err != COGO_OK) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot write the journal: %s",
                       cogo_strerror(err));
        return err == COGO_ENOMEM ? JOURNAL_BROKEN : JOURNAL_REFUSED;
    }
    bind_number(j, S_RESULT, 1, row);
    bind_text(j, S_RESULT, 2, result->result_id);
    bind_number(j, S_RESULT, 3, change->lease);
    bind_number(j, S_RESULT, 4, change->task->updated_at);
    bind_value(j, S_RESULT, 5, record);
    return sqlite_judge(j, sqlite_step_once(j, S_RESULT), change->task->task_id, error);
}

static journal_verdict put_events(sqlite_journal *j, const store_change *change, int64_t row,
                                  char error[JOURNAL_ERROR_SIZE])
{
    const task_event *events = change->events.items;
    for (size_t i = 0; i < change->events.count; i++) {
        bind_number(j, S_EVENT, 1, row);
        bind_number(j, S_EVENT, 2, events[i].sequence);
        bind_text(j, S_EVENT, 3, events[i].type);
        bind_number(j, S_EVENT, 4, events[i].time);
        bind_value(j, S_EVENT, 5, events[i].data);
        journal_verdict verdict =
            sqlite_judge(j, sqlite_step_once(j, S_EVENT), change->task->task_id, error);
        if (verdict != JOURNAL_APPLIED) {
            return verdict;
        }
    }
    return JOURNAL_APPLIED;
}

/* The bytes before what refers to them. */
static journal_verdict put_artifacts(sqlite_journal *j, const store_change *change, int64_t row,
                                     char error[JOURNAL_ERROR_SIZE])
{
    const artifact_content *all = change->artifacts.items;
    int code = SQLITE_OK;
    for (size_t i = 0; i < change->artifacts.count && code == SQLITE_OK; i++) {
        const uint8_t *bytes = NULL;
        size_t size = 0;
        (void)artifact_unwrap(all[i].bytes, &bytes, &size); // Was checked.
        failpoint("store.artifact.before");
        bind_text(j, S_ARTIFACT, 1, all[i].about->sha256);
        (void)sqlite3_bind_blob64(j->statements[S_ARTIFACT], 2, bytes, size, SQLITE_STATIC);
        code = sqlite_step_once(j, S_ARTIFACT);
        failpoint("store.artifact.after");
        if (code == SQLITE_OK) {
            bind_number(j, S_ARTIFACT_LINK, 1, row);
            bind_text(j, S_ARTIFACT_LINK, 2, all[i].about->name);
            bind_number(j, S_ARTIFACT_LINK, 3, all[i].about->lease);
            bind_text(j, S_ARTIFACT_LINK, 4, all[i].about->sha256);
            code = sqlite_step_once(j, S_ARTIFACT_LINK);
        }
    }
    return sqlite_judge(j, code, change->task->task_id, error);
}

journal_verdict sqlite_put_change(sqlite_journal *j, const store_change *change,
                                  char error[JOURNAL_ERROR_SIZE])
{
    const char *why = change_malformed(change);
    if (why != NULL) {
        return refuse(error, change->task == NULL ? NULL : change->task->task_id, why);
    }
    int64_t row = 0;
    journal_verdict verdict = put_task(j, change, &row, error);
    if (verdict == JOURNAL_APPLIED) {
        verdict = put_result(j, change, row, error);
    }
    if (verdict == JOURNAL_APPLIED && change->artifacts.count > 0) {
        verdict = put_artifacts(j, change, row, error);
    }
    if (verdict == JOURNAL_APPLIED) {
        verdict = put_events(j, change, row, error);
    }
    return verdict;
}
