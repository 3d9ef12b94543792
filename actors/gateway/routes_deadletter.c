/* Routes of dead letters: tasks that used up their attempts. */
#include "actors/gateway/problem.h"
#include "actors/gateway/route.h"

static void answer_list(exchange *x, cogo_msg *msg)
{
    const task_page *page = cogo_msg_payload(msg);
    json_t *whole = json_from_record(&task_page_record, page);
    json_t *tasks = json_object_get(whole, "tasks");
    (void)json_object_set_new(whole, "deadletters",
                              tasks != NULL ? json_incref(tasks) : json_array());
    (void)json_object_del(whole, "tasks");
    exchange_json(x, 200, whole);
}

void route_deadletter_list(exchange *x)
{
    static const char *const dead[] = {"deadlettered"};
    task_list list = {.states = {.items = dead, .count = 1},
                      .roles = query_all(&x->query, "role", &x->arena),
                      .tenant = grant_bound(&x->grant),
                      .page_token = query_get(&x->query, "pageToken")};
    if (exchange_page_size(x, &list.page_size)) {
        exchange_ask(x, MSG_TASK_LIST, &list, 0, MSG_TASK_PAGE, answer_list);
    }
}

static void answer_redriven(exchange *x, cogo_msg *msg)
{
    const redriven *all = cogo_msg_payload(msg);
    const submit_item *items = all->tasks.items;
    json_t *list = json_array();
    for (size_t i = 0; i < all->tasks.count; i++) {
        if (items[i].task != NULL) {
            (void)json_array_append_new(list, json_from_record(&task_record, items[i].task));
        } else if (items[i].problem != NULL) {
            problem full = *items[i].problem;
            full.request_id = x->request_id;
            (void)json_array_append_new(list, problem_to_json(&full));
        }
    }
    json_t *whole = json_object();
    (void)json_object_set_new(whole, "tasks", list);
    exchange_json(x, 200, whole);
}

void route_deadletter_redrive(exchange *x)
{
    const redrive *asked = exchange_take(x, &redrive_record);
    if (asked != NULL) {
        redrive mine = *asked;
        mine.tenant = grant_bound(&x->grant);
        exchange_ask(x, MSG_REDRIVE, &mine, 0, MSG_REDRIVEN, answer_redriven);
    }
}
