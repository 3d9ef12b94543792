/* Routes of limits: set, read, delete. */
#include "actors/gateway/route.h"

static void answer_one(exchange *x, cogo_msg *msg)
{
    exchange_record(x, 200, &task_limit_record, cogo_msg_payload(msg));
}

void route_limit_set(exchange *x)
{
    const void *asked = exchange_take(x, &task_limit_record);
    if (asked != NULL) {
        exchange_ask(x, MSG_LIMIT_SET, asked, 0, MSG_LIMIT, answer_one);
    }
}

static void answer_page(exchange *x, cogo_msg *msg)
{
    exchange_record(x, 200, &limit_page_record, cogo_msg_payload(msg));
}

void route_limit_list(exchange *x)
{
    limit_command all = {.name = NULL};
    exchange_ask(x, MSG_LIMIT_LIST, &all, 0, MSG_LIMIT_PAGE, answer_page);
}

static void answer_first(exchange *x, cogo_msg *msg)
{
    const limit_page *page = cogo_msg_payload(msg);
    if (page->limits.count == 0) {
        exchange_problem(x, 404, "LIMIT_NOT_FOUND", "No limit has this name.");
    } else {
        exchange_record(x, 200, &task_limit_record, page->limits.items);
    }
}

void route_limit_get(exchange *x)
{
    limit_command one = {.name = x->id};
    exchange_ask(x, MSG_LIMIT_LIST, &one, 0, MSG_LIMIT_PAGE, answer_first);
}

void route_limit_delete(exchange *x)
{
    limit_command one = {.name = x->id};
    exchange_ask(x, MSG_LIMIT_DELETE, &one, 0, MSG_LIMIT, answer_one);
}
