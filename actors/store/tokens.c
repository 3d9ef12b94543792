/* Access tokens: made, taken back, found. Works the same on each engine. */
#include "actors/store/journal.h"
#include "actors/store/rows.h"

#include <stdio.h>
#include <string.h>

#define SELECT_TOKENS                                                                    \
    "SELECT number, token_id, tenant, scopes, name, created_at, expires_at, revoked_at " \
    "FROM tokens WHERE ($1 = '' OR hash = $1) AND ($2 = '' OR tenant = $2) AND "         \
    "number < CAST($3 AS bigint) ORDER BY number DESC LIMIT CAST($4 AS bigint)"

enum { SCOPES_SIZE = 256, SCOPES_MAX = 16 };

static db_value text(const char *value)
{
    return (db_value){.text = value != NULL ? value : ""};
}

static cogo_err create(journal *j, const token_change *change, int64_t *out_rows,
                       char error[JOURNAL_ERROR_SIZE])
{
    const access_token *t = change->create;
    const char *const *names = t->scopes.items;
    char scopes[SCOPES_SIZE] = "";
    size_t used = 0;
    for (size_t i = 0; i < t->scopes.count && used < sizeof scopes; i++) {
        int n =
            snprintf(scopes + used, sizeof scopes - used, "%s%s", i > 0 ? " " : "", names[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    if (t->token_id == NULL || t->tenant == NULL || change->hash == NULL
        || used >= sizeof scopes) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE,
                       "tokenId, tenant, scopes and hash must be set");
        return COGO_EINVAL;
    }
    const db_value values[] = {text(t->token_id),
                               text(change->hash),
                               text(t->tenant),
                               text(scopes),
                               text(t->name),
                               {.number = change->at},
                               {.number = t->expires_at},
                               {.number = JOURNAL_TOKENS_MAX}};
    return journal_edit(
        j,
        "INSERT INTO tokens (token_id, hash, tenant, scopes, name, created_at, expires_at, "
        "revoked_at) SELECT $1, $2, $3, $4, $5, CAST($6 AS bigint), CAST($7 AS bigint), 0 "
        "WHERE (SELECT count(*) FROM tokens WHERE revoked_at = 0) < CAST($8 AS bigint)",
        values, sizeof values / sizeof values[0], out_rows, error);
}

static cogo_err revoke(journal *j, const token_change *change, int64_t *out_rows,
                       char error[JOURNAL_ERROR_SIZE])
{
    const db_value values[] = {
        {.number = change->at}, text(change->revoke), text(change->tenant)};
    return journal_edit(j,
                        "UPDATE tokens SET revoked_at = CAST($1 AS bigint) WHERE token_id = $2 "
                        "AND revoked_at = 0 AND ($3 = '' OR tenant = $3)",
                        values, sizeof values / sizeof values[0], out_rows, error);
}

cogo_err journal_token(journal *j, const token_change *change, access_token *out,
                       char error[JOURNAL_ERROR_SIZE])
{
    int64_t rows = 0;
    if (change->create != NULL) {
        cogo_err err = create(j, change, &rows, error);
        *out = *change->create;
        out->created_at = change->at;
        return err == COGO_OK && rows == 0 ? COGO_ELIMIT : err;
    }
    *out = (access_token){.token_id = change->revoke, .revoked_at = change->at};
    if (change->revoke == NULL) {
        return COGO_ENOTFOUND;
    }
    cogo_err err = revoke(j, change, &rows, error);
    return err == COGO_OK && rows == 0 ? COGO_ENOTFOUND : err;
}

static cogo_err take_scopes(const char *words, cogo_arena *arena, cogo_strings *out)
{
    const char **items = cogo_arena_alloc(arena, SCOPES_MAX * sizeof *items);
    out->items = items;
    out->count = 0;
    while (items != NULL && *words != '\0' && out->count < SCOPES_MAX) {
        size_t size = strcspn(words, " ");
        items[out->count++] = cogo_arena_printf(arena, "%.*s", (int)size, words);
        words += size + strspn(words + size, " ");
    }
    return items == NULL ? COGO_ENOMEM : COGO_OK;
}

static cogo_err take(db_rows *from, cogo_arena *arena, void *item)
{
    access_token *out = item;
    *out = (access_token){.token_id = cogo_arena_strdup(arena, db_column_text(from, 1)),
                          .tenant = cogo_arena_strdup(arena, db_column_text(from, 2)),
                          .name = cogo_arena_strdup(arena, db_column_text(from, 4)),
                          .created_at = db_column_number(from, 5),
                          .expires_at = db_column_number(from, 6),
                          .revoked_at = db_column_number(from, 7)};
    const char *scopes = db_column_text(from, 3);
    return out->token_id == NULL || out->tenant == NULL || scopes == NULL
               ? COGO_ENOMEM
               : take_scopes(scopes, arena, &out->scopes);
}

void journal_tokens(journal_reader *r, const token_list *list, cogo_arena *arena,
                    token_page *out)
{
    page_query q = {.sql = SELECT_TOKENS,
                    .values = {text(list->hash), text(list->tenant)},
                    .value_count = 2,
                    .item_size = sizeof(access_token),
                    .take = take};
    *out = (token_page){.error = NULL};
    out->error = page_read(r, &q, list->page_token, list->page_size, arena, &out->tokens,
                           &out->next_page_token);
}
