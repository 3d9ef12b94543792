/* Routes of limits: set, read, delete. */
#include "actors/gateway/route.h"

#include <string.h>

/* Whose limits it is about: the caller's, or whose it says (NULL: nobody's). False: answered
 * with a problem. */
static bool take_owner(exchange *x, const char **out_tenant)
{
    const char *bound = grant_bound(&x->grant);
    const char *said = query_get(&x->query, "tenant");
    *out_tenant = bound != NULL ? bound : said;
    if (said != NULL
        && (!grant_tenant_valid(said) || (bound != NULL && strcmp(bound, said) != 0))) {
        exchange_invalid(x, "tenant", "Not a tenant, or not the one of the token.");
        return false;
    }
    return true;
}

void route_limit_set(exchange *x)
{
    const char *tenant;
    const task_limit *asked =
        take_owner(x, &tenant) ? exchange_take(x, &task_limit_record) : NULL;
    if (asked != NULL) {
        task_limit mine = *asked;
        mine.tenant = tenant;
        exchange_ask(x, MSG_LIMIT_SET, &mine, 0, MSG_LIMIT, exchange_pass);
    }
}

void route_limit_list(exchange *x)
{
    limit_command all = {.name = NULL};
    if (take_owner(x, &all.tenant)) {
        exchange_ask(x, MSG_LIMIT_LIST, &all, 0, MSG_LIMIT_PAGE, exchange_pass);
    }
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
    if (take_owner(x, &one.tenant)) {
        exchange_ask(x, MSG_LIMIT_LIST, &one, 0, MSG_LIMIT_PAGE, answer_first);
    }
}

void route_limit_delete(exchange *x)
{
    limit_command one = {.name = x->id};
    if (take_owner(x, &one.tenant)) {
        exchange_ask(x, MSG_LIMIT_DELETE, &one, 0, MSG_LIMIT, exchange_pass);
    }
}
