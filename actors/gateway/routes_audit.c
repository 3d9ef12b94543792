/* The route of the audit log. */
#include "actors/gateway/route.h"

static void answer_page(exchange *x, cogo_msg *msg)
{
    const audit_page *page = cogo_msg_payload(msg);
    exchange_page(x, &audit_page_record, page, page->error);
}

void route_audit_list(exchange *x)
{
    audit_list list = {.tenant = grant_bound(&x->grant),
                       .action = query_get(&x->query, "action"),
                       .subject = query_get(&x->query, "subject"),
                       .token_id = query_get(&x->query, "tokenId"),
                       .page_token = query_get(&x->query, "pageToken")};
    if (exchange_page_size(x, &list.page_size)) {
        exchange_ask(x, MSG_AUDIT_LIST, &list, 0, MSG_AUDIT_PAGE, answer_page);
    }
}
