/* Rows of the SQLite engine as records, and the queries that find them.
 * Used by the reading side (sqlite_read.c, sqlite_list.c).
 * Never keeps a statement: each query is prepared, read to its end and finalized. */
#ifndef STORE_SQLITE_ROWS_H
#define STORE_SQLITE_ROWS_H

#include "actors/store/sqlite.h"

/* A list of task rows that grows in an arena, with one mark each. */
typedef struct task_rows {
    cogo_arena *arena;
    task *tasks;
    store_mark *marks;
    size_t count, capacity;
    int64_t last_number; /* Of the last row. */
    size_t bytes;        /* Of all records taken. */
    bool more;           /* Rows were left when task_rows_take_all() returned. */
} task_rows;

/* Columns that task_rows_take() reads; the first with context and result, then without context,
 * then with neither. All end with "FROM tasks t". */
#define TASK_COLUMNS                                                        \
    "SELECT t.number, t.lease, (SELECT max(e.sequence) FROM task_events e " \
    "WHERE e.task = t.number), t.record"
#define TASK_RESULT_COLUMN "(SELECT r.record FROM results r WHERE r.task = t.number)"
#define TASK_SELECT_FULL                                                                \
    TASK_COLUMNS                                                                        \
    ", (SELECT c.context FROM contexts c WHERE c.task = t.number), " TASK_RESULT_COLUMN \
    " FROM tasks t "
#define TASK_SELECT_RESULT TASK_COLUMNS ", NULL, " TASK_RESULT_COLUMN " FROM tasks t "
#define TASK_SELECT_BRIEF  TASK_COLUMNS ", NULL, NULL FROM tasks t "

/* Room for @p capacity rows. */
COGO_MUST_USE cogo_err task_rows_init(task_rows *rows, cogo_arena *arena, size_t capacity);

/* The row that @p statement stands on becomes the next task. COGO_ELIMIT when there is no room.
 */
COGO_MUST_USE cogo_err task_rows_take(task_rows *rows, sqlite3_stmt *statement);

/* Steps @p statement to its end or until there is no room. Finalizes it. */
COGO_MUST_USE cogo_err task_rows_take_all(task_rows *rows, sqlite3_stmt *statement);

/* A copy of a column in @p arena; size 0 for NULL. */
COGO_MUST_USE cogo_err sqlite_value(sqlite3_stmt *statement, int column, cogo_arena *arena,
                                    cogo_value *out);

/* A page of tasks or workflows (sqlite_list.c). */
COGO_MUST_USE cogo_err sqlite_list_tasks(sqlite3 *db, const task_list *list, cogo_arena *arena,
                                         store_found *out);
COGO_MUST_USE cogo_err sqlite_list_workflows(sqlite3 *db, const task_list *list,
                                             cogo_arena *arena, store_found *out);

/* One workflow with its tasks; none when it is not known. */
COGO_MUST_USE cogo_err sqlite_find_workflow(sqlite3 *db, const char *workflow_id,
                                            cogo_arena *arena, store_found *out);

/* Fails a lookup: sets @p out->error by printf and returns COGO_EINVAL. */
COGO_MUST_USE cogo_err sqlite_bad_lookup(cogo_arena *arena, store_found *out,
                                         const char *format, ...) COGO_PRINTF(3, 4);

#endif
