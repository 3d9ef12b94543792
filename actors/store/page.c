/* Pages of rows, newest first. Works the same on each engine. */
#include "actors/store/rows.h"
#include "codec/contract/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const char *take_bounds(const char *page_token, int64_t page_size, int64_t *out_before,
                               size_t *out_limit)
{
    *out_before = INT64_MAX;
    *out_limit = page_size == 0 ? JOURNAL_PAGE_DEFAULT : (size_t)page_size;
    if (page_token != NULL) {
        char *end = NULL;
        errno = 0;
        *out_before = strtoll(page_token, &end, 16);
        if (errno != 0 || end == page_token || *end != '\0' || *out_before < 1) {
            return "pageToken: not one that this query gave";
        }
    }
    return page_size < 0 || page_size > JOURNAL_PAGE_MAX ? "pageSize: must be from 1 to 1000"
                                                         : NULL;
}

/* One row more than the page has tells that another page follows. */
static cogo_err take_rows(database *d, const page_query *q, size_t limit, cogo_arena *arena,
                          cogo_records *out, const char **out_next)
{
    unsigned char *items = cogo_arena_alloc(arena, limit * q->item_size);
    db_rows *from = NULL;
    cogo_err err = items == NULL
                       ? COGO_ENOMEM
                       : d->driver->query(d, q->sql, q->values, q->value_count, &from);
    size_t count = 0;
    int64_t last = 0;
    db_step step = err == COGO_OK ? db_next(from) : DB_DONE;
    while (step == DB_ROW && count < limit && err == COGO_OK) {
        last = db_column_number(from, 0);
        err = q->take(from, arena, items + count++ * q->item_size);
        step = db_next(from);
    }
    db_close(from);
    *out = (cogo_records){items, count};
    if (step == DB_ROW) {
        *out_next = cogo_arena_printf(arena, "%" PRIx64, (uint64_t)last);
    }
    return err == COGO_OK && step == DB_FAILED ? COGO_EIO : err;
}

const char *page_read(journal_reader *r, page_query *q, const char *page_token,
                      int64_t page_size, cogo_arena *arena, cogo_records *out,
                      const char **out_next)
{
    database *d = journal_reader_db(r);
    int64_t before = 0;
    size_t limit = 0;
    const char *error = take_bounds(page_token, page_size, &before, &limit);
    if (error != NULL) {
        return error;
    }
    q->values[q->value_count++] = (db_value){.number = before};
    q->values[q->value_count++] = (db_value){.number = (int64_t)limit + 1};
    cogo_err err = d->driver->begin(d);
    if (err == COGO_OK) {
        err = take_rows(d, q, limit, arena, out, out_next);
    }
    if (err != COGO_OK) {
        *out = (cogo_records){NULL, 0};
        *out_next = NULL;
        error = text_print(arena, "cannot read the store: %.200s", d->driver->why(d));
    }
    d->driver->end(d);
    return error;
}
