/* Routes of access tokens: made, listed, taken back. The secret exists here for a moment, and
 * in the one answer. */
#include "actors/gateway/route.h"
#include "actors/gateway/ws.h"
#include "codec/contract/digest.h"
#include "codec/contract/text.h"

#include <openssl/crypto.h>
#include <string.h>

static void answer_made(exchange *x, cogo_msg *msg)
{
    access_token made = *(const access_token *)cogo_msg_payload(msg);
    made.token = x->data;
    exchange_record(x, 201, &access_token_record, &made);
    OPENSSL_cleanse(x->data, TOKEN_SECRET_SIZE);
}

/* False: answered with a problem. */
static bool check(exchange *x, access_token *wanted)
{
    const char *bound = grant_bound(&x->grant);
    const char *unknown;
    uint32_t scopes;
    if (wanted->tenant == NULL) {
        wanted->tenant = bound != NULL ? bound : TENANT_DEFAULT;
    }
    bool all = strcmp(wanted->tenant, TENANT_ALL) == 0;
    if (!all && !grant_tenant_valid(wanted->tenant)) {
        exchange_invalid(x, "/tenant", "Not * nor 1 to 63 of a-z, 0-9, - and _.");
    } else if (bound != NULL && strcmp(bound, wanted->tenant) != 0) {
        exchange_problem(x, 403, NULL, "The token may make tokens of its own tenant only.");
    } else if (wanted->scopes.count == 0) {
        exchange_invalid(x, "/scopes",
                         "At least one of read, submit, admin, work is required.");
    } else if (!grant_scopes(wanted->scopes, &scopes, &unknown)) {
        exchange_invalid(
            x, "/scopes",
            text_print(&x->arena, "%.40s is no scope: read, submit, admin, work.", unknown));
    } else if (!all && (scopes & (SCOPE_WORK | SCOPE_ADMIN)) == SCOPE_WORK) {
        exchange_invalid(x, "/scopes",
                         "A worker gets the tasks of all tenants: work needs the tenant *.");
    } else if (wanted->expires_at != 0
               && wanted->expires_at <= cogo_system_wall_ms(x->desk->system)) {
        exchange_invalid(x, "/expiresAt", "It is in the past.");
    } else {
        return true;
    }
    return false;
}

void route_token_create(exchange *x)
{
    char id[ID_SIZE];
    char *hash = cogo_arena_alloc(&x->arena, 65);
    char *secret = cogo_arena_alloc(&x->arena, TOKEN_SECRET_SIZE);
    const access_token *asked = exchange_take(x, &access_token_record);
    if (asked == NULL) {
        return;
    }
    access_token wanted = *asked;
    if (!check(x, &wanted)) {
        return;
    }
    if (hash == NULL || secret == NULL || !token_make_secret(secret)) {
        exchange_problem(x, 503, NULL, "No memory or no randomness for a token.");
        return;
    }
    digest_hex(secret, strlen(secret), hash);
    id_make(id, "tok", cogo_system_wall_ms(x->desk->system),
            cogo_system_random(x->desk->system), cogo_system_random(x->desk->system));
    wanted.token_id = id;
    x->data = secret;
    token_change change = {
        .create = &wanted, .hash = hash, .at = cogo_system_wall_ms(x->desk->system)};
    exchange_ask(x, MSG_TOKEN_CHANGE, &change, 0, MSG_TOKEN, answer_made);
}

static void answer_page(exchange *x, cogo_msg *msg)
{
    const token_page *page = cogo_msg_payload(msg);
    exchange_page(x, &token_page_record, page, page->error);
}

void route_token_list(exchange *x)
{
    token_list list = {.tenant = grant_bound(&x->grant),
                       .page_token = query_get(&x->query, "pageToken")};
    if (exchange_page_size(x, &list.page_size)) {
        exchange_ask(x, MSG_TOKEN_LIST, &list, 0, MSG_TOKEN_PAGE, answer_page);
    }
}

static void answer_revoked(exchange *x, cogo_msg *msg)
{
    const access_token *token = cogo_msg_payload(msg);
    grants_drop(x->desk->grants, token->token_id);
    ws_revoke(x->desk, token->token_id);
    exchange_record(x, 200, &access_token_record, token);
}

void route_token_revoke(exchange *x)
{
    token_change change = {.revoke = x->id,
                           .tenant = grant_bound(&x->grant),
                           .at = cogo_system_wall_ms(x->desk->system)};
    exchange_ask(x, MSG_TOKEN_CHANGE, &change, 0, MSG_TOKEN, answer_revoked);
}
