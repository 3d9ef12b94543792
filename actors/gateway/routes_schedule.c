/* Routes of schedules: create, read, pause, resume, delete. */
#include "actors/gateway/route.h"

static void answer_created(exchange *x, cogo_msg *msg)
{
    const schedule *made = cogo_msg_payload(msg);
    exchange_add_header(x, "Location",
                        cogo_arena_printf(&x->arena, "/v1/schedules/%s", made->schedule_id));
    exchange_record(x, 201, &schedule_record, made);
}

void route_schedule_create(exchange *x)
{
    const schedule *asked = exchange_take(x, &schedule_record);
    if (asked != NULL) {
        schedule mine = *asked;
        mine.tenant = grant_tenant(&x->grant);
        exchange_ask(x, MSG_SCHEDULE_CREATE, &mine, 0, MSG_SCHEDULE, answer_created);
    }
}

void route_schedule_list(exchange *x)
{
    schedule_command all = {.tenant = grant_bound(&x->grant)};
    exchange_ask(x, MSG_SCHEDULE_LIST, &all, 0, MSG_SCHEDULE_PAGE, exchange_pass);
}

static void answer_first(exchange *x, cogo_msg *msg)
{
    const schedule_page *page = cogo_msg_payload(msg);
    if (page->schedules.count == 0) {
        exchange_problem(x, 404, "SCHEDULE_NOT_FOUND", "No schedule has this id.");
    } else {
        exchange_record(x, 200, &schedule_record, page->schedules.items);
    }
}

void route_schedule_get(exchange *x)
{
    schedule_command one = {.schedule_id = x->id, .tenant = grant_bound(&x->grant)};
    exchange_ask(x, MSG_SCHEDULE_LIST, &one, 0, MSG_SCHEDULE_PAGE, answer_first);
}

static void command(exchange *x, cogo_msg_type type)
{
    schedule_command one = {.schedule_id = x->id, .tenant = grant_bound(&x->grant)};
    exchange_ask(x, type, &one, 0, MSG_SCHEDULE, exchange_pass);
}

void route_schedule_delete(exchange *x)
{
    command(x, MSG_SCHEDULE_DELETE);
}

void route_schedule_pause(exchange *x)
{
    command(x, MSG_SCHEDULE_PAUSE);
}

void route_schedule_resume(exchange *x)
{
    command(x, MSG_SCHEDULE_RESUME);
}
