/* Pages of tasks and workflows, newest first. A page ends where the number of its last row
 * says, so rows that come in later never move what follows. */
#include "actors/store/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILTERS_MAX = 64,      /* Values of one filter. */
    QUERY_SIZE_MAX = 4096, /* Bytes of SQL. */
    VALUES_MAX = 2 * FILTERS_MAX + 4,
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
    db_value values[VALUES_MAX];
    size_t value_count;
} query;

static void add(query *q, const char *piece)
{
    size_t size = strlen(piece);
    if (q->size + size < sizeof q->sql) {
        memcpy(q->sql + q->size, piece, size + 1);
    }
    q->size += size; // Too long: refused by ask().
}

/* "$n" for the next value. */
static void add_value(query *q, db_value value)
{
    char name[16];
    q->values[q->value_count++] = value;
    (void)snprintf(name, sizeof name, "$%zu", q->value_count);
    add(q, name);
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
        add(q, i == 0 ? "" : ", ");
        add_value(q, (db_value){.text = values->items[i]});
    }
    add(q, ")");
}

/* Rows of one tenant; the default one has those without an entry. @p match ties the entry. */
static void add_tenant(query *q, const char *tenant, const char *match)
{
    if (tenant == NULL) {
        return;
    }
    bool others = strcmp(tenant, TENANT_DEFAULT) == 0;
    add(q, others ? " AND NOT EXISTS (" : " AND EXISTS (");
    add(q, "SELECT 1 FROM tenant_tasks n WHERE ");
    add(q, match);
    if (!others) {
        add(q, " AND n.tenant = ");
        add_value(q, (db_value){.text = tenant});
    }
    add(q, ")");
}

/* One row more than the page has, so that it is known whether another page follows. */
static cogo_err ask(database *d, query *q, size_t limit, db_rows **out)
{
    add(q, " LIMIT ");
    add_value(q, (db_value){.number = (int64_t)limit + 1});
    return q->size >= sizeof q->sql
               ? COGO_ELIMIT
               : d->driver->query(d, q->sql, q->values, q->value_count, out);
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
    hash = list->tenant != NULL ? hash_text(hash_text(hash, "tenant"), list->tenant) : hash;
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
        return lookup_bad(arena, out, "pageSize: must be from 1 to %d", JOURNAL_PAGE_MAX);
    }
    if (list->states.count > FILTERS_MAX || list->roles.count > FILTERS_MAX) {
        return lookup_bad(arena, out, "state, role: at most %d values", FILTERS_MAX);
    }
    for (size_t i = 0; i < list->states.count; i++) {
        if (!is_one_of(list->states.items[i], states)) {
            return lookup_bad(arena, out, "state: %.40s is not a state", list->states.items[i]);
        }
    }
    if (!parse_token(list, out_before)) {
        return lookup_bad(arena, out, "pageToken: not one that this query gave");
    }
    *out_limit = list->page_size == 0 ? JOURNAL_PAGE_DEFAULT : (size_t)list->page_size;
    return COGO_OK;
}

cogo_err list_tasks(database *d, const task_list *list, cogo_arena *arena, store_found *out)
{
    int64_t before = 0;
    size_t limit = 0;
    cogo_err err = check(list, task_state_names, arena, out, &before, &limit);
    if (err != COGO_OK) {
        return err;
    }
    query q = {.size = 0};
    add(&q, TASK_SELECT_BRIEF "WHERE t.number < ");
    add_value(&q, (db_value){.number = before});
    add_in(&q, "t.state", &list->states);
    add_in(&q, "t.role", &list->roles);
    if (list->workflow != NULL) {
        add(&q, " AND t.workflow = (SELECT w.number FROM workflows w WHERE w.workflow_id = ");
        add_value(&q, (db_value){.text = list->workflow});
        add(&q, ")");
    }
    add_tenant(&q, list->tenant, "n.number = t.number");
    add(&q, " ORDER BY t.number DESC");
    db_rows *from = NULL;
    task_rows rows;
    err = task_rows_init(&rows, arena, limit);
    if (err == COGO_OK) {
        err = ask(d, &q, limit, &from);
    }
    if (err == COGO_OK) {
        err = task_rows_take_all(&rows, from);
    }
    if (err == COGO_OK) {
        out->tasks = (cogo_records){rows.tasks, rows.count};
        out->marks = (cogo_records){rows.marks, rows.count};
        out->next_page_token = rows.more ? make_token(arena, list, rows.last_number) : NULL;
    }
    return err;
}

static cogo_err take_workflow(db_rows *from, cogo_arena *arena, workflow *out)
{
    *out = (workflow){
        .workflow_id = cogo_arena_strdup(arena, db_column_text(from, 1)),
        .name = cogo_arena_strdup(arena, db_column_text(from, 2)),
        .created_at = db_column_number(from, 3),
        .state = cogo_arena_strdup(arena, db_column_text(from, 4)),
        .finished_at = db_column_number(from, 5),
    };
    return out->workflow_id == NULL || out->state == NULL ? COGO_ENOMEM : COGO_OK;
}

cogo_err list_workflows(database *d, const task_list *list, cogo_arena *arena, store_found *out)
{
    int64_t before = 0;
    size_t limit = 0;
    cogo_err err = check(list, workflow_states, arena, out, &before, &limit);
    if (err != COGO_OK) {
        return err;
    }
    query q = {.size = 0};
    add(&q, WORKFLOW_SELECT "WHERE number < ");
    add_value(&q, (db_value){.number = before});
    add_in(&q, "state", &list->states);
    add_tenant(&q, list->tenant, "n.workflow = v.number");
    add(&q, " ORDER BY number DESC");
    db_rows *from = NULL;
    workflow *items = cogo_arena_alloc(arena, limit * sizeof *items);
    err = items == NULL ? COGO_ENOMEM : ask(d, &q, limit, &from);
    size_t count = 0;
    int64_t last = 0;
    db_step step = err == COGO_OK ? db_next(from) : DB_DONE;
    while (step == DB_ROW && count < limit && err == COGO_OK) {
        last = db_column_number(from, 0);
        err = take_workflow(from, arena, &items[count++]);
        step = db_next(from);
    }
    db_close(from);
    if (err != COGO_OK || step == DB_FAILED) {
        return err == COGO_OK ? COGO_EIO : err;
    }
    out->workflows = (cogo_records){items, count};
    out->next_page_token = step == DB_ROW ? make_token(arena, list, last) : NULL;
    return COGO_OK;
}

static cogo_err workflow_tasks(database *d, int64_t number, cogo_arena *arena,
                               cogo_records *out)
{
    db_rows *from = NULL;
    task_rows rows;
    const db_value values[] = {{.number = number}, {.number = JOURNAL_WORKFLOW_TASKS_MAX}};
    cogo_err err = task_rows_init(&rows, arena, JOURNAL_WORKFLOW_TASKS_MAX);
    if (err == COGO_OK) {
        err = d->driver->query(
            d, TASK_SELECT_RESULT "WHERE t.workflow = $1 ORDER BY t.number LIMIT $2", values, 2,
            &from);
    }
    if (err == COGO_OK) {
        err = task_rows_take_all(&rows, from);
    }
    if (err == COGO_OK && rows.more) {
        return COGO_ELIMIT;
    }
    *out = (cogo_records){rows.tasks, rows.count};
    return err;
}

cogo_err find_workflow(database *d, const char *workflow_id, cogo_arena *arena,
                       store_found *out)
{
    db_rows *from = NULL;
    workflow *item = cogo_arena_alloc(arena, sizeof *item);
    cogo_err err = item == NULL ? COGO_ENOMEM
                                : d->driver->query(d, WORKFLOW_SELECT "WHERE workflow_id = $1",
                                                   &(db_value){.text = workflow_id}, 1, &from);
    if (err != COGO_OK) {
        return err;
    }
    int64_t number = 0;
    db_step step = db_next(from);
    if (step == DB_ROW) {
        number = db_column_number(from, 0);
        err = take_workflow(from, arena, item);
    }
    db_close(from);
    if (err != COGO_OK || step != DB_ROW) {
        return err != COGO_OK || step == DB_DONE ? err : COGO_EIO;
    }
    err = workflow_tasks(d, number, arena, &item->tasks);
    if (err == COGO_ELIMIT) {
        return lookup_bad(arena, out, "the results of %.40s are too large to show at once",
                          workflow_id);
    }
    if (err == COGO_OK) {
        out->workflows = (cogo_records){item, 1};
    }
    return err;
}
