/* Routes of workers and of the roles they offer. */
#include "actors/gateway/route.h"

#include <string.h>

/* The one worker that was asked about. */
static void answer_worker(exchange *x, cogo_msg *msg)
{
    const worker_page *page = cogo_msg_payload(msg);
    const worker_agent_status *workers = page->workers.items;
    for (size_t i = 0; i < page->workers.count; i++) {
        if (strcmp(workers[i].agent_id, x->id) == 0) {
            exchange_record(x, 200, &worker_agent_status_record, &workers[i]);
            return;
        }
    }
    exchange_problem(x, 404, "WORKER_NOT_FOUND", "No worker has this id.");
}

void route_worker_list(exchange *x)
{
    worker_command all = {.worker_id = NULL};
    exchange_ask(x, MSG_WORKER_LIST, &all, 0, MSG_WORKER_PAGE, exchange_pass);
}

static void ask_one(exchange *x, cogo_msg_type type)
{
    worker_command one = {.worker_id = x->id, .reason = query_get(&x->query, "reason")};
    exchange_ask(x, type, &one, 0, MSG_WORKER_PAGE, answer_worker);
}

void route_worker_get(exchange *x)
{
    ask_one(x, MSG_WORKER_LIST);
}

void route_worker_drain(exchange *x)
{
    ask_one(x, MSG_WORKER_DRAIN);
}

void route_worker_remove(exchange *x)
{
    ask_one(x, MSG_WORKER_REMOVE);
}

/* The first capability named @p role among those before (worker, index), or NULL. */
static const role_capability *first_of(const worker_page *page, const char *role,
                                       const role_capability *before)
{
    const worker_agent_status *workers = page->workers.items;
    for (size_t w = 0; w < page->workers.count; w++) {
        const role_capability *roles = workers[w].capabilities.items;
        for (size_t r = 0; r < workers[w].capabilities.count; r++) {
            if (&roles[r] == before) {
                return NULL;
            }
            if (strcmp(roles[r].role, role) == 0) {
                return &roles[r];
            }
        }
    }
    return NULL;
}

/* The role as the first worker describes it, with the slots of all workers that offer it. */
static json_t *role_json(const worker_page *page, const role_capability *first)
{
    role_capability sum = *first;
    const worker_agent_status *workers = page->workers.items;
    sum.slots = 0;
    for (size_t w = 0; w < page->workers.count; w++) {
        const role_capability *roles = workers[w].capabilities.items;
        for (size_t r = 0; r < workers[w].capabilities.count; r++) {
            if (strcmp(roles[r].role, first->role) == 0) {
                sum.slots += roles[r].slots;
            }
        }
    }
    return json_from_record(&role_capability_record, &sum);
}

static void answer_roles(exchange *x, cogo_msg *msg)
{
    const worker_page *page = cogo_msg_payload(msg);
    const worker_agent_status *workers = page->workers.items;
    json_t *list = json_array();
    for (size_t w = 0; w < page->workers.count; w++) {
        const role_capability *roles = workers[w].capabilities.items;
        for (size_t r = 0; r < workers[w].capabilities.count; r++) {
            if (first_of(page, roles[r].role, &roles[r]) == NULL) {
                (void)json_array_append_new(list, role_json(page, &roles[r]));
            }
        }
    }
    json_t *whole = json_object();
    (void)json_object_set_new(whole, "roles", list);
    exchange_json(x, 200, whole);
}

static void answer_role(exchange *x, cogo_msg *msg)
{
    const worker_page *page = cogo_msg_payload(msg);
    const role_capability *first = first_of(page, x->id, NULL);
    if (first == NULL) {
        exchange_problem(x, 404, "ROLE_NOT_FOUND", "No registered worker offers this role.");
    } else {
        exchange_json(x, 200, role_json(page, first));
    }
}

void route_role_list(exchange *x)
{
    worker_command all = {.worker_id = NULL};
    exchange_ask(x, MSG_WORKER_LIST, &all, 0, MSG_WORKER_PAGE, answer_roles);
}

void route_role_get(exchange *x)
{
    worker_command all = {.worker_id = NULL};
    exchange_ask(x, MSG_WORKER_LIST, &all, 0, MSG_WORKER_PAGE, answer_role);
}
