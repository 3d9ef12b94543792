/* Pages of tasks and workflows, newest first. A page ends where the number of its last row
 * says, so rows that come in later never move what follows. */
#include "actors/store/sqlite_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILTERS_MAX = 64,      /* Values of one filter. */
    QUERY_SIZE_MAX = 4096, /* Bytes of SQL. */
    BINDINGS_MAX = 2 * FILTERS_MAX + 2,
};

/* The state of a workflow is that of its tasks; the worst one tells. */
#define HAS_TASK(states) \
    "EXISTS (SELECT 1 FROM tasks t WHERE t.workflow = w.number AND t.state IN (" states "))"
#define WORKFLOW_SELECT                                                                                                                                                                            \
    "SELECT number, workflow_id, name, created_at, state, CASE state WHEN 'running' THEN 0 "                                                                                                       \
    "ELSE (SELECT max(t.updated_at) FROM tasks t WHERE t.workflow = v.number) END FROM "                                                                                                           \
    "(SELECT w.*, CASE WHEN " HAS_TASK(                                                                                                                                                            \
        "'queued', 'blocked', 'scheduled', 'running', 'retrying'") " THEN 'running' "                                                                                                              \
                                                                   "WHEN " HAS_TASK(                                                                                                               \
                                                                       "'failed', 'expired', 'deadlettered'") " THEN 'failed' "                                                                    \
                                                                                                              "WHEN " HAS_TASK(                                                                    \
                                                                                                                  "'cancelled'") " THEN 'cancelled' "                                              \
                                                                                                                                 "WHEN " HAS_TASK(                                                 \
                                                                                                                                     "'partial'") " THEN 'partial' ELSE 'succeeded' END AS state " \
                                                                                                                                                  "FROM workflows w) v "

static const char *const workflow_states[] = {"running", "succeeded", "partial",
                                              "failed",  "cancelled", NULL};

/* A query that is being put together from constant pieces; values are always bound. */
typedef struct query {
    char sql[QUERY_SIZE_MAX];
    size_t size;
    const char *bindings[BINDINGS_MAX]; /* From parameter 2 on; 1 is the number. */
    size_t binding_count;
} query;

static void add(query *q, const char *piece)
{
    size_t size = strlen(piece);
    if (q->size + size < sizeof q->sql) {
        memcpy(q->sql + q->size, piece, size + 1);
    }
    q->size += size; // Too long: prepare() refuses what is not SQL, see finish().
}

static void add_in(query *q, const char *column, const cogo_strings *values)
{
    if (values->count == 0) {
        return;
    }
    add(q, " AND ");
    add(q, column);
    add(q, " IN (");
    for (size_t i = 0; i < values->count; i++) {
        add(q, i == 0 ? "?" : ", ?");
        q->bindings[q->binding_count++] = values->items[i];
    }
    add(q, ")");
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *c = text == NULL ? "" : text; *c != '\0'; c++) {
        hash = (hash ^ (uint64_t)(unsigned char)*c) * 0x100000001b3U;
    }
    return (hash ^ 0xffU) * 0x100000001b3U;
}

/* A token fits only the filters that it was given for. */
static uint32_t hash_filters(const task_list *list)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < list->states.count; i++) {
        hash = hash_text(hash, list->states.items[i]);
    }
    hash = hash_text(hash, "roles");
    for (size_t i = 0; i < list->roles.count; i++) {
        hash = hash_text(hash, list->roles.items[i]);
    }
    hash = hash_text(hash_text(hash, "workflow"), list->workflow);
    return (uint32_t)(hash ^ hash >> 32);
}

static char *make_token(cogo_arena *arena, const task_list *list, int64_t number)
{
    return cogo_arena_printf(arena, "%" PRIx64 "-%08" PRIx32, (uint64_t)number,
                             hash_filters(list));
}

/* Where the page begins: rows with a smaller number. */
static bool parse_token(const task_list *list, int64_t *out_before)
{
    *out_before = INT64_MAX;
    if (list->page_token == NULL) {
        return true;
    }
    char *dash = NULL, *end = NULL;
    errno = 0;
    long long number = strtoll(list->page_token, &dash, 16);
    if (errno != 0 || dash == list->page_token || *dash != '-' || number < 1) {
        return false;
    }
    unsigned long filters = strtoul(dash + 1, &end, 16);
    *out_before = number;
    return errno == 0 && end == dash + 9 && *end == '\0' && filters == hash_filters(list);
}

static bool is_one_of(const char *text, const char *const *names)
{
    for (size_t i = 0; text != NULL && names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Checks what was asked for. */
static cogo_err check(const task_list *list, const char *const *states, cogo_arena *arena,
                      store_found *out, int64_t *out_before, size_t *out_limit)
{
    if (list->page_size < 0 || list->page_size > JOURNAL_PAGE_MAX) {
        return sqlite_bad_lookup(arena, out, "pageSize: must be from 1 to %d",
                                 JOURNAL_PAGE_MAX);
    }
    if (list->states.count > FILTERS_MAX || list->roles.count > FILTERS_MAX) {
        return sqlite_bad_lookup(arena, out, "state, role: at most %d values", FILTERS_MAX);
    }
    for (size_t i = 0; i < list->states.count; i++) {
        if (!is_one_of(list->states.items[i], states)) {
            return sqlite_bad_lookup(arena, out, "state: %.40s is not a state",
                                     list->states.items[i]);
        }
    }
    if (!parse_token(list, out_before)) {
        return sqlite_bad_lookup(arena, out, "pageToken: not one that this query gave");
    }
    *out_limit = list->page_size == 0 ? JOURNAL_PAGE_DEFAULT : (size_t)list->page_size;
    return COGO_OK;
}

static cogo_err finish(sqlite3 *db, const query *q, int64_t before, sqlite3_stmt **out)
{
    if (q->size >= sizeof q->sql
        || sqlite3_prepare_v2(db, q->sql, -1, out, NULL) != SQLITE_OK) {
        return COGO_EIO;
    }
    (void)sqlite3_bind_int64(*out, 1, before);
    for (size_t i = 0; i < q->binding_count; i++) {
        (void)sqlite3_bind_text(*out, (int)i + 2, q->bindings[i], -1, SQLITE_STATIC);
    }
    return COGO_OK;
}

cogo_err sqlite_list_tasks(sqlite3 *db, const task_list *list, cogo_arena *arena,
                           store_found *out)
{
    int64_t before = 0;
    size_t limit = 0;
    cogo_err err = check(list, task_state_names, arena, out, &before, &limit);
    if (err != COGO_OK) {
        return err;
    }
    query q = {.size = 0};
    add(&q, TASK_SELECT_BRIEF "WHERE t.number < ?1");
    add_in(&q, "t.state", &list->states);
    add_in(&q, "t.role", &list->roles);
    if (list->workflow != NULL) {
        add(&q, " AND t.workflow = (SELECT w.number FROM workflows w WHERE w.workflow_id = ?)");
        q.bindings[q.binding_count++] = list->workflow;
    }
    add(&q, " ORDER BY t.number DESC");
    sqlite3_stmt *statement = NULL;
    task_rows rows;
    err = task_rows_init(&rows, arena, limit);
    if (err == COGO_OK) {
        err = finish(db, &q, before, &statement);
    }
    if (err == COGO_OK) {
        err = task_rows_take_all(&rows, statement);
    }
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
        out->next_page_token = rows.more ? make_token(arena, list, rows.last_number) : NULL;
    }
    return err;
}

static cogo_err take_workflow(sqlite3_stmt *statement, cogo_arena *arena, workflow *out)
{
    *out = (workflow){
        .workflow_id =
            cogo_arena_strdup(arena, (const char *)sqlite3_column_text(statement, 1)),
        .name = cogo_arena_strdup(arena, (const char *)sqlite3_column_text(statement, 2)),
        .created_at = sqlite3_column_int64(statement, 3),
        .state = cogo_arena_strdup(arena, (const char *)sqlite3_column_text(statement, 4)),
        .finished_at = sqlite3_column_int64(statement, 5),
    };
    return out->workflow_id == NULL || out->state == NULL ? COGO_ENOMEM : COGO_OK;
}

cogo_err sqlite_list_workflows(sqlite3 *db, const task_list *list, cogo_arena *arena,
                               store_found *out)
{
    int64_t before = 0;
    size_t limit = 0;
    cogo_err err = check(list, workflow_states, arena, out, &before, &limit);
    if (err != COGO_OK) {
        return err;
    }
    query q = {.size = 0};
    add(&q, WORKFLOW_SELECT "WHERE number < ?1");
    add_in(&q, "state", &list->states);
    add(&q, " ORDER BY number DESC");
    sqlite3_stmt *statement = NULL;
    workflow *items = cogo_arena_alloc(arena, limit * sizeof *items);
    err = items == NULL ? COGO_ENOMEM : finish(db, &q, before, &statement);
    size_t count = 0;
    int64_t last = 0;
    int code = err == COGO_OK ? sqlite3_step(statement) : SQLITE_DONE;
    while (code == SQLITE_ROW && count < limit && err == COGO_OK) {
        last = sqlite3_column_int64(statement, 0);
        err = take_workflow(statement, arena, &items[count++]);
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    if (err != COGO_OK || (code != SQLITE_ROW && code != SQLITE_DONE)) {
        return err == COGO_OK ? COGO_EIO : err;
    }
    out->workflows = (cogo_records){items, count};
    out->next_page_token = code == SQLITE_ROW ? make_token(arena, list, last) : NULL;
    return COGO_OK;
}

static cogo_err workflow_tasks(sqlite3 *db, int64_t number, cogo_arena *arena,
                               cogo_records *out)
{
    sqlite3_stmt *statement = NULL;
    task_rows rows;
    cogo_err err = task_rows_init(&rows, arena, JOURNAL_WORKFLOW_TASKS_MAX);
    if (err != COGO_OK) {
        return err;
    }
    if (sqlite3_prepare_v2(
            db, TASK_SELECT_RESULT "WHERE t.workflow = ?1 ORDER BY t.number LIMIT ?2", -1,
            &statement, NULL)
        != SQLITE_OK) {
        return COGO_EIO;
    }
    (void)sqlite3_bind_int64(statement, 1, number);
    (void)sqlite3_bind_int64(statement, 2, JOURNAL_WORKFLOW_TASKS_MAX);
    err = task_rows_take_all(&rows, statement);
    if (err == COGO_OK && rows.more) {
        return COGO_ELIMIT;
    }
    *out = (cogo_records){rows.tasks, rows.count};
    return err;
}

cogo_err sqlite_find_workflow(sqlite3 *db, const char *workflow_id, cogo_arena *arena,
                              store_found *out)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, WORKFLOW_SELECT "WHERE workflow_id = ?1", -1, &statement, NULL)
        != SQLITE_OK) {
        return COGO_EIO;
    }
    (void)sqlite3_bind_text(statement, 1, workflow_id, -1, SQLITE_STATIC);
    workflow *item = cogo_arena_alloc(arena, sizeof *item);
    int64_t number = 0;
    cogo_err err = item == NULL ? COGO_ENOMEM : COGO_OK;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && err == COGO_OK) {
        number = sqlite3_column_int64(statement, 0);
        err = take_workflow(statement, arena, item);
    }
    (void)sqlite3_finalize(statement);
    if (err != COGO_OK || code != SQLITE_ROW) {
        return err != COGO_OK || code == SQLITE_DONE ? err : COGO_EIO;
    }
    err = workflow_tasks(db, number, arena, &item->tasks);
    if (err == COGO_ELIMIT) {
        return sqlite_bad_lookup(
            arena, out, "the results of %.40s are too large to show at once", workflow_id);
    }
    if (err == COGO_OK) {
        out->workflows = (cogo_records){item, 1};
    }
    return err;
}
