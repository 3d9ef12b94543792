/* Rows of tasks as records, and the queries that find them, for all engines.
 * Used by the reading side (read.c, list.c, page.c, audit.c, tokens.c).
 * Never keeps a cursor: each query is read to its end, or as far as a page goes, and closed. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "actors/store/db.h"
#include "actors/store/journal.h"

/* A list of task rows that grows in an arena, with one mark each. */
typedef struct task_rows {
    cogo_arena *arena;
    task *tasks;
    store_mark *marks;
    size_t count, capacity;
    int64_t last_number; /* Of the last row. */
    size_t bytes;        /* Of all records taken, and of what whole_rows() is to add. */
    bool whole;          /* whole_rows() follows. */
    bool more;           /* Rows were left when task_rows_take_all() returned. */
} task_rows;

/* Columns that task_rows_take() reads; the first with context and result, then without context,
 * then with neither. All end with "FROM tasks t". */
#define TASK_COLUMNS                                                                 \
    "SELECT t.number, t.lease, coalesce((SELECT max(e.sequence) FROM task_events e " \
    "WHERE e.task = t.number), t.trimmed), t.record"
#define TASK_RESULT_COLUMN "(SELECT r.record FROM results r WHERE r.task = t.number)"
#define TASK_SELECT_FULL                                                                \
    TASK_COLUMNS                                                                        \
    ", (SELECT c.context FROM contexts c WHERE c.task = t.number), " TASK_RESULT_COLUMN \
    " FROM tasks t "
#define TASK_SELECT_RESULT TASK_COLUMNS ", NULL, " TASK_RESULT_COLUMN " FROM tasks t "
#define TASK_SELECT_BRIEF  TASK_COLUMNS ", NULL, NULL FROM tasks t "

/* Room for @p capacity rows. */
COGO_MUST_USE cogo_err task_rows_init(task_rows *rows, cogo_arena *arena, size_t capacity);

/* The row that @p from stands on becomes the next task. COGO_ELIMIT when there is no room. */
COGO_MUST_USE cogo_err task_rows_take(task_rows *rows, db_rows *from);

/* Steps @p from to its end or until there is no room. Closes it. */
COGO_MUST_USE cogo_err task_rows_take_all(task_rows *rows, db_rows *from);

/* A copy of a column in @p arena; size 0 for NULL. */
COGO_MUST_USE cogo_err rows_value(db_rows *from, int column, cogo_arena *arena,
                                  cogo_value *out);

/* Adds the large contexts and outputs that are kept beside the tasks (artifacts.c): those of
 * WHOLE_BYTES_MAX in all; what is beyond stays absent. */
COGO_MUST_USE cogo_err whole_rows(database *d, task_rows *rows);

/* Bytes of large values that whole_rows() would add to @p t. */
size_t whole_size(const task *t);

/* Rows of one kind, of which each page has the newest that come before a number. */
typedef struct page_query {
    const char *sql;    /* Column 0 is the number; the last two values are what it is below, and
                           the limit. */
    db_value values[8]; /* page_read() adds these two. */
    size_t value_count, item_size;
    cogo_err (*take)(db_rows *from, cogo_arena *arena, void *item);
} page_query;

/* One page (page.c), and the token of the next in @p out_next if there is one. Gives what is
 * wrong, or NULL. */
const char *page_read(journal_reader *r, page_query *q, const char *page_token,
                      int64_t page_size, cogo_arena *arena, cogo_records *out,
                      const char **out_next);

/* A page of tasks or workflows (list.c). */
COGO_MUST_USE cogo_err list_tasks(database *d, const task_list *list, cogo_arena *arena,
                                  store_found *out);
COGO_MUST_USE cogo_err list_workflows(database *d, const task_list *list, cogo_arena *arena,
                                      store_found *out);

/* One workflow with its tasks; none when it is not known. */
COGO_MUST_USE cogo_err find_workflow(database *d, const char *workflow_id, cogo_arena *arena,
                                     store_found *out);

/* A stretch of tasks in the order of their arrival: which of them are kept no longer
 * (sweep.c). */
COGO_MUST_USE cogo_err find_due(database *d, const store_sweep *sweep, cogo_arena *arena,
                                store_found *out);

/* All that was defined, and how many dead letters there are (sweep.c). */
COGO_MUST_USE cogo_err read_kept(database *d, cogo_arena *arena, store_recovered *out);

/* Fails a lookup: sets @p out->error by printf and returns COGO_EINVAL. */
COGO_MUST_USE cogo_err lookup_bad(cogo_arena *arena, store_found *out, const char *format, ...)
    COGO_PRINTF(3, 4);

#endif
