/* What is asked of the orchestrator for a socket, and the looks at its token. */
#include "actors/doors/audit.h"
#include "actors/gateway/ws.h"

#include <stdio.h>
#include <stdlib.h>

ws_ask *ws_ask_for(socket_link *s, const char *id, cogo_msg_type type, const void *record,
                   cogo_msg_type expected, ws_step step)
{
    desk *d = s->desk;
    /* Reading on for a subscription, or looking at the token, is not the client's to wait for.
     */
    bool full =
        s->ask_count >= WS_ASKS_MAX && type != MSG_TASK_EVENTS && type != MSG_TOKEN_LIST;
    ws_ask *a = full ? NULL : calloc(1, sizeof *a);
    if (a == NULL) {
        ws_refuse_id(s, id,
                     &(problem){.status = 429,
                                .code = "TOO_MANY_FRAMES",
                                .detail = "Too many frames wait for their answers."});
        return NULL;
    }
    *a = (ws_ask){.socket = s, .step = step, .expected = expected};
    snprintf(a->id, sizeof a->id, "%s", id);
    audit_tell(d->ctx, d->system, d->orchestrator, type,
               &(audit_who){.grant = &s->grant,
                            .door = "websocket",
                            .request_id = id[0] != '\0' ? id : NULL});
    if (cogo_ask(d->ctx, d->orchestrator, cogo_msg_create_record(d->system, type, record),
                 EXCHANGE_ASK_MS * UINT64_C(1000000), &a->ask)
        != COGO_OK) {
        free(a);
        ws_refuse_id(s, id,
                     &(problem){.status = 503,
                                .detail = "The orchestrator can't be asked now.",
                                .retry_after_ms = 1000});
        return NULL;
    }
    a->next = s->asks;
    s->asks = a;
    s->ask_count++;
    return a;
}

static ws_ask *take_ask(socket_link *s, uint64_t ask)
{
    for (ws_ask **at = &s->asks; *at != NULL; at = &(*at)->next) {
        if ((*at)->ask == ask) {
            ws_ask *found = *at;
            *at = found->next;
            s->ask_count--;
            return found;
        }
    }
    return NULL;
}

bool ws_answered(desk *d, uint64_t ask, cogo_msg *msg)
{
    ws_ask *a = NULL;
    for (size_t i = 0, seen = 0;
         a == NULL && i < SERVER_CONNECTIONS_MAX && seen < d->socket_count; i++) {
        if (d->sockets[i] != NULL) {
            seen++;
            a = take_ask(d->sockets[i], ask);
        }
    }
    if (a == NULL) {
        return false;
    }
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (type == a->expected || a->expected == 0) {
        a->step(a, msg);
    } else if (type == MSG_PROBLEM) {
        ws_refuse_id(a->socket, a->id, cogo_msg_payload(msg));
    } else {
        ws_refuse_id(a->socket, a->id,
                     &(problem){.status = 504,
                                .detail = "The orchestrator did not "
                                          "answer."});
    }
    free(a);
    return true;
}

static void on_token(ws_ask *a, cogo_msg *msg)
{
    const token_page *page = cogo_msg_payload(msg);
    desk *d = a->socket->desk;
    grant now;
    if (cogo_msg_type_of(msg) != MSG_TOKEN_PAGE || page->error != NULL) {
        return; /* The next look tells. */
    }
    bool good = page->tokens.count == 1
                && grant_from(page->tokens.items, cogo_system_wall_ms(d->system), &now);
    grants_put(d->grants, a->socket->token_hash, good ? &now : NULL, cogo_now_ns(d->ctx));
    if (!good) {
        ws_close(a->socket, CODE_POLICY, "The token was revoked, or has expired.");
    }
}

void ws_check_token(socket_link *s)
{
    char hex[TOKEN_HEX_SIZE];
    uint64_t now_ns = cogo_now_ns(s->desk->ctx);
    if (s->grant.token_id[0] == '\0'
        || now_ns - s->checked_ns < GRANT_FRESH_MS * UINT64_C(1000000)) {
        return;
    }
    s->checked_ns = now_ns;
    token_hex(s->token_hash, hex);
    token_list ask = {.hash = hex, .page_size = 1};
    (void)ws_ask_for(s, "", MSG_TOKEN_LIST, &ask, 0, on_token);
}
