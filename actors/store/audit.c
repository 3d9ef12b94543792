/* Who did what: found again. Works the same on each engine. */
#include "actors/store/engine.h"
#include "actors/store/rows.h"

#include <inttypes.h>
#include <string.h>

#define SELECT_ENTRIES                                                                         \
    "SELECT number, at, action, subject, outcome, token_id, tenant, door, request_id, detail " \
    "FROM audit_log WHERE ($1 = '' OR tenant = $1) AND ($2 = '' OR action = $2) AND "          \
    "($3 = '' OR subject = $3) AND ($4 = '' OR token_id = $4) AND "                            \
    "number < CAST($5 AS bigint) ORDER BY number DESC LIMIT CAST($6 AS bigint)"

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void audit_texts(const audit_entry *entry, const char *out[AUDIT_TEXTS])
{
    const char *const texts[AUDIT_TEXTS] = {entry->action,     entry->subject, entry->outcome,
                                            entry->token_id,   entry->tenant,  entry->door,
                                            entry->request_id, entry->detail};
    for (size_t i = 0; i < AUDIT_TEXTS; i++) {
        out[i] = or_empty(texts[i]);
    }
}

/* NULL for what is absent. */
static const char *text_at(db_rows *from, int column, cogo_arena *arena)
{
    const char *text = db_column_text(from, column);
    return text == NULL || *text == '\0' ? NULL : cogo_arena_strdup(arena, text);
}

static audit_entry take(db_rows *from, cogo_arena *arena)
{
    return (audit_entry){.at = db_column_number(from, 1),
                         .action = text_at(from, 2, arena),
                         .subject = text_at(from, 3, arena),
                         .outcome = text_at(from, 4, arena),
                         .token_id = text_at(from, 5, arena),
                         .tenant = text_at(from, 6, arena),
                         .door = text_at(from, 7, arena),
                         .request_id = text_at(from, 8, arena),
                         .detail = text_at(from, 9, arena)};
}

/* One row more than the page has tells that another page follows. */
static cogo_err read_page(database *d, const audit_list *list, int64_t before, size_t limit,
                          cogo_arena *arena, audit_page *out)
{
    const db_value values[] = {{.text = or_empty(list->tenant)},
                               {.text = or_empty(list->action)},
                               {.text = or_empty(list->subject)},
                               {.text = or_empty(list->token_id)},
                               {.number = before},
                               {.number = (int64_t)limit + 1}};
    audit_entry *items = cogo_arena_alloc(arena, limit * sizeof *items);
    db_rows *from = NULL;
    cogo_err err = items == NULL ? COGO_ENOMEM
                                 : d->driver->query(d, SELECT_ENTRIES, values,
                                                    sizeof values / sizeof values[0], &from);
    size_t count = 0;
    int64_t last = 0;
    db_step step = err == COGO_OK ? db_next(from) : DB_DONE;
    while (step == DB_ROW && count < limit) {
        last = db_column_number(from, 0);
        items[count++] = take(from, arena);
        step = db_next(from);
    }
    db_close(from);
    out->entries = (cogo_records){items, count};
    if (step == DB_ROW) {
        out->next_page_token = cogo_arena_printf(arena, "%" PRIx64, (uint64_t)last);
    }
    return err == COGO_OK && step == DB_FAILED ? COGO_EIO : err;
}

void journal_audit(journal_reader *r, const audit_list *list, cogo_arena *arena,
                   audit_page *out)
{
    database *d = journal_reader_db(r);
    int64_t before = 0;
    size_t limit = 0;
    *out = (audit_page){
        .error = page_of_numbers(list->page_token, list->page_size, &before, &limit)};
    if (out->error != NULL) {
        return;
    }
    cogo_err err = d->driver->begin(d);
    if (err == COGO_OK) {
        err = read_page(d, list, before, limit, arena, out);
    }
    if (err != COGO_OK) {
        *out = (audit_page){.error = cogo_arena_printf(arena, "cannot read the store: %.200s",
                                                       d->driver->why(d))};
    }
    d->driver->end(d);
}
