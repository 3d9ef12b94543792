/* Who did what: found again. Works the same on each engine. */
#include "actors/store/engine.h"
#include "actors/store/rows.h"

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

static cogo_err take(db_rows *from, cogo_arena *arena, void *item)
{
    *(audit_entry *)item = (audit_entry){.at = db_column_number(from, 1),
                                         .action = text_at(from, 2, arena),
                                         .subject = text_at(from, 3, arena),
                                         .outcome = text_at(from, 4, arena),
                                         .token_id = text_at(from, 5, arena),
                                         .tenant = text_at(from, 6, arena),
                                         .door = text_at(from, 7, arena),
                                         .request_id = text_at(from, 8, arena),
                                         .detail = text_at(from, 9, arena)};
    return COGO_OK;
}

void journal_audit(journal_reader *r, const audit_list *list, cogo_arena *arena,
                   audit_page *out)
{
    page_query q = {.sql = SELECT_ENTRIES,
                    .values = {{.text = or_empty(list->tenant)},
                               {.text = or_empty(list->action)},
                               {.text = or_empty(list->subject)},
                               {.text = or_empty(list->token_id)}},
                    .value_count = 4,
                    .item_size = sizeof(audit_entry),
                    .take = take};
    *out = (audit_page){.error = NULL};
    out->error = page_read(r, &q, list->page_token, list->page_size, arena, &out->entries,
                           &out->next_page_token);
}
